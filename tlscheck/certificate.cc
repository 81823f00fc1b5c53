#include "tlscheck/certificate.h"

#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>

#include "core/text.h"
#include "tlscheck/issuer_time.h"

// In go bytes, out come plain values.

namespace cutover::tlscheck {
namespace {

struct Free {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
  void operator()(EXTENDED_KEY_USAGE* p) const { EXTENDED_KEY_USAGE_free(p); }
  void operator()(AUTHORITY_INFO_ACCESS* p) const { AUTHORITY_INFO_ACCESS_free(p); }
  void operator()(CRL_DIST_POINTS* p) const { CRL_DIST_POINTS_free(p); }
  void operator()(TLS_FEATURE* p) const { TLS_FEATURE_free(p); }
  void operator()(STACK_OF(SCT) * p) const { SCT_LIST_free(p); }
  void operator()(unsigned char* p) const { OPENSSL_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// RFC 9525 section 2: the subject's CN is never a host name. Section 6.3: `w*.example.com` is no wildcard.
constexpr unsigned kNameFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

/// An extension's value, or nullptr where it is absent or cannot be read.
template <class T>
Owned<T> extension(const X509* certificate, int nid) {
  return Owned<T>(static_cast<T*>(X509_get_ext_d2i(certificate, nid, nullptr, nullptr)));
}

std::string bytes_of(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

/// Words of a certificate, safe to show. Real ones are not as long.
std::string shown(std::string_view words) {
  constexpr std::size_t kLongest = 500;
  return printable(words.substr(0, kLongest)) + (words.size() > kLongest ? "..." : "");
}

std::string text_of(const X509_NAME* name) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  const std::string text = size > 0 ? shown({data, static_cast<std::size_t>(size)}) : std::string();
  return text.empty() ? "(no subject)" : text;
}

/// The last entry of that kind, as clients take it.
std::string entry_of(const X509_NAME* name, int nid) {
  int at = -1;
  for (int next = X509_NAME_get_index_by_NID(name, nid, -1); next >= 0;
       next = X509_NAME_get_index_by_NID(name, nid, next))
    at = next;
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  const Owned<unsigned char> owned(utf8);
  return size > 0 ? shown({reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size)}) : std::string();
}

std::string hex_digest(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::vector<std::string> names_of(const X509* certificate) {
  const auto all = extension<GENERAL_NAMES>(certificate, NID_subject_alt_name);
  std::vector<std::string> out;
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type != GEN_DNS && one->type != GEN_IPADD) continue;
    const std::string bytes = bytes_of(one->type == GEN_DNS ? one->d.dNSName : one->d.iPAddress);
    const auto address = IpAddress::from_bytes(one->type == GEN_IPADD ? bytes : std::string());
    out.push_back(address ? address->text() : shown(bytes));
  }
  return out;
}

KeyFacts key_of(const X509* certificate) {
  KeyFacts facts;
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return facts;
  facts.bits = EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      facts.algorithm = "RSA";
      break;
    case EVP_PKEY_EC: {
      facts.algorithm = "ECDSA";
      std::array<char, 64> curve{};
      if (EVP_PKEY_get_group_name(key, curve.data(), curve.size(), nullptr) == 1) facts.curve = curve.data();
      break;
    }
    case EVP_PKEY_ED25519:
      facts.algorithm = "Ed25519";
      break;
    case EVP_PKEY_ED448:
      facts.algorithm = "Ed448";
      break;
    default:
      if (const char* name = EVP_PKEY_get0_type_name(key); name != nullptr) facts.algorithm = printable(name);
  }
  return facts;
}

std::string digest_of(X509* certificate) {
  int digest = NID_undef;
  if (X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1 || digest == NID_undef) return {};
  return OBJ_nid2sn(digest);
}

std::vector<std::string> purposes_of(const X509* certificate) {
  const auto all = extension<EXTENDED_KEY_USAGE>(certificate, NID_ext_key_usage);
  std::vector<std::string> out;
  for (int i = 0; all && i < sk_ASN1_OBJECT_num(all.get()); ++i) {
    const ASN1_OBJECT* one = sk_ASN1_OBJECT_value(all.get(), i);
    std::array<char, 128> text{};
    const int nid = OBJ_obj2nid(one);
    if (nid == NID_undef) OBJ_obj2txt(text.data(), text.size(), one, 1);
    out.push_back(nid == NID_undef ? std::string(text.data()) : std::string(OBJ_nid2sn(nid)));
  }
  return out;
}

std::vector<SctFacts> facts_of(const STACK_OF(SCT) * all) {
  std::vector<SctFacts> out;
  for (int i = 0; all != nullptr && i < sk_SCT_num(all); ++i) {
    const SCT* one = sk_SCT_value(all, i);
    unsigned char* log = nullptr;
    const auto size = SCT_get0_log_id(one, &log);
    // The version is unknown where there is no log id to read.
    if (log == nullptr) continue;
    out.push_back({to_hex({reinterpret_cast<const char*>(log), size}),
                   Instant(std::chrono::milliseconds(static_cast<std::int64_t>(SCT_get_timestamp(one))))});
  }
  return out;
}

bool must_staple(const X509* certificate) {
  constexpr long kStatusRequest = 5;  // RFC 6066 section 8
  const auto all = extension<TLS_FEATURE>(certificate, NID_tlsfeature);
  for (int i = 0; all && i < sk_ASN1_INTEGER_num(all.get()); ++i)
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(all.get(), i)) == kStatusRequest) return true;
  return false;
}

void add_url(const GENERAL_NAME* name, std::vector<std::string>& urls) {
  if (name->type == GEN_URI) urls.push_back(printable(bytes_of(name->d.uniformResourceIdentifier)));
}

void add_urls(const X509* certificate, CertificateFacts& facts) {
  const auto access = extension<AUTHORITY_INFO_ACCESS>(certificate, NID_info_access);
  for (int i = 0; access && i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
    const ACCESS_DESCRIPTION* one = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    const int method = OBJ_obj2nid(one->method);
    if (method == NID_ad_OCSP) add_url(one->location, facts.ocsp_urls);
    if (method == NID_ad_ca_issuers) add_url(one->location, facts.issuer_urls);
  }
  const auto points = extension<CRL_DIST_POINTS>(certificate, NID_crl_distribution_points);
  for (int i = 0; points && i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT* one = sk_DIST_POINT_value(points.get(), i);
    constexpr int kFullName = 0;
    if (one->distpoint == nullptr || one->distpoint->type != kFullName) continue;
    const GENERAL_NAMES* names = one->distpoint->name.fullname;
    for (int j = 0; j < sk_GENERAL_NAME_num(names); ++j) add_url(sk_GENERAL_NAME_value(names, j), facts.crl_urls);
  }
}

std::string encoded(int (*encode)(const X509*, unsigned char**), const X509* certificate) {
  unsigned char* data = nullptr;
  const int size = encode(certificate, &data);
  const Owned<unsigned char> owned(data);
  return size > 0 ? std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)) : std::string();
}

int encode_key(const X509* certificate, unsigned char** out) {
  return i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), out);
}

}  // namespace

std::vector<SctFacts> scts_in_list(std::string_view list) {
  const auto* data = reinterpret_cast<const unsigned char*>(list.data());
  const Owned<STACK_OF(SCT)> all(list.empty() ? nullptr : o2i_SCT_LIST(nullptr, &data, list.size()));
  ERR_clear_error();
  return facts_of(all.get());
}

std::optional<Certificate> Certificate::from_der(std::string_view der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = data + der.size();
  Owned<X509> certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!certificate || data != end) return std::nullopt;
  return Certificate(certificate.release());
}

Certificate::Certificate(x509_st* owned) : x509_(owned, X509_free) {}

std::optional<Certificate> CertificateReader::read(const std::string& der) {
  const auto known = known_.find(der);
  return known != known_.end() ? known->second : known_.emplace(der, Certificate::from_der(der)).first->second;
}

std::string Certificate::der() const { return encoded(i2d_X509, native()); }
std::string Certificate::public_key() const { return encoded(encode_key, native()); }

CertificateFacts Certificate::facts() const {
  X509* x = native();
  CertificateFacts facts;
  facts.subject = subject_text();
  facts.issuer = issuer_text();
  facts.sha256 = hex_digest(der());
  facts.key_sha256 = hex_digest(public_key());
  facts.not_before = not_before();
  facts.not_after = not_after();
  facts.names = names_of(x);
  facts.common_name = entry_of(X509_get_subject_name(x), NID_commonName);
  facts.issuer_organization = entry_of(X509_get_issuer_name(x), NID_organizationName);
  facts.key = key_of(x);
  facts.digest = digest_of(x);
  facts.purposes = purposes_of(x);
  facts.scts = facts_of(extension<STACK_OF(SCT)>(x, NID_ct_precert_scts).get());
  add_urls(x, facts);
  facts.authority = (X509_get_extension_flags(x) & EXFLAG_CA) != 0;
  facts.must_staple = must_staple(x);
  facts.self_issued = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
  ERR_clear_error();
  return facts;
}

Instant Certificate::not_before() const { return instant_of(X509_get0_notBefore(native())).value_or(Instant{}); }
Instant Certificate::not_after() const { return instant_of(X509_get0_notAfter(native())).value_or(Instant{}); }
std::string Certificate::subject_text() const { return text_of(X509_get_subject_name(native())); }
std::string Certificate::issuer_text() const { return text_of(X509_get_issuer_name(native())); }
unsigned long Certificate::subject_hash() const { return X509_subject_name_hash(native()); }
unsigned long Certificate::issuer_hash() const { return X509_issuer_name_hash(native()); }

bool Certificate::names_issuer(const Certificate& issuer) const {
  return X509_NAME_cmp(X509_get_issuer_name(native()), X509_get_subject_name(issuer.native())) == 0;
}

bool Certificate::fits_key_id(const Certificate& issuer) const {
  const auto* wanted = X509_get0_authority_key_id(native());
  const auto* has = X509_get0_subject_key_id(issuer.native());
  return wanted == nullptr || has == nullptr || ASN1_OCTET_STRING_cmp(wanted, has) == 0;
}

bool Certificate::is_signed_by(const Certificate& issuer) const {
  EVP_PKEY* key = X509_get0_pubkey(issuer.native());
  const bool good = key != nullptr && X509_verify(native(), key) == 1;
  ERR_clear_error();
  return good;
}

bool Certificate::covers(const DomainName& name) const {
  const auto host = name.host();  // without the trailing dot, with which nothing matches
  return X509_check_host(native(), host.data(), host.size(), kNameFlags, nullptr) == 1;
}

bool Certificate::covers(const IpAddress& address) const {
  const auto bytes = address.bytes();
  return X509_check_ip(native(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), 0) == 1;
}

bool operator==(const Certificate& a, const Certificate& b) {
  return a.native() == b.native() || X509_cmp(a.native(), b.native()) == 0;
}

}  // namespace cutover::tlscheck
