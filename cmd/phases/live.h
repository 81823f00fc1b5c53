#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cmd/phases/cutover.h"

namespace cutover {

/// What is true of one zone right now: at the provider and at every authoritative address.
struct LiveZone {
  providers::Provider::Sets provider;
  net::AuthoritySweep sweep;

  std::optional<RecordSet> at_provider(const RecordKey& key) const;
  /// What the provider of a zone would not make of a change, or spoil by it, and what of the plan is wrong about its
  /// proxy, a sentence each. No call is made.
  std::vector<std::string> not_carried(const ZoneAtWork& zone, const ChangeSet& changes) const;
};

/// Where the plan takes a set for the origin behind a proxy and it is none, or the reverse: the sentence. Else empty.
std::string proxy_mismatch(const ZonePlan& zone, const providers::Provider::Sets& live, const RecordKey& key);

/// Reads the provider's view of `keys`, sweeps the authoritative servers and journals the sweep.
Result<LiveZone> look(Cutover& cutover, ZoneAtWork& zone, Phase phase, const std::vector<RecordKey>& keys);
/// Only the sweep of the authoritative servers.
net::AuthoritySweep sweep(Cutover& cutover, const ZoneAtWork& zone, const std::vector<RecordKey>& keys);
/// Journals a sweep: the gates' evidence.
Result<void> keep(Cutover& cutover, const ZoneAtWork& zone, Phase phase, const net::AuthoritySweep& seen);

/// What a server has to serve for a record set to count as in place.
struct Wanted {
  RecordKey key;
  std::optional<RecordSet> set;  ///< nullopt: it must not exist
  enum class Match { kValues, kValuesAndTtl, kTtlAtMost } match = Match::kValues;
};

/// One sentence per server address that does not serve what is wanted; empty: all do, with AA.
std::vector<std::string> not_serving(const net::Delegation& delegation, const net::AuthoritySweep& sweep,
                                     const std::vector<Wanted>& wanted);

struct ReadBack {
  std::optional<Instant> served_at;      ///< receipt of the last answer of the first sweep in which all served it
  std::vector<std::string> not_serving;  ///< who did not, when the time was up
};
/// Sweeps all zones again and again until every authoritative address serves what is wanted, at most
/// `timeout` of the clock's time (and at least two real seconds). `wanted` is per zone, in plan order.
/// `clean_sweeps` in a row are wanted; each of them is journalled.
Result<ReadBack> wait_until_served(Cutover& cutover, Phase phase, const std::vector<std::vector<Wanted>>& wanted,
                                   Seconds timeout, int clean_sweeps);

}  // namespace cutover
