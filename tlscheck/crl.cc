#include "tlscheck/crl.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <memory>

#include "tlscheck/issuer_time.h"

namespace cutover::tlscheck {
namespace {

struct Free {
  void operator()(X509_CRL* p) const { X509_CRL_free(p); }
};
using Crl = std::unique_ptr<X509_CRL, Free>;

/// Whether the issuer's key is for lists, where it says what it is for (RFC 5280 section 4.2.1.3).
bool may_sign_lists(const Certificate& issuer) { return (X509_get_key_usage(issuer.native()) & KU_CRL_SIGN) != 0; }

/// Of the critical extensions only the one on the list's scope may be there (section 5.2.5): a list that is not whole
/// says nothing of those who are not on it.
bool has_strange_extension(X509_CRL* crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    X509_EXTENSION* one = X509_CRL_get_ext(crl, i);
    const bool scope = OBJ_obj2nid(X509_EXTENSION_get_object(one)) == NID_issuing_distribution_point;
    if (X509_EXTENSION_get_critical(one) == 1 && !scope) return true;
  }
  return false;
}

bool is_of(X509_CRL* crl, const Certificate& issuer) {
  EVP_PKEY* key = X509_get0_pubkey(issuer.native());
  return key != nullptr && X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer.native())) == 0 &&
         X509_CRL_verify(crl, key) == 1;
}

}  // namespace

CrlFacts read_crl(std::string_view crl, const Certificate& certificate, const Certificate& issuer, Instant at) {
  CrlFacts facts;
  const auto* data = reinterpret_cast<const unsigned char*>(crl.data());
  const auto* const end = data + crl.size();
  const Crl parsed(d2i_X509_CRL(nullptr, &data, static_cast<long>(crl.size())));
  if (!parsed || data != end) {
    ERR_clear_error();
    facts.why = "it is no revocation list";
    return facts;
  }
  facts.this_update = instant_of(X509_CRL_get0_lastUpdate(parsed.get())).value_or(Instant{});
  facts.next_update = instant_of(X509_CRL_get0_nextUpdate(parsed.get()));
  const bool authentic = is_of(parsed.get(), issuer) && may_sign_lists(issuer);
  ERR_clear_error();
  if (!authentic) {
    facts.status = CrlStatus::kUntrusted;
    facts.why = fmt::format("it is not signed by {}, or not with a key for lists", issuer.subject_text());
    return facts;
  }
  if (has_strange_extension(parsed.get())) {
    facts.why = "it has a critical extension that is not known for lists";
    return facts;
  }
  X509_REVOKED* entry = nullptr;
  // 2: taken off the list again (removeFromCRL), which only a delta list says.
  if (X509_CRL_get0_by_cert(parsed.get(), &entry, certificate.native()) == 1) {
    facts.status = CrlStatus::kRevoked;
    facts.revoked_at = instant_of(X509_REVOKED_get0_revocationDate(entry));
    facts.why = revoked_text(facts.revoked_at);
    return facts;
  }
  facts.status = CrlStatus::kNotListed;
  facts.why = why_outside({facts.this_update, facts.next_update}, at);
  if (!facts.why.empty()) facts.status = CrlStatus::kOutOfDate;
  return facts;
}

}  // namespace cutover::tlscheck
