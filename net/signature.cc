#include "net/signature.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "net/rdata.h"
#include "net/wire.h"
// After the standard headers: it declares C names that clash with them otherwise.
#include <ldns/ldns.h>

namespace cutover::net {
namespace {

struct Closer {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(ldns_rr_list* list) const { ldns_rr_list_deep_free(list); }
};
using OwnedRecord = std::unique_ptr<ldns_rr, Closer>;
using OwnedSet = std::unique_ptr<ldns_rr_list, Closer>;

/// ldns leaves OpenSSL's complaints about bad keys in the thread's queue, where the next TLS connection would take
/// them for its own.
struct QueueCleaner {
  QueueCleaner() = default;
  QueueCleaner(const QueueCleaner&) = delete;
  QueueCleaner& operator=(const QueueCleaner&) = delete;
  ~QueueCleaner() { ERR_clear_error(); }
};

const std::uint8_t* octets(std::string_view bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

/// The data as they were signed: names in lower case, but for the types that keep capitals.
std::optional<std::string> signed_data(const Record& record) {
  if (!record.signed_form.empty()) return record.signed_form;
  auto wire = rdata_to_wire(record.type, record.rdata, DomainName());
  if (!wire) return std::nullopt;
  return *std::move(wire);
}

/// A record that ldns takes apart: DNSKEY or RRSIG.
OwnedRecord parsed_record(const Record& record) {
  const auto data = signed_data(record);
  if (!data) return nullptr;
  std::string wire = record.name.wire();
  put_u16(wire, static_cast<unsigned>(record.type));
  put_u16(wire, static_cast<unsigned>(record.record_class));
  put_u32(wire, record.ttl);
  put_u16(wire, static_cast<unsigned>(data->size()));
  wire += *data;
  std::size_t at = 0;
  ldns_rr* rr = nullptr;
  if (ldns_wire2rr(&rr, octets(wire), wire.size(), &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK) return nullptr;
  return OwnedRecord(rr);
}

bool push(ldns_rr* rr, ldns_rdf_type kind, std::string_view bytes) {
  ldns_rdf* field = ldns_rdf_new_frm_data(kind, bytes.size(), bytes.data());
  if (field != nullptr && ldns_rr_push_rdf(rr, field)) return true;
  ldns_rdf_deep_free(field);
  return false;
}

/// A record whose data ldns only copies and compares: one field of bytes, whatever the type.
OwnedRecord opaque_record(const Record& record, std::string_view data) {
  OwnedRecord rr(ldns_rr_new());
  const std::string& owner = record.name.wire();
  ldns_rdf* name = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, owner.size(), owner.data());
  if (!rr || name == nullptr) {
    ldns_rdf_deep_free(name);
    return nullptr;
  }
  ldns_rr_set_owner(rr.get(), name);
  ldns_rr_set_type(rr.get(), static_cast<ldns_rr_type>(record.type));
  ldns_rr_set_class(rr.get(), LDNS_RR_CLASS_IN);
  if (!data.empty() && !push(rr.get(), LDNS_RDF_TYPE_UNKNOWN, data)) return nullptr;
  return rr;
}

/// RFC 4034 section 6.3: a set holds each record once. ldns puts them in order.
OwnedSet opaque_set(const std::vector<Record>& records) {
  std::set<std::string> all;
  for (const Record& record : records) {
    auto data = signed_data(record);
    if (!data) return nullptr;
    all.insert(*std::move(data));
  }
  OwnedSet set(ldns_rr_list_new());
  for (const std::string& data : all) {
    OwnedRecord rr = opaque_record(records.front(), data);
    if (!rr || !ldns_rr_list_push_rr(set.get(), rr.get())) return nullptr;
    rr.release();
  }
  return set;
}

struct Algorithm {
  unsigned number;
  std::size_t least_key;  ///< bytes of the public key, and of the signature: what no key of this kind falls short of
  std::size_t most_key;
  std::size_t least_signature;
  std::size_t most_signature;
};
// RFC 3110, 5702 (RSA up to 4096 bits, longer ones are tolerated up to OpenSSL's own bound), 6605, 8080.
constexpr std::array<Algorithm, 8> kAlgorithms{{{5, 64, 2100, 64, 2048},
                                                {7, 64, 2100, 64, 2048},
                                                {8, 64, 2100, 64, 2048},
                                                {10, 64, 2100, 64, 2048},
                                                {13, 64, 64, 64, 64},
                                                {14, 96, 96, 96, 96},
                                                {15, 32, 32, 64, 64},
                                                {16, 57, 57, 114, 114}}};

const Algorithm* find_algorithm(unsigned number) {
  const auto* at = std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                                [&](const Algorithm& algorithm) { return algorithm.number == number; });
  return at == kAlgorithms.end() ? nullptr : at;
}

constexpr std::size_t kKeyHeader = 4;         // flags, protocol, algorithm
constexpr std::size_t kSignatureHeader = 18;  // what stands before the signer's name

SignatureFault fault_of(ldns_status status) {
  // Only the codes that mean something else than "it does not verify".
  if (status == LDNS_STATUS_OK) return SignatureFault::kNone;
  if (status == LDNS_STATUS_CRYPTO_SIG_EXPIRED) return SignatureFault::kExpired;
  if (status == LDNS_STATUS_CRYPTO_SIG_NOT_INCEPTED) return SignatureFault::kNotYetValid;
  if (status == LDNS_STATUS_CRYPTO_UNKNOWN_ALGO || status == LDNS_STATUS_CRYPTO_ALGO_NOT_IMPL)
    return SignatureFault::kUnsupportedAlgorithm;
  return SignatureFault::kBadSignature;
}

}  // namespace

std::string_view to_text(SignatureFault fault) {
  switch (fault) {
    case SignatureFault::kNone:
      return "nothing is wrong";
    case SignatureFault::kExpired:
      return "its signature has expired";
    case SignatureFault::kNotYetValid:
      return "its signature is not yet valid";
    case SignatureFault::kBadSignature:
      return "its signature does not match";
    case SignatureFault::kNoSignature:
      return "it has no signature";
    case SignatureFault::kNoKey:
      return "the key that signed it is not in the zone";
    case SignatureFault::kDsMismatch:
      return "no key of the zone matches a DS record of the parent";
    case SignatureFault::kUnsupportedAlgorithm:
      return "it is signed by an algorithm that cannot be verified here";
    case SignatureFault::kNoDenial:
      return "it does not exist, and no signed NSEC or NSEC3 record says so";
    case SignatureFault::kTooMany:
      return "it has more signatures than resolvers try";
  }
  return "";
}

std::optional<Signature> read_signature(const Record& record) {
  if (record.type != RecordType::kRrsig) return std::nullopt;
  const auto wire = rdata_to_wire(record.type, record.rdata, DomainName());
  if (!wire) return std::nullopt;
  WireReader in(*wire, 0, wire->size());
  Signature out;
  out.covered = static_cast<RecordType>(in.u16());
  out.algorithm = in.u8();
  out.labels = in.u8();
  in.u32();  // the original TTL
  out.expires = in.u32();
  in.u32();  // inception
  out.key_tag = in.u16();
  out.signer = in.name();
  if (in.failed()) return std::nullopt;
  return out;
}

std::optional<PublicKey> read_public_key(const Record& record) {
  if (record.type != RecordType::kDnskey) return std::nullopt;
  const auto wire = rdata_to_wire(record.type, record.rdata, DomainName());
  if (!wire || wire->size() < kKeyHeader) return std::nullopt;
  WireReader in(*wire, 0, wire->size());
  PublicKey out;
  out.flags = in.u16();
  out.protocol = in.u8();
  out.algorithm = in.u8();
  out.tag = ldns_calc_keytag_raw(octets(*wire), wire->size());
  return out;
}

std::optional<DelegationSigner> read_delegation_signer(std::string_view rdata) {
  const auto wire = rdata_to_wire(RecordType::kDs, rdata, DomainName());
  if (!wire) return std::nullopt;
  WireReader in(*wire, 0, wire->size());
  DelegationSigner out;
  out.key_tag = in.u16();
  out.algorithm = in.u8();
  out.digest_type = in.u8();
  out.digest = in.rest();
  if (in.failed()) return std::nullopt;
  return out;
}

bool can_verify(unsigned algorithm) { return find_algorithm(algorithm) != nullptr; }
bool can_digest(unsigned digest_type) { return digest_type == 1 || digest_type == 2 || digest_type == 4; }

bool names_key(const DelegationSigner& ds, const Record& key) {
  const auto fields = read_public_key(key);
  if (!fields || fields->tag != ds.key_tag || fields->algorithm != ds.algorithm || !can_digest(ds.digest_type))
    return false;
  const OwnedRecord rr = parsed_record(key);
  if (!rr) return false;
  const OwnedRecord made(ldns_key_rr2ds(rr.get(), static_cast<ldns_hash>(ds.digest_type)));
  const ldns_rdf* digest = made ? ldns_rr_rdf(made.get(), 3) : nullptr;
  return digest != nullptr &&
         ds.digest == std::string_view(reinterpret_cast<const char*>(ldns_rdf_data(digest)), ldns_rdf_size(digest));
}

SignatureFault verify(const std::vector<Record>& set, const Record& rrsig, const Record& key, Instant now) {
  const auto signature = read_signature(rrsig);
  const auto public_key = read_public_key(key);
  if (set.empty() || !signature || !public_key || signature->covered != set.front().type)
    return SignatureFault::kBadSignature;
  const Algorithm* algorithm = find_algorithm(signature->algorithm);
  if (algorithm == nullptr) return SignatureFault::kUnsupportedAlgorithm;
  const auto key_data = signed_data(key), signature_data = signed_data(rrsig);
  if (!key_data || !signature_data) return SignatureFault::kBadSignature;
  const std::size_t key_size = key_data->size() - kKeyHeader;
  const std::size_t size = signature_data->size() - kSignatureHeader - signature->signer.wire().size();
  if (key_size < algorithm->least_key || key_size > algorithm->most_key || size < algorithm->least_signature ||
      size > algorithm->most_signature)
    return SignatureFault::kBadSignature;

  const QueueCleaner cleaner;
  const OwnedSet signed_set = opaque_set(set);
  const OwnedRecord signature_record = parsed_record(rrsig);
  const OwnedRecord key_record = parsed_record(key);
  if (!signed_set || !signature_record || !key_record) return SignatureFault::kBadSignature;
  const auto seconds = std::chrono::floor<Seconds>(now).time_since_epoch().count();
  return fault_of(
      ldns_verify_rrsig_time(signed_set.get(), signature_record.get(), key_record.get(), static_cast<time_t>(seconds)));
}

}  // namespace cutover::net
