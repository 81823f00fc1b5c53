// Arbitrary bytes as the small things beside a chain: a CAA or TLSA record, an HSTS header, timestamps, a stapled OCSP
// response, a revocation list.
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/text.h"
#include "tlscheck/caa.h"
#include "tlscheck/crl.h"
#include "tlscheck/dane.h"
#include "tlscheck/hsts.h"
#include "tlscheck/ocsp.h"

namespace {

using namespace cutover;
using namespace cutover::tlscheck;

const Instant kNow{std::chrono::seconds(1'800'000'000)};

Certificate self_signed() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x = X509_new();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  ASN1_TIME_set(X509_getm_notBefore(x), 1'700'000'000);
  ASN1_TIME_set(X509_getm_notAfter(x), 1'900'000'000);
  X509_set_pubkey(x, key);
  X509_sign(x, key, EVP_sha256());
  EVP_PKEY_free(key);
  return Certificate(x);
}

void require(bool promise) {
  if (!promise) std::abort();
}

void read_caa(std::string_view bytes) {
  const auto record = parse_caa(bytes);
  if (!record) return;
  require(printable(to_text(*record)) == to_text(*record));
  for (const auto kind : {CaaKind::kHost, CaaKind::kWildcard}) {
    const auto facts = judge_caa({*record}, {"ca.example"}, kind);
    require(!facts.why.empty() && printable(facts.why) == facts.why && printable(facts.limits) == facts.limits);
  }
}

void read_tlsa(std::string_view bytes, const Certificate& certificate) {
  const auto record = parse_tlsa(bytes);
  if (!record) return;
  const auto facts = verify_dane({*record}, {certificate.der()}, Anchors::of({}, AnchorOrigin::kGiven, "none"),
                                 {*DomainName::from_text("www.example.com")}, kNow);
  // Nothing is verified that no record speaks for.
  require(facts.status != DaneStatus::kVerified || tlsa_matches(*record, certificate));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Certificate certificate = self_signed();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_caa(bytes);
  read_tlsa(bytes, certificate);
  if (const auto hsts = parse_hsts(bytes)) require(hsts->max_age >= Seconds(0));
  const auto ocsp = read_ocsp(bytes, certificate, certificate, kNow);
  require((ocsp.status == OcspStatus::kGood) == ocsp.why.empty());
  require(printable(ocsp.why) == ocsp.why);
  const auto crl = read_crl(bytes, certificate, certificate, kNow);
  require((crl.status == CrlStatus::kNotListed) == crl.why.empty());
  for (const auto& sct : scts_in_list(bytes)) require(!sct.log.empty());
  return 0;
}
