#pragma once
#include <optional>
#include <set>

#include "core/zone.h"

namespace cutover {

/// Answers the questions about a zone's names that need more than one record set: which node a
/// question ends at, and where the zone ends. Borrows the zone, which must outlive it unchanged.
class ZoneIndex {
 public:
  explicit ZoneIndex(const Zone& zone);

  /// The node whose records answer for `name`: itself, or the wildcard of its closest encloser
  /// (RFC 4592 section 3.3.1); nullopt when the name does not exist or lies outside the zone.
  std::optional<DomainName> source_of(const DomainName& name) const;
  /// The wildcard that would answer for `name` if it had no records, nor names below it.
  std::optional<DomainName> wildcard_over(const DomainName& name) const;
  /// The names where child zones begin: NS records below the apex.
  const std::set<DomainName>& cuts() const { return cuts_; }
  /// The cut that `name` is at or below: its records are not this zone's to answer (RFC 1034 section 4.2.1).
  std::optional<DomainName> cut_above(const DomainName& name) const;
  /// Whether an NS set of this zone names `name`, so that the parent side may hold its addresses as glue.
  bool is_name_server(const DomainName& name) const { return name_servers_.count(name) > 0; }
  /// Where the CNAMEs inside the zone lead from `name`, the last name first outside the zone or without
  /// a CNAME; stops after 16 links.
  DomainName end_of_chain(const DomainName& name) const;

 private:
  const Zone& zone_;
  std::set<DomainName> nodes_;  ///< every name with records and every name above one (empty non-terminals exist)
  std::set<DomainName> cuts_;
  std::set<DomainName> name_servers_;
};

/// The CNAME's target, or nullopt where it cannot be read.
std::optional<DomainName> alias_target(const RecordSet& cname);

}  // namespace cutover
