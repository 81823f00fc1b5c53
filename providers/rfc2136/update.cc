#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "core/text.h"
#include "providers/rfc2136/rfc2136.h"

// An UPDATE message that is a compare-and-swap.
//
// RFC 2136 gives two kinds of guard that fit: "RRset exists (value dependent)" (section 2.4.2) for every set that is
// there before, and "RRset does not exist" (2.4.3) for every set that is not. All prerequisites and all updates of one
// message hold together or not at all (3.2.5, 3.4.2.7), so a whole zone moves at once.
//
// Two silences of section 3.4.2.2 have to be guarded by hand. A server drops, without an error, a CNAME added beside
// other data, and other data added beside a CNAME. So whoever adds a CNAME asks that nothing else is there, and whoever
// adds something else asks that no CNAME is there; and deletions come before additions, for the names where one gives
// way to the other in this very message.
//
// Where a CNAME takes the place of other data, the name is emptied as a whole ("delete all RRsets from a name", 2.5.3)
// and not set by set: Knot 3.2 with DNSSEC signing otherwise finds the old signatures still there, drops the CNAME, and
// the name is gone (2026-11-22).
//
// A set is replaced by "delete the RRset" (2.5.2) and additions (2.5.1), never by additions alone: what an addition of
// a present record with another TTL does differs between servers.

namespace cutover::providers::rfc2136 {
namespace {

using net::Record;
using net::RecordClass;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxMessage = 65000;  // 65,535 less what TSIG takes

/// What a name that gets a CNAME may hold besides, as far as one can ask: there is no prerequisite "nothing else".
constexpr std::array kUsualTypes{RecordType::kA,     RecordType::kAaaa,  RecordType::kMx,   RecordType::kTxt,
                                 RecordType::kSrv,   RecordType::kNs,    RecordType::kCaa,  RecordType::kTlsa,
                                 RecordType::kPtr,   RecordType::kHttps, RecordType::kSvcb, RecordType::kSshfp,
                                 RecordType::kNaptr, RecordType::kDname};

bool is_carried(RecordType type) {
  switch (type) {
    case RecordType::kOpt:
    case RecordType::kTsig:
    case RecordType::kIxfr:
    case RecordType::kAxfr:
    case RecordType::kAny:
      return false;
    default:
      return !decides_who_answers(type);
  }
}

const Change* find_change(const ChangeSet& changes, const DomainName& name, RecordType type) {
  for (const Change& change : changes.changes)
    if (change.key.name == name && change.key.type == type) return &change;
  return nullptr;
}

Result<void> check(const ChangeSet& changes) {
  for (const Change& change : changes.changes) {
    if (!change.key.name.is_within(changes.zone))
      return fail(ErrorCode::kInvalid,
                  fmt::format("{} lies outside the zone {}", change.key.text(), changes.zone.text()));
    if (!is_carried(change.key.type))
      return fail(
          ErrorCode::kUnsupported,
          fmt::format(
              "{} is not changed by DNS UPDATE here: NS, SOA and DNSSEC records decide who answers for the zone; "
              "move them by hand, with the parent's records",
              change.key.text()));
  }
  if (const Change* cname = find_change(changes, changes.zone, RecordType::kCname); cname != nullptr && cname->after)
    return fail(
        ErrorCode::kInvalid,
        fmt::format("a CNAME cannot stand at the apex {}: its SOA and NS records are there", changes.zone.text()));
  if (changes.guard_serial && !changes.guard_soa)
    return fail(ErrorCode::kInvalid,
                fmt::format("the change of {} guards on a serial but does not hold the SOA record that a "
                            "prerequisite has to quote",
                            changes.zone.text()));
  return {};
}

Record absent(const DomainName& name, RecordType type) { return {name, type, RecordClass::kNone, 0, ""}; }

void require_exactly(const RecordSet& set, std::vector<Record>& prerequisites) {
  for (const std::string& rdata : set.rdata) prerequisites.push_back({set.name, set.type, RecordClass::kIn, 0, rdata});
}

/// Whether other data at the name is replaced by a CNAME in this very change.
bool gives_way_to_cname(const DomainName& name, const ChangeSet& changes) {
  const Change* cname = find_change(changes, name, RecordType::kCname);
  return cname != nullptr && !cname->before && cname->after &&
         std::any_of(changes.changes.begin(), changes.changes.end(),
                     [&](const Change& other) { return other.key.name == name && other.before; });
}

/// The prerequisites that keep an addition from being dropped in silence.
void require_room_for(const Change& change, const ChangeSet& changes, std::vector<Record>& prerequisites) {
  const DomainName& name = change.key.name;
  if (change.key.type != RecordType::kCname) {
    prerequisites.push_back(absent(name, change.key.type));
    if (find_change(changes, name, RecordType::kCname) == nullptr)
      prerequisites.push_back(absent(name, RecordType::kCname));
    return;
  }
  if (!gives_way_to_cname(name, changes)) {
    prerequisites.push_back(absent(name, RecordType::kAny));
    return;
  }
  prerequisites.push_back(absent(name, RecordType::kCname));
  for (const RecordType type : kUsualTypes)
    if (find_change(changes, name, type) == nullptr) prerequisites.push_back(absent(name, type));
}

/// kUnsupported where one message cannot hold it all; kInvalid where a record is none.
Result<void> check_size(const net::Message& message) {
  const auto wire = net::encode(message);
  if (wire && wire->size() <= kMaxMessage) return {};
  std::vector<Record> all = message.answer;
  all.insert(all.end(), message.authority.begin(), message.authority.end());
  for (const Record& record : all) {
    net::Message alone;
    alone.opcode = message.opcode;
    alone.question = message.question;
    alone.authority = {record};
    if (auto readable = net::encode(alone); !readable) return readable.error();
  }
  return fail(ErrorCode::kUnsupported,
              fmt::format("{} do not fit into the {} bytes of one UPDATE message, so they could not move all at "
                          "once; move fewer names at a time (--only)",
                          counted(all.size(), "record"), kMaxMessage));
}

Json encode(const Record& record) {
  const char* record_class = record.record_class == RecordClass::kIn    ? "IN"
                             : record.record_class == RecordClass::kAny ? "ANY"
                                                                        : "NONE";
  Json json = Json::object();  // key by key: from an initializer list it costs three times as much
  json["name"] = record.name.text();
  json["class"] = record_class;
  json["type"] = to_text(record.type);
  json["ttl_s"] = record.ttl;
  json["rdata"] = record.rdata;
  return json;
}

Json encode(const std::vector<Record>& records) {
  Json list = Json::array();
  for (const Record& record : records) list.push_back(encode(record));
  return list;
}

// These throw on a wrong shape, under update_from_json's one catch.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

std::vector<Record> decode(const Json& list) {
  std::vector<Record> records;
  for (const Json& json : list) {
    const auto record_class = json.at("class").get<std::string>();
    if (record_class != "IN" && record_class != "ANY" && record_class != "NONE")
      throw std::runtime_error("no class " + record_class);
    records.push_back({must(DomainName::from_text(json.at("name").get<std::string>())),
                       must(record_type_from_text(json.at("type").get<std::string>())),
                       record_class == "IN"    ? RecordClass::kIn
                       : record_class == "ANY" ? RecordClass::kAny
                                               : RecordClass::kNone,
                       json.at("ttl_s").get<std::uint32_t>(), json.at("rdata").get<std::string>()});
  }
  return records;
}

std::string prerequisite_line(const Record& record) {
  const std::string name = record.name.text();
  if (record.record_class == RecordClass::kIn)
    return fmt::format("prereq yxrrset {} IN {} {}", name, to_text(record.type), record.rdata);
  if (record.type == RecordType::kAny) return fmt::format("prereq nxdomain {}", name);
  return fmt::format("prereq nxrrset {} IN {}", name, to_text(record.type));
}

std::string update_line(const Record& record) {
  const std::string name = record.name.text();
  if (record.record_class == RecordClass::kAny && record.type == RecordType::kAny)
    return fmt::format("update delete {}", name);
  if (record.record_class == RecordClass::kAny) return fmt::format("update delete {} {}", name, to_text(record.type));
  return fmt::format("update add {} {} IN {} {}", name, record.ttl, to_text(record.type), record.rdata);
}

}  // namespace

Result<net::Message> update_message(const ChangeSet& changes) {
  if (auto fits = check(changes); !fits) return fits.error();
  net::Message message;
  message.opcode = net::Opcode::kUpdate;
  message.question = {{changes.zone, RecordType::kSoa, RecordClass::kIn}};
  std::vector<Record>& prerequisites = message.answer;
  std::vector<Record>& updates = message.authority;
  if (changes.guard_serial) require_exactly(*changes.guard_soa, prerequisites);
  for (const Change& change : changes.changes) {
    if (change.before)
      require_exactly(*change.before, prerequisites);
    else if (change.after)
      require_room_for(change, changes, prerequisites);
  }
  std::set<DomainName> emptied;
  for (const Change& change : changes.changes) {
    if (!change.before || change.kind() == Change::Kind::kNone) continue;
    const DomainName& name = change.key.name;
    if (!gives_way_to_cname(name, changes))
      updates.push_back({name, change.key.type, RecordClass::kAny, 0, ""});
    else if (emptied.insert(name).second)
      updates.push_back({name, RecordType::kAny, RecordClass::kAny, 0, ""});
  }
  for (const Change& change : changes.changes)
    if (change.after && change.kind() != Change::Kind::kNone)
      for (const std::string& rdata : change.after->rdata)
        updates.push_back({change.key.name, change.key.type, RecordClass::kIn,
                           static_cast<std::uint32_t>(change.after->ttl.count()), rdata});

  if (auto fits = check_size(message); !fits) return within("the change of " + changes.zone.text(), fits.error());
  return message;
}

std::string to_json(const net::Message& update) {
  return Json{{"zone", update.question.at(0).name.text()},
              {"prerequisites", encode(update.answer)},
              {"updates", encode(update.authority)}}
      .dump();
}

Result<net::Message> update_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    net::Message message;
    message.opcode = net::Opcode::kUpdate;
    message.question = {
        {must(DomainName::from_text(json.at("zone").get<std::string>())), RecordType::kSoa, RecordClass::kIn}};
    message.answer = decode(json.at("prerequisites"));
    message.authority = decode(json.at("updates"));
    return message;
  } catch (const std::exception& e) {
    return fail(ErrorCode::kInvalid, fmt::format("a stored UPDATE request cannot be read: {}", e.what()));
  }
}

std::string to_nsupdate(const net::Message& update, const std::string& server_line) {
  std::vector<std::string> lines{server_line, "zone " + update.question.at(0).name.text()};
  for (const Record& record : update.answer) lines.push_back(prerequisite_line(record));
  for (const Record& record : update.authority) lines.push_back(update_line(record));
  lines.insert(lines.end(), {"send", "answer", ""});
  return join(lines, "\n");
}

}  // namespace cutover::providers::rfc2136
