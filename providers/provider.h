#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/change_set.h"
#include "core/zone.h"
#include "net/authority.h"
#include "net/loop.h"
#include "providers/capabilities.h"

namespace cutover::providers {

/// One call to the provider, as data: it is journalled before it is made.
struct Step {
  DomainName zone;
  int ordinal = 0;                 ///< 1, 2, ... within one change set; 0: the commit after them
  std::string summary;             ///< one line for people
  std::string request;             ///< JSON; everything apply() needs, no secret
  std::vector<RecordKey> touches;  ///< the record sets this call would change
};

/// What the provider said after a step. `reply` is JSON, for the journal.
struct Receipt {
  DomainName zone;
  int ordinal = 0;
  std::string summary;
  std::string reply;
};

/// The way back for someone without this program.
struct InverseScript {
  std::string file_name;   ///< `rollback-example.com.nsupdate`, `rollback-example.com.sh`
  std::string how_to_run;  ///< `nsupdate -k KEYFILE rollback-example.com.nsupdate`
  std::string text;
};

/// Where somebody's zone is. One folder per provider; a newcomer copies one and adds a line to catalog.cc.
/// Not thread-safe. A Provider borrows the Context's loop and clock, which must outlive it.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual const Capabilities& capabilities() const = 0;

  /// The whole zone as the provider holds it. kRefused when the credentials do not allow that.
  virtual Result<Zone> read(const DomainName& zone) = 0;
  /// Only some record sets (absent ones are absent in the map) and the SOA set: what a write needs. Providers
  /// that can ask for single sets override it; the rest read the zone.
  struct Sets {
    Soa soa;
    std::map<RecordKey, RecordSet> sets;
    std::optional<std::size_t> in_zone{};  ///< count_sets() of the whole zone, where that was what was read
    /// Sets that the provider would spoil if they were changed through it, and why: `has other answers by weight`.
    std::map<RecordKey, std::string> refused{};
    std::set<DomainName> proxied{};  ///< see Zone::proxied
  };
  virtual Result<Sets> read_sets(const DomainName& zone, const std::vector<RecordKey>& keys);

  /// What will be called, in order. Pure: no I/O. kUnsupported with the reason for what cannot be carried.
  virtual Result<std::vector<Step>> steps(const ChangeSet& changes) const = 0;
  /// Makes one call. kConflict: a prerequisite did not hold and nothing was changed. kUnknown: sent,
  /// and no answer came. Every other error: nothing was changed.
  virtual Result<Receipt> apply(const Step& step) = 0;
  /// The call that puts into force what the steps before it have laid out, where the provider has such a call
  /// (`commit_step`); it is made after the last step of a change set, and again where its outcome is not known.
  virtual std::optional<Step> commit(const DomainName&) const { return std::nullopt; }
  /// Whether the provider says that the change is in force everywhere it serves; kServing providers: true.
  virtual Result<bool> in_sync(const Receipt& receipt) = 0;

  /// A script that makes exactly `inverse` happen without this program, guarded like the real thing.
  virtual Result<InverseScript> inverse_script(const ChangeSet& inverse) const = 0;
  /// Difference between this machine's clock and the provider's, where the last call showed it.
  virtual std::optional<Span> clock_skew() const { return std::nullopt; }
};

/// Whether a change of one record set can take several calls, so that the set can be found half-way.
bool edits_records(const Provider& provider);
/// Whether a change that `provider` makes may have been cut off here: between the values, or before the TTL was set.
bool stopped_halfway(const Provider& provider, const Change& change, const std::optional<RecordSet>& live);

/// How many record sets people made: what signers make (RRSIG, NSEC, NSEC3) is not counted.
std::size_t count_sets(const Zone& zone);
/// The record sets of `keys` and the SOA set out of the whole zone.
Provider::Sets sets_of(const Zone& zone, const std::vector<RecordKey>& keys);

/// NS, SOA and what DNSSEC adds: these records decide who answers for the zone, or a signer makes them.
bool decides_who_answers(RecordType type);
/// kUnsupported: a change of such records. kInvalid: one outside the zone.
Result<void> check_within(const Change& change, const DomainName& zone);

/// Whether the live set (nullptr: none) is what a change starts from, for providers that compare for themselves.
/// A TTL that somebody lowered meanwhile is no harm to a change of values; one that rose is: caches may hold
/// the old answer longer than the drain gate promised.
bool before_holds(const Change& change, const RecordSet* live);
/// Whether the live set is what a change leaves behind, TTL included.
bool after_holds(const Change& change, const RecordSet* live);

/// What the plan's `provider:` mapping says, as text. `type` is not among the options.
struct ProviderConfig {
  std::string type;
  std::map<std::string, std::string> options;
  std::string base_folder;  ///< of the plan file: relative paths start here
};

/// What every provider is given.
struct Context {
  net::Loop& loop;
  const Clock& clock;
  net::LookupOptions lookup{};                     ///< how a server given by name is found: the plan's `lookup:`
  std::function<void(const std::string&)> tell{};  ///< hears what takes longer than expected, a sentence each
};

}  // namespace cutover::providers
