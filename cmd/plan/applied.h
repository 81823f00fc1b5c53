#pragma once
#include <optional>
#include <vector>

#include "cmd/plan/journal.h"
#include "core/change_set.h"

namespace cutover {

/// What swaps have done to each zone since the last finished rollback: per record set the oldest
/// before-image and the newest after-image of every swap that was at least begun. Waves
/// (`swap --only`), resumed and partial writes all count; the live zone says which of it is in force.
std::vector<ChangeSet> swapped_since_rollback(const History& history);

/// The same as writes, oldest first.
std::vector<const WriteRecord*> swap_writes_since_rollback(const History& history);

/// The TTL that a record set had before this cutover touched it; for a set that the swap created, the
/// largest that any set of its name had. What a finished restore-ttl put back no longer counts. nullopt
/// when the journal does not know.
std::optional<Seconds> original_ttl(const History& history, const RecordKey& key);

/// Whether a record set that this cutover lowered or made still has a lower TTL than it should have again: whether
/// there is anything for restore-ttl to do, as far as the journal knows.
bool ttls_are_low(const History& history);

/// When a watch that began after `since` saw everybody turn; nullopt: none has.
std::optional<Instant> converged_since(const History& history, Instant since);

/// The last rollback that changed something and that no later swap followed, or nullptr.
const WriteRecord* standing_rollback(const History& history);

/// What of the plan no swap since the last rollback has written, in the plan's order: the waves still to come, and what
/// somebody else put in place. Empty where nothing is swapped at all.
std::vector<RecordKey> not_swapped_yet(const Plan& plan, const History& history);

}  // namespace cutover
