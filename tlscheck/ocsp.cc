#include "tlscheck/ocsp.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>

#include <memory>

#include "tlscheck/issuer_time.h"

namespace cutover::tlscheck {
namespace {

struct Free {
  void operator()(OCSP_RESPONSE* p) const { OCSP_RESPONSE_free(p); }
  void operator()(OCSP_REQUEST* p) const { OCSP_REQUEST_free(p); }
  void operator()(OCSP_BASICRESP* p) const { OCSP_BASICRESP_free(p); }
  void operator()(OCSP_CERTID* p) const { OCSP_CERTID_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_free(p); }  // of borrowed certificates
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

OcspFacts refused(OcspStatus status, std::string why) {
  OcspFacts facts;
  facts.status = status;
  facts.why = std::move(why);
  return facts;
}

bool is_authentic(OCSP_BASICRESP* basic, const Certificate& issuer, Instant at) {
  const Owned<X509_STORE> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), issuer.native());
  X509_VERIFY_PARAM* param = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(param, std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
  const Owned<STACK_OF(X509)> others(sk_X509_new_null());
  sk_X509_push(others.get(), issuer.native());
  return OCSP_basic_verify(basic, others.get(), store.get(), OCSP_PARTIAL_CHAIN) == 1;
}

/// The answer about this certificate. The responder chooses the digest of the id (section 4.1.1).
OCSP_SINGLERESP* single_of(OCSP_BASICRESP* basic, const Certificate& leaf, const Certificate& issuer) {
  for (const EVP_MD* digest : {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()}) {
    const Owned<OCSP_CERTID> id(OCSP_cert_to_id(digest, leaf.native(), issuer.native()));
    const int at = id ? OCSP_resp_find(basic, id.get(), -1) : -1;
    if (at >= 0) return OCSP_resp_get0(basic, at);
  }
  return nullptr;
}

OcspFacts read_single(OCSP_SINGLERESP* single, Instant at) {
  ASN1_GENERALIZEDTIME* revoked = nullptr;
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* until = nullptr;
  int reason = 0;
  const int status = OCSP_single_get0_status(single, &reason, &revoked, &from, &until);
  OcspFacts facts;
  facts.this_update = instant_of(from).value_or(Instant{});
  facts.next_update = instant_of(until);
  facts.revoked_at = instant_of(revoked);
  facts.why = why_outside({facts.this_update, facts.next_update}, at);
  if (!facts.why.empty()) {
    facts.status = OcspStatus::kOutOfDate;
    return facts;
  }
  switch (status) {
    case V_OCSP_CERTSTATUS_GOOD:
      facts.status = OcspStatus::kGood;
      break;
    case V_OCSP_CERTSTATUS_REVOKED:
      facts.status = OcspStatus::kRevoked;
      facts.why = revoked_text(facts.revoked_at);
      break;
    default:
      facts.status = OcspStatus::kUnknown;
      facts.why = "the responder does not know the certificate";
  }
  return facts;
}

}  // namespace

OcspFacts read_ocsp(std::string_view response, const Certificate& leaf, const Certificate& issuer, Instant at) {
  const auto* data = reinterpret_cast<const unsigned char*>(response.data());
  const auto* const end = data + response.size();
  const Owned<OCSP_RESPONSE> parsed(d2i_OCSP_RESPONSE(nullptr, &data, static_cast<long>(response.size())));
  ERR_clear_error();
  if (!parsed || data != end) return refused(OcspStatus::kUnreadable, "it is no OCSP response");
  const int status = OCSP_response_status(parsed.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return refused(OcspStatus::kRefused, fmt::format("the responder answered {}", OCSP_response_status_str(status)));
  const Owned<OCSP_BASICRESP> basic(OCSP_response_get1_basic(parsed.get()));
  const bool authentic = basic && is_authentic(basic.get(), issuer, at);
  auto* const single = basic ? single_of(basic.get(), leaf, issuer) : nullptr;
  ERR_clear_error();
  if (!basic) return refused(OcspStatus::kUnreadable, "it is an OCSP response of an unknown kind");
  if (single == nullptr) return refused(OcspStatus::kOther, "it speaks of other certificates");
  if (!authentic)
    return refused(OcspStatus::kUntrusted,
                   fmt::format("its signature is not one that {} stands for", issuer.subject_text()));
  return read_single(single, at);
}

std::string ocsp_request(const Certificate& leaf, const Certificate& issuer) {
  const Owned<OCSP_REQUEST> request(OCSP_REQUEST_new());
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), leaf.native(), issuer.native());
  if (request && id != nullptr && OCSP_request_add0_id(request.get(), id) == nullptr) OCSP_CERTID_free(id);
  unsigned char* bytes = nullptr;
  const int size = request ? i2d_OCSP_REQUEST(request.get(), &bytes) : -1;
  const std::string out =
      size > 0 ? std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)) : "";
  OPENSSL_free(bytes);
  ERR_clear_error();
  return out;
}

}  // namespace cutover::tlscheck
