#pragma once
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/scenarios/stage.h"

// What the stories about bad input and bad peers share: a small plan on loopback, runs that are expected to fail with
// a sentence, and the look afterwards that nothing was lost.

namespace cutover::stage {

inline constexpr int kBadOldTtl = 2;
inline constexpr int kBadLowTtl = 1;

/// `www` moves from 127.0.0.1 to 127.0.0.2; `shop` is an alias that stays.
std::string small_zone(const std::string& origin, int www_ttl = kBadOldTtl);

struct SmallPlan {
  std::vector<std::string> zones{"example.com"};
  std::vector<Endpoint> servers;       ///< the primary of each zone, in the order of `zones`
  std::vector<Endpoint> also;          ///< further authoritative servers of the first zone
  std::vector<std::string> resolvers;  ///< as in `watch: resolvers`
  std::string extra{};                 ///< further lines
  std::string text() const;
};

/// A run that has to end with `status` and whose output has to hold each of `words`.
struct Expected {
  std::vector<std::string> command;
  int status = 1;
  std::vector<std::string> words;
  std::vector<std::string> environment{};
};
Run expect(const Desk& desk, const Expected& expected);

/// What must not change: every record with its TTL, and the serial.
struct ZoneImage {
  std::vector<std::string> lines;
  std::optional<std::uint32_t> serial;
  friend bool operator==(const ZoneImage&, const ZoneImage&) = default;
};
ZoneImage image_of(const servers::Authority& authority, const std::string& zone);
/// The value of `www` as the server gives it.
std::string www_of(const servers::Authority& authority, const std::string& zone);

/// The plan's journal can be read and is whole, and the zone can be read at its provider: `status` and `plan` do.
void check_journal_works(const Desk& desk, int plan_status = 2);

/// The options of a swap whose preflight and drain are not what the test is about.
std::vector<std::string> forced_swap();

/// Waits until a process that was told to stop at a boundary stands still there. False: it did not.
bool wait_for_stop(const servers::Process& process);

}  // namespace cutover::stage
