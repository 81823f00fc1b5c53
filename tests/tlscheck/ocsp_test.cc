#include "tlscheck/ocsp.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include <catch2/catch.hpp>
#include <memory>

#include "core/text.h"
#include "tests/support/certificates.h"
#include "tlscheck/rules/rules.h"

namespace cutover::tlscheck {
namespace {

using Made = test::Certificate;

const Instant kNow = *parse_instant("2026-10-01T12:00:00Z");
constexpr std::chrono::hours kHour{1};

struct Free {
  void operator()(OCSP_CERTID* p) const { OCSP_CERTID_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(OCSP_RESPONSE* p) const { OCSP_RESPONSE_free(p); }
  void operator()(OCSP_BASICRESP* p) const { OCSP_BASICRESP_free(p); }
  void operator()(ASN1_TIME* p) const { ASN1_TIME_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Owned<X509> x509_of(const Made& made) {
  const auto pem = made.pem();
  const Owned<BIO> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<X509>(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
}
Owned<EVP_PKEY> key_of(const Made& made) {
  const auto pem = made.key_pem();
  const Owned<BIO> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
}
Owned<ASN1_TIME> time_of(Instant at) {
  return Owned<ASN1_TIME>(
      ASN1_GENERALIZEDTIME_set(nullptr, std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count()));
}

std::string encoded(OCSP_RESPONSE* response) {
  unsigned char* data = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &data);
  const std::string der(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

struct Answer {
  int status = V_OCSP_CERTSTATUS_GOOD;
  Instant from = kNow - kHour;
  Instant until = kNow + kHour;
};

/// A responder's answer about `leaf`, signed by `signer`.
std::string response(const Made& leaf, const Made& issuer, const Made& signer, const Answer& answer = {}) {
  const Owned<OCSP_BASICRESP> basic(OCSP_BASICRESP_new());
  const auto revoked = time_of(kNow - kHour);
  const Owned<OCSP_CERTID> id(OCSP_cert_to_id(EVP_sha1(), x509_of(leaf).get(), x509_of(issuer).get()));
  OCSP_basic_add1_status(basic.get(), id.get(), answer.status, OCSP_REVOKED_STATUS_NOSTATUS,
                         answer.status == V_OCSP_CERTSTATUS_REVOKED ? revoked.get() : nullptr,
                         time_of(answer.from).get(), time_of(answer.until).get());
  OCSP_basic_sign(basic.get(), x509_of(signer).get(), key_of(signer).get(), EVP_sha256(), nullptr, 0);
  const Owned<OCSP_RESPONSE> whole(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  return encoded(whole.get());
}

Made authority(const char* name) {
  return Made(
      {.common_name = name, .not_before = kNow - 1000 * kHour, .not_after = kNow + 9000 * kHour, .authority = true});
}
Made below(const Made& issuer, const char* name, const char* usage = "serverAuth") {
  return Made({.common_name = name,
               .alternative_names = {std::string("DNS:") + name},
               .not_before = kNow - 1000 * kHour,
               .not_after = kNow + 9000 * kHour,
               .extended_key_usage = usage},
              &issuer);
}
Certificate read(const Made& made) { return *Certificate::from_der(made.der()); }

TEST_CASE("stapled OCSP responses, one after the other") {
  const auto issuer = authority("Issuer");
  const auto stranger = authority("Stranger");
  const auto leaf = below(issuer, "www.example.com");
  const auto other = below(issuer, "other.example.com");
  const auto responder = below(issuer, "responder.example.com", "OCSPSigning");
  const auto none = below(issuer, "none.example.com");
  const auto good = response(leaf, issuer, issuer);
  const Answer revoked{V_OCSP_CERTSTATUS_REVOKED, kNow - kHour, kNow + kHour};
  const Answer unknown{V_OCSP_CERTSTATUS_UNKNOWN, kNow - kHour, kNow + kHour};
  const Answer old{V_OCSP_CERTSTATUS_GOOD, kNow - 9 * kHour, kNow - kHour};
  const Answer early{V_OCSP_CERTSTATUS_GOOD, kNow + kHour, kNow + 9 * kHour};
  const Answer skewed{V_OCSP_CERTSTATUS_GOOD, kNow + std::chrono::minutes(4), kNow + kHour};
  const Owned<OCSP_RESPONSE> later(OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, nullptr));
  struct Row {
    std::string what;
    std::string der;
    OcspStatus status;
  };
  const std::vector<Row> rows{
      {"good", good, OcspStatus::kGood},
      {"revoked", response(leaf, issuer, issuer, revoked), OcspStatus::kRevoked},
      {"unknown", response(leaf, issuer, issuer, unknown), OcspStatus::kUnknown},
      {"yesterday's", response(leaf, issuer, issuer, old), OcspStatus::kOutOfDate},
      {"tomorrow's", response(leaf, issuer, issuer, early), OcspStatus::kOutOfDate},
      {"clocks four minutes apart", response(leaf, issuer, issuer, skewed), OcspStatus::kGood},
      {"about another certificate", response(other, issuer, issuer), OcspStatus::kOther},
      {"signed by a responder", response(leaf, issuer, responder), OcspStatus::kGood},
      {"signed by one that is none", response(leaf, issuer, none), OcspStatus::kUntrusted},
      {"signed by a stranger", response(leaf, issuer, stranger), OcspStatus::kUntrusted},
      {"try later", encoded(later.get()), OcspStatus::kRefused},
      {"noise", "noise", OcspStatus::kUnreadable},
      {"something behind it", good + "x", OcspStatus::kUnreadable},
      {"nothing", "", OcspStatus::kUnreadable},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto facts = read_ocsp(row.der, read(leaf), read(issuer), kNow);
    CHECK(facts.status == row.status);
    CHECK(facts.why.empty() == (row.status == OcspStatus::kGood));
  }
}

TEST_CASE("what a staple does to the verdict") {
  const auto issuer = authority("Issuer");
  const auto leaf = below(issuer, "www.example.com");
  const auto trusted = Anchors::of({read(issuer)}, AnchorOrigin::kGiven, "made up");
  const Times times{kNow, kNow, kNow};
  const auto judged = [&](const std::string& staple) {
    Shown shown;
    shown.staple = staple;
    for (auto& check : judge_chain(inspect({leaf.der()}, trusted, {kNow}), trusted, times, Side::kNew, shown))
      if (check.id == "tls-staple") return check;
    return Check{};
  };
  const Answer revoked{V_OCSP_CERTSTATUS_REVOKED, kNow - kHour, kNow + kHour};
  CHECK(judged(response(leaf, issuer, issuer)).verdict == Verdict::kPass);
  CHECK(judged(response(leaf, issuer, issuer, revoked)).severity == Severity::kError);
  CHECK_THAT(judged(response(leaf, issuer, issuer, revoked)).summary, Catch::Contains("is revoked"));
  // Nothing demands it, so a useless one is no more than a warning.
  CHECK(judged("noise").verdict == Verdict::kFail);
  CHECK(judged("noise").severity == Severity::kWarning);
}

}  // namespace
}  // namespace cutover::tlscheck
