#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/zone.h"
#include "net/server_standing.h"

namespace cutover::net {

/// How the program looks names up for itself: name servers, endpoints, targets.
struct LookupOptions {
  std::vector<Endpoint> servers;  ///< the plan's `lookup:`; empty means the system's resolver (c-ares)
  std::chrono::milliseconds timeout{3000};
  std::uint16_t port = 53;  ///< where the authoritative servers that a walk finds listen; another one only in labs
};

/// All A and AAAA addresses of a host name, sorted. kNotFound when it has none or does not exist.
Result<std::vector<IpAddress>> lookup_host(Loop& loop, const Clock& clock, const DomainName& host,
                                           const LookupOptions& options);
/// The resolvers that the system is configured with (resolv.conf, through c-ares).
std::vector<Endpoint> system_resolvers();

/// One address of one authoritative server of a zone.
struct AuthorityServer {
  DomainName name;  ///< NS name; the root where the plan gave only an address
  Endpoint address;
  bool in_parent = false;
  bool in_child = false;
  ServerStanding standing =
      ServerStanding::kUnknown;  ///< as the walk found it; kUnknown where the parent does not name it
  std::string label() const;     ///< `ns1.example.com. (192.0.2.53)`, or the address alone; the port where it is not 53
};

/// One thing about which the parent and the zone, or the servers of one of them, disagree.
struct DelegationDifference {
  enum class Kind {
    kParentViews,   ///< servers of the parent list different NS sets: `server` lists `names`
    kParentDs,      ///< servers of the parent have different DS sets: `server` has `ds`
    kChildViews,    ///< servers of the zone list different NS sets: `server` lists `names`
    kOnlyAtParent,  ///< the parent names the server `name`, the zone does not
    kOnlyInChild,   ///< the zone names the server `name`, the parent does not
    kGlueMissing,   ///< the parent has no address of one family for `name`, a name in the zone; `served` are its own
    kGlueDiffers,   ///< the parent has `glue` for `name`, of one family; `served` is what it really has
  } kind;
  DomainName name{};
  std::string server{};
  std::vector<DomainName> names{};
  std::vector<std::string> ds{};
  std::vector<IpAddress> glue{};
  std::vector<IpAddress> served{};
  enum class Source { kZone, kLookup } source = Source::kZone;  ///< of `served`: the zone's servers, or a look-up
  friend bool operator==(const DelegationDifference&, const DelegationDifference&) = default;
};

struct Delegation {
  std::vector<AuthorityServer> servers;     ///< every address of every NS name, parent's and child's
  std::vector<DomainName> without_address;  ///< NS names that did not resolve: count as not low, not in sync
  Seconds parent_ns_ttl{};
  Seconds child_ns_ttl{};
  bool has_ds = false;
  bool asked_for_ds = false;    ///< a server of the parent answered that question with authority
  std::optional<RecordSet> ds;  ///< all that any server of the parent has
  std::vector<DelegationDifference> differences;
};

/// Walks from the parent: its NS set and glue for `zone`, then the child's own NS set, then the addresses of
/// every name in either (glue, the zone's own answer and look-up together). For zones given by address in the plan use
/// fixed_delegation. kNotFound: the parent does not delegate the zone; kNetwork, kTimeout: the look-up resolver or
/// every parent server is silent.
Result<Delegation> walk_delegation(Loop& loop, const Clock& clock, const DomainName& zone,
                                   const LookupOptions& options);
Delegation fixed_delegation(const std::vector<Endpoint>& servers);
/// The servers that a plan names, where it names any; else walk_delegation().
Result<Delegation> find_delegation(Loop& loop, const Clock& clock, const DomainName& zone,
                                   const std::vector<Endpoint>& named, const LookupOptions& options);

/// What one server said about one record set.
struct AuthorityReading {
  std::size_t server = 0;  ///< index into Delegation::servers
  RecordKey key;
  Outcome outcome = Outcome::kTimeout;
  Rcode rcode = Rcode::kNoError;
  bool authoritative = false;      ///< AA was set
  std::optional<RecordSet> set;    ///< the set at exactly this name and type, when there is one
  std::optional<RecordSet> alias;  ///< what answers in its place: a CNAME of that name, or (put by others) a wildcard
  bool delegated = false;          ///< a referral: the name lies below a zone cut
  std::optional<Seconds> negative_ttl;  ///< from the SOA of a negative answer (RFC 2308)
  Instant received{};
  std::string detail;
};

/// One question to every server for every key, and every server's SOA.
struct AuthoritySweep {
  Instant started{};
  Instant finished{};                                 ///< receipt of the last answer
  std::vector<AuthorityReading> readings;             ///< server-major, keys in the order given
  std::vector<std::optional<std::uint32_t>> serials;  ///< per server; nullopt: no usable SOA answer
  /// Per server, not kept in the journal: whether it serves the zone at all, and its SOA set where it does.
  std::vector<ServerStanding> standings{};
  std::vector<std::optional<RecordSet>> soas{};
};

/// RD=0, AA checked by the caller through `authoritative`; retried once on timeout. A server that does not answer
/// the SOA question is not asked the others: its readings all have that outcome.
AuthoritySweep sweep_authority(Loop& loop, const Clock& clock, const Delegation& delegation, const DomainName& zone,
                               const std::vector<RecordKey>& keys);

}  // namespace cutover::net
