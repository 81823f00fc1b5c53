#pragma once
#include <map>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "core/record_set.h"
#include "core/zone.h"
#include "net/message.h"

namespace cutover::lab {

/// How a cache treats what the authority said about time.
struct CacheHabits {
  std::optional<Seconds> min_ttl;  ///< holds everything at least that long
  std::optional<Seconds> max_ttl;  ///< and at most that long
  enum class Stale {
    kNever,
    kWhenUnreachable,  ///< serves expired data when no authority answers (RFC 8767)
    kThenRefresh,      ///< serves expired data at once and fetches behind the asker's back
  };
  Stale stale = Stale::kNever;
  Seconds stale_limit{86400};  ///< how long after its expiry data may still be served
};

/// What a cache holds about one name and type: a record set, or its absence.
struct CacheEntry {
  std::optional<RecordSet> set;
  net::Rcode rcode = net::Rcode::kNoError;  ///< kNxDomain where the name does not exist
  std::optional<RecordSet> soa;             ///< of a negative answer
  Instant expires{};                        ///< in whole seconds, as caches count
};

/// One cache of one resolver: a table with an expiry in every line. It is told the time. Pure.
class Cache {
 public:
  explicit Cache(CacheHabits habits) : habits_(habits) {}

  /// Keeps a set for its TTL, as the habits bend it.
  void store(const RecordSet& set, Instant now);
  /// Keeps an absence for the SOA's negative TTL (RFC 2308 section 5).
  void store_negative(const RecordKey& key, net::Rcode rcode, const RecordSet& soa, Seconds ttl, Instant now);
  /// Keeps a set as if it had been fetched earlier: `remaining` of its time is left. The habits are
  /// taken to have been applied already.
  void prefill(const RecordSet& set, Seconds remaining, Instant now);

  struct Hit {
    CacheEntry entry;
    Seconds remaining{};  ///< TTL to tell the asker; that of a stale answer is 30 s (RFC 8767 section 4)
    enum class Freshness { kFresh, kStale } freshness = Freshness::kFresh;
  };
  enum class Accept {
    kFreshOnly,
    kStaleToo,     ///< as far as the habits allow
    kJustFetched,  ///< a TTL of 0 too, for the question that fetched it (RFC 1035 section 3.2.1)
  };
  /// What the cache would answer with: the entry for the key while it counts.
  std::optional<Hit> find(const RecordKey& key, Instant now, Accept accept) const;

  /// The entry for a key, expired ones included.
  const CacheEntry* peek(const RecordKey& key) const;
  /// The latest expiry that any entry with exactly these values ever had, replaced ones included.
  std::optional<Instant> held_until(const RecordSet& values) const;
  const CacheHabits& habits() const { return habits_; }
  void forget(const RecordKey& key) { entries_.erase(key); }
  void clear() { entries_.clear(); }

 private:
  void put(const RecordKey& key, CacheEntry entry);

  CacheHabits habits_;
  std::map<RecordKey, CacheEntry> entries_;
  std::map<RecordKey, std::map<std::vector<std::string>, Instant>> history_;
};

}  // namespace cutover::lab
