#include "cmd/phases/baseline.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/sampling.h"
#include "core/text.h"

namespace cutover {
namespace {

std::string label_of(const BaselineEntry& entry) {
  return fmt::format("{} port {} over {}", entry.name.host(), entry.port,
                     entry.family == Family::kV4 ? "IPv4" : "IPv6");
}

/// What of an entry is no good example for the new side.
std::vector<std::string> faults_of(const BaselineEntry& entry, const std::vector<ProbeSample>& samples) {
  std::vector<std::string> faults;
  const ProbeSample* failed = nullptr;
  const ProbeSample* other = nullptr;
  for (const ProbeSample& sample : samples) {
    if (sample.name != entry.name || sample.endpoint.port != entry.port || sample.path != entry.path ||
        sample.endpoint.address.family() != entry.family)
      continue;
    if (sample.outcome == ProbeSample::Outcome::kFailed) failed = &sample;
    if (is_http_error(sample)) other = &sample;
  }
  if (failed != nullptr)
    faults.push_back(fmt::format("{}: {} of {} got no answer ({})", label_of(entry), entry.asked - entry.answered,
                                 counted(entry.asked, "probe"), printable(failed->detail)));
  if (other != nullptr)
    faults.push_back(
        fmt::format("{}: status {} where the plan expects {}", label_of(entry), other->status, other->expected_status));
  if (entry.marker == ProbeSample::Marker::kMissing)
    faults.push_back(fmt::format("{}: the text that the plan wants is not in the body", label_of(entry)));
  return faults;
}

void conclude(const std::vector<ProbeSample>& samples, BaselineResult& result) {
  std::size_t not_asked = 0, answered = 0;
  for (const ProbeSample& sample : samples) {
    not_asked += sample.outcome == ProbeSample::Outcome::kNotAsked ? 1 : 0;
    answered += sample.outcome == ProbeSample::Outcome::kAnswered ? 1 : 0;
  }
  for (const BaselineEntry& entry : result.entries)
    for (std::string& fault : faults_of(entry, samples)) {
      result.notes.push_back(std::move(fault));
      result.exit = ExitCode::kFailed;
    }
  if (not_asked > 0)
    result.notes.push_back(
        fmt::format("{} could not be sent: this machine has no route there", counted(not_asked, "probe")));
  if (answered == 0 && result.exit == ExitCode::kDone) result.exit = ExitCode::kGaveUp;
  result.headline = fmt::format("{} of the old side recorded from {}", counted(result.entries.size(), "endpoint"),
                                counted(answered, "answer"));
  result.next = result.exit == ExitCode::kDone
                    ? "`cutover monitor` holds the new side against it after the swap"
                    : "mend what is named, or the plan's `endpoints`, and run `cutover baseline` again";
}

}  // namespace

Result<BaselineResult> record_baseline(const Plan& plan, Journal& journal, net::Loop& loop, const Clock& clock,
                                       const BaselineOptions& options, const std::function<bool()>& stop,
                                       const std::function<void(const std::string&)>& told) {
  BaselineResult result;
  std::vector<Check> unresolved;
  const auto targets = endpoints_of(plan, TargetSide::kOld, loop, clock, unresolved);
  for (const Check& check : unresolved) result.notes.push_back(check.summary);
  if (targets.empty()) {
    result.exit = ExitCode::kFailed;
    result.headline = "the plan names no endpoint of an old side, so there is nothing to record";
    result.next = "add `endpoints` to the plan, with `old:` where `changes` do not tell the addresses";
    return result;
  }
  // It is known whom to ask.

  std::vector<ProbeSample> samples;
  Instant due = clock.now();
  for (int round = 1; round <= options.rounds; ++round) {
    loop.wait_until(clock, due, stop);
    if (stop && stop()) {
      result.exit = ExitCode::kGaveUp;
      result.headline = "stopped; nothing was recorded";
      return result;
    }
    due = clock.now() + options.every;
    auto probed = probe_round(loop, clock, targets, options.probing);
    if (!probed) return probed.error();
    samples.insert(samples.end(), probed->begin(), probed->end());
    if (told) told(fmt::format("round {} of {}: {}", round, options.rounds, counted(targets.size(), "endpoint")));
  }
  result.entries = baseline_of(samples);
  conclude(samples, result);
  const bool worth_it = std::any_of(result.entries.begin(), result.entries.end(),
                                    [](const BaselineEntry& entry) { return entry.answered > 0; });
  if (!worth_it) {
    result.headline = "the old side gave no answer, so no baseline was recorded";
    return result;
  }
  if (auto kept = journal.record_baseline({clock.now(), plan.hash, result.entries}); !kept) return kept.error();
  if (auto kept = journal.record_event(Phase::kBaseline, "recorded", result.headline); !kept) return kept.error();
  return result;
}

}  // namespace cutover
