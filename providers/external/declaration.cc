// What a program says of itself. Every value stands there with its reason and the day it was last seen to be true;
// what is not declared is the careful value.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "providers/external/protocol.h"

namespace cutover::providers::external {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kNotDeclared = "the program does not declare it";
constexpr std::uint32_t kMostTtl = 2147483647;

[[noreturn]] void wrong(const std::string& why) { throw std::runtime_error(why); }

bool is_date(const std::string& text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' && parse_instant(text + "T00:00:00Z").ok();
}

class Reader {
 public:
  Reader(const Json& json, Declaration& out) : json_(json), out_(out) {
    if (!json.is_object()) wrong("'capabilities' is not an object");
    static const std::set<std::string> kKnown{"unit",        "atomic",        "atomic_limit", "compare_and_swap",
                                              "commit_step", "signal",        "ttl_floor_s",  "ttl_ceiling_s",
                                              "ttl_steps_s", "settle_time_s", "types",        "budget"};
    for (const auto& entry : json.items())
      if (kKnown.count(entry.key()) == 0) wrong(fmt::format("there is no capability '{}'", entry.key()));
  }

  /// The value of one capability, or `careful`; `read` makes it of its JSON.
  template <class T, class F>
  Declared<T> get(const char* key, T careful, F&& read) {
    const auto at = json_.find(key);
    if (at == json_.end()) return {careful, kNotDeclared, ""};
    for (const char* needed : {"value", "why", "verified"})
      if (!at->is_object() || !at->contains(needed))
        wrong(fmt::format(R"(the capability '{0}' lacks '{1}'; it is written "{0}": {{"value": ..., "why": "...", )"
                          R"("verified": "YYYY-MM-DD"}})",
                          key, needed));
    const Json& why = (*at)["why"];
    const Json& verified = (*at)["verified"];
    if (!why.is_string() || trim(why.get_ref<const std::string&>()).empty())
      wrong(fmt::format("the capability '{}' gives no reason in 'why'", key));
    if (!verified.is_string() || !is_date(verified.get<std::string>()))
      wrong(fmt::format("the capability '{}': 'verified' is not a day, YYYY-MM-DD", key));
    return {read((*at)["value"], key), keep(printable(why.get<std::string>())), keep(verified.get<std::string>())};
  }

  std::string_view keep(std::string text) { return out_.words.emplace_back(std::move(text)); }

 private:
  const Json& json_;
  Declaration& out_;
};

template <class T>
auto one_of(std::initializer_list<std::pair<std::string_view, T>> words) {
  return [words = std::vector(words)](const Json& value, const char* key) {
    std::vector<std::string> names;
    for (const auto& word : words) {
      if (value.is_string() && value.get_ref<const std::string&>() == word.first) return word.second;
      names.emplace_back(word.first);
    }
    wrong(fmt::format("the capability '{}' is none of {}", key, join(names, ", ")));
  };
}

std::uint32_t number(const Json& value, const char* key, std::uint32_t least, std::uint32_t most) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() < least || value.get<std::uint64_t>() > most)
    wrong(fmt::format("the capability '{}' is not a whole number from {} to {}", key, least, most));
  return value.get<std::uint32_t>();
}

Seconds seconds(const Json& value, const char* key) { return Seconds(number(value, key, 0, kMostTtl)); }

std::vector<RecordType> types(const Json& value, const char* key) {
  if (value.is_string() && value.get_ref<const std::string&>() == "every") return {};
  if (!value.is_array() || value.empty())
    wrong(fmt::format("the capability '{}' is neither \"every\" nor a list of record types", key));
  std::vector<RecordType> found;
  for (const Json& one : value) {
    auto type = one.is_string() ? record_type_from_text(one.get<std::string>())
                                : Result<RecordType>(fail(ErrorCode::kInvalid, "a record type is a text"));
    if (!type) wrong(fmt::format("the capability '{}': {}", key, type.error().message));
    found.push_back(*type);
  }
  return found;
}

std::vector<Seconds> ttl_steps(const Json& value, const char* key) {
  if (!value.is_array()) wrong(fmt::format("the capability '{}' is not a list of TTLs", key));
  std::vector<Seconds> steps;
  for (const Json& one : value) {
    steps.push_back(seconds(one, key));
    if (steps.size() > 1 && steps[steps.size() - 2] >= steps.back())
      wrong(fmt::format("the capability '{}' is not in ascending order", key));
  }
  return steps;
}

Budget budget(const Json& value, const char* key) {
  if (!value.is_object() || !value.contains("calls") || !value.contains("per_s"))
    wrong(fmt::format(R"(the value of the capability '{}' is written {{"calls": 1200, "per_s": 300}})", key));
  return {number(value["calls"], key, 1, kMostTtl), Seconds(number(value["per_s"], key, 1, kMostTtl))};
}

Capabilities read_capabilities(Reader& reader) {
  Capabilities can{};
  can.unit =
      reader.get("unit", Unit::kRecordSet,
                 one_of<Unit>({{"record", Unit::kRecord}, {"record_set", Unit::kRecordSet}, {"zone", Unit::kZone}}));
  can.atomic = reader.get("atomic", AtomicScope::kNone,
                          one_of<AtomicScope>({{"none", AtomicScope::kNone},
                                               {"record_set", AtomicScope::kRecordSet},
                                               {"message", AtomicScope::kMessage},
                                               {"zone", AtomicScope::kZone}}));
  can.atomic_limit = reader.get("atomic_limit", std::size_t{1}, [](const Json& value, const char* key) {
    return std::size_t{number(value, key, 1, 1'000'000)};
  });
  can.compare_and_swap = reader.get("compare_and_swap", CompareAndSwap::kNone,
                                    one_of<CompareAndSwap>({{"none", CompareAndSwap::kNone},
                                                            {"values", CompareAndSwap::kValues},
                                                            {"values_and_ttl", CompareAndSwap::kValuesAndTtl},
                                                            {"version", CompareAndSwap::kVersion}}));
  can.commit_step = reader.get("commit_step", std::string_view(), [&](const Json& value, const char* key) {
    if (!value.is_string()) wrong(fmt::format("the capability '{}' is not a text", key));
    return reader.keep(printable(value.get<std::string>()));
  });
  can.signal = reader.get(
      "signal", ChangeSignal::kNone,
      one_of<ChangeSignal>(
          {{"none", ChangeSignal::kNone}, {"sent", ChangeSignal::kSent}, {"serving", ChangeSignal::kServing}}));
  can.ttl_floor = reader.get("ttl_floor_s", Seconds(0), seconds);
  can.settle_time = reader.get("settle_time_s", Seconds(300), seconds);
  can.types =
      reader.get("types", std::vector<RecordType>{RecordType::kA, RecordType::kAaaa, RecordType::kCname}, types);
  can.ttl_ceiling = reader.get("ttl_ceiling_s", Seconds(0), seconds);
  can.ttl_steps = reader.get("ttl_steps_s", std::vector<Seconds>(), ttl_steps);
  can.budget = reader.get("budget", Budget(), budget);
  return can;
}

void read_requests(const Json& json, Declaration& out) {
  const auto at = json.find("requests");
  if (at == json.end()) return;
  if (!at->is_array()) wrong("'requests' is not a list");
  for (const Json& one : *at) {
    const std::string word = one.is_string() ? one.get<std::string>() : "";
    if (word != "in_sync" && word != "inverse") wrong("'requests' lists optional requests: in_sync, inverse");
    out.requests.insert(word);
  }
}

/// What cannot both be true.
void check_sense(const Capabilities& can) {
  if (can.unit.value == Unit::kZone && can.atomic.value != AtomicScope::kZone)
    wrong("the unit is the zone but 'atomic' is not: what is replaced as a whole happens together");
  const bool together = can.atomic.value == AtomicScope::kZone || can.atomic.value == AtomicScope::kMessage;
  if (!together && can.atomic_limit.value > 1)
    wrong("'atomic_limit' is above 1 although only single record sets happen together");
}

}  // namespace

Result<std::unique_ptr<Declaration>> read_declaration(const Answer& answer) {
  try {
    const Json json = Json::parse(answer.json);
    auto out = std::make_unique<Declaration>();
    if (const auto name = json.find("program"); name != json.end() && name->is_string())
      out->program = printable(name->get<std::string>().substr(0, 100));
    if (!json.contains("capabilities")) wrong("the key 'capabilities' is missing");
    Reader reader(json["capabilities"], *out);
    out->capabilities = read_capabilities(reader);
    read_requests(json, *out);
    check_sense(out->capabilities);
    return out;
  } catch (const std::exception& e) {
    return fail(ErrorCode::kInvalid, printable(e.what()));
  }
}

std::string Declaration::line() const {
  const auto word = [](std::string_view text) {
    std::string one(text);
    for (char& c : one)
      if (c == ' ') c = '_';
    return one;
  };
  const Capabilities& can = capabilities;
  std::vector<std::string> names, steps;
  for (const Seconds step : can.ttl_steps.value) steps.push_back(std::to_string(step.count()));
  for (const RecordType type : can.types.value) names.push_back(to_text(type));
  return fmt::format(
      "unit={} atomic={} atomic_limit={} compare_and_swap={} commit_step={} signal={} ttl_floor_s={} settle_time_s={} "
      "types={} ttl_ceiling_s={} ttl_steps_s={}",
      word(to_text(can.unit.value)), word(to_text(can.atomic.value)), can.atomic_limit.value,
      can.compare_and_swap.value == CompareAndSwap::kValuesAndTtl ? "values_and_ttl"
                                                                  : word(to_text(can.compare_and_swap.value)),
      can.commit_step.value.empty() ? "none" : word(can.commit_step.value), word(to_text(can.signal.value)),
      can.ttl_floor.value.count(), can.settle_time.value.count(), names.empty() ? "every" : join(names, ","),
      can.ttl_ceiling.value.count(), steps.empty() ? "any" : join(steps, ","));
}

}  // namespace cutover::providers::external
