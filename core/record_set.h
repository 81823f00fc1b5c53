#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/result.h"

namespace cutover {

/// A record type (IANA DNS parameters). Types without a name of their own here are valid values
/// and are written TYPE123 (RFC 3597).
enum class RecordType : std::uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kNaptr = 35,
  kDname = 39,
  kOpt = 41,
  kDs = 43,
  kSshfp = 44,
  kRrsig = 46,
  kNsec = 47,
  kDnskey = 48,
  kNsec3 = 50,
  kNsec3param = 51,
  kTlsa = 52,
  kCds = 59,
  kCdnskey = 60,
  kZonemd = 63,
  kSvcb = 64,
  kHttps = 65,
  kSpf = 99,
  kTsig = 250,
  kIxfr = 251,
  kAxfr = 252,
  kAny = 255,
  kCaa = 257,
};

std::string to_text(RecordType type);
Result<RecordType> record_type_from_text(std::string_view text);

/// What identifies a record set within a zone.
struct RecordKey {
  DomainName name;
  RecordType type = RecordType::kA;
  friend bool operator==(const RecordKey&, const RecordKey&) = default;
  friend std::strong_ordering operator<=>(const RecordKey&, const RecordKey&) = default;
  /// `www.example.com. A`
  std::string text() const { return name.text() + " " + to_text(type); }
};

/// All records of one name and type (RFC 2181 section 5: an RRset, one TTL).
/// `rdata` holds canonical presentation text (names absolute and lower case, addresses in their
/// canonical form), sorted and without repeats, so that two sets are equal when they compare equal.
/// net/rdata.h makes that form from what people and servers write.
struct RecordSet {
  DomainName name;
  RecordType type = RecordType::kA;
  Seconds ttl{};
  std::vector<std::string> rdata;

  RecordKey key() const { return {name, type}; }
  friend bool operator==(const RecordSet&, const RecordSet&) = default;
};

/// Sorts and removes repeats, in place: the last step of building a RecordSet.
void normalize(RecordSet& set);
/// Same name, type and data; the TTL may differ.
bool same_values(const RecordSet& a, const RecordSet& b);
/// RFC 2181 section 8.
inline constexpr Seconds kMaxTtl{2147483647};

}  // namespace cutover
