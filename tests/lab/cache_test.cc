#include "lab/cache.h"

#include "tests/lab/fixtures.h"

namespace cutover::lab {
namespace {

using namespace test;
using Stale = CacheHabits::Stale;

RecordSet www(Seconds ttl) { return {name("www.shop.test"), RecordType::kA, ttl, {"198.51.100.10"}}; }

struct Row {
  std::string_view what;
  CacheHabits habits;
  int ttl;       ///< s, as the authority says
  int after;     ///< s since the fetch
  int expected;  ///< TTL shown, or -1: nothing to show
  bool stale;
};

TEST_CASE("how long a cache holds, by its habits") {
  const Row rows[] = {
      {"honest, at once", {}, 300, 0, 300, false},
      {"honest, counting down", {}, 300, 299, 1, false},
      {"honest, over", {}, 300, 300, -1, false},
      {"floor, past the TTL", {Seconds(120), {}, Stale::kNever, {}}, 60, 90, 30, false},
      {"floor, over", {Seconds(120), {}, Stale::kNever, {}}, 60, 120, -1, false},
      {"floor below the TTL", {Seconds(120), {}, Stale::kNever, {}}, 300, 10, 290, false},
      {"ceiling", {{}, Seconds(300), Stale::kNever, {}}, 86400, 0, 300, false},
      {"ceiling, over", {{}, Seconds(300), Stale::kNever, {}}, 86400, 300, -1, false},
      {"stale, still fresh", {{}, {}, Stale::kThenRefresh, Seconds(1000)}, 300, 100, 200, false},
      {"stale, past the TTL", {{}, {}, Stale::kThenRefresh, Seconds(1000)}, 300, 301, 30, true},
      {"stale, past its limit", {{}, {}, Stale::kThenRefresh, Seconds(1000)}, 300, 1300, -1, true},
      {"stale when alone, past the TTL", {{}, {}, Stale::kWhenUnreachable, Seconds(1000)}, 300, 1299, 30, true},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.what) {
      Cache cache(row.habits);
      // Fetched at the very end of a second, as far from whole seconds as it gets.
      const Instant fetched = noon() + std::chrono::microseconds(999'999);
      cache.store(www(Seconds(row.ttl)), fetched);
      const auto hit = cache.find(www({}).key(), noon() + Seconds(row.after), Cache::Accept::kStaleToo);
      REQUIRE(hit.has_value() == (row.expected >= 0));
      if (!hit) return;
      CHECK(hit->remaining == Seconds(row.expected));
      CHECK((hit->freshness == Cache::Hit::Freshness::kStale) == row.stale);
      CHECK(cache.find(www({}).key(), noon() + Seconds(row.after), Cache::Accept::kFreshOnly).has_value() != row.stale);
    }
  }
}

TEST_CASE("an entry never outlives its TTL, and never shows less than what is left") {
  for (const int offset_us : {0, 1, 500'000, 999'999}) {
    Cache cache({});
    const Instant fetched = noon() + std::chrono::microseconds(offset_us);
    cache.store(www(Seconds(60)), fetched);
    for (Instant now = fetched; now < fetched + Seconds(62); now += std::chrono::milliseconds(137)) {
      const auto hit = cache.find(www({}).key(), now, Cache::Accept::kFreshOnly);
      if (now >= fetched + Seconds(60)) CHECK_FALSE(hit.has_value());
      if (hit) CHECK(now + hit->remaining >= *cache.held_until(www({})));
    }
  }
}

TEST_CASE("a TTL of zero counts for the question that fetched it, and for no other") {
  Cache cache({});
  cache.store(www(Seconds(0)), noon());
  CHECK(cache.find(www({}).key(), noon(), Cache::Accept::kJustFetched).has_value());
  CHECK_FALSE(cache.find(www({}).key(), noon(), Cache::Accept::kFreshOnly).has_value());
}

TEST_CASE("an absence is held for the SOA's negative TTL") {
  Cache cache({});
  const RecordSet soa{name("shop.test"), RecordType::kSoa, Seconds(300), {"ns1. h. 1 1 1 1 300"}};
  cache.store_negative({name("no.shop.test"), RecordType::kA}, net::Rcode::kNxDomain, soa, Seconds(300), noon());
  const RecordKey key{name("no.shop.test"), RecordType::kA};
  const auto hit = cache.find(key, noon() + Seconds(100), Cache::Accept::kFreshOnly);
  REQUIRE(hit.has_value());
  CHECK_FALSE(hit->entry.set.has_value());
  CHECK(to_text(hit->entry.rcode) == to_text(net::Rcode::kNxDomain));
  CHECK(hit->remaining == Seconds(200));
  CHECK_FALSE(cache.find(key, noon() + Seconds(300), Cache::Accept::kFreshOnly).has_value());
}

TEST_CASE("what was held is remembered after it was replaced") {
  Cache cache({});
  cache.prefill(www(Seconds(300)), Seconds(40), noon());
  RecordSet moved = www(Seconds(60));
  moved.rdata = {"203.0.113.20"};
  cache.store(moved, noon() + Seconds(50));
  CHECK(cache.held_until(www({})) == noon() + Seconds(40));
  CHECK(cache.held_until(moved) == noon() + Seconds(110));
}

}  // namespace
}  // namespace cutover::lab
