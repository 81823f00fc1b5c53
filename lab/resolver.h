#pragma once
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "lab/cache.h"
#include "lab/dns_listener.h"
#include "lab/dns_question.h"

namespace cutover::lab {

/// What a resolver of the lab does when asked.
struct Habits {
  CacheHabits cache;
  int caches = 1;  ///< behind the one address; each query meets any of them, each fills up by itself
  enum class Mood {
    kHonest,
    kServFail,
    kRefused,
    kSilent,
    kLiesNxDomain,     ///< filters: says that the name does not exist
    kLiesNullAddress,  ///< filters: 0.0.0.0 and ::
  };
  Mood mood = Mood::kHonest;
  Span latency{};  ///< before every answer
};

struct ResolverSpec {
  std::string name;  ///< also its NSID, with the number of the cache
  std::string operated_by;
  Habits habits;
  Endpoint where;  ///< on loopback; port 0 finds a free one
  /// Zone origins and all addresses of their authority. Names above a zone have no records; those outside
  /// are REFUSED.
  std::map<DomainName, std::vector<Endpoint>> zones;
  std::vector<DomainName> filtered;  ///< what a filtering mood is about; empty: everything
  std::uint64_t seed = 0;
};

/// A caching resolver with habits. Answers on the loop's thread; everything public is thread-safe.
class Resolver {
 public:
  /// `loop` and `clock` must outlive the resolver.
  static Result<std::unique_ptr<Resolver>> open(net::Loop& loop, const Clock& clock, ResolverSpec spec);
  ~Resolver();

  const std::string& name() const { return spec_.name; }
  const std::string& operated_by() const { return spec_.operated_by; }
  const Habits& habits() const { return spec_.habits; }
  const Endpoint& endpoint() const { return listener_->endpoint(); }

  /// Makes one cache hold `set` as if it had been fetched earlier and had `remaining` left.
  void prefill(int cache, const RecordSet& set, Seconds remaining);
  void forget_everything();

  /// The latest expiry any of its caches ever gave to exactly these values; nullopt: never held.
  std::optional<Instant> held_until(const RecordSet& values) const;
  /// How many caches would still answer with these values at this moment, stale data included.
  int holding(const RecordSet& values) const;

  struct Counters {
    std::size_t queries = 0;                  ///< of clients
    std::size_t fetches = 0;                  ///< questions to authorities
    std::size_t stale = 0;                    ///< answers with expired data
    std::map<RecordKey, std::size_t> by_key;  ///< queries per name and type
  };
  Counters counters() const;

 private:
  class Job;
  enum class Manner { kForClient, kRefresh };
  Resolver(net::Loop& loop, const Clock& clock, ResolverSpec spec);
  void handle(const net::Bytes& wire, Transport transport, DnsListener::Reply reply);
  void start(int cache, net::Message query, Manner manner, std::function<void(net::Message)> done);
  std::optional<net::Message> refuse_or_lie(const net::Message& query, int cache) const;
  std::string identity(int cache) const;
  void say(const net::Message& query, net::Message answer, int cache, Transport transport,
           const DnsListener::Reply& reply);
  const std::vector<Endpoint>* servers_for(const DomainName& name) const;
  bool is_above_a_zone(const DomainName& name) const;
  void remember(int cache, const net::Message& answer, const net::Question& question, Instant now);

  net::Loop& loop_;
  const Clock& clock_;
  const ResolverSpec spec_;
  std::mt19937_64 random_;                ///< only on the loop's thread
  std::list<std::unique_ptr<Job>> jobs_;  ///< only on the loop's thread
  std::list<net::Loop::Handle> delayed_;  ///< only on the loop's thread
  std::unique_ptr<DnsListener> listener_;
  mutable std::mutex mutex_;  ///< guards everything below
  std::vector<Cache> caches_;
  Counters counters_;
};

}  // namespace cutover::lab
