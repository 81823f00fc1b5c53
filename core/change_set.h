#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/record_set.h"

namespace cutover {

/// One record set before and after. `before` empty: it is created; `after` empty: it is removed.
struct Change {
  RecordKey key;
  std::optional<RecordSet> before;
  std::optional<RecordSet> after;

  enum class Kind { kNone, kCreate, kDelete, kValue, kTtl };
  Kind kind() const;
  friend bool operator==(const Change&, const Change&) = default;
};

/// Everything one write does to one zone. Changes are data: printed, hashed, journalled, inverted, replayed.
struct ChangeSet {
  DomainName zone;
  std::vector<Change> changes;
  /// When set, the provider must also guard on this SOA serial, because its compare-and-swap
  /// does not cover TTLs (RFC 2136 section 2.4.2 compares rdata only).
  std::optional<std::uint32_t> guard_serial;
  /// The whole SOA set that goes with guard_serial, for providers whose prerequisite needs its rdata.
  std::optional<RecordSet> guard_soa;

  bool empty() const { return changes.empty(); }
  friend bool operator==(const ChangeSet&, const ChangeSet&) = default;
};

/// The change set that undoes `applied`: every `after` becomes the expected live value and every
/// `before` comes back. The serial guard is dropped, since the serial has moved.
ChangeSet inverse_of(const ChangeSet& applied);

/// As inverse_of, but what comes back keeps the TTL that is served now where the set exists now:
/// a rollback happens at the low TTL, so that it can itself be undone in minutes.
ChangeSet rollback_of(const ChangeSet& applied);

/// Where a record set stands with regard to a change.
enum class Standing {
  kBefore,   ///< the live set is `before` (values and TTL)
  kAfter,    ///< the live set is `after`
  kForeign,  ///< neither: somebody else changed it
};
/// `live` is empty when the set does not exist. For changes that only move a TTL the TTL counts;
/// for value changes it does not (a provider may round it).
Standing standing_of(const Change& change, const std::optional<RecordSet>& live);

/// Whether the live set is on its way from one side to the other, record by record: every value of it is one of
/// `before` or `after`, none is served longer than either or than `at_first`, and it is neither. Only where a write of
/// ours may have been cut off; where nothing is live, and where a set is created or removed and the live one is whole,
/// it is not.
bool is_halfway(const Change& change, const std::optional<RecordSet>& live, Seconds at_first = Seconds(0));

/// One line per difference, in the form dnscontrol users know:
/// `± MODIFY www.example.com. A 192.0.2.1 -> 192.0.2.2 ttl=60s`, `+ CREATE`, `- DELETE`, `± MODIFY-TTL`.
std::vector<std::string> diff_lines(const ChangeSet& set);

}  // namespace cutover
