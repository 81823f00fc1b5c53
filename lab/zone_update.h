#pragma once
#include <optional>

#include "core/zone.h"
#include "net/message.h"

namespace cutover::lab {

struct UpdateOutcome {
  net::Rcode rcode = net::Rcode::kNoError;
  /// The zone afterwards, serial bumped; empty where nothing changed or the update was refused.
  std::optional<Zone> zone;
};

/// Performs a dynamic update on a copy of `zone` (RFC 2136 section 3): zone section, prerequisites,
/// prescan, then all updates or none. Who may update is the caller's question. Pure.
UpdateOutcome apply_update(const Zone& zone, const net::Message& update);

}  // namespace cutover::lab
