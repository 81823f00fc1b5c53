#pragma once
#include <string>
#include <vector>

#include "core/text.h"
#include "dnsprobe/observation.h"

// Short words for the tables and stories of the resolver tests. Time zero is when every authority had the new answer.

namespace cutover::dnsprobe::story {

using namespace std::chrono_literals;

inline const Instant kZero = *parse_instant("2026-10-06T09:00:00Z");
inline const DomainName kName = *DomainName::from_text("www.example.com.");

inline RecordSet addresses(std::vector<std::string> values, Seconds ttl) {
  RecordSet set{kName, RecordType::kA, ttl, std::move(values)};
  normalize(set);
  return set;
}

/// www A 192.0.2.1 -> 203.0.113.1, served with 60 s before the change.
inline Expectation a_change(Seconds low = 60s) {
  Expectation out;
  out.key = {kName, RecordType::kA};
  out.old_set = addresses({"192.0.2.1"}, low);
  out.new_set = addresses({"203.0.113.1"}, low);
  out.low_ttl = low;
  out.new_since = kZero;
  out.negative_ttl = 900s;
  return out;
}

/// An answer that comes at `at` after time zero.
inline Sample answer(Span at, std::vector<RecordSet> sets) {
  Sample out;
  out.asked = kZero + at;
  out.received = kZero + at;
  out.outcome = net::Outcome::kAnswered;
  out.answer = std::move(sets);
  return out;
}
inline Sample old_answer(Span at, Seconds ttl) { return answer(at, {addresses({"192.0.2.1"}, ttl)}); }
inline Sample new_answer(Span at, Seconds ttl = 60s) { return answer(at, {addresses({"203.0.113.1"}, ttl)}); }
inline Sample failure(Span at, net::Rcode rcode) {
  Sample out = answer(at, {});
  out.rcode = rcode;
  return out;
}
inline Sample silence(Span at) {
  Sample out = answer(at, {});
  out.outcome = net::Outcome::kTimeout;
  out.detail = "no answer in time";
  return out;
}
inline Sample with_code(Sample sample, std::uint16_t extended_error) {
  sample.extended_error = extended_error;
  return sample;
}

/// Judges samples one after the other, as a watch does, and gives their verdicts.
inline std::vector<std::string> verdicts(const Expectation& expectation, const std::vector<Sample>& samples,
                                         ResolverHistory history = {}) {
  std::vector<std::string> out;
  for (const Sample& sample : samples) {
    const Observation seen = judge(expectation, sample, history);
    remember(history, seen);
    out.emplace_back(to_text(seen.verdict));
  }
  return out;
}

}  // namespace cutover::dnsprobe::story
