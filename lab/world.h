#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lab/authority.h"
#include "lab/certificates.h"
#include "lab/clock_timer.h"
#include "lab/loop_thread.h"
#include "lab/resolver.h"
#include "lab/tls_server.h"
#include "lab/visitor.h"

namespace cutover::lab {

/// What a small Internet is made of.
struct WorldSpec {
  std::vector<Zone> zones;  ///< as they are before anything happens, old TTLs and all
  std::vector<Following> authority =
      std::vector<Following>(3);     ///< one per address of the authority; the first is the primary
  std::string key_name = "lab-key";  ///< may transfer and update every zone (hmac-sha256)

  struct ResolverPlan {
    std::string name;  ///< `lab-honest-one`
    std::string operated_by;
    Habits habits;
    std::vector<DomainName> filtered;
  };
  std::vector<ResolverPlan> resolvers;  ///< see usual_resolvers()

  struct EndpointPlan {
    std::string side;               ///< `old`, `new`
    Endpoint logical;               ///< as the zones and the plan speak of it: 203.0.113.20:443
    std::vector<DomainName> names;  ///< of its certificate
    TlsServerSpec::Protocol protocol = TlsServerSpec::Protocol::kHttps;
    std::map<std::string, int> statuses;      ///< HTTP status per path; 200 else
    Seconds valid_for{90 * 86400};            ///< certificate lifetime from now; it began ten days ago
    MailProtocol mail = MailProtocol::kSmtp;  ///< with Protocol::kMail
  };
  std::vector<EndpointPlan> endpoints;

  struct VisitorPlan {
    std::vector<DomainName> sites;
    Span every{std::chrono::minutes(10)};
    std::uint16_t port = 443;
    TlsServerSpec::Protocol protocol = TlsServerSpec::Protocol::kHttps;
  };
  /// One visitor per resolver that gives honest answers; empty: nobody visits.
  std::optional<VisitorPlan> visitors;

  std::uint64_t seed = 1;  ///< the same seed, the same phases, cache choices and visits
};

/// Sixteen resolvers with all the habits that are met in the wild. Their operators are made up.
std::vector<WorldSpec::ResolverPlan> usual_resolvers();

/// A small Internet on loopback: authority, resolvers, endpoints of both sides, visitors. Lives on a thread
/// of its own until it is destroyed; everything public is thread-safe.
class World {
 public:
  /// `clock` must outlive the world. Errors: no socket, no certificate, a zone without SOA.
  static Result<std::unique_ptr<World>> start(const Clock& clock, WorldSpec spec);
  ~World();

  Authority& authority() { return *authority_; }
  const std::vector<std::unique_ptr<Resolver>>& resolvers() const { return resolvers_; }
  /// In the order of WorldSpec::endpoints.
  const std::vector<std::unique_ptr<TlsServer>>& endpoints() const { return endpoints_; }
  const net::TsigKey& key() const { return key_; }
  /// Files in a private temporary folder that goes away with the world: the root certificate as PEM, and
  /// the key as tsig-keygen writes it, readable by nobody else.
  std::string ca_file() const { return folder_ + "/ca.pem"; }
  std::string key_file() const { return folder_ + "/lab.key"; }
  /// Logical endpoints to loopback, for whoever connects.
  const Routes& routes() const { return routes_; }
  std::vector<Visit> visits() const { return log_.visits(); }

  /// Makes every cache of every honest resolver hold what the authority serves now for these keys, CNAMEs
  /// followed, as if each had fetched it at some moment of the past TTL: what the world looks like when
  /// somebody starts a cutover.
  void warm(const std::vector<RecordKey>& keys);
  /// Runs `action` on the lab's thread when the clock says so.
  void schedule(Instant at, std::function<void(World&)> action);

  /// What the caches really hold, which no probe from outside can know.
  struct Truth {
    std::optional<Instant> last_expiry;  ///< the latest expiry any cache ever gave to one of the sets
    std::string last_holder;             ///< the resolver it belongs to
    int caches_holding = 0;              ///< caches that would answer with one of the sets now, stale data included
  };
  Truth truth_about(const std::vector<RecordSet>& sets) const;

 private:
  World(const Clock& clock, std::uint64_t seed) : clock_(clock), random_(seed), events_timer_(thread_.loop(), clock) {}
  Result<void> build(WorldSpec spec);
  Result<void> make_files(const std::string& root_pem);
  Result<void> open_endpoints(const std::vector<WorldSpec::EndpointPlan>& plans, const CertificateAuthority& ca);
  Result<void> open_resolvers(const WorldSpec& spec);
  void invite_visitors(const WorldSpec::VisitorPlan& plan);
  void arm_events();
  void run_due_events();

  const Clock& clock_;
  std::mt19937_64 random_;  ///< only while building, and under mutex_ afterwards
  LoopThread thread_;       ///< its loop outlives everything below
  std::string folder_;
  net::TsigKey key_;
  std::optional<TlsTrust> trust_;
  Routes routes_;  ///< fixed once built
  VisitLog log_;
  std::unique_ptr<Authority> authority_;
  std::vector<std::unique_ptr<Resolver>> resolvers_;
  std::vector<std::unique_ptr<TlsServer>> endpoints_;
  std::vector<std::unique_ptr<Visitor>> visitors_;
  ClockTimer events_timer_;  ///< only on the loop's thread
  std::mutex mutex_;         ///< guards everything below, and random_
  std::multimap<Instant, std::function<void(World&)>> events_;
};

}  // namespace cutover::lab
