#include "lab/cache.h"

#include <algorithm>

namespace cutover::lab {
namespace {

constexpr Seconds kStaleTtl{30};

/// Caches count in whole seconds: an entry fetched at 12:00:00.9 for 60 s is gone at 12:01:00.0, so it
/// never outlives its TTL, and the TTL it shows is never shorter than what is left.
Instant whole_seconds(Instant instant) { return std::chrono::floor<Seconds>(instant); }

}  // namespace

void Cache::store(const RecordSet& set, Instant now) {
  Seconds ttl = set.ttl;
  if (habits_.min_ttl) ttl = std::max(ttl, *habits_.min_ttl);
  if (habits_.max_ttl) ttl = std::min(ttl, *habits_.max_ttl);
  prefill(set, ttl, now);
}

void Cache::store_negative(const RecordKey& key, net::Rcode rcode, const RecordSet& soa, Seconds ttl, Instant now) {
  if (habits_.max_ttl) ttl = std::min(ttl, *habits_.max_ttl);
  put(key, {std::nullopt, rcode, soa, whole_seconds(now) + ttl});
}

void Cache::prefill(const RecordSet& set, Seconds remaining, Instant now) {
  put(set.key(), {set, net::Rcode::kNoError, std::nullopt, whole_seconds(now) + remaining});
}

void Cache::put(const RecordKey& key, CacheEntry entry) {
  if (entry.set) {
    const auto [at, first] = history_[key].try_emplace(entry.set->rdata, entry.expires);
    if (!first) at->second = std::max(at->second, entry.expires);
  }
  entries_[key] = std::move(entry);
}

std::optional<Cache::Hit> Cache::find(const RecordKey& key, Instant now, Accept accept) const {
  const CacheEntry* entry = peek(key);
  if (entry == nullptr) return std::nullopt;
  const auto remaining = std::chrono::duration_cast<Seconds>(entry->expires - whole_seconds(now));
  if (remaining > Seconds(0) || (remaining == Seconds(0) && accept == Accept::kJustFetched))
    return Hit{*entry, remaining, Hit::Freshness::kFresh};
  if (accept == Accept::kFreshOnly || habits_.stale == CacheHabits::Stale::kNever) return std::nullopt;
  if (now >= entry->expires + habits_.stale_limit) return std::nullopt;
  return Hit{*entry, kStaleTtl, Hit::Freshness::kStale};
}

const CacheEntry* Cache::peek(const RecordKey& key) const {
  const auto at = entries_.find(key);
  return at == entries_.end() ? nullptr : &at->second;
}

std::optional<Instant> Cache::held_until(const RecordSet& values) const {
  const auto at = history_.find(values.key());
  if (at == history_.end()) return std::nullopt;
  const auto found = at->second.find(values.rdata);
  return found == at->second.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace cutover::lab
