#include "providers/powerdns/zone_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "net/message.h"
#include "providers/provider.h"

namespace cutover::providers::powerdns {
namespace {

using Json = nlohmann::ordered_json;

// PowerDNS's own types, which make up their answers when asked.
constexpr RecordType kAlias{65401};
constexpr RecordType kLua{65402};

Result<RecordType> type_from(const std::string& text) {
  if (text == "ALIAS") return kAlias;
  if (text == "LUA") return kLua;
  return record_type_from_text(text);
}

// These throw on a wrong shape, under zone_reply's one catch.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

std::string canonical(RecordType type, const std::string& content, const DomainName& origin) {
  // Not data that a resolver ever sees: shown as bytes, so that the zone is complete, and never written.
  if (type == kAlias || type == kLua) return fmt::format("\\# {} {}", content.size(), to_hex(content));
  return must(net::canonical_rdata(type, content, origin));
}

void take(const Json& json, ZoneReply& reply) {
  RecordSet set{must(DomainName::from_text(json.at("name").get<std::string>())),
                must(type_from(json.at("type").get<std::string>())),
                Seconds(json.at("ttl").get<std::uint32_t>()),
                {}};
  for (const Json& record : json.at("records")) {
    if (record.value("disabled", false))
      reply.disabled.insert(set.key());
    else
      set.rdata.push_back(canonical(set.type, record.at("content").get<std::string>(), reply.zone.origin));
  }
  if (set.rdata.empty()) return;  // comments alone, or nothing that is served
  normalize(set);
  const RecordKey key = set.key();
  reply.zone.sets.emplace(key, std::move(set));
}

}  // namespace

Result<ZoneReply> zone_reply(std::string_view text, const DomainName& origin) {
  try {
    const Json json = Json::parse(text);
    ZoneReply reply;
    reply.zone.origin = origin;
    if (must(DomainName::from_text(json.at("name").get<std::string>())) != origin)
      throw std::runtime_error("it is about another zone");
    reply.kind = json.at("kind").get<std::string>();
    reply.soa_edit_api = json.value("soa_edit_api", "");
    for (const Json& set : json.at("rrsets")) take(set, reply);
    if (const RecordSet* soa = reply.zone.find({origin, RecordType::kSoa})) reply.zone.soa = must(parse_soa(*soa));
    return reply;
  } catch (const std::exception& e) {
    return fail(ErrorCode::kInvalid,
                fmt::format("what it says of {} cannot be read: {}", origin.text(), printable(e.what())));
  }
}

std::string patch_body(const ChangeSet& changes) {
  Json deletions = Json::array();
  Json replacements = Json::array();
  for (const Change& change : changes.changes) {
    if (change.kind() == Change::Kind::kNone) continue;
    Json set{{"name", change.key.name.text()}, {"type", to_text(change.key.type)}};
    if (!change.after) {
      set["changetype"] = "DELETE";
      deletions.push_back(std::move(set));
      continue;
    }
    set["changetype"] = "REPLACE";
    set["ttl"] = change.after->ttl.count();
    set["records"] = Json::array();
    for (const std::string& rdata : change.after->rdata)
      set["records"].push_back(Json{{"content", rdata}, {"disabled", false}});
    replacements.push_back(std::move(set));
  }
  for (Json& set : replacements) deletions.push_back(std::move(set));
  return Json{{"rrsets", std::move(deletions)}}.dump();
}

std::string zone_id(const DomainName& zone) {
  std::string id;
  for (const char c : zone.text()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    id += plain ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c));
  }
  return id;
}

Result<void> check(const ChangeSet& changes) {
  const auto refused = [](const RecordKey& key, std::string_view why) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} {}", key.text(), why));
  };
  for (const Change& change : changes.changes) {
    if (auto ours = check_within(change, changes.zone); !ours) return ours;
    if (change.key.type == kAlias)
      return refused(change.key,
                     "is PowerDNS's ALIAS: its addresses are made up by the server when it is asked, so nobody can "
                     "compare them before and after; make A and AAAA records of it first");
    if (change.key.type == kLua)
      return refused(change.key,
                     "is PowerDNS's LUA: a program on the server makes its answers, which differ from one question to "
                     "the next; make plain records of it first");
  }
  return {};
}

}  // namespace cutover::providers::powerdns
