#include "cmd/phases/rehearse.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "cmd/phases/lab_people.h"
#include "cmd/phases/phase.h"
#include "cmd/phases/preflight.h"
#include "cmd/phases/watch.h"
#include "cmd/plan/lab_plan.h"
#include "core/text.h"
#include "lab/world.h"

namespace cutover {
namespace {

// While caches turn, the clock must run slowly enough for a round trip of milliseconds to stay small against a TTL.
constexpr double kWatchSpeed = 20;
constexpr double kWriteSpeed = 5;
constexpr std::size_t kAuthorityAddresses = 3;
constexpr Seconds kWatchGiveUp{3600};
constexpr int kSwapAttempts = 4;

/// A folder that goes away with its owner.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "cutover-rehearsal-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;  // what stays behind in a temporary folder harms nobody
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string operator_word(const std::string& name) {
  std::string word = to_lower(name);
  std::replace(word.begin(), word.end(), ' ', '-');
  return word;
}

/// The plan's `starttls`, where the lab speaks it; all others are TLS from the first byte in a rehearsal.
std::optional<lab::MailProtocol> mail_protocol(std::string_view starttls) {
  if (starttls == "smtp" || starttls == "submission") return lab::MailProtocol::kSmtp;
  if (starttls == "imap") return lab::MailProtocol::kImap;
  if (starttls == "pop3") return lab::MailProtocol::kPop3;
  return std::nullopt;
}

Result<std::unique_ptr<lab::World>> build_world(const Clock& clock, const LabNeeds& needs) {
  lab::WorldSpec spec;
  spec.zones = needs.zones;
  spec.authority = std::vector<lab::Following>(kAuthorityAddresses);
  // The last secondary is a little behind, as secondaries are.
  spec.authority.back() = {lab::Following::Kind::kLagging, std::chrono::seconds(4)};
  spec.resolvers = lab::usual_resolvers();
  for (const LabEndpoint& endpoint : needs.endpoints) {
    lab::WorldSpec::EndpointPlan plan;
    plan.side = endpoint.side;
    plan.logical = endpoint.logical;
    plan.names = endpoint.names;
    plan.statuses = endpoint.statuses;
    if (const auto mail = mail_protocol(endpoint.starttls)) {
      plan.protocol = lab::TlsServerSpec::Protocol::kMail;
      plan.mail = *mail;
    }
    spec.endpoints.push_back(std::move(plan));
  }
  if (!needs.sites.empty()) {
    lab::WorldSpec::VisitorPlan visitors;
    visitors.sites = needs.sites;
    visitors.every = std::chrono::minutes(5);
    spec.visitors = visitors;
  }
  return lab::World::start(clock, std::move(spec));
}

/// The same plan with every address outside replaced by the lab's: everything else stays, its hash included.
Plan plan_in_lab(const Plan& plan, const lab::World& world, lab::Authority& authority,
                 const std::filesystem::path& folder) {
  Plan out = plan;
  out.file = folder / "cutover.yaml";
  for (ZonePlan& zone : out.zones) {
    zone.provider = {"rfc2136",
                     {{"server", authority.endpoints().front().text()}, {"key", "file/" + world.key_file()}},
                     folder.string()};
    zone.authoritative = authority.endpoints();
    for (PlannedChange& change : zone.changes) change.proxied = false;
  }
  for (EndpointPlan& endpoint : out.endpoints)
    if (!mail_protocol(endpoint.starttls)) endpoint.starttls.clear();
  out.watch.resolvers.clear();
  out.watch.must.clear();
  for (const auto& resolver : world.resolvers())
    out.watch.resolvers.push_back(
        fmt::format("{}={}", operator_word(resolver->operated_by()), resolver->endpoint().text()));
  out.watch.must.push_back(operator_word(world.resolvers().front()->operated_by()));
  out.watch.give_up = std::max(out.watch.give_up, kWatchGiveUp);
  out.lookup = {world.resolvers().front()->endpoint()};
  out.gates.clear();
  out.window.reset();
  return out;
}

/// The rehearsal itself: one member function per act, in order.
class Rehearsal {
 public:
  Rehearsal(const Plan& plan, RehearsalOptions options)
      : plan_(plan), options_(std::move(options)), needs_(lab_needs(plan)), clock_(SystemClock().now(), kWriteSpeed) {}

  Result<RehearsalResult> run() {
    const auto began = std::chrono::steady_clock::now();
    const Instant first = clock_.now();
    if (auto ready = set_the_stage(); !ready) return ready.error();
    result_.notes.insert(result_.notes.begin(), needs_.notes.begin(), needs_.notes.end());
    const bool went_through = lower() && preflight_new_side() && drain_and_swap() && watch_it("swap") && roll_back() &&
                              watch_it("rollback") && restore();
    look_back();
    if (!went_through && is_stopped()) {
      result_.exit = ExitCode::kGaveUp;
      result_.headline = "stopped; a rehearsal leaves nothing behind, and begins anew next time";
      result_.stopped = true;
    }
    show();
    result_.real_time = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    result_.rehearsed_time = clock_.now() - first;
    if (went_through && result_.differences.empty()) {
      result_.headline = "every phase went through, and rollback put every value back";
    } else if (went_through) {
      result_.exit = ExitCode::kFailed;
      result_.headline = "every phase went through, but some record sets are not what they were";
    }
    return std::move(result_);
  }

 private:
  Result<void> set_the_stage() {
    if (scratch_.path().empty())
      return fail(ErrorCode::kIo,
                  "no temporary folder can be made for the rehearsal; set TMPDIR to one that is writable");
    // The copies of the way back belong to the rehearsal, not among the person's real ones.
    setenv("XDG_STATE_HOME", scratch_.path().c_str(), 1);
    auto world = build_world(clock_, needs_);
    if (!world) return within("building the lab", world.error());
    world_ = std::move(*world);
    lab_plan_ = plan_in_lab(plan_, *world_, world_->authority(), scratch_.path());
    for (const ZonePlan& zone : lab_plan_.zones) {
      auto before = world_->authority().zone(zone.zone);
      if (!before) return before.error();
      before_.push_back(std::move(*before));
      for (const PlannedChange& change : zone.changes)
        if (!change.from.empty()) existing_.push_back(change.key());
    }
    world_->warm(existing_);
    auto journal = Journal::open(lab_plan_, clock_);
    if (!journal) return journal.error();
    journal_.emplace(std::move(*journal));
    auto zones = open_zones(lab_plan_, loop_, clock_);
    if (!zones) return zones.error();
    Telling telling{[this](const std::string& line) { say("", line); }, nullptr};
    cutover_.emplace(Cutover{lab_plan_, *journal_, loop_, clock_, telling, options_.stop, std::move(*zones)});
    facts_ = drain_facts(cutover_->zones);
    phase_options_.consent = PhaseOptions::Consent::kGiven;
    event("stage",
          fmt::format(
              "{} on {} name server addresses, {} resolvers with old answers in their caches, {} web servers, TTL {}",
              counted(existing_.size(), "record set"), kAuthorityAddresses, world_->resolvers().size(),
              world_->endpoints().size(), format_duration(needs_.old_ttl)));
    return {};
  }

  bool lower() {
    clock_.set_speed(kWriteSpeed);
    return take("lower-ttl", lower_ttl(*cutover_, phase_options_));
  }

  bool preflight_new_side() {
    PreflightOptions options;
    options.ca_file = world_->ca_file();
    options.route = [this](const Endpoint& logical) { return route(logical); };
    auto checked = preflight(lab_plan_, &*journal_, loop_, clock_, options);
    if (!checked) return fault("preflight", checked.error());
    event("preflight", checked->headline);
    if (checked->exit == ExitCode::kDone) return true;
    for (const Check& check : checked->checks)
      if (check.verdict == Verdict::kFail) event("preflight", check.summary);
    result_.exit = checked->exit;
    result_.headline = "stopped at preflight";
    return false;
  }

  bool drain_and_swap() {
    // A gate may open later than it first said: a cache may turn out to hold more than anybody served.
    for (int attempt = 1;; ++attempt) {
      auto tried = swap(*cutover_, phase_options_);
      if (!tried) return fault("swap", tried.error());
      const bool only_time = tried->exit == ExitCode::kClosed && tried->opens_at;
      if (!only_time || attempt == kSwapAttempts) return take("swap", tried);
      gates_ = tried->gates;
      for (const Gate& gate : tried->gates)
        if (!gate.open) event("swap", fmt::format("refused: {} is closed: {}", gate.name, gate.why));
      wait_until(*tried->opens_at);
      event("gate", fmt::format("open since {}; the preflight is made afresh", format_opening(*tried->opens_at)));
      if (!preflight_new_side()) return false;
    }
  }

  /// Through a long wait at full speed, and into its last moments slowly: the fast clock may overshoot by seconds.
  void wait_until(Instant instant) {
    clock_.set_speed(options_.speed);
    loop_.wait_until(clock_, instant - Seconds(60), options_.stop);
    clock_.set_speed(kWatchSpeed);
    loop_.wait_until(clock_, instant, options_.stop);
    clock_.set_speed(kWriteSpeed);
  }

  bool watch_it(const std::string& of) {
    clock_.set_speed(kWatchSpeed);
    Instant told{};
    WatchSink sink;
    sink.begun = [&](const WatchQuestions& questions) {
      show();
      if (options_.watch.begun) options_.watch.begun(questions);
    };
    sink.authority = options_.watch.authority;
    sink.event = [&](const WatchQuestions& questions, const dnsprobe::WatchEvent& seen) {
      if (options_.watch.event) options_.watch.event(questions, seen);
      if (seen.kind != dnsprobe::WatchEvent::Kind::kSummary || clock_.now() - told < Seconds(30)) return;
      told = clock_.now();
      say("watch", fmt::format("{} of {} resolvers settled on the {} values, {} still hold the others; {}",
                               seen.forecast.settled, seen.forecast.resolvers, of == "swap" ? "new" : "old",
                               seen.forecast.holding.size(), seen.forecast.why));
    };
    WatchPhaseOptions terms;
    terms.introduce = place;
    auto seen = watch(*cutover_, terms, sink);
    if (!seen) return fault("watch", seen.error());
    note_estimates(of, *seen);
    event("watch", is_stopped() ? "stopped" : seen->headline);
    if (seen->exit == ExitCode::kDone) return true;
    result_.exit = seen->exit;
    result_.headline = fmt::format("stopped while watching the {}", of);
    return false;
  }

  bool is_stopped() const { return options_.stop && options_.stop(); }

  bool roll_back() {
    clock_.set_speed(kWriteSpeed);
    PhaseOptions options = phase_options_;
    PreflightOptions checks;
    checks.ca_file = world_->ca_file();
    checks.route = [this](const Endpoint& logical) { return route(logical); };
    options.last_look = [this, checks](const std::vector<ChangeSet>&) { return check_old_side(*cutover_, checks); };
    return take("rollback", rollback(*cutover_, options));
  }

  bool restore() {
    clock_.set_speed(kWriteSpeed);
    PhaseOptions options = phase_options_;
    options.at_closed_gate = PhaseOptions::AtClosedGate::kWait;
    return take("restore-ttl", restore_ttl(*cutover_, options));
  }

  void look_back() {
    result_.availability = met(world_->visits());
    for (const Zone& before : before_) {
      auto now = world_->authority().zone(before.origin);
      if (!now) continue;
      for (const auto& [key, set] : before.sets) {
        const RecordSet* found = now->find(key);
        if (key.type != RecordType::kSoa && (found == nullptr || *found != set))
          result_.differences.push_back(key.text());
      }
      for (const auto& [key, set] : now->sets)
        if (before.find(key) == nullptr) result_.differences.push_back(key.text());
    }
  }

  void note_estimates(const std::string& of, const WatchPhaseResult& seen) {
    EstimateCheck check;
    check.of = of;
    std::vector<RecordSet> given_up;
    for (const dnsprobe::Expectation& expectation : seen.questions.expectations) {
      check.served_at = std::max(check.served_at, expectation.new_since);
      if (expectation.old_set) given_up.push_back(*expectation.old_set);
    }
    check.bound = seen.seen.forecast.bound;
    check.observed = seen.seen.observed_after_first_round;
    check.converged_at = seen.seen.converged_at;
    const auto truth = world_->truth_about(given_up);
    check.last_turned = truth.last_expiry;
    check.last_holder = truth.last_holder;
    result_.estimates.push_back(std::move(check));
  }

  Endpoint route(const Endpoint& logical) const {
    const auto at = world_->routes().find(logical);
    return at == world_->routes().end() ? logical : at->second;
  }

  bool take(const std::string& phase, const Result<PhaseResult>& done) {
    if (!done) return fault(phase, done.error());
    gates_ = done->gates;
    event(phase, done->headline);
    if (done->exit == ExitCode::kDone) return true;
    for (const Gate& gate : done->gates)
      if (!gate.open) event(phase, fmt::format("gate {} is closed: {}", gate.name, gate.why));
    for (const std::string& note : done->notes) event(phase, note);
    result_.exit = done->exit;
    result_.headline = fmt::format("stopped at {}: {}", phase, done->headline);
    return false;
  }

  bool fault(const std::string& phase, const Error& error) {
    event(phase, error.message);
    result_.exit = ExitCode::kError;
    result_.headline = fmt::format("stopped at {}: {}", phase, error.message);
    return false;
  }

  void event(const std::string& phase, const std::string& text) {
    result_.events.push_back({clock_.now(), phase, text});
    say(phase, text);
    show();
  }

  void show() {
    if (!options_.moment || !cutover_) return;
    result_.availability = met(world_->visits());
    options_.moment({lab_plan_, *journal_, facts_, gates_, clock_, result_});
  }

  void say(const std::string& phase, const std::string& text) const {
    if (options_.log) options_.log(fmt::format("{}  {:<11} {}", format_instant(clock_.now()), phase, text));
  }

  const Plan& plan_;
  const RehearsalOptions options_;
  const LabNeeds needs_;
  Scratch scratch_;
  ScaledClock clock_;
  net::Loop loop_;
  std::unique_ptr<lab::World> world_;
  Plan lab_plan_;
  std::optional<Journal> journal_;
  std::optional<Cutover> cutover_;
  std::vector<DrainFacts> facts_;
  std::vector<Gate> gates_;
  PhaseOptions phase_options_;
  std::vector<Zone> before_;
  std::vector<RecordKey> existing_;
  RehearsalResult result_;
};

}  // namespace

Result<RehearsalResult> rehearse(const Plan& plan, const RehearsalOptions& options) {
  return Rehearsal(plan, options).run();
}

}  // namespace cutover
