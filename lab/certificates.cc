#include "lab/certificates.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "core/text.h"

namespace cutover::lab {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeExtension {
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using X509Ptr = std::unique_ptr<X509, FreeCertificate>;
using BioPtr = std::unique_ptr<BIO, FreeBio>;

constexpr std::chrono::hours kDay{24};

Error failed(std::string_view what) {
  return fail(ErrorCode::kInternal, fmt::format("the lab cannot make {}: OpenSSL refused", what));
}

template <class Write>
std::string to_pem(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string certificate_pem(X509* certificate) {
  return to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

/// Who issues; a root issues itself.
struct Issuer {
  X509* certificate;
  EVP_PKEY* key;
};

struct Request {
  std::string common_name;
  Instant not_before, not_after;
  std::vector<std::pair<int, std::string>> extensions;  ///< NID and value in OpenSSL's notation
};

bool set_time(ASN1_TIME* slot, Instant instant) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(instant);
  return ASN1_TIME_adj(slot, seconds, 0, 0) != nullptr;
}

bool set_random_serial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7fU) | 0x40U);  // positive, and always the same length
  BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

X509Ptr sign(const Request& request, EVP_PKEY* subject_key, const Issuer* issuer) {
  X509Ptr certificate(X509_new());
  if (!certificate) return nullptr;
  X509* const it = certificate.get();
  X509_NAME* const subject = X509_get_subject_name(it);
  const auto* name = reinterpret_cast<const unsigned char*>(request.common_name.c_str());
  if (X509_set_version(it, X509_VERSION_3) != 1 || !set_random_serial(it) ||
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) != 1 ||
      X509_set_issuer_name(it, issuer == nullptr ? subject : X509_get_subject_name(issuer->certificate)) != 1 ||
      !set_time(X509_getm_notBefore(it), request.not_before) || !set_time(X509_getm_notAfter(it), request.not_after) ||
      X509_set_pubkey(it, subject_key) != 1)
    return nullptr;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer == nullptr ? it : issuer->certificate, it, nullptr, nullptr, 0);
  for (const auto& [nid, value] : request.extensions) {
    const std::unique_ptr<X509_EXTENSION, FreeExtension> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    if (!extension || X509_add_ext(it, extension.get(), -1) != 1) return nullptr;
  }
  if (X509_sign(it, issuer == nullptr ? subject_key : issuer->key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

Key new_key() { return Key(EVP_EC_gen("P-256")); }

}  // namespace

struct CertificateAuthority::Impl {
  Key root_key, intermediate_key;
  X509Ptr root, intermediate;
  std::string root_pem, intermediate_pem;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CertificateAuthority::~CertificateAuthority() = default;
const std::string& CertificateAuthority::root_pem() const { return impl_->root_pem; }

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::make(Instant now) {
  auto impl = std::make_unique<Impl>();
  impl->root_key = new_key();
  impl->intermediate_key = new_key();
  if (!impl->root_key || !impl->intermediate_key) return failed("a key");
  const Instant from = now - 365 * kDay;
  const Instant until = now + 3650 * kDay;
  impl->root = sign({"Lab Root",
                     from,
                     until,
                     {{NID_basic_constraints, "critical,CA:TRUE"},
                      {NID_key_usage, "critical,keyCertSign,cRLSign"},
                      {NID_subject_key_identifier, "hash"}}},
                    impl->root_key.get(), nullptr);
  if (!impl->root) return failed("its root certificate");
  const Issuer root{impl->root.get(), impl->root_key.get()};
  impl->intermediate = sign({"Lab Intermediate",
                             from,
                             until,
                             {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                              {NID_key_usage, "critical,keyCertSign,cRLSign"},
                              {NID_subject_key_identifier, "hash"},
                              {NID_authority_key_identifier, "keyid"}}},
                            impl->intermediate_key.get(), &root);
  if (!impl->intermediate) return failed("its intermediate certificate");
  impl->root_pem = certificate_pem(impl->root.get());
  impl->intermediate_pem = certificate_pem(impl->intermediate.get());
  return std::unique_ptr<CertificateAuthority>(new CertificateAuthority(std::move(impl)));
}

Result<Certificate> CertificateAuthority::issue(const LeafSpec& leaf) const {
  if (leaf.names.empty()) return fail(ErrorCode::kUsage, "the lab issues no certificate without a name");
  std::vector<std::string> names;
  for (const DomainName& name : leaf.names) names.push_back("DNS:" + name.host());
  const Key key = new_key();
  if (!key) return failed("a key");
  const Issuer issuer{impl_->intermediate.get(), impl_->intermediate_key.get()};
  const X509Ptr certificate = sign({"Lab Leaf",
                                    leaf.not_before,
                                    leaf.not_after,
                                    {{NID_basic_constraints, "critical,CA:FALSE"},
                                     {NID_key_usage, "critical,digitalSignature"},
                                     {NID_ext_key_usage, "serverAuth"},
                                     {NID_subject_key_identifier, "hash"},
                                     {NID_authority_key_identifier, "keyid"},
                                     {NID_subject_alt_name, join(names, ",")}}},
                                   key.get(), &issuer);
  if (!certificate) return failed("a certificate for " + join(names, ", "));
  Certificate issued;
  issued.chain_pem = certificate_pem(certificate.get()) + impl_->intermediate_pem;
  issued.key_pem =
      to_pem([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  return issued;
}

}  // namespace cutover::lab
