#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "cmd/plan/plan.h"
#include "core/check.h"

namespace cutover {

/// One probe of one endpoint at one address.
struct ProbeSample {
  enum class Outcome {
    kAnswered,
    kFailed,    ///< no connection, no accepted certificate, no answer in time
    kNotAsked,  ///< this machine has no route there: it says nothing about the endpoint
  };
  enum class Marker { kNotAsked, kFound, kMissing };
  Instant at{};
  DomainName name;
  Endpoint endpoint;
  std::string path;  ///< asked for by HTTP; empty: only connection and handshake
  Outcome outcome = Outcome::kFailed;
  std::chrono::microseconds took{};  ///< connection, handshake and answer; of a TLS endpoint connection and handshake
  int status = 0;                    ///< 0: not asked for HTTP, or no answer
  int expected_status = 0;
  std::string body_hash;  ///< lower-case hex SHA-256 of the body; empty: not HTTP, or no answer
  Marker marker = Marker::kNotAsked;
  std::string detail;  ///< why there was no answer
};
/// Answered as HTTP, and not with the status that is expected.
bool is_http_error(const ProbeSample& sample);

struct Quantiles {
  std::chrono::microseconds p50{}, p95{}, p99{};
};
/// Exact, by nearest rank: the smallest value that a share of at least q of all is not above. Zeroes for no values.
Quantiles quantiles_of(std::vector<std::chrono::microseconds> values);

/// What one endpoint of the old side was like, per address family: many probes over all its addresses.
struct BaselineEntry {
  DomainName name;
  std::uint16_t port = 443;
  Family family = Family::kV4;
  std::string path;  ///< asked for by HTTP; empty: only connection and handshake
  std::size_t asked = 0;
  std::size_t answered = 0;
  Quantiles took;         ///< of those that answered
  int status = 0;         ///< the most frequent; 0: no HTTP
  std::string body_hash;  ///< the same of every answer with that status; empty: it varies, or no HTTP
  ProbeSample::Marker marker = ProbeSample::Marker::kNotAsked;  ///< kMissing where any answer lacked it
};
/// One entry per name, port, path and family, in that order.
std::vector<BaselineEntry> baseline_of(const std::vector<ProbeSample>& samples);

/// {"entries":[..]} for the journal.
std::string to_json(const std::vector<BaselineEntry>& baseline);
Result<std::vector<BaselineEntry>> baseline_from_json(std::string_view json);

/// Judges the new side by its probes. Pure: what time it is comes with the samples.
///
/// The window is as long as the plan's `sustained`, and at least 20 rounds, so that one slow answer is no p95.
///   availability   at one address, more than the plan's `errors` of the window's probes got no answer, and two at
///                  least: one lost probe is told as a warning, it breaks nothing
///   http-errors    the same of answers with another status than the plan expects
///   latency        a warning when p50 or p95 are 10 % above the baseline's (and 10 ms: less is this machine's own
///                  doing); a failure when p95 is over `latency` times the baseline's for as long as `sustained`, and
///                  slow answers still come in then
///   body-changed   a failure when the plan's `body` was missing from two answers of the window; a warning when the
///                  body never varied in the baseline and is another one now
/// One check per id, name and endpoint; kNotApplicable where there is nothing to compare with.
class Watchdog {
 public:
  Watchdog(const MonitorPlan& limits, std::vector<BaselineEntry> baseline);
  /// Takes one round's samples and judges; `now` is when the round ended.
  std::vector<Check> judge(const std::vector<ProbeSample>& round, Instant now);

  /// What the window holds, for people and machines.
  struct Standing {
    DomainName name;
    Endpoint endpoint;
    std::string path;
    std::size_t asked = 0, answered = 0, http_errors = 0;
    Quantiles took;
    std::optional<Quantiles> baseline;
  };
  std::vector<Standing> standings() const;
  Seconds window() const;

 private:
  using Key = std::tuple<DomainName, Endpoint, std::string>;
  struct Track {
    std::deque<ProbeSample> samples;
    std::optional<Instant> slow_since;  ///< p95 has been over the limit at every judgement since
  };
  const BaselineEntry* baseline_for(const ProbeSample& sample) const;
  void judge_availability(const Track& track, std::vector<Check>& checks) const;
  void judge_http(const Track& track, std::vector<Check>& checks) const;
  void judge_latency(Track& track, Instant now, std::vector<Check>& checks) const;
  void judge_body(const Track& track, std::vector<Check>& checks) const;

  MonitorPlan limits_;
  std::vector<BaselineEntry> baseline_;
  std::map<Key, Track> tracks_;
};

}  // namespace cutover
