#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"

// Certificates for tests, made on the spot: authorities, intermediates, leaves with every fault one can think of.

namespace cutover::test {

struct CertificateOptions {
  std::string common_name{};
  std::vector<std::string> alternative_names{};  ///< as OpenSSL writes them: `DNS:www.example.com`, `IP:127.0.0.1`
  /// As they are, with bytes and lengths that no authority would sign.
  std::vector<std::pair<int, std::string>> raw_subject{};  ///< NID and UTF-8 text
  std::vector<std::string> raw_dns_names{};
  Instant not_before{};  ///< zero: a day ago
  Instant not_after{};   ///< zero: in 90 days
  bool authority = false;
  bool basic_constraints = true;                  ///< false: it does not say whether it is an authority
  std::string extended_key_usage = "serverAuth";  ///< of leaves; empty: none
  enum class Key { kEcdsa, kRsa } key = Key::kEcdsa;
  std::string digest = "SHA256";  ///< of its signature
  std::string tls_feature{};      ///< `status_request`: must-staple (RFC 7633)
  std::string crl_url{};          ///< where its issuer publishes its list; empty: nowhere
  std::string ocsp_url{};         ///< its issuer's responder; empty: none
};

class Certificate {
 public:
  /// Signed by `issuer`, or by itself where that is nullptr. ECDSA P-256, or RSA of 2,048 bits.
  explicit Certificate(const CertificateOptions& options, const Certificate* issuer = nullptr)
      : Certificate(new_key(options.key), options, issuer) {}

  /// Another certificate for the same key; `options.key` does not count.
  Certificate issued_again(const CertificateOptions& options, const Certificate* issuer) const {
    return {key_, options, issuer};
  }

  std::string pem() const {
    return written([&](BIO* out) { PEM_write_bio_X509(out, x509_.get()); });
  }
  std::string key_pem() const {
    return written([&](BIO* out) { PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  std::string der() const {
    return written([&](BIO* out) { i2d_X509_bio(out, x509_.get()); });
  }

 private:
  Certificate(std::shared_ptr<EVP_PKEY> key, const CertificateOptions& options, const Certificate* issuer)
      : key_(std::move(key)), x509_(X509_new(), X509_free) {
    const auto now = std::chrono::time_point_cast<Span>(std::chrono::system_clock::now());
    const auto day = std::chrono::hours(24);
    X509* x = x509_.get();
    X509_set_version(x, X509_VERSION_3);
    set_serial(x);
    set_time(X509_getm_notBefore(x), options.not_before == Instant{} ? now - day : options.not_before);
    set_time(X509_getm_notAfter(x), options.not_after == Instant{} ? now + 90 * day : options.not_after);
    X509_NAME* name = X509_get_subject_name(x);
    if (!options.common_name.empty())
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(options.common_name.c_str()), -1, -1, 0);
    for (const auto& [nid, text] : options.raw_subject)
      X509_NAME_add_entry_by_NID(name, nid, V_ASN1_UTF8STRING, reinterpret_cast<const unsigned char*>(text.data()),
                                 static_cast<int>(text.size()), -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer == nullptr ? x : issuer->x509_.get()));
    X509_set_pubkey(x, key_.get());
    add(x, issuer, NID_subject_key_identifier, "hash");
    if (issuer != nullptr) add(x, issuer, NID_authority_key_identifier, "keyid");
    if (options.basic_constraints)
      add(x, issuer, NID_basic_constraints, options.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add(x, issuer, NID_key_usage, options.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    if (!options.authority && !options.extended_key_usage.empty())
      add(x, issuer, NID_ext_key_usage, options.extended_key_usage);
    if (!options.tls_feature.empty()) add(x, issuer, NID_tlsfeature, options.tls_feature);
    if (!options.crl_url.empty()) add(x, issuer, NID_crl_distribution_points, "URI:" + options.crl_url);
    if (!options.ocsp_url.empty()) add(x, issuer, NID_info_access, "OCSP;URI:" + options.ocsp_url);
    // RFC 5280 section 4.2.1.6: critical where there is no subject.
    std::string names = options.common_name.empty() && !options.alternative_names.empty() ? "critical" : "";
    for (const auto& one : options.alternative_names) names += (names.empty() ? "" : ",") + one;
    if (!names.empty()) add(x, issuer, NID_subject_alt_name, names);
    add_raw_names(x, options.raw_dns_names);
    if (X509_sign(x, (issuer == nullptr ? *this : *issuer).key_.get(), EVP_get_digestbyname(options.digest.c_str())) ==
        0)
      throw std::runtime_error("a test certificate cannot be signed");
  }

  static std::shared_ptr<EVP_PKEY> new_key(CertificateOptions::Key kind) {
    return {kind == CertificateOptions::Key::kRsa ? EVP_RSA_gen(2048U) : EVP_EC_gen("P-256"), EVP_PKEY_free};
  }
  static void set_serial(X509* x) {
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1U | 1U);
  }
  static void set_time(ASN1_TIME* field, Instant at) {
    ASN1_TIME_set(field, std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
  }
  static void add(X509* x, const Certificate* issuer, int nid, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer == nullptr ? x : issuer->x509_.get(), x, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (extension == nullptr) throw std::runtime_error("a test certificate cannot have the extension " + value);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }
  static void add_raw_names(X509* x, const std::vector<std::string>& names) {
    if (names.empty()) return;
    const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> all(GENERAL_NAMES_new(), GENERAL_NAMES_free);
    for (const auto& name : names) {
      ASN1_IA5STRING* value = ASN1_IA5STRING_new();
      ASN1_STRING_set(value, name.data(), static_cast<int>(name.size()));
      GENERAL_NAME* one = GENERAL_NAME_new();
      GENERAL_NAME_set0_value(one, GEN_DNS, value);
      sk_GENERAL_NAME_push(all.get(), one);
    }
    X509_add1_ext_i2d(x, NID_subject_alt_name, all.get(), 0, X509V3_ADD_DEFAULT);
  }
  template <class Write>
  static std::string written(Write write) {
    const std::unique_ptr<BIO, void (*)(BIO*)> out(BIO_new(BIO_s_mem()), [](BIO* bio) { BIO_free(bio); });
    write(out.get());
    char* data = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> x509_;
};

}  // namespace cutover::test
