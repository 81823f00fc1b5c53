#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record_set.h"
#include "core/result.h"

namespace cutover::providers::route53 {

// The XML that Route 53 speaks (API of 2013-04-01), in both directions. Pure.

/// A record set as the service lists it.
struct ListedSet {
  RecordSet set;                    ///< canonical; no data for an alias
  std::string name;                 ///< as it was written: `\052.example.com.`
  std::vector<std::string> values;  ///< as they were written: a deletion has to repeat them
  std::string special;              ///< why it is not one that everybody is answered with; empty: it is
};

/// Where the next page begins.
struct PageStart {
  std::string name, type, identifier{};  ///< `identifier` where the set has one
};

struct SetsPage {
  std::vector<ListedSet> sets;
  std::optional<PageStart> next;  ///< nullopt: this was the last
};
/// ListResourceRecordSetsResponse. kInvalid: it is none, or has data that are none of their type.
Result<SetsPage> read_sets_page(std::string_view xml);

struct HostedZone {
  std::string id;  ///< `Z0123456789ABC`, without `/hostedzone/`
  DomainName name;
  enum class View { kPublic, kPrivate } view = View::kPublic;
};
struct ZonesPage {
  std::vector<HostedZone> zones;
  std::optional<PageStart> next{};  ///< `name` and, as `identifier`, the id
};
/// ListHostedZonesByNameResponse. kInvalid as above.
Result<ZonesPage> read_zones_page(std::string_view xml);

/// Of a change that the service took.
struct ChangeInfo {
  std::string id;  ///< `C0123456789ABC`, without `/change/`
  enum class Status { kPending, kInSync } status = Status::kPending;
};
/// ChangeResourceRecordSetsResponse and GetChangeResponse.
Result<ChangeInfo> read_change_info(std::string_view xml);

/// What an error says: `InvalidChangeBatch` and its sentences. Empty code: it is no error that AWS writes.
struct Complaint {
  std::string code;
  std::vector<std::string> messages;
};
Complaint read_complaint(std::string_view xml);

/// One Change element. There is no UPSERT: it would overwrite whatever is there.
struct Edit {
  enum class Action { kDelete, kCreate } action = Action::kCreate;
  std::string name;  ///< as Route 53 writes names, see aws_name()
  RecordType type = RecordType::kA;
  Seconds ttl{};
  std::vector<std::string> values;  ///< as Route 53 writes them, see aws_value()
};
/// ChangeResourceRecordSetsRequest.
std::string change_body(const std::vector<Edit>& edits);

/// A name as Route 53 takes it: what is neither letter, digit, `-` nor `_` as three octal digits, but for a wildcard's
/// `*` (Developer Guide, "DNS domain name format").
std::string aws_name(const DomainName& name);
/// Reads a name with octal escapes: `\052.example.com.`.
Result<DomainName> name_from_aws(std::string_view text);
/// Canonical data with its escapes in octal, where zone files have them in decimal.
std::string aws_value(std::string_view rdata);
/// The other way round; not yet canonical.
std::string value_from_aws(std::string_view value);

/// The record types that Route 53 takes.
const std::vector<RecordType>& aws_types();

}  // namespace cutover::providers::route53
