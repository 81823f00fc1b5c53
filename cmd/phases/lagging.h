#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cmd/phases/cutover.h"
#include "dnsprobe/observation.h"

namespace cutover {

/// One address of a name server that does not give the new answer for a record set.
struct LaggingServer {
  enum class Gives {
    kOld,       ///< the old set
    kNotYet,    ///< nothing, where the change creates the set
    kOther,     ///< neither the old nor the new set
    kNoAnswer,  ///< no answer with authority: whether it is behind cannot be told
  };
  std::string server;  ///< AuthorityServer::label(); a name without an address: that name
  RecordKey key;
  Gives gives = Gives::kOld;
  std::string detail;  ///< the values, or why there are none
  friend bool operator==(const LaggingServer&, const LaggingServer&) = default;
};

/// Resolvers fetch the old answer, and every address that is seen from here gives the new one.
struct UnseenSite {
  RecordKey key;
  DomainName zone;
  Seconds settle{};  ///< the zone's settle time, which is over
  friend bool operator==(const UnseenSite&, const UnseenSite&) = default;
};

/// A look at every address of every name server, after a resolver had fetched the old answer afresh.
struct AuthorityLook {
  Instant at{};                 ///< receipt of the last answer
  std::vector<RecordKey> keys;  ///< what was asked for
  std::vector<LaggingServer> lagging;
  std::vector<UnseenSite> unseen;  ///< of `keys`, those that no address gives the old answer of
  bool changed = false;            ///< says something else than the look before it, or is the first one
};

std::string_view to_text(LaggingServer::Gives gives);
/// `ns2.example.net. (192.0.2.54) still serves the old A of www.example.com: 192.0.2.1`. Printable.
std::string sentence(const LaggingServer& server);
/// That no server seen from here is behind, what that means, and what to do.
std::string sentence(const UnseenSite& site);
/// The sentences of everything that a look found.
std::vector<std::string> sentences(const AuthorityLook& look);

/// What a sweep says about who is behind. Pure. `expectations`: those of `zone` alone, every one of which was asked
/// for.
AuthorityLook judge_lag(const ZonePlan& zone, Seconds settle, const net::Delegation& delegation,
                        const net::AuthoritySweep& sweep, const std::vector<dnsprobe::Expectation>& expectations);

/// Finds the name server that is behind while resolvers are watched. It is told of every answer, and asks the name
/// servers itself, so that the probing engine need not know them. Both references outlive it.
class LagSearch {
 public:
  LagSearch(Cutover& cutover, const std::vector<dnsprobe::Expectation>& expectations);

  /// A resolver's answer for one record set (index into the expectations).
  void note(std::size_t key, const dnsprobe::Observation& seen);
  /// Asks every address when a resolver fetched the old answer afresh since the last look and that was long enough ago:
  /// the low TTL, five seconds at least and five minutes at most. A look that says something new is journalled with its
  /// sweep. Takes a round trip, or a few seconds where a server is silent.
  Result<std::optional<AuthorityLook>> look_when_due();

  /// Everything that was ever found, and until when it was seen to be so.
  std::vector<std::string> story() const;

 private:
  bool is_due() const;
  Result<AuthorityLook> look();
  Result<void> keep_in_mind(const AuthorityLook& look);

  struct Found {
    std::string sentence;
    Instant last{};
  };
  Cutover& cutover_;
  const std::vector<dnsprobe::Expectation>& expectations_;
  std::vector<bool> wanted_;  ///< by expectation: fetched afresh since the last look
  std::optional<AuthorityLook> last_;
  Span last_took_{};
  std::vector<Found> found_;
};

}  // namespace cutover
