#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/plan/mention.h"
#include "cmd/plan/service_binding.h"
#include "cmd/plan/txt_words.h"
#include "cmd/plan/zone_index.h"

namespace cutover {

// The inside of sweep_mentions(). The sweep goes over the zone twice, because the second time needs what the
// first found:
//
//   1. address and CNAME sets that hold the old side themselves -> changes. A name is said to move when a
//      question for it ends at one of them, through wildcards and the zone's own CNAMEs.
//   2. everything that points at a moving name, goes along with one, or names the old side in another form
//      -> mentions; HTTPS and SVCB sets, whose hints and `ech` belong to the names they go with -> changes
//      where nothing bars it.

/// One run over one zone. Borrows what it is made of.
class Sweep {
 public:
  Sweep(const Zone& zone, const Mapping& mapping, const SweepOptions& options)
      : zone_(zone), mapping_(mapping), options_(options), index_(zone) {}
  Findings run();

 private:
  using About = FoundMention::About;

  // What every finding needs.
  std::string shown(const DomainName& name) const;
  void mention(const RecordKey& key, std::string_view what, const std::string& reason, About about = About::kOldSide);
  FoundChange& change(const RecordSet& set, std::vector<std::string> to);
  const std::vector<IpAddress>* places_of(std::string_view rdata) const;
  const DomainName* place_of(const DomainName& target) const;
  /// The changed name that a question for `name` ends at, through wildcards and CNAMEs of this zone.
  std::optional<DomainName> moves(const DomainName& name) const;
  /// Why an address set that holds an old address is not for this plan to change.
  std::optional<std::string> barred(const RecordSet& set) const;

  // Changes: sweep_changes.cc
  void find_changes(const RecordSet& set);
  void find_address_change(const RecordSet& set);
  void find_alias_change(const RecordSet& set);
  /// --to has a family that --from has not: names that move get a set of that family beside the moved one.
  void add_new_family();
  void find_binding(const RecordSet& set);
  std::vector<std::string> old_words_of(const ServiceBinding& binding) const;
  void find_unreadable_binding(const RecordSet& set, std::string_view rdata);
  /// The classic mistake: A moves, AAAA stays, and everybody with IPv6 stays on the old side.
  void find_other_family(const RecordSet& set);
  bool is_new_address(std::string_view rdata) const;
  void find_followers();

  // What points at the old side or at a moving name: sweep_targets.cc
  void find_mentions(const RecordSet& set);
  void find_delegation(const RecordSet& set);
  void find_reverse(const RecordSet& set);
  void find_mapped(const RecordSet& set);
  /// TLSA and SSHFP name the key of the host that answers today (RFC 7671 section 8, RFC 4255).
  void find_keys(const RecordSet& set);
  static std::string tlsa_reason(const DomainName& moving);
  void find_targets(const RecordSet& set);
  void mention_target(const RecordKey& key, const DomainName& target, const std::string& reason, About about);
  bool leads_into_old(const DomainName& target) const;
  std::string old_target_reason(RecordType type, const DomainName& target) const;
  std::string moving_target_reason(RecordType type, const DomainName& target) const;

  // What is written in text: sweep_text.cc
  void find_text(const RecordSet& set);
  void find_spf_term(const RecordSet& set, const std::vector<SpfTerm>& terms, const SpfTerm& term);
  std::string spf_reason(const std::vector<SpfTerm>& terms, const IpAddress& old,
                         const std::vector<IpAddress>& places) const;
  void find_spf_host(const RecordSet& set, const SpfTerm& term, const std::string& what);
  bool host_network_covers_old(const DomainName& host, const SpfTerm& term) const;
  /// Types without a rule of their own: URI, CAA parameters, HINFO, APL, IPSECKEY, ...
  void find_literals(const RecordSet& set);
  void find_literals_in(const RecordSet& set, std::string_view text);

  const Zone& zone_;
  const Mapping& mapping_;
  const SweepOptions& options_;
  ZoneIndex index_;
  std::set<RecordKey> changed_;
  std::set<std::string> texts_;
  Findings findings_;
};

/// The names that a record points at, by type (RFC 1035 section 3.3, 2782, 3403, 6672).
std::vector<DomainName> names_pointed_at(RecordType type, std::string_view rdata);
/// `www` of `_443._tcp.www`: the name that service labels stand in front of.
DomainName without_service_labels(const DomainName& name);

}  // namespace cutover
