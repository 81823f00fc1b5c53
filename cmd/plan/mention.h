#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/plan/mapping.h"
#include "cmd/plan/plan.h"
#include "core/zone.h"

namespace cutover {

/// A record set of the old side that the mapping rewrites without a doubt.
struct FoundChange {
  PlannedChange change;
  Seconds ttl{};                   ///< of the live set; for a set that is created, of the set it goes with
  std::vector<std::string> notes;  ///< one sentence each, for the comment in the plan
  std::string alarm;               ///< what nobody may overlook (a removal); empty: nothing
};

/// Something that names the old side, or goes along with it, and that is left for a person to decide.
struct FoundMention {
  enum class About {
    kOldSide,    ///< it names the old side
    kGoesAlong,  ///< it names a moving name, or belongs to one
    kUnswept,    ///< a child zone that was not looked into
  };
  About about = About::kOldSide;
  RecordKey key;
  std::string text;    ///< `TXT @ spf1 ip4:198.51.100.10`: type, relative name, what; the same on every run
  std::string reason;  ///< why no change is proposed, and what to do
  std::optional<DomainName> target{};  ///< the name it points at, where it does
};

/// A name that is not changed itself and moves all the same: its CNAMEs inside the zone lead to a change.
struct Follower {
  DomainName name;
  DomainName moving;  ///< the changed name that its chain ends at
};

std::string_view to_text(FoundMention::About about);

struct Findings {
  std::vector<FoundChange> changes;    ///< in order of name and type
  std::vector<FoundMention> mentions;  ///< no text twice
  std::vector<Follower> followers;

  const FoundChange* change_of(const RecordKey& key) const;
};

/// How names are written in mentions: absolute where one plan holds several zones.
enum class MentionNames { kRelative, kAbsolute };

struct SweepOptions {
  MentionNames names = MentionNames::kRelative;
  /// What the other zones of the same plan move: a name, and the changed name that it ends at.
  std::map<DomainName, DomainName> moving_elsewhere{};
};

/// The names that a sweep found moving, each with the changed name that it ends at: those with a changed A,
/// AAAA or CNAME (they end at themselves), and their followers.
std::map<DomainName, DomainName> moving_names(const Findings& findings);

/// Finds every mention of the old side in a zone. Pure. A, AAAA, CNAME and HTTPS/SVCB sets become changes
/// where the mapping says exactly what they turn into; in a set of several values only the old ones are
/// replaced. Everything else becomes a mention: MX, SRV, NS, SOA, PTR, DNAME and NAPTR targets, SPF terms,
/// other text, TLSA and SSHFP of moving names, records at or below a zone cut, addresses of name servers
/// (the parent holds them too), delegated child zones (which are not looked into), the other address family
/// of a name that moves, and HTTPS records with `ech` or in a form that cannot be rewritten.
Findings sweep_mentions(const Zone& zone, const Mapping& mapping, const SweepOptions& options = {});

/// The reverse name of an address: `10.100.51.198.in-addr.arpa.`
DomainName reverse_name(const IpAddress& address);

}  // namespace cutover
