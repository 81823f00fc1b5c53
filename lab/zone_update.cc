#include "lab/zone_update.h"

#include <algorithm>
#include <map>

#include "lab/zone_answer.h"

// RFC 2136 section 3, in its own order and with its own section numbers. `kind` of a record is in its
// class: the zone's class, ANY ("whatever is there") or NONE ("not there", or "take this one away").

namespace cutover::lab {
namespace {

using net::Rcode;
using net::Record;
using net::RecordClass;

/// AXFR, MAILB, MAILA and the like, which no record can have (section 3.4.1.2).
bool is_meta(RecordType type) {
  const auto number = static_cast<unsigned>(type);
  return type == RecordType::kOpt || (number >= 249 && number <= 255);
}

/// A class that stands for something else than the zone's own.
bool is_any_or_none(const Record& record) {
  return record.record_class == RecordClass::kAny || record.record_class == RecordClass::kNone;
}

bool name_in_use(const Zone& zone, const DomainName& name) {
  return std::any_of(zone.sets.begin(), zone.sets.end(), [&](const auto& entry) { return entry.first.name == name; });
}

/// 3.1: exactly one zone, of type SOA, and it is this one.
Rcode check_zone_section(const Zone& zone, const net::Message& update) {
  if (update.question.size() != 1 || update.question[0].type != RecordType::kSoa) return Rcode::kFormErr;
  if (update.question[0].record_class != RecordClass::kIn || update.question[0].name != zone.origin)
    return Rcode::kNotAuth;
  return Rcode::kNoError;
}

/// 3.2: the prerequisites, the value-dependent ones collected and compared as whole sets at the end.
Rcode check_prerequisites(const Zone& zone, const std::vector<Record>& prerequisites) {
  std::map<RecordKey, RecordSet> wanted;
  for (const Record& record : prerequisites) {
    if (record.ttl != 0) return Rcode::kFormErr;
    if (!record.name.is_within(zone.origin)) return Rcode::kNotZone;
    if (record.record_class == RecordClass::kIn) {
      if (is_meta(record.type)) return Rcode::kFormErr;
      RecordSet& set = wanted[{record.name, record.type}];
      set.name = record.name;
      set.type = record.type;
      set.rdata.push_back(record.rdata);
      continue;
    }
    if (!is_any_or_none(record) || !record.rdata.empty()) return Rcode::kFormErr;
    const bool must_exist = record.record_class == RecordClass::kAny;
    if (record.type == RecordType::kAny) {
      if (name_in_use(zone, record.name) != must_exist) return must_exist ? Rcode::kNxDomain : Rcode::kYxDomain;
    } else {
      const bool exists = zone.find({record.name, record.type}) != nullptr;
      if (exists != must_exist) return must_exist ? Rcode::kNxRrset : Rcode::kYxRrset;
    }
  }
  for (auto& [key, set] : wanted) {
    normalize(set);
    const RecordSet* live = zone.find(key);
    if (live == nullptr || !same_values(*live, set)) return Rcode::kNxRrset;
  }
  return Rcode::kNoError;
}

/// 3.4.1: everything that can be wrong with the updates is found before the first one is made.
Rcode prescan(const Zone& zone, const std::vector<Record>& updates) {
  for (const Record& record : updates) {
    if (!record.name.is_within(zone.origin)) return Rcode::kNotZone;
    const bool plain = !is_meta(record.type);
    if (record.record_class == RecordClass::kIn) {
      if (!plain || record.rdata.empty()) return Rcode::kFormErr;
      continue;
    }
    if (!is_any_or_none(record) || record.ttl != 0) return Rcode::kFormErr;
    const bool any_form = record.record_class == RecordClass::kAny;
    if (any_form && !record.rdata.empty()) return Rcode::kFormErr;
    if (!plain && !(any_form && record.type == RecordType::kAny)) return Rcode::kFormErr;
  }
  return Rcode::kNoError;
}

/// The three kinds of section 3.4.2, on a working copy.
class Updater {
 public:
  explicit Updater(const Zone& zone) : zone_(zone) {}

  void make(const Record& record) {
    if (record.record_class == RecordClass::kIn) add(record);
    if (record.record_class == RecordClass::kAny) remove_sets(record);
    if (record.record_class == RecordClass::kNone) remove_record(record);
  }

  /// 3.6: a zone that changed gets a new serial, unless the update brought one.
  std::optional<Zone> finish(const Zone& before) && {
    if (zone_.sets == before.sets) return std::nullopt;
    if (zone_.soa.serial == before.soa.serial) {
      Soa soa = zone_.soa;
      soa.serial = next_serial(soa.serial);
      put_soa(zone_, soa);
    }
    return std::move(zone_);
  }

 private:
  bool at_apex(const Record& record) const { return record.name == zone_.origin; }

  void add(const Record& record) {
    if (record.type == RecordType::kSoa) return replace_soa(record);
    // CNAME and other data exclude each other: the newcomer is ignored (3.4.2.2).
    const bool has_alias = zone_.find({record.name, RecordType::kCname}) != nullptr;
    const bool is_alias = record.type == RecordType::kCname;
    if (is_alias && !has_alias && name_in_use(zone_, record.name)) return;
    if (!is_alias && has_alias) return;
    RecordSet& set = zone_.sets[{record.name, record.type}];
    set.name = record.name;
    set.type = record.type;
    if (is_alias) set.rdata.clear();
    set.rdata.push_back(record.rdata);
    normalize(set);
    // One TTL per set (RFC 2181 section 5.2): the latest word counts for all of it.
    set.ttl = Seconds(record.ttl);
  }

  void replace_soa(const Record& record) {
    if (!at_apex(record)) return;
    const auto soa = parse_soa({record.name, record.type, Seconds(record.ttl), {record.rdata}});
    if (soa && serial_is_after(soa->serial, zone_.soa.serial)) put_soa(zone_, *soa);
  }

  void remove_sets(const Record& record) {
    for (auto it = zone_.sets.begin(); it != zone_.sets.end();) {
      const bool hit =
          it->first.name == record.name && (record.type == RecordType::kAny || it->first.type == record.type);
      const bool kept = at_apex(record) && (it->first.type == RecordType::kSoa || it->first.type == RecordType::kNs);
      it = hit && !kept ? zone_.sets.erase(it) : std::next(it);
    }
  }

  void remove_record(const Record& record) {
    if (record.type == RecordType::kSoa) return;
    const auto at = zone_.sets.find({record.name, record.type});
    if (at == zone_.sets.end()) return;
    std::vector<std::string>& rdata = at->second.rdata;
    const auto found = std::find(rdata.begin(), rdata.end(), record.rdata);
    if (found == rdata.end()) return;
    // The last name server of the zone stays (3.4.2.4).
    if (record.type == RecordType::kNs && at_apex(record) && rdata.size() == 1) return;
    rdata.erase(found);
    if (rdata.empty()) zone_.sets.erase(at);
  }

  Zone zone_;
};

}  // namespace

UpdateOutcome apply_update(const Zone& zone, const net::Message& update) {
  for (const Rcode rcode :
       {check_zone_section(zone, update), check_prerequisites(zone, update.answer), prescan(zone, update.authority)})
    if (rcode != Rcode::kNoError) return {rcode, std::nullopt};
  // From here on nothing can fail, so it is all or nothing.
  Updater updater(zone);
  for (const Record& record : update.authority) updater.make(record);
  return {Rcode::kNoError, std::move(updater).finish(zone)};
}

}  // namespace cutover::lab
