#include "core/record_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/text.h"

namespace cutover {
namespace {

struct Named {
  RecordType type;
  std::string_view name;
};

constexpr std::array kNames{
    Named{RecordType::kA, "A"},
    Named{RecordType::kNs, "NS"},
    Named{RecordType::kCname, "CNAME"},
    Named{RecordType::kSoa, "SOA"},
    Named{RecordType::kPtr, "PTR"},
    Named{RecordType::kMx, "MX"},
    Named{RecordType::kTxt, "TXT"},
    Named{RecordType::kAaaa, "AAAA"},
    Named{RecordType::kSrv, "SRV"},
    Named{RecordType::kNaptr, "NAPTR"},
    Named{RecordType::kDname, "DNAME"},
    Named{RecordType::kOpt, "OPT"},
    Named{RecordType::kDs, "DS"},
    Named{RecordType::kSshfp, "SSHFP"},
    Named{RecordType::kRrsig, "RRSIG"},
    Named{RecordType::kNsec, "NSEC"},
    Named{RecordType::kDnskey, "DNSKEY"},
    Named{RecordType::kNsec3, "NSEC3"},
    Named{RecordType::kNsec3param, "NSEC3PARAM"},
    Named{RecordType::kTlsa, "TLSA"},
    Named{RecordType::kCds, "CDS"},
    Named{RecordType::kCdnskey, "CDNSKEY"},
    Named{RecordType::kZonemd, "ZONEMD"},
    Named{RecordType::kSvcb, "SVCB"},
    Named{RecordType::kHttps, "HTTPS"},
    Named{RecordType::kSpf, "SPF"},
    Named{RecordType::kTsig, "TSIG"},
    Named{RecordType::kIxfr, "IXFR"},
    Named{RecordType::kAxfr, "AXFR"},
    Named{RecordType::kAny, "ANY"},
    Named{RecordType::kCaa, "CAA"},
};

}  // namespace

std::string to_text(RecordType type) {
  for (const Named& named : kNames)
    if (named.type == type) return std::string(named.name);
  return fmt::format("TYPE{}", static_cast<unsigned>(type));
}

Result<RecordType> record_type_from_text(std::string_view text) {
  const std::string lower = to_lower(text);
  for (const Named& named : kNames)
    if (to_lower(named.name) == lower) return named.type;
  unsigned number = 0;
  if (lower.starts_with("type")) {
    const auto [end, error] = std::from_chars(lower.data() + 4, lower.data() + lower.size(), number);
    if (error == std::errc{} && end == lower.data() + lower.size() && number > 0 && number <= 65535)
      return static_cast<RecordType>(number);
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("'{}' is no record type; write A, AAAA, CNAME, HTTPS, ... or TYPE123", printable(text)));
}

void normalize(RecordSet& set) {
  std::sort(set.rdata.begin(), set.rdata.end());
  set.rdata.erase(std::unique(set.rdata.begin(), set.rdata.end()), set.rdata.end());
}

bool same_values(const RecordSet& a, const RecordSet& b) {
  return a.name == b.name && a.type == b.type && a.rdata == b.rdata;
}

}  // namespace cutover
