#include <fmt/format.h>
#include <stdlib.h>

#include <catch2/catch.hpp>

#include "cmd/phases/phase.h"
#include "cmd/phases/watch.h"
#include "cmd/plan/plan_file.h"
#include "core/text.h"
#include "lab/world.h"
#include "net/message.h"
#include "tests/scenarios/anycast.h"

// A lagging anycast site with the times of a real case: it is five minutes late, the zone's addresses are cached for an
// hour before the cutover, and so is "does not exist" all the time. The phases themselves, over real sockets, in a lab
// whose clock runs fast.

using namespace cutover;
using namespace cutover::stage;
using namespace std::chrono_literals;

namespace {

constexpr Seconds kLag{300};
constexpr Seconds kSettle{360};
constexpr Seconds kOldTtl{3600};
constexpr Seconds kNegativeTtl{3600};
constexpr double kWriteSpeed = 5;   // milliseconds of the network stay small against the clock's skew
constexpr double kWatchSpeed = 60;  // and against a TTL
constexpr double kWaitingSpeed = 600;
const RecordKey kA{*DomainName::from_text("www.example.com"), RecordType::kA};
const RecordKey kAaaa{kA.name, RecordType::kAaaa};
const std::string kOldA = "192.0.2.10", kNewA = "203.0.113.10", kNewAaaa = "2001:db8:2::10";

/// A world, a plan for it, and everything that a phase works with. The plan knows the near site alone; the resolvers
/// ask either, so that some cache is always at the far one.
class Lab {
 public:
  explicit Lab(const std::string& settle) : clock_(SystemClock().now(), kWriteSpeed) {
    setenv("XDG_STATE_HOME", desk_.path().c_str(), 1);
    lab::WorldSpec spec;
    spec.zones = {
        *net::parse_zone_file(fmt::format("@ 3600 IN SOA ns1 hostmaster 7 3600 600 1209600 {}\n@ 3600 IN NS ns1\n"
                                          "ns1 3600 IN A 192.0.2.53\nwww {} IN A {}\n",
                                          kNegativeTtl.count(), kOldTtl.count(), kOldA),
                              *DomainName::from_text("example.com"))};
    spec.authority = {{}, {lab::Following::Kind::kLagging, kLag}};
    for (const char* name : {"lab-one", "lab-two", "lab-three", "lab-four", "lab-five", "lab-alone"})
      spec.resolvers.push_back({name, name, {}, {}});
    world = *lab::World::start(clock_, std::move(spec));
    world->warm({kA});
    desk_.write("cutover.yaml", plan_text(settle));
    plan_ = *read_plan(desk_.file("cutover.yaml"));
    journal_.emplace(*Journal::open(plan_, clock_));
    cutover.emplace(Cutover{plan_, *journal_, loop_, clock_, Telling{}, nullptr, *open_zones(plan_, loop_, clock_)});
    options.consent = PhaseOptions::Consent::kGiven;
  }
  const Clock& clock() const { return clock_; }
  void run_at(double speed) { clock_.set_speed(speed); }
  /// Through a long wait fast, and into its end slowly.
  void wait_until(Instant instant) {
    for (const auto& [speed, before] : {std::pair(kWaitingSpeed, Seconds(120)), std::pair(kWatchSpeed, Seconds(0))}) {
      clock_.set_speed(speed);
      loop_.wait_until(clock_, instant - before, nullptr);
    }
    clock_.set_speed(kWriteSpeed);
  }
  /// All caches but the last, which only our own questions reach.
  std::vector<Endpoint> used_caches() const {
    std::vector<Endpoint> out;
    for (const auto& resolver : world->resolvers()) out.push_back(resolver->endpoint());
    out.pop_back();
    return out;
  }
  std::size_t asked_alone(const RecordKey& key) const {
    const auto counters = world->resolvers().back()->counters();
    const auto at = counters.by_key.find(key);
    return at == counters.by_key.end() ? 0 : at->second;
  }

 private:
  std::string plan_text(const std::string& settle) const {
    std::string resolvers;
    for (const auto& resolver : world->resolvers())
      resolvers +=
          fmt::format("{}\"{}={}\"", resolvers.empty() ? "" : ", ", resolver->name(), resolver->endpoint().text());
    const Endpoint near = world->authority().endpoints().front();
    return fmt::format(R"(version: 1
name: lagging-hours
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{0}", key: file/{1} }}
    authoritative: ["{0}"]
{2}    changes:
      - {{ name: www, type: A, from: [{3}], to: [{4}] }}
      - {{ name: www, type: AAAA, from: [], to: ["{5}"] }}
ttl: {{ during: 60s }}
watch: {{ resolvers: [{6}], samples: 2, give-up: 6h }}
standby: 48h
lookup: ["{7}"]
)",
                       near.text(), world->key_file(), settle, kOldA, kNewA, kNewAaaa, resolvers,
                       world->resolvers().back()->endpoint().text());
  }

  const Desk desk_;
  ScaledClock clock_;
  net::Loop loop_;

 public:
  std::unique_ptr<lab::World> world;

 private:
  Plan plan_;
  std::optional<Journal> journal_;

 public:
  std::optional<Cutover> cutover;
  PhaseOptions options;
};

/// Lowered, drained, swapped. Gives when the drain gate said it opens.
Instant lower_and_swap(Lab& lab, Instant& low_at_near, Instant& new_at_near) {
  const auto lowered = lower_ttl(*lab.cutover, lab.options);
  INFO((lowered ? lowered->headline : lowered.error().message));
  REQUIRE(lowered);
  REQUIRE(lowered->exit == ExitCode::kDone);
  low_at_near = *lowered->served_at;
  Instant opens{};
  lab.options.overrides = {{"preflight-passed", "there are no endpoints"}};
  for (int attempt = 0; attempt < 4; ++attempt) {
    const auto swapped = swap(*lab.cutover, lab.options);
    INFO((swapped ? swapped->headline : swapped.error().message));
    REQUIRE(swapped);
    for (const Gate& gate : swapped->gates) UNSCOPED_INFO(gate.name << ": " << gate.why);
    if (swapped->exit == ExitCode::kDone) {
      new_at_near = *swapped->served_at;
      return opens;
    }
    REQUIRE(swapped->exit == ExitCode::kClosed);
    REQUIRE(swapped->opens_at);
    opens = *swapped->opens_at;
    lab.wait_until(opens);
  }
  FAIL("the gate never opened");
  return opens;
}

}  // namespace

TEST_CASE("five minutes of lag and an hour of cached absence, declared: no gate, no word and no question too early",
          "[declared]") {
  Lab lab("    settle: 6m\n");
  const CacheUsers users(lab.clock(), lab.used_caches(), {{kA, {kOldA}}, {kAaaa, {}}}, Seconds(60));
  Instant low_at_near, new_at_near;
  const Instant opened = lower_and_swap(lab, low_at_near, new_at_near);
  INFO("(a) the gate waits for the far site, and for what it handed out at its last moment");
  CHECK(opened >= low_at_near + kLag + std::max(kOldTtl, kNegativeTtl));
  CHECK(users.high_until() <= opened);
  CHECK(new_at_near >= opened);

  lab.run_at(kWatchSpeed);
  std::optional<Instant> first_aaaa;
  std::size_t planted = 0, too_early = lab.asked_alone(kAaaa);
  WatchSink sink;
  sink.event = [&](const WatchQuestions& questions, const dnsprobe::WatchEvent& event) {
    if (event.at < new_at_near + kLag) too_early = std::max(too_early, lab.asked_alone(kAaaa));
    if (event.kind != dnsprobe::WatchEvent::Kind::kSample || questions.expectations[event.key].key != kAaaa) return;
    if (!first_aaaa) first_aaaa = event.at;
    // The cache that nobody else uses has no reason to hold an absence.
    if (event.resolver + 1 == questions.resolvers.size() && event.observation.verdict != dnsprobe::Verdict::kNew)
      ++planted;
  };
  const auto watched = watch(*lab.cutover, {}, sink);
  INFO((watched ? watched->headline : watched.error().message));
  REQUIRE(watched);
  REQUIRE(watched->exit == ExitCode::kDone);
  const Instant converged = *watched->seen.converged_at;
  INFO("(b) converged: when an hour has passed since the far site turned, and every cache has turned");
  CHECK(converged >= new_at_near + kLag + kNegativeTtl);
  CHECK(converged >= users.last_old());
  CHECK(users.last_old() >= new_at_near + kLag);  // some did hold it that long
  const auto old_a = RecordSet{kA.name, kA.type, Seconds(60), {kOldA}};
  CHECK(converged >= lab.world->truth_about({old_a}).last_expiry.value_or(Instant()));
  INFO("(c) no resolver was asked for the AAAA before every site had it, so none was given its absence to keep");
  CHECK(first_aaaa.value_or(Instant()) >= new_at_near + kSettle);
  CHECK(too_early == 0);
  CHECK(planted == 0);
}

TEST_CASE("five minutes of lag that nobody declared: not converged before the last cache has turned", "[unknown]") {
  Lab lab("");
  const CacheUsers users(lab.clock(), lab.used_caches(), {{kA, {kOldA}}, {kAaaa, {}}}, Seconds(60));
  Instant low_at_near, new_at_near;
  lower_and_swap(lab, low_at_near, new_at_near);
  lab.run_at(kWatchSpeed);
  std::size_t looks = 0;
  WatchSink sink;
  sink.authority = [&](const WatchQuestions&, const AuthorityLook& look) {
    ++looks;
    CHECK(look.lagging.empty());
    CHECK_FALSE(look.unseen.empty());
  };
  const auto watched = watch(*lab.cutover, {}, sink);
  INFO((watched ? watched->headline : watched.error().message));
  REQUIRE(watched);
  REQUIRE(watched->exit == ExitCode::kDone);
  CHECK(*watched->seen.converged_at >= new_at_near + kLag);
  CHECK(*watched->seen.converged_at >= users.last_old());
  CHECK(looks >= 1);
  CHECK(looks <= 12);  // five minutes of fresh old answers, and a look a minute at the most, however many resolvers
  bool is_told = false;
  for (const std::string& note : watched->notes)
    is_told |= note.find("`settle:` of zone example.com") != std::string::npos;
  CHECK(is_told);
}
