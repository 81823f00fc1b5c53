#include "cmd/plan/monitoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace cutover {
namespace {

using std::chrono::microseconds;

/// From here on a slower p50 or p95 is told.
constexpr double kTold = 1.1;
/// Less than this is the doing of the machine that measures, not of the one that is measured.
constexpr microseconds kJitter{10000};
/// So many samples that one of them is no p95.
constexpr std::int64_t kLeastRounds = 20;
/// What is lost once is told; what is lost again counts.
constexpr std::size_t kLeastFailures = 2;

microseconds nearest_rank(const std::vector<microseconds>& sorted, double q) {
  if (sorted.empty()) return {};
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

std::string ms(microseconds span) { return fmt::format("{:.1f} ms", static_cast<double>(span.count()) / 1000); }

std::string percent(std::size_t part, std::size_t whole) {
  return fmt::format("{:.1f} %", whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

bool is_over(std::size_t part, std::size_t whole, double share) {
  return part >= kLeastFailures && static_cast<double>(part) > share * static_cast<double>(whole);
}

microseconds times(microseconds span, double factor) {
  return microseconds(static_cast<std::int64_t>(static_cast<double>(span.count()) * factor));
}

Quantiles took_in(const std::deque<ProbeSample>& samples) {
  std::vector<microseconds> took;
  for (const ProbeSample& sample : samples)
    if (sample.outcome == ProbeSample::Outcome::kAnswered) took.push_back(sample.took);
  return quantiles_of(std::move(took));
}

std::size_t asked_in(const std::deque<ProbeSample>& samples) {
  return static_cast<std::size_t>(std::count_if(samples.begin(), samples.end(), [](const ProbeSample& sample) {
    return sample.outcome != ProbeSample::Outcome::kNotAsked;
  }));
}

Check check_of(std::string id, const ProbeSample& sample) {
  Check check;
  check.id = std::move(id);
  check.name = sample.name;
  check.endpoint = sample.endpoint;
  return check;
}

}  // namespace

bool is_http_error(const ProbeSample& sample) {
  return sample.outcome == ProbeSample::Outcome::kAnswered && sample.status != 0 &&
         sample.status != sample.expected_status;
}

Quantiles quantiles_of(std::vector<microseconds> values) {
  std::sort(values.begin(), values.end());
  return {nearest_rank(values, 0.5), nearest_rank(values, 0.95), nearest_rank(values, 0.99)};
}

Watchdog::Watchdog(const MonitorPlan& limits, std::vector<BaselineEntry> baseline)
    : limits_(limits), baseline_(std::move(baseline)) {}

Seconds Watchdog::window() const { return std::max(limits_.sustained, kLeastRounds * limits_.every); }

const BaselineEntry* Watchdog::baseline_for(const ProbeSample& sample) const {
  const BaselineEntry* other_family = nullptr;
  for (const BaselineEntry& entry : baseline_) {
    if (entry.name != sample.name || entry.port != sample.endpoint.port || entry.path != sample.path ||
        entry.answered == 0)
      continue;
    if (entry.family == sample.endpoint.address.family()) return &entry;
    other_family = &entry;
  }
  return other_family;
}

std::vector<Check> Watchdog::judge(const std::vector<ProbeSample>& round, Instant now) {
  for (const ProbeSample& sample : round)
    tracks_[{sample.name, sample.endpoint, sample.path}].samples.push_back(sample);
  std::vector<Check> checks;
  for (auto& [key, track] : tracks_) {
    while (!track.samples.empty() && track.samples.front().at <= now - window()) track.samples.pop_front();
    if (track.samples.empty()) continue;
    judge_availability(track, checks);
    judge_http(track, checks);
    judge_latency(track, now, checks);
    judge_body(track, checks);
  }
  return checks;
}

void Watchdog::judge_availability(const Track& track, std::vector<Check>& checks) const {
  Check check = check_of("availability", track.samples.back());
  const std::size_t asked = asked_in(track.samples);
  const ProbeSample* last_failure = nullptr;
  std::size_t failed = 0;
  for (const ProbeSample& sample : track.samples)
    if (sample.outcome == ProbeSample::Outcome::kFailed) {
      ++failed;
      last_failure = &sample;
    }
  if (asked == 0) {
    check.severity = Severity::kWarning;
    check.verdict = Verdict::kUndecided;
    check.summary = "this machine has no route there";
    check.advice = "run monitor where this address family works";
    checks.push_back(std::move(check));
    return;
  }
  check.summary = fmt::format("{} of {} answered", asked - failed, counted(asked, "probe"));
  if (failed > 0) {
    check.verdict = Verdict::kFail;
    check.severity = is_over(failed, asked, limits_.errors) ? Severity::kError : Severity::kWarning;
    check.summary = fmt::format("{} of {} got no answer ({}) within {}", failed, counted(asked, "probe"),
                                percent(failed, asked), format_duration(window()));
    check.evidence = fmt::format("{}: {}", format_instant(last_failure->at), printable(last_failure->detail));
    check.advice = "roll back, or mend the new side at once";
  }
  checks.push_back(std::move(check));
}

void Watchdog::judge_http(const Track& track, std::vector<Check>& checks) const {
  Check check = check_of("http-errors", track.samples.back());
  const std::size_t asked = asked_in(track.samples);
  std::size_t errors = 0, client = 0, server = 0;
  const ProbeSample* last = nullptr;
  for (const ProbeSample& sample : track.samples)
    if (is_http_error(sample)) {
      ++errors;
      client += sample.status >= 400 && sample.status < 500 ? 1 : 0;
      server += sample.status >= 500 ? 1 : 0;
      last = &sample;
    }
  if (track.samples.back().path.empty()) return;  // no HTTP is spoken there
  check.summary = fmt::format("{} without an error", counted(asked, "probe"));
  if (errors > 0) {
    check.verdict = Verdict::kFail;
    check.severity = is_over(errors, asked, limits_.errors) ? Severity::kError : Severity::kWarning;
    check.summary = fmt::format("{} of {} got another status than {} ({}) within {}", errors, counted(asked, "probe"),
                                last->expected_status, percent(errors, asked), format_duration(window()));
    check.evidence =
        fmt::format("{} 4xx, {} 5xx; at {} status {}", client, server, format_instant(last->at), last->status);
    check.advice = "roll back, or mend the new side at once";
  }
  checks.push_back(std::move(check));
}

void Watchdog::judge_latency(Track& track, Instant now, std::vector<Check>& checks) const {
  Check check = check_of("latency", track.samples.back());
  const BaselineEntry* baseline = baseline_for(track.samples.back());
  const Quantiles took = took_in(track.samples);
  if (baseline == nullptr || took.p50 == microseconds(0)) {
    check.severity = Severity::kNote;
    check.verdict = Verdict::kNotApplicable;
    check.summary = baseline == nullptr ? "no baseline to compare with" : "no answer to measure";
    checks.push_back(std::move(check));
    return;
  }
  const Quantiles& before = baseline->took;
  const microseconds limit = std::max(times(before.p95, limits_.latency), before.p95 + kJitter);
  const auto is_told = [](microseconds is, microseconds was) {
    return is > std::max(times(was, kTold), was + kJitter);
  };
  check.evidence = fmt::format("p50 {} p95 {} p99 {}; baseline p50 {} p95 {} p99 {}", ms(took.p50), ms(took.p95),
                               ms(took.p99), ms(before.p50), ms(before.p95), ms(before.p99));
  check.summary = fmt::format("p95 {}, {} in the baseline", ms(took.p95), ms(before.p95));
  if (took.p95 <= limit) {
    track.slow_since.reset();
  } else if (!track.slow_since) {
    track.slow_since = now;
  }
  const auto slowest = std::find_if(track.samples.rbegin(), track.samples.rend(), [&](const ProbeSample& sample) {
    return sample.outcome == ProbeSample::Outcome::kAnswered && sample.took > limit;
  });
  if (track.slow_since && slowest != track.samples.rend() && slowest->at - *track.slow_since >= limits_.sustained) {
    check.verdict = Verdict::kFail;
    check.summary = fmt::format("p95 is {}, over {:g} times the baseline's {}, since {}", ms(took.p95), limits_.latency,
                                ms(before.p95), format_instant(*track.slow_since));
    check.advice = "roll back, or give the new side more room";
  } else if (is_told(took.p50, before.p50) || is_told(took.p95, before.p95)) {
    check.verdict = Verdict::kFail;
    check.severity = Severity::kWarning;
    check.summary = fmt::format("slower than the baseline: p50 {} ({}), p95 {} ({})", ms(took.p50), ms(before.p50),
                                ms(took.p95), ms(before.p95));
    check.advice = "watch it: more than the limit for longer than `sustained` is a failure";
  }
  checks.push_back(std::move(check));
}

void Watchdog::judge_body(const Track& track, std::vector<Check>& checks) const {
  const ProbeSample* last = nullptr;
  std::size_t missing = 0;
  for (const ProbeSample& sample : track.samples)
    if (sample.outcome == ProbeSample::Outcome::kAnswered && sample.status != 0 && !is_http_error(sample)) {
      missing += sample.marker == ProbeSample::Marker::kMissing ? 1 : 0;
      last = &sample;
    }
  if (last == nullptr) return;
  Check check = check_of("body-changed", *last);
  const BaselineEntry* baseline = baseline_for(*last);
  if (last->marker != ProbeSample::Marker::kNotAsked) {
    check.summary = "the text that the plan wants is in the body";
    if (missing > 0) {
      check.verdict = Verdict::kFail;
      check.severity = missing >= kLeastFailures ? Severity::kError : Severity::kWarning;
      check.summary = missing == 1 ? "the text that the plan wants was missing from one body"
                                   : fmt::format("the text that the plan wants was missing from {} bodies", missing);
      check.advice = "the new side serves something else: look at it, or roll back";
    }
  } else if (baseline == nullptr || baseline->body_hash.empty()) {
    check.severity = Severity::kNote;
    check.verdict = Verdict::kNotApplicable;
    check.summary = baseline == nullptr ? "no baseline to compare with" : "the body varies by itself";
    check.advice = "`http: { body: TEXT }` in the plan names a text that has to be there";
  } else {
    check.severity = Severity::kWarning;
    check.summary = "the body is the one of the baseline";
    if (last->body_hash != baseline->body_hash) {
      check.verdict = Verdict::kFail;
      check.summary = "the body is another one than in the baseline, where it never varied";
      check.evidence =
          fmt::format("SHA-256 {}, was {}", last->body_hash.substr(0, 16), baseline->body_hash.substr(0, 16));
      check.advice = "look at it; `http: { body: TEXT }` in the plan names a text that has to be there";
    }
  }
  checks.push_back(std::move(check));
}

std::vector<Watchdog::Standing> Watchdog::standings() const {
  std::vector<Standing> out;
  for (const auto& [key, track] : tracks_) {
    if (track.samples.empty()) continue;
    Standing standing;
    standing.name = track.samples.back().name;
    standing.endpoint = track.samples.back().endpoint;
    standing.path = track.samples.back().path;
    standing.asked = asked_in(track.samples);
    for (const ProbeSample& sample : track.samples) {
      standing.answered += sample.outcome == ProbeSample::Outcome::kAnswered ? 1 : 0;
      standing.http_errors += is_http_error(sample) ? 1 : 0;
    }
    standing.took = took_in(track.samples);
    if (const BaselineEntry* baseline = baseline_for(track.samples.back())) standing.baseline = baseline->took;
    out.push_back(std::move(standing));
  }
  return out;
}

}  // namespace cutover
