#include "tests/page/told_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cutover::tests {

const std::string kHostile =
    "<img src=x onerror=alert(1)>\"'&</script><script>alert(2)</script>\x1b[2J\x1b]0;owned\x07\u202e\u2066" +
    std::string(300, 'W');

namespace {

struct Town {
  const char* name;
  const char* country;
  const char* continent;
  float latitude;
  float longitude;
};
constexpr std::array kTowns{
    Town{"Berlin", "DE", "Europe", 52.5F, 13.4F},
    Town{"London", "GB", "Europe", 51.5F, -0.1F},
    Town{"Madrid", "ES", "Europe", 40.4F, -3.7F},
    Town{"Warsaw", "PL", "Europe", 52.2F, 21.0F},
    Town{"Istanbul", "TR", "Asia", 41.0F, 29.0F},
    Town{"Moscow", "RU", "Europe", 55.8F, 37.6F},
    Town{"New York", "US", "North America", 40.7F, -74.0F},
    Town{"Dallas", "US", "North America", 32.8F, -96.8F},
    Town{"Seattle", "US", "North America", 47.6F, -122.3F},
    Town{"Mexico City", "MX", "North America", 19.4F, -99.1F},
    Town{"Bogota", "CO", "South America", 4.7F, -74.1F},
    Town{"Sao Paulo", "BR", "South America", -23.6F, -46.6F},
    Town{"Santiago", "CL", "South America", -33.4F, -70.7F},
    Town{"Lagos", "NG", "Africa", 6.5F, 3.4F},
    Town{"Nairobi", "KE", "Africa", -1.3F, 36.8F},
    Town{"Johannesburg", "ZA", "Africa", -26.2F, 28.0F},
    Town{"Cairo", "EG", "Africa", 30.0F, 31.2F},
    Town{"Mumbai", "IN", "Asia", 19.1F, 72.9F},
    Town{"Singapore", "SG", "Asia", 1.35F, 103.8F},
    Town{"Tokyo", "JP", "Asia", 35.7F, 139.7F},
    Town{"Seoul", "KR", "Asia", 37.6F, 127.0F},
    Town{"Sydney", "AU", "Oceania", -33.9F, 151.2F},
    Town{"Auckland", "NZ", "Oceania", -36.8F, 174.8F},
    Town{"Jakarta", "ID", "Asia", -6.2F, 106.8F},
};

DomainName name_of(const char* text) { return *DomainName::from_text(text); }

RecordSet set_of(RecordType type, Seconds ttl, std::vector<std::string> values) {
  RecordSet out;
  out.name = name_of("www.shop.example");
  out.type = type;
  out.ttl = ttl;
  out.rdata = std::move(values);
  return out;
}

Check check_of(const std::string& id, Verdict verdict, Severity severity, const char* endpoint, std::string summary) {
  Check out;
  out.id = id;
  out.verdict = verdict;
  out.severity = severity;
  out.name = name_of("www.shop.example");
  out.endpoint = *Endpoint::from_text(endpoint, 443);
  out.summary = std::move(summary);
  if (verdict == Verdict::kFail) out.advice = "renew it before the swap";
  return out;
}

/// The same for the same seed, on every machine.
std::uint64_t mixed(std::uint64_t seed) {
  seed += 0x9e3779b97f4a7c15ULL;
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebULL;
  return seed ^ (seed >> 31);
}

CheckRecord preflight(Instant at, const std::string& words) {
  CheckRecord out;
  out.at = at;
  out.passed = true;
  for (const char* endpoint : {"203.0.113.20", "[2001:db8:2::20]:443"}) {
    out.checks.push_back(check_of("tls-name", Verdict::kPass, Severity::kError, endpoint, "the name is right"));
    out.checks.push_back(check_of("tls-expiry", Verdict::kFail, Severity::kWarning, endpoint, words));
  }
  return out;
}

}  // namespace

ToldStory::ToldStory(const ToldOptions& options, Instant served_at) : options_(options), served_at_(served_at) {
  const std::string words = options.hostile ? kHostile : "expires in 12 days";
  story_.plan_name = options.hostile ? kHostile : "told";
  story_.plan_file = "cutover.yaml";
  story_.plan_hash = "0123456789abcdef";
  const auto phase = [&](Phase of, StoryPhase::State state, Seconds before) {
    StoryPhase& added = story_.phases.emplace_back();
    added.phase = of;
    added.state = state;
    if (state != StoryPhase::State::kAhead) added.started = served_at - before;
    added.text = options.hostile ? kHostile : "as told";
  };
  phase(Phase::kAssess, StoryPhase::State::kDone, Seconds(90000));
  phase(Phase::kLowerTtl, StoryPhase::State::kDone, Seconds(87000));
  phase(Phase::kPreflight, StoryPhase::State::kDone, Seconds(600));
  phase(Phase::kSwap, StoryPhase::State::kDone, Seconds(5));
  phase(Phase::kWatch, StoryPhase::State::kNow, Seconds(0));
  phase(Phase::kRestoreTtl, StoryPhase::State::kAhead, Seconds(0));
  story_.checks.push_back(preflight(served_at - Seconds(600), words));
  StorySet set;
  set.zone = name_of("shop.example");
  set.key = {name_of("www.shop.example"), RecordType::kA};
  set.before = set_of(RecordType::kA, Seconds(60), {"198.51.100.10"});
  set.after = set_of(RecordType::kA, Seconds(60), {"203.0.113.20"});
  set.accepted = served_at - Seconds(3);
  set.authoritative = served_at;
  story_.sets.push_back(set);
  WriteRecord write;
  write.id = 1;
  write.started = served_at - Seconds(5);
  write.ended = served_at - Seconds(3);
  write.state = WriteState::kDone;
  write.changes = {{set.zone, {{set.key, set.before, set.after}}, {}, {}}};
  story_.writes.push_back(write);
  story_.events.push_back({served_at, Phase::kSwap, "phase", options.hostile ? kHostile : "swapped"});

  Propagation spreading;
  spreading.served_at = served_at;
  spreading.bound = served_at + options.bound;
  spreading.level = "authoritative";
  for (std::size_t i = 0; i < options.resolvers; ++i) {
    StoryResolver each;
    const Town& town = kTowns[mixed(i) % kTowns.size()];
    each.id =
        options.hostile ? fmt::format("{} {}", i, kHostile) : fmt::format("net-{} 192.0.2.{}:{}", i % 40, i % 250, i);
    each.operator_name = options.hostile ? kHostile : fmt::format("net-{}", i % 40);
    if (i % 5 != 0) {
      each.country = town.country;
      each.continent = town.continent;
      each.place = options.hostile ? kHostile : town.name;
      const auto jitter = static_cast<float>(mixed(i + 77) % 100) / 25.0F - 2;
      each.location = dnsprobe::Location{town.latitude + jitter, town.longitude + jitter};
    }
    spreading.resolvers.push_back(std::move(each));
    asked_at_.push_back(served_at + std::chrono::milliseconds(mixed(i + 1) % 4000));
    const auto share = static_cast<double>(mixed(i + 2) % 1000) / 1000;
    turns_at_.push_back(served_at + std::chrono::duration_cast<Span>(std::chrono::duration<double>(
                                        share * static_cast<double>(options.bound.count()))));
    if (i % 97 == 13) turns_at_.back() += options.bound / 2;
  }
  story_.propagation.push_back(std::move(spreading));
  story_.now = served_at;
}

Story ToldStory::before() const {
  Story out = story_;
  out.propagation.clear();
  out.writes.clear();
  out.now = served_at_ - Seconds(90);
  out.answer = {false, "the old TTL has to run out in every cache first", "wait, then `cutover swap`", served_at_};
  out.gates = {{"ttl-drained", false, served_at_, "A of www.shop.example was served with 86400 s until lately", false},
               {"preflight-passed", true, std::nullopt, options_.hostile ? kHostile : "passed ten minutes ago", false}};
  return out;
}

void ToldStory::turn(std::size_t resolver, Side side, Instant at) {
  Propagation& spreading = story_.propagation.back();
  StoryResolver& each = spreading.resolvers[resolver];
  if (each.side == side) return;
  each.side = side;
  each.verdict = side == Side::kNew ? "new" : at > spreading.bound ? "old-past-ttl" : "old";
  each.expires_at = side == Side::kOld ? std::optional<Instant>(turns_at_[resolver]) : std::nullopt;
  spreading.turns.push_back({at, resolver, side});
}

void ToldStory::round(Instant now) {
  const std::string words = options_.hostile ? kHostile : "p95 is 12 % above the baseline's";
  if (!story_.monitor) story_.monitor.emplace();
  MonitorReport& report = *story_.monitor;
  report.at = now;
  report.until = served_at_ + Seconds(72 * 3600);
  ++report.rounds;
  report.summary = options_.hostile ? kHostile : fmt::format("{} of {} probes answered", report.rounds, report.rounds);
  report.checks = {check_of("latency", Verdict::kFail, Severity::kWarning, "203.0.113.20", words)};
  report.standings.clear();
  const auto ms = [](long n) { return std::chrono::microseconds(n * 1000); };
  for (const char* endpoint : {"203.0.113.20", "[2001:db8:2::20]:443"})
    report.standings.push_back({name_of("www.shop.example"), *Endpoint::from_text(endpoint, 443),
                                options_.hostile ? kHostile : "/", report.rounds, report.rounds, 0,
                                Quantiles{ms(12), ms(34), ms(56)}, Quantiles{ms(11), ms(30), ms(50)}});
  report.retire = {{"standby-over", false, report.until, words, false},
                   {"bound-passed", true, std::nullopt, words, false}};
}

const Story& ToldStory::at(Instant now) {
  story_.now = now;
  if (options_.monitor) round(now);
  Propagation& spreading = story_.propagation.back();
  const std::size_t seen = spreading.turns.size();
  for (std::size_t i = 0; i < spreading.resolvers.size(); ++i) {
    if (now >= turns_at_[i])
      turn(i, Side::kNew, std::max(turns_at_[i], asked_at_[i]));
    else if (now >= asked_at_[i])
      turn(i, Side::kOld, asked_at_[i]);
  }
  std::sort(spreading.turns.begin() + static_cast<std::ptrdiff_t>(seen), spreading.turns.end(),
            [](const Turn& one, const Turn& other) { return one.at < other.at; });
  spreading.observed.reset();
  std::size_t old = 0;
  for (const StoryResolver& each : spreading.resolvers) {
    if (each.side != Side::kOld) continue;
    ++old;
    if (!spreading.observed || *each.expires_at > *spreading.observed) spreading.observed = each.expires_at;
  }
  spreading.why = fmt::format("{} of {} resolvers still hold the old answer", old, spreading.resolvers.size());
  const bool done = now >= spreading.bound && old == 0;
  if (done && !spreading.converged_at) spreading.converged_at = now;
  if (now >= spreading.bound) story_.sets.front().bounded = spreading.bound;
  story_.answer.go = done;
  story_.answer.headline = done ? "converged: no cache that was asked holds the old answer" : spreading.why;
  story_.answer.next =
      done ? "keep the old side on standby; `cutover restore-ttl` when it is over" : "wait; nothing is to be done";
  story_.answer.opens_at =
      done ? std::nullopt : std::optional<Instant>(std::max(spreading.bound, spreading.observed.value_or(now)));
  return story_;
}

}  // namespace cutover::tests
