#include "tests/bench/simulated_caches.h"

namespace cutover::bench {

namespace {

/// splitmix64 (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

std::uint64_t draw(const Simulation& simulation, std::size_t resolver, std::uint64_t what) {
  return mix(mix(simulation.seed * 1000003 + resolver) + what);
}

/// Evenly in [0, limit).
Span part_of(Span limit, std::uint64_t drawn) {
  return Span(static_cast<Span::rep>(drawn % static_cast<std::uint64_t>(limit.count())));
}

constexpr std::size_t cache_count(std::uint64_t drawn) { return 2 + drawn % 3; }

Seconds held(const Simulation& simulation, Habit habit) {
  if (habit == Habit::kLongMinimum) return simulation.ttl * 3;
  if (habit == Habit::kShortMaximum) return simulation.ttl / 2;
  return simulation.ttl;
}

}  // namespace

Habit habit_of(const Simulation& simulation, std::size_t resolver) {
  const std::uint64_t drawn = draw(simulation, resolver, 0) % 100;
  if (drawn < 70) return Habit::kHonest;
  if (drawn < 80) return Habit::kSeveral;
  if (drawn < 84) return Habit::kLongMinimum;
  if (drawn < 88) return Habit::kShortMaximum;
  if (drawn < 91) return Habit::kBehind;
  if (drawn < 94) return Habit::kStale;
  if (drawn < 96) return Habit::kFails;
  if (drawn < 98) return Habit::kRefuses;
  return Habit::kSilent;
}

std::optional<dnsprobe::Verdict> truth_of(std::string_view site) {
  using dnsprobe::Verdict;
  for (const Verdict verdict :
       {Verdict::kNew, Verdict::kOld, Verdict::kBehind, Verdict::kStale, Verdict::kServfail, Verdict::kRefused})
    if (dnsprobe::to_text(verdict) == site) return verdict;
  return std::nullopt;
}

SimulatedCaches::SimulatedCaches(const Simulation& simulation, std::size_t resolvers)
    : simulation_(simulation), entries_(resolvers) {
  for (std::size_t i = 0; i < resolvers; ++i) fill(i, habit_of(simulation_, i));
}

/// What was fetched before the change, at a moment of its own.
void SimulatedCaches::fill(std::size_t resolver, Habit habit) {
  const Span life = held(simulation_, habit);
  for (std::size_t cache = 0; cache < 4; ++cache) {
    Span left = part_of(life, draw(simulation_, resolver, 1 + cache));
    // Few entries shall look like others (see kUnsure) when the first question comes.
    if (habit == Habit::kBehind) left = std::max<Span>(left, Seconds(3));
    if (habit == Habit::kLongMinimum && left > simulation_.ttl - Seconds(2) && left < simulation_.ttl * 2)
      left = simulation_.ttl * 2 + left / 4;
    entries_[resolver][cache].expires = simulation_.change + left;
  }
}

SimulatedCaches::Entry SimulatedCaches::fetched(Habit habit, Instant now) const {
  const bool is_behind = habit == Habit::kBehind && now < simulation_.change + simulation_.ttl * 3 / 2;
  Entry out;
  out.expires = now + held(simulation_, habit);
  out.is_old = is_behind;
  out.after_change = true;
  return out;
}

bool SimulatedCaches::looks_like_another(const Entry& entry, Instant now) const {
  if (!entry.is_old) return false;
  const Span left = entry.expires - now, full = simulation_.ttl;
  const Instant bound = simulation_.change + full;
  if (entry.after_change) return entry.expires < bound + Seconds(4);
  return entry.expires > bound && left > full - Seconds(3) && left < full + Seconds(3);
}

SimulatedCaches::Answer SimulatedCaches::answer(std::size_t resolver, std::uint32_t dice, Instant now) {
  const Habit habit = habit_of(simulation_, resolver);
  Answer out;
  if (habit == Habit::kSilent) out.kind = Answer::Kind::kNone;
  if (habit == Habit::kFails) out.kind = Answer::Kind::kServfail, out.truth = "servfail";
  if (habit == Habit::kRefuses) out.kind = Answer::Kind::kRefused, out.truth = "refused";
  if (out.kind != Answer::Kind::kAddress) return out;
  const std::size_t cache = habit == Habit::kSeveral ? dice % cache_count(draw(simulation_, resolver, 5)) : 0;
  Entry& entry = entries_[resolver][cache];
  if (now >= entry.expires) {
    if (habit == Habit::kStale && !entry.after_change && now < entry.expires + simulation_.ttl) {
      out.is_old = out.says_stale = true;
      out.ttl = Seconds(1);
      out.truth = "stale";
      return out;
    }
    entry = fetched(habit, now);
  }
  out.is_old = entry.is_old;
  out.ttl = std::chrono::duration_cast<Seconds>(entry.expires - now);
  if (!entry.was_shown) entry.is_unsure = looks_like_another(entry, now);
  entry.was_shown = true;
  out.truth = !entry.is_old ? "new" : entry.is_unsure ? kUnsure : entry.after_change ? "behind" : "old";
  return out;
}

}  // namespace cutover::bench
