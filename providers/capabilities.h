#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/record_set.h"

namespace cutover::providers {

/// A statement about a provider: what holds, why, and when that was last seen to be true.
template <class T>
struct Declared {
  T value;
  std::string_view why;       ///< one clause
  std::string_view verified;  ///< YYYY-MM-DD
};

enum class Unit { kRecord, kRecordSet, kZone };                 ///< what one edit replaces
enum class AtomicScope { kNone, kRecordSet, kMessage, kZone };  ///< what happens together or not at all
enum class CompareAndSwap { kNone, kValues, kValuesAndTtl, kVersion };
enum class ChangeSignal { kNone, kSent, kServing };  ///< what success of a write proves

/// How many calls a service takes in a span of time; no calls: not known.
struct Budget {
  unsigned calls = 0;
  Seconds per{};
};

struct Capabilities {
  Declared<Unit> unit;
  Declared<AtomicScope> atomic;
  Declared<std::size_t> atomic_limit;  ///< record sets per atomic call
  Declared<CompareAndSwap> compare_and_swap;
  Declared<std::string_view> commit_step;  ///< empty: none
  Declared<ChangeSignal> signal;
  Declared<Seconds> ttl_floor;
  Declared<Seconds> settle_time;            ///< added to t0 where signal is not kServing
  Declared<std::vector<RecordType>> types;  ///< empty: every type
  Declared<Seconds> ttl_ceiling{};          ///< 0: that of DNS
  Declared<std::vector<Seconds>>
      ttl_steps{};  ///< the only TTLs that can be set, ascending; empty: any from the floor on
  Declared<Budget> budget{};
  /// The most that a record has from its creation until a second call gives it its TTL; 0: it is created with it.
  Seconds ttl_at_first{};
};

/// The lowest TTL that can be set and is not below `wanted`; the highest there is, where none is.
Seconds settable_ttl(const Capabilities& can, Seconds wanted);

std::string_view to_text(Unit unit);
std::string_view to_text(AtomicScope scope);
std::string_view to_text(CompareAndSwap kind);
std::string_view to_text(ChangeSignal signal);

}  // namespace cutover::providers
