#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/clock.h"
#include "core/result.h"
#include "dnsprobe/observation.h"
#include "dnsprobe/transport.h"
#include "net/message.h"

namespace cutover::dnsprobe {

/// One question over a transport that has one reply to it, from ask() to its answer.
class Pending {
 public:
  /// `transport` is for the sentences: `TLS`.
  Pending(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key, std::string_view transport,
          const Clock& clock);

  std::uint64_t ticket() const { return ticket_; }
  /// The query with this id (see probe_query()); notes that it leaves now.
  Result<net::Bytes> query(std::uint16_t id, const Clock& clock);
  /// Judges what came back on its connection. What is wrong in it does not get better by waiting, and is kGarbage.
  /// `age` is how long the reply has lain in an HTTP cache.
  Sample reply(std::string_view wire, std::uint16_t id, std::uint32_t age, const Clock& clock) const;
  /// Ends it without a reply. `detail` is a printable clause.
  Sample failure(net::Outcome outcome, const std::string& detail, const Clock& clock) const;

 private:
  net::DnsAnswer ending(net::Outcome outcome, const Clock& clock) const;

  std::uint64_t ticket_;
  net::Question question_;
  Asking asking_;
  std::string_view transport_;
  Instant asked_;
  std::chrono::steady_clock::time_point started_;
};

/// Ends questions that cannot even be asked: from the loop, since nothing may finish inside ask().
class Refusals {
 public:
  Refusals(net::Loop& loop, const Clock& clock, ProbeTransport::Answered answered)
      : loop_(loop), clock_(clock), answered_(std::move(answered)) {}
  void add(const Pending& pending, const std::string& why);

 private:
  net::Loop& loop_;
  const Clock& clock_;
  const ProbeTransport::Answered answered_;
  std::unordered_map<std::uint64_t, net::Loop::Handle> under_way_;
};

}  // namespace cutover::dnsprobe
