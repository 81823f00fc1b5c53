#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dnsprobe/transport.h"
#include "tests/dnsprobe/story.h"

namespace cutover::dnsprobe::story {

/// One cache of a scripted resolver: what it answers at a moment after time zero.
using ScriptedCache = std::function<Sample(Span at)>;

/// Holds the old answer until `expiry` (after time zero), then the new one.
inline ScriptedCache honest(Span expiry) {
  return [expiry](Span at) {
    if (at >= expiry) return new_answer(at);
    return old_answer(at, std::chrono::duration_cast<Seconds>(expiry - at));
  };
}
inline ScriptedCache always(const std::function<Sample(Span)>& sample) { return sample; }
/// Goes on with the old answer after its expiry, a constant TTL of 30 s on it, until `fixed`.
inline ScriptedCache keeps_too_long(Span expiry, Span fixed) {
  return [=](Span at) {
    if (at >= fixed) return new_answer(at);
    if (at >= expiry) return old_answer(at, 30s);
    return old_answer(at, std::chrono::duration_cast<Seconds>(expiry - at));
  };
}
/// Fetches from an authority that serves the old answer until `fixed`.
inline ScriptedCache behind_until(Span fixed, Seconds ttl) {
  auto expiry = std::make_shared<Span>(Span::min());
  auto is_old_now = std::make_shared<bool>(true);
  return [=](Span at) {
    if (at >= *expiry) {
      *expiry = at + ttl;
      *is_old_now = at < fixed;
    }
    const auto left = std::chrono::duration_cast<Seconds>(*expiry - at);
    return *is_old_now ? old_answer(at, left) : new_answer(at, left);
  };
}

/// Resolvers that exist in memory only: by address text, each with the caches behind it, asked in turn.
struct ScriptedWorld {
  std::map<std::string, std::vector<ScriptedCache>> caches;
  std::set<std::string> black_holes;  ///< neither answer nor time-out, ever
  std::map<std::string, int> questions;
  std::vector<std::pair<Span, std::string>> log;  ///< when, whom
  std::chrono::nanoseconds delay{};               ///< real time on the way
};

class ScriptedTransport final : public ProbeTransport {
 public:
  ScriptedTransport(net::Loop& loop, const Clock& clock, ScriptedWorld& world, Answered answered)
      : loop_(loop), clock_(clock), world_(world), answered_(std::move(answered)) {}

  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey&) override {
    const std::string address = resolver.endpoint->address.text();
    if (world_.black_holes.count(address) != 0) return;
    const auto& caches = world_.caches.at(address);
    const Span at = clock_.now() - kZero;
    const auto nth = static_cast<std::size_t>(world_.questions[address]++);
    world_.log.emplace_back(at, address);
    const Sample sample = caches[nth % caches.size()](at);
    pending_.push_back(loop_.after(world_.delay, [this, ticket, sample] { answered_(ticket, sample); }));
    if (pending_.size() > 1000) pending_.erase(pending_.begin(), pending_.begin() + 500);
  }

 private:
  net::Loop& loop_;
  const Clock& clock_;
  ScriptedWorld& world_;
  Answered answered_;
  std::vector<net::Loop::Handle> pending_;
};

inline TransportFactory scripted(net::Loop& loop, const Clock& clock, ScriptedWorld& world) {
  return [&loop, &clock, &world](ProbeTransport::Answered answered) -> std::unique_ptr<ProbeTransport> {
    return std::make_unique<ScriptedTransport>(loop, clock, world, std::move(answered));
  };
}

}  // namespace cutover::dnsprobe::story
