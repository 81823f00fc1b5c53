#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/endpoint.h"

struct x509_st;  // OpenSSL's certificate: only the files that ask OpenSSL look inside

namespace cutover::tlscheck {

/// The public key of a certificate.
struct KeyFacts {
  std::string algorithm{};  ///< `RSA`, `ECDSA`, `DSA`, `Ed25519`, `Ed448`, or how OpenSSL calls it
  int bits = 0;             ///< 0: the key cannot be read
  std::string curve{};      ///< of ECDSA: `prime256v1`; empty: a curve without a name
};

/// A signed certificate timestamp inside a certificate (RFC 6962 section 3.3). Its signature is not checked.
struct SctFacts {
  std::string log{};  ///< the log's id, lower-case hexadecimal
  Instant at{};
};

/// The timestamps of a SignedCertificateTimestampList, as it comes in a TLS extension (RFC 6962 section 3.3). What
/// cannot be read is left out.
std::vector<SctFacts> scts_in_list(std::string_view list);

/// What a certificate says, as plain values. Texts are safe to print.
struct CertificateFacts {
  std::string subject{};  ///< `CN=www.example.com,O=Example`
  std::string issuer{};
  std::string sha256{};      ///< fingerprint, lower-case hexadecimal
  std::string key_sha256{};  ///< of the SubjectPublicKeyInfo, as TLSA `1 1` has it
  Instant not_before{};
  Instant not_after{};
  std::vector<std::string> names{};   ///< subjectAltName: host names, and addresses in text form
  std::string common_name{};          ///< of the subject; empty: none
  std::string issuer_organization{};  ///< O of the issuer; empty: none
  KeyFacts key{};
  std::string digest{};                  ///< of its signature: `SHA256`; empty: the algorithm has none of its own
  std::vector<std::string> purposes{};   ///< extended key usage: `serverAuth`; what has no name as an OID
  std::vector<SctFacts> scts{};          ///< embedded ones
  std::vector<std::string> ocsp_urls{};  ///< authority information access
  std::vector<std::string> issuer_urls{};
  std::vector<std::string> crl_urls{};
  bool authority = false;    ///< basic constraints say CA:TRUE
  bool must_staple = false;  ///< RFC 7633: status_request in the TLS feature extension
  bool self_issued = false;  ///< subject and issuer are the same
  bool in_path = false;      ///< part of the path that was found
};

/// A parsed certificate. A value: copies share what was parsed, which never changes.
class Certificate {
 public:
  /// nullopt where the bytes are no certificate, or have something behind it.
  static std::optional<Certificate> from_der(std::string_view der);
  /// Takes over one reference.
  explicit Certificate(x509_st* owned);

  std::string der() const;
  std::string public_key() const;  ///< SubjectPublicKeyInfo in DER
  CertificateFacts facts() const;
  Instant not_before() const;
  Instant not_after() const;
  std::string subject_text() const;
  std::string issuer_text() const;
  /// Equal for equal names (RFC 5280 section 7.1), nearly always different for others: a key for tables.
  unsigned long subject_hash() const;
  unsigned long issuer_hash() const;

  /// Whether its issuer is the other one's subject.
  bool names_issuer(const Certificate& issuer) const;
  /// Whether the authority key identifier does not speak against the other one (RFC 5280 section 4.2.1.1).
  bool fits_key_id(const Certificate& issuer) const;
  /// Whether the other one's key made its signature. The expensive question.
  bool is_signed_by(const Certificate& issuer) const;

  /// Whether the subjectAltName covers the name (RFC 9525: the subject's CN never counts; `*` only as a whole
  /// leftmost label).
  bool covers(const DomainName& name) const;
  bool covers(const IpAddress& address) const;

  x509_st* native() const { return x509_.get(); }
  /// The same bytes.
  friend bool operator==(const Certificate& a, const Certificate& b);

 private:
  std::shared_ptr<x509_st> x509_;
};

/// Parses each distinct certificate once: servers share their intermediates, and parsing costs as much as verifying.
class CertificateReader {
 public:
  /// As Certificate::from_der().
  std::optional<Certificate> read(const std::string& der);

 private:
  std::map<std::string, std::optional<Certificate>> known_;
};

}  // namespace cutover::tlscheck
