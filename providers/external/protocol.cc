#include "providers/external/protocol.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "net/message.h"

namespace cutover::providers::external {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestReceipt = 64 * 1024;

constexpr std::array<std::pair<std::string_view, Outcome>, 10> kOutcomes{{
    {"ok", Outcome::kOk},
    {"applied", Outcome::kApplied},
    {"partial", Outcome::kPartial},
    {"conflict", Outcome::kConflict},
    {"refused", Outcome::kRefused},
    {"auth", Outcome::kAuth},
    {"not_found", Outcome::kNotFound},
    {"unsupported", Outcome::kUnsupported},
    {"busy", Outcome::kBusy},
    {"error", Outcome::kError},
}};

// What follows throws on a wrong shape, under the one catch of attempt().
template <class F>
auto attempt(F&& read) -> Result<decltype(read())> {
  try {
    return read();
  } catch (const std::exception& e) {
    return fail(ErrorCode::kInvalid, printable(e.what()));
  }
}

[[noreturn]] void wrong(const std::string& why) { throw std::runtime_error(why); }

template <class T>
T must(Result<T> result) {
  if (!result) wrong(result.error().message);
  return *std::move(result);
}

const Json& part(const Json& json, const char* key) {
  const auto at = json.find(key);
  if (at == json.end()) wrong(fmt::format("the key '{}' is missing", key));
  return *at;
}

std::string text_in(const Json& json, const char* key) {
  const Json& value = part(json, key);
  if (!value.is_string()) wrong(fmt::format("'{}' is not a text", key));
  return value.get<std::string>();
}

std::uint32_t number_in(const Json& json, const char* key, std::uint32_t most) {
  const Json& value = part(json, key);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most)
    wrong(fmt::format("'{}' is not a whole number from 0 to {}", key, most));
  return value.get<std::uint32_t>();
}

void take_set(const Json& json, ZoneRead& out) {
  RecordSet set{
      must(DomainName::from_text(text_in(json, "name"))), must(record_type_from_text(text_in(json, "type"))), {}, {}};
  const RecordKey key = set.key();
  if (!key.name.is_within(out.zone.origin)) wrong(key.text() + " lies outside the zone");
  set.ttl = Seconds(number_in(json, "ttl_s", static_cast<std::uint32_t>(kMaxTtl.count())));
  const Json& values = part(json, "rdata");
  if (!values.is_array() || values.empty()) wrong(key.text() + ": 'rdata' is not a list of values");
  for (const Json& value : values) {
    if (!value.is_string()) wrong(key.text() + ": a value in 'rdata' is not a text");
    const auto& written = value.get_ref<const std::string&>();
    auto canonical = net::canonical_rdata(key.type, written, out.zone.origin);
    if (!canonical) wrong(key.text() + ": " + canonical.error().message);
    if (*canonical != written) out.words[key].insert_or_assign(*canonical, written);
    set.rdata.push_back(*std::move(canonical));
  }
  normalize(set);
  if (json.contains("refused")) out.refused.emplace(key, printable(text_in(json, "refused")));
  if (key == RecordKey{out.zone.origin, RecordType::kSoa}) out.zone.soa = must(parse_soa(set));
  if (!out.zone.sets.emplace(key, std::move(set)).second)
    wrong(key.text() + " is there twice: all values of a name and a type are one set");
}

bool is_file_name(const std::string& name) {
  if (name.empty() || name.size() > 200 || name[0] == '.' || name[0] == '-') return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
          c == '_'))
      return false;
  return true;
}

}  // namespace

ErrorCode code_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPartial:
      return ErrorCode::kPartial;
    case Outcome::kConflict:
      return ErrorCode::kConflict;
    case Outcome::kRefused:
      return ErrorCode::kRefused;
    case Outcome::kAuth:
      return ErrorCode::kAuth;
    case Outcome::kNotFound:
      return ErrorCode::kNotFound;
    case Outcome::kUnsupported:
      return ErrorCode::kUnsupported;
    case Outcome::kBusy:
      return ErrorCode::kBusy;
    case Outcome::kError:
      return ErrorCode::kNetwork;
    case Outcome::kOk:
    case Outcome::kApplied:
      return ErrorCode::kInvalid;
  }
  return ErrorCode::kInternal;
}

std::string request(std::string_view what, const std::map<std::string, std::string>& options, const std::string& rest) {
  Json json{{"protocol", kProtocol}, {"request", what}};
  json["options"] = Json::object();
  for (const auto& option : options) json["options"][option.first] = option.second;
  json.update(Json::parse(rest));
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

Result<Answer> read_answer(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object())
    return fail(ErrorCode::kInvalid, trim(text).empty() ? "nothing on stdout" : "stdout is not one JSON object");
  if (const auto spoken = json.find("protocols"); spoken != json.end())
    return fail(ErrorCode::kUnsupported,
                fmt::format("it speaks the protocols {} and cutover speaks {}: use versions of the two that fit",
                            printable(spoken->dump(-1, ' ', true, Json::error_handler_t::replace)), kProtocol));
  return attempt([&] {
    if (number_in(json, "protocol", 1'000'000) != kProtocol)
      wrong(fmt::format("it answers by protocol {} and was asked by {}", json["protocol"].dump(), kProtocol));
    const std::string word = text_in(json, "outcome");
    Answer answer;
    bool known = false;
    for (const auto& entry : kOutcomes)
      if (entry.first == word) answer.outcome = entry.second, known = true;
    if (!known) wrong(fmt::format("'{}' is no outcome", word));
    if (json.contains("message")) answer.message = text_in(json, "message");
    if (json.contains("now")) answer.now = must(parse_instant(text_in(json, "now")));
    answer.json = text;
    return answer;
  });
}

Result<ZoneRead> read_zone(const Answer& answer, const DomainName& zone) {
  return attempt([&] {
    const Json json = Json::parse(answer.json);
    const Json& sets = part(json, "record_sets");
    if (!sets.is_array() || sets.empty()) wrong("'record_sets' is not a list of record sets");
    ZoneRead read{{zone, {}, {}}, {}, {}};
    for (const Json& set : sets) take_set(set, read);
    return read;
  });
}

Result<bool> read_in_sync(const Answer& answer) {
  return attempt([&] {
    const Json json = Json::parse(answer.json);
    if (!part(json, "in_sync").is_boolean()) wrong("'in_sync' is neither true nor false");
    return json["in_sync"].get<bool>();
  });
}

Result<InverseScript> read_inverse(const Answer& answer) {
  return attempt([&] {
    const Json json = Json::parse(answer.json);
    InverseScript script{text_in(json, "file_name"), text_in(json, "how_to_run"), text_in(json, "text")};
    if (!is_file_name(script.file_name))
      wrong(fmt::format("'{}' is no file name: letters, digits, '.', '-' and '_' make one", script.file_name));
    if (script.text.empty()) wrong("'text' is empty");
    return script;
  });
}

ChangeSet in_its_words(ChangeSet changes, const ZoneRead::Words& words) {
  const auto put = [&](std::optional<RecordSet>& set) {
    if (!set) return;
    const auto known = words.find(set->key());
    if (known == words.end()) return;
    for (std::string& value : set->rdata)
      if (const auto at = known->second.find(value); at != known->second.end()) value = at->second;
  };
  for (Change& change : changes.changes) put(change.before), put(change.after);
  put(changes.guard_soa);
  return changes;
}

std::string receipt_in(const Answer& answer) {
  const Json json = Json::parse(answer.json, nullptr, false);
  if (!json.is_object() || !json.contains("receipt")) return "null";
  const std::string receipt = json["receipt"].dump(-1, ' ', true, Json::error_handler_t::replace);
  return receipt.size() > kLongestReceipt ? "null" : receipt;
}

}  // namespace cutover::providers::external
