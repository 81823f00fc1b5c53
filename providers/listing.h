#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/change_set.h"
#include "core/zone.h"
#include "providers/record_form.h"

namespace cutover::providers {

/// One record as an API lists it, before it is read.
struct ListedRecord {
  DomainName name;
  std::string type;  ///< `A`, `HTTPS`; one that DNS does not know (`ALIAS`, `URL`) is refused, not lost
  Seconds ttl{};
  ApiData data;
  std::string id{};  ///< what calls name the record by; where calls name sets: the set's version (ETag), or nothing
  std::string refused{};  ///< why its set is not changed here, a clause that follows its name; empty: it may be
  bool proxied = false;   ///< see Zone::proxied
};

/// Whether it is a type that DNS does not know, as a Listing holds it: it gets a number out of the range for private
/// use (RFC 6895 section 3.1), so that it is seen and refused.
bool is_of_the_service(RecordType type);

/// A zone as an API lists it, whole or in part.
class Listing {
 public:
  Listing(const DomainName& origin, const RecordForm& form) : form_(form) { zone.origin = origin; }

  /// kInvalid: the service says something that is no record.
  Result<void> add(const ListedRecord& record);
  /// The id of the record of a set with this data; nullptr: there is none.
  const std::string* id_of(const RecordKey& key, std::string_view rdata) const;
  /// The TTL that this record has itself; nullopt: there is none.
  std::optional<Seconds> ttl_of(const RecordKey& key, std::string_view rdata) const;

  enum class Extent { kWhole, kSome };
  Extent extent = Extent::kWhole;
  Zone zone{};            ///< of the records of a set the highest TTL counts; `soa` where the service shows it
  std::string zone_id{};  ///< what calls name the zone by
  std::map<RecordKey, std::string> refused{};  ///< sets that are not changed here, and why

 private:
  struct Kept {
    std::string id;
    Seconds ttl{};
  };
  const Kept* kept(const RecordKey& key, std::string_view rdata) const;

  RecordForm form_;
  std::map<RecordKey, std::map<std::string, Kept, std::less<>>> kept_;
};

}  // namespace cutover::providers
