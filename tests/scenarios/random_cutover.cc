#include "tests/scenarios/random_cutover.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "core/text.h"
#include "tests/providers/subject.h"

namespace cutover::stage {
namespace {

using Kind = servers::ApiFault::Kind;

/// The apex, a wildcard below and at it, an IDN, deep ones, services.
const std::vector<std::string> kOwners{"@",      "www",    "*",           "*.wild", "xn--bcher-kva", "a.b.c.d.e",
                                       "_dmarc", "mail-1", "shop.europe", "0",      "_sip._tcp"};

template <class T>
T one_of(const std::vector<T>& values) {
  return *rc::gen::elementOf(values);
}
/// The first cases as wild as the last: rapidcheck's own ranges begin small and grow.
int number(int least, int most) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(least, most + 1)); }
/// Shrinks towards no.
bool perhaps(int in_ten) { return number(0, 9) >= 10 - in_ten; }

std::string value_of(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return fmt::format("{}.{}", one_of<std::string>({"192.0.2", "198.51.100", "203.0.113"}), number(1, 254));
    case RecordType::kAaaa:
      return fmt::format("2001:db8:{:x}::{:x}", number(0, 65535), number(1, 65535));
    case RecordType::kCname:
      return fmt::format("{}{}.", one_of<std::string>({"lb", "edge.cdn", "xn--bcher-kva"}),
                         one_of<std::string>({".example.net", ".example.com", ".old.example.org"}));
    case RecordType::kMx:
      return fmt::format("{} mx{}.example.{}.", number(0, 99), number(1, 3), one_of<std::string>({"net", "com"}));
    case RecordType::kTxt:
      return fmt::format("\"{}\"",
                         one_of<std::string>({"v=spf1 ip4:192.0.2.1 -all", "token={}", "a;b, c", "=", "x y"}) +
                             std::to_string(number(0, 999)));
    case RecordType::kHttps:
      return fmt::format("1 . alpn=h2 ipv4hint=192.0.2.{}", number(1, 254));
    case RecordType::kCaa:
      return fmt::format("0 {} \"ca{}.example.net\"", one_of<std::string>({"issue", "issuewild"}), number(0, 99));
    case RecordType::kSrv:
      // One service has no priority 0.
      return fmt::format("{} {} {} srv{}.example.net.", number(1, 9), number(0, 9), number(1, 65535), number(1, 3));
    default:
      return "";
  }
}

/// An alias has one value, and so has a binding that says how a name is reached.
std::vector<std::string> values_of(const std::string& owner, RecordType type) {
  const bool single = type == RecordType::kCname || type == RecordType::kHttps;
  const int count = single ? 1 : number(1, 4);
  std::vector<std::string> values;
  for (int i = 0; i < count; ++i) values.push_back(value_of(type));
  return tests::set(owner, to_text(type), 60, values).rdata;
}

struct Terms {
  std::vector<RecordType> types;
  std::vector<Seconds> ttls;
  bool has(RecordType type) const { return std::find(types.begin(), types.end(), type) != types.end(); }
};

Terms terms_of(const providers::Capabilities& can) {
  Terms terms;
  for (const RecordType type : {RecordType::kA, RecordType::kAaaa, RecordType::kCname, RecordType::kMx,
                                RecordType::kTxt, RecordType::kHttps, RecordType::kCaa, RecordType::kSrv}) {
    const auto& types = can.types.value;
    if (types.empty() || std::find(types.begin(), types.end(), type) != types.end()) terms.types.push_back(type);
  }
  const Seconds ceiling = can.ttl_ceiling.value == Seconds{} ? Seconds(86400) : can.ttl_ceiling.value;
  for (const int ttl : {60, 61, 90, 120, 299, 300, 301, 600, 1800, 3600, 7200, 14400, 43200, 86400})
    if (can.ttl_steps.value.empty() && Seconds(ttl) >= can.ttl_floor.value && Seconds(ttl) <= ceiling)
      terms.ttls.emplace_back(ttl);
  for (const Seconds ttl : can.ttl_steps.value)
    if (ttl > Seconds{} && ttl <= Seconds(86400)) terms.ttls.push_back(ttl);
  return terms;
}

/// The types that may be at an owner, an alias apart.
std::vector<RecordType> types_at(const std::string& owner, const Terms& terms) {
  std::vector<RecordType> types;
  for (const RecordType type : terms.types) {
    const bool service = owner.starts_with("_sip");
    if (type != RecordType::kCname && (type == RecordType::kSrv) == service &&
        (type != RecordType::kHttps || !owner.starts_with("*")))
      types.push_back(type);
  }
  return types;
}

/// What is at one owner before and after.
class Owner {
 public:
  Owner(std::string name, const Terms& terms) : name_(std::move(name)), terms_(terms) {}

  void before() {
    if (may_be_alias() && perhaps(2)) {
      from_[RecordType::kCname] = values_of(name_, RecordType::kCname);
      return;
    }
    const auto types = types_at(name_, terms_);
    for (int i = number(0, 3); i > 0 && !types.empty(); --i) {
      const RecordType type = one_of(types);
      from_[type] = values_of(name_, type);
    }
  }
  void after() {
    to_ = from_;
    const int what = number(0, 4);
    const bool alias = from_.count(RecordType::kCname) > 0;
    if (what == 0) return;
    if (what == 1 && may_be_alias()) {
      // A name becomes an alias, or stops being one.
      to_.clear();
      const RecordType type = alias ? one_of(types_at(name_, terms_)) : RecordType::kCname;
      to_[type] = values_of(name_, type);
      return;
    }
    for (const auto& [type, values] : from_)
      if (perhaps(6)) to_[type] = values_of(name_, type);
    if (what == 3 && !to_.empty()) to_.erase(to_.begin());
    const auto types = types_at(name_, terms_);
    if (what == 4 && !alias && !types.empty()) {
      const RecordType type = one_of(types);
      to_[type] = values_of(name_, type);
    }
  }
  void put_into(RandomCutover& cutover) const {
    for (const auto& [type, values] : from_)
      cutover.zone.push_back({tests::name(name_), type, one_of(terms_.ttls), values});
    std::set<RecordType> types;
    for (const auto* side : {&from_, &to_})
      for (const auto& entry : *side) types.insert(entry.first);
    for (const RecordType type : types) {
      const auto from = from_.find(type), to = to_.find(type);
      PlannedChange change;
      change.name = tests::name(name_);
      change.type = type;
      if (from != from_.end()) change.from = from->second;
      if (to != to_.end()) change.to = to->second;
      if (change.from != change.to) cutover.plan.push_back(std::move(change));
    }
  }

 private:
  bool may_be_alias() const { return name_ != "@" && !name_.starts_with("_") && terms_.has(RecordType::kCname); }

  std::string name_;
  const Terms& terms_;
  std::map<RecordType, std::vector<std::string>> from_, to_;
};

std::optional<RandomFault> random_fault(int in_ten) {
  if (!perhaps(in_ten)) return std::nullopt;
  RandomFault fault;
  fault.after = number(0, 6);
  const int what = number(0, 9);
  if (what == 0) fault.kind = RandomFault::Kind::kKilledBefore;
  if (what == 1) fault.kind = RandomFault::Kind::kKilledAfter;
  fault.side = perhaps(3) ? RandomFault::Side::kReads : RandomFault::Side::kWrites;
  fault.request = one_of<Kind>({Kind::kFailBefore, Kind::kFailAfter, Kind::kCutBefore, Kind::kCutAfter,
                                Kind::kTruncated, Kind::kHalfJson, Kind::kHtml, Kind::kThrottled, Kind::kExpired});
  const bool lasts = fault.request == Kind::kThrottled || fault.request == Kind::kExpired;
  fault.times = lasts ? one_of<int>({1, 100}) : 1;
  return fault;
}

std::string text_of(const std::optional<RandomFault>& fault) {
  if (!fault) return "nothing";
  if (fault->kind == RandomFault::Kind::kKilledBefore) return fmt::format("killed before call {}", fault->after + 1);
  if (fault->kind == RandomFault::Kind::kKilledAfter) return fmt::format("killed after call {}", fault->after + 1);
  static const std::map<Kind, std::string> names{{Kind::kFailBefore, "500, nothing done"},
                                                 {Kind::kFailAfter, "done, then 500"},
                                                 {Kind::kCutBefore, "cut before"},
                                                 {Kind::kCutAfter, "done, then cut"},
                                                 {Kind::kTruncated, "done, truncated"},
                                                 {Kind::kHalfJson, "done, half"},
                                                 {Kind::kHtml, "done, HTML"},
                                                 {Kind::kThrottled, "throttled"},
                                                 {Kind::kExpired, "expired"}};
  return fmt::format("{} at {} {}, {} times", names.at(fault->request),
                     fault->side == RandomFault::Side::kReads ? "read" : "write", fault->after + 1, fault->times);
}

}  // namespace

rc::Gen<RandomCutover> random_cutovers(const providers::Capabilities& can) {
  const Terms terms = terms_of(can);
  return rc::gen::exec([terms] {
    RandomCutover cutover;
    for (const std::string& name : kOwners) {
      if (!perhaps(5)) continue;
      Owner owner(name, terms);
      owner.before();
      owner.after();
      owner.put_into(cutover);
    }
    cutover.during = one_of<Seconds>({Seconds(60), Seconds(300)});
    cutover.then = perhaps(4) ? RandomCutover::Then::kRollBack : RandomCutover::Then::kResume;
    cutover.lowering = random_fault(2);
    cutover.swapping = random_fault(7);
    cutover.resuming = random_fault(4);
    cutover.rolling_back = random_fault(6);
    return cutover;
  });
}

void showValue(const RandomCutover& value, std::ostream& to) {
  to << "\nthe zone:\n";
  for (const RecordSet& set : value.zone)
    to << fmt::format("  {} {} {} {}\n", set.name.text(), set.ttl.count(), to_text(set.type), join(set.rdata, " | "));
  to << fmt::format("the plan, during {} s:\n", value.during.count());
  for (const PlannedChange& change : value.plan)
    to << fmt::format("  {} [{}] -> [{}]\n", change.key().text(), join(change.from, " | "), join(change.to, " | "));
  to << fmt::format("lower-ttl meets {}; swap meets {}; then {}, which meets {}; rollback meets {}\n",
                    text_of(value.lowering), text_of(value.swapping),
                    value.then == RandomCutover::Then::kResume ? "resumed" : "rolled back",
                    value.then == RandomCutover::Then::kResume ? text_of(value.resuming) : "what follows",
                    text_of(value.rolling_back));
}

}  // namespace cutover::stage
