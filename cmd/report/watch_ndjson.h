#pragma once
#include <string>

#include "cmd/phases/watch.h"

namespace cutover {

// One JSON object per line, each with "schema" and "event". TTLs are integers in `ttl_s`, round trips in `rtt_us`,
// instants RFC 3339 in UTC. No line break at the end.

/// {"schema":1,"event":"begun","of":"swap","give_up_at":..,"record_sets":[{"name","type","old","new","ttl_s",
/// "new_since","bound_at"}],"resolvers":[{"resolver","operator","transport","address","country","place"}]}
std::string watch_begun_ndjson(const WatchQuestions& questions);

/// A sample: {"schema":1,"event":"sample","at":..,"resolver","operator","name","type","verdict","changed","ttl_s",
/// "expires_at","rdata","site","rtt_us","tcp","detail"}; `ttl_s` and `expires_at` are null where there is none.
/// A summary:
/// {"schema":1,"event":"summary","at":..,"level","bound_at","observed_until","observed_entries","observed_half",
/// "observed_most","observed_earliest","observed_latest","retire_from","bounded","sampled","converged",
/// "resolvers":{"all","answered","settled"},"operators":{..},"verdicts":{"new":3,..},"holding":[..],
/// "must_missing":[..],"why"}
std::string watch_event_ndjson(const WatchQuestions& questions, const dnsprobe::WatchEvent& event);

/// The name servers were asked which of them is behind:
/// {"schema":1,"event":"authority","at":..,"changed","record_sets":[{"name","type"}],"lagging":[{"server","name","type",
/// "gives":"old|not-yet|other|no-answer","detail"}],"unseen":[{"name","type","zone","settle_s"}],"text":[..]}
std::string watch_authority_ndjson(const AuthorityLook& look);

/// {"schema":1,"event":"end","end":"converged","converged_at":..,"last_old_seen_at":..,"questions":12,"headline":..,"notes":[..],"next"}
std::string watch_end_ndjson(const WatchPhaseResult& result);

}  // namespace cutover
