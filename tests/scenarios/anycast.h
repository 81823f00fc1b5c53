#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/record_set.h"
#include "net/loop.h"
#include "tests/scenarios/stage.h"

// An anycast name server on loopback, and the users of caches that reach another site of it than we do.

namespace cutover::stage {

/// One address and port, UDP and TCP, with two real name servers behind it: who asks from 127.0.0.1, as the program
/// does, reaches the near site, everybody else the far one. Works on a thread of its own until it is destroyed.
class AnycastAddress {
 public:
  AnycastAddress(Endpoint near, Endpoint far);
  ~AnycastAddress();
  AnycastAddress(const AnycastAddress&) = delete;
  AnycastAddress& operator=(const AnycastAddress&) = delete;

  const Endpoint& endpoint() const { return here_; }

  struct Question {
    Instant at{};
    std::string from;  ///< address
    RecordKey key;
  };
  /// Everything that was asked so far.
  std::vector<Question> asked() const;

 private:
  void work();
  void pass_datagram();
  void pass_stream();
  const Endpoint& site_for(std::uint32_t client, const std::string& query);

  const Endpoint near_, far_;
  Endpoint here_;
  net::Descriptor udp_, tcp_, end_;
  mutable std::mutex mutex_;  ///< guards asked_
  std::vector<Question> asked_;
  std::thread thread_;
};

/// Makes the far site serve, `lag` later, what the near one serves of some record sets.
class LaggingSite {
 public:
  /// Both servers outlive it.
  LaggingSite(const servers::Authority& near, const servers::Authority& far, std::string zone,
              std::vector<RecordKey> keys, std::chrono::seconds lag);
  ~LaggingSite();
  LaggingSite(const LaggingSite&) = delete;
  LaggingSite& operator=(const LaggingSite&) = delete;

  struct Turn {
    Instant near{};  ///< seen to have changed there
    Instant far{};   ///< taken over there
  };
  std::vector<Turn> turns() const;
  /// Waits for the far site to have followed so many changes.
  bool wait_for(std::size_t turns, std::chrono::seconds limit) const;

 private:
  void work();

  const servers::Authority& near_;
  const servers::Authority& far_;
  const std::string zone_;
  const std::vector<RecordKey> keys_;
  const std::chrono::seconds lag_;
  std::atomic<bool> over_{false};
  mutable std::mutex mutex_;  ///< guards turns_
  std::vector<Turn> turns_;
  std::thread thread_;
};

/// The users of some caches, who ask for some record sets all the time from an address of their own: each cache is
/// filled anew as soon as it has forgotten, "does not exist" too.
class CacheUsers {
 public:
  /// `old_values`: what sends a user to the old side, by record set; empty: nothing exists.
  struct Wish {
    RecordKey key;
    std::vector<std::string> old_values;
  };
  /// `clock`: the one that the caches live by; outlives it.
  CacheUsers(const Clock& clock, std::vector<Endpoint> caches, std::vector<Wish> wishes,
             std::chrono::seconds high_above);
  ~CacheUsers();
  CacheUsers(const CacheUsers&) = delete;
  CacheUsers& operator=(const CacheUsers&) = delete;

  /// When somebody was last given the old answer.
  Instant last_old() const { return Instant(Span(last_old_.load())); }
  /// Until when a cache holds an answer that was given a TTL above `high_above`, as far as was seen.
  Instant high_until() const { return Instant(Span(high_until_.load())); }
  /// Answers so far.
  std::size_t served() const { return served_; }

 private:
  void work();
  void ask(const Endpoint& cache, const Wish& wish);

  const Clock& clock_;
  const std::vector<Endpoint> caches_;
  const std::vector<Wish> wishes_;
  const Seconds high_above_;
  const std::string address_;
  std::atomic<bool> over_{false};
  std::atomic<std::int64_t> last_old_{0}, high_until_{0};
  std::atomic<std::size_t> served_{0};
  std::thread thread_;
};

/// A question in the log of an Unbound that runs with `log-queries: yes`: when, in whole seconds, and from where.
struct LoggedQuestion {
  Instant at{};
  std::string from;
};
/// Those for one record set, in order.
std::vector<LoggedQuestion> logged_questions(const servers::Unbound& resolver, const RecordKey& key);

}  // namespace cutover::stage
