#include "net/signed_set.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover::net {
namespace {

/// Tries of one signature by one key, for one record set. Honest zones need two or three; a hostile one could ask for
/// thousands (CVE-2023-50387).
constexpr int kMostTries = 16;

/// RFC 4034 section 3.1.3: neither the root nor a leading asterisk is counted.
std::size_t signed_labels(const DomainName& name) { return name.label_count() - (name.is_wildcard() ? 1 : 0); }

/// RFC 4034 section 3.1.5: 32 bits of seconds, nearest to now.
Instant moment(std::uint32_t seconds, Instant now) {
  const auto here = std::chrono::floor<Seconds>(now).time_since_epoch().count();
  const auto ahead = static_cast<std::int32_t>(seconds - static_cast<std::uint32_t>(here));
  return Instant(Seconds(here) + Seconds(ahead));
}

/// The fault that tells most, where several signatures fail in different ways.
int weight(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::kTooMany:
      return 6;
    case SignatureFault::kExpired:
      return 5;
    case SignatureFault::kNotYetValid:
      return 4;
    case SignatureFault::kBadSignature:
      return 3;
    case SignatureFault::kNoKey:
      return 2;
    case SignatureFault::kUnsupportedAlgorithm:
      return 1;
    case SignatureFault::kNone:
    case SignatureFault::kNoSignature:
    case SignatureFault::kDsMismatch:
    case SignatureFault::kNoDenial:
      return 0;
  }
  return 0;
}

/// RFC 4035 section 5.3: is there one signature over the set, by one of the keys, that holds now?
class SetVerifier {
 public:
  SetVerifier(const DomainName& zone, const std::vector<Record>& keys, Instant now)
      : zone_(zone), keys_(keys), now_(now) {}

  VerifiedSet run(const std::vector<Record>& section, const RecordKey& key) {
    const std::vector<Record> set = records_of(section, key);
    for (const SetSignature& signature : signatures_over(section, key)) {
      // Section 5.3.1: the zone's own signature, and not of a name with more labels than this one.
      if (signature.fields.signer != zone_ || signature.fields.labels > signed_labels(key.name))
        note(signature, SignatureFault::kBadSignature);
      else if (!can_verify(signature.fields.algorithm))
        note(signature, SignatureFault::kUnsupportedAlgorithm);
      else
        try_keys(set, signature);
    }
    return std::move(out_);
  }

 private:
  void try_keys(const std::vector<Record>& set, const SetSignature& signature) {
    bool any = false;
    for (const Record& key : keys_) {
      const auto fields = read_public_key(key);
      if (!fields || fields->tag != signature.fields.key_tag || fields->algorithm != signature.fields.algorithm)
        continue;
      any = true;
      if (++tries_ > kMostTries) return note(signature, SignatureFault::kTooMany);
      const SignatureFault fault = verify(set, signature.record, key, now_);
      note(signature, fault);
      if (fault == SignatureFault::kNone) return;
    }
    if (!any) note(signature, SignatureFault::kNoKey);
  }

  void note(const SetSignature& signature, SignatureFault fault) {
    const Instant expires = moment(signature.fields.expires, now_);
    const bool good = fault == SignatureFault::kNone;
    if (good ? out_.fault == fault && out_.expires && *out_.expires >= expires
             : out_.fault == SignatureFault::kNone || weight(fault) <= weight(out_.fault))
      return;
    out_.fault = fault;
    out_.expires = expires;
    out_.from_wildcard = good && signature.fields.labels < signed_labels(signature.record.name);
    out_.evidence = fmt::format("signed by key {} (algorithm {}) until {}", signature.fields.key_tag,
                                signature.fields.algorithm, format_instant(expires));
  }

  const DomainName& zone_;
  const std::vector<Record>& keys_;
  Instant now_;
  int tries_ = 0;
  VerifiedSet out_;
};

}  // namespace

std::vector<Record> records_of(const std::vector<Record>& section, const RecordKey& key) {
  std::vector<Record> out;
  for (const Record& record : section)
    if (record.record_class == RecordClass::kIn && record.type == key.type && record.name == key.name)
      out.push_back(record);
  return out;
}

std::vector<SetSignature> signatures_over(const std::vector<Record>& section, const RecordKey& key) {
  std::vector<SetSignature> out;
  for (const Record& record : records_of(section, {key.name, RecordType::kRrsig}))
    if (const auto fields = read_signature(record); fields && fields->covered == key.type)
      out.push_back({record, *fields});
  return out;
}

VerifiedSet verify_set(const std::vector<Record>& section, const RecordKey& key, const DomainName& zone,
                       const std::vector<Record>& keys, Instant now) {
  return SetVerifier(zone, keys, now).run(section, key);
}

}  // namespace cutover::net
