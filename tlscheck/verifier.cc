#include "tlscheck/verifier.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

// X509_verify_cert, asked once per path and moment.

namespace cutover::tlscheck {
namespace {

struct Free {
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_free(p); }  // of borrowed certificates
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr int kSecurityLevel = 2;

/// Every certificate that is trusted is an anchor, intermediates too: as for curl, Go and browsers.
/// The pedantic mode only for what it has to say: see is_pedantic().
constexpr unsigned long kFlags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT;

std::int64_t seconds_of(Instant at) { return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count(); }

/// How the run chooses: one path from what was sent, or exactly the path that is given.
enum class Client { kStrict, kBuilding };

struct Collector {
  Instant at;
  Client client;
  Run* run;
  int error;
};

bool is_last(X509_STORE_CTX* context) {
  return X509_STORE_CTX_get_error_depth(context) + 1 == sk_X509_num(X509_STORE_CTX_get0_chain(context));
}

/// What only the pedantic mode (X509_V_FLAG_X509_STRICT) says.
bool is_pedantic(int error, X509_STORE_CTX* context, Client client) {
  switch (error) {
    case X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA:
    case X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN:
    case X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_ISSUER_NAME_EMPTY:
    case X509_V_ERR_SUBJECT_NAME_EMPTY:
    case X509_V_ERR_EMPTY_SUBJECT_ALT_NAME:
    case X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL:
    case X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
    case X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3:
    case X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY:
      return true;
    case X509_V_ERR_INVALID_CA:  // roots from before basic constraints are taken, and so is more by OpenSSL
      return X509_check_ca(X509_STORE_CTX_get_current_cert(context)) != 0 &&
             (client == Client::kStrict || is_last(context));
    default:
      return false;
  }
}

/// Times and pedantry are collected and stepped over, so that one run tells them apart from everything else.
int on_verify(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  auto& collector = *static_cast<Collector*>(X509_STORE_CTX_get_app_data(context));
  const int error = X509_STORE_CTX_get_error(context);
  X509* at = X509_STORE_CTX_get_current_cert(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  if (at == nullptr) {
    collector.error = error;
    return 0;
  }
  X509_up_ref(at);
  const Certificate current(at);
  if (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID) {
    auto facts = current.facts();
    const bool expired = error == X509_V_ERR_CERT_HAS_EXPIRED;
    const bool counts = !expired || collector.client == Client::kStrict ||
                        std::chrono::floor<std::chrono::seconds>(collector.at) > facts.not_after;
    auto& lapses = expired ? collector.run->expired : collector.run->not_yet_valid;
    if (counts) lapses.push_back({collector.at, std::move(facts), depth == 0});
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
  }
  if (is_pedantic(error, context, collector.client)) {
    collector.run->complaints.push_back({current.subject_text(), X509_verify_cert_error_string(error),
                                         error == X509_V_ERR_INVALID_CA && !is_last(context)});
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
  }
  collector.error = error;
  collector.run->broken_at = current.subject_text();
  collector.run->issuer = current.issuer_text();
  return 0;
}

Trust trust_of(int error) {
  switch (error) {
    case X509_V_OK:
      return Trust::kTrusted;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return Trust::kIncomplete;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return Trust::kSelfSigned;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return Trust::kUnknownRoot;
    default:
      return Trust::kRejected;
  }
}

Owned<STACK_OF(X509)> stack_of(const std::vector<Certificate>& certificates) {
  Owned<STACK_OF(X509)> stack(sk_X509_new_null());
  for (const auto& one : certificates) sk_X509_push(stack.get(), one.native());
  return stack;
}

/// Everything that a run is set up with.
struct Setup {
  const Certificate& leaf;
  STACK_OF(X509) * others;
  X509_STORE* store;
  STACK_OF(X509) * only_anchors;  ///< nullptr: the store's
  Instant at;
  Client client;
  const Terms& terms;
};

void set_terms(X509_STORE_CTX* context, const Setup& setup) {
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(param, kFlags);
  X509_VERIFY_PARAM_set_auth_level(param, kSecurityLevel);
  X509_VERIFY_PARAM_set_time(param, seconds_of(setup.at));
  if (setup.terms.max_intermediates) X509_VERIFY_PARAM_set_depth(param, *setup.terms.max_intermediates);
}

Run run(const Setup& setup) {
  Run run;
  Collector collector{setup.at, setup.client, &run, X509_V_OK};
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), setup.store, setup.leaf.native(), setup.others) != 1 ||
      X509_STORE_CTX_set_default(context.get(), "ssl_server") != 1) {
    run.trust = Trust::kRejected;
    run.why = X509_verify_cert_error_string(X509_V_ERR_UNSPECIFIED);
    return run;
  }
  if (setup.only_anchors != nullptr) X509_STORE_CTX_set0_trusted_stack(context.get(), setup.only_anchors);
  set_terms(context.get(), setup);
  X509_STORE_CTX_set_app_data(context.get(), &collector);
  X509_STORE_CTX_set_verify_cb(context.get(), on_verify);
  if (X509_verify_cert(context.get()) != 1 && collector.error == X509_V_OK) {
    collector.error = X509_STORE_CTX_get_error(context.get());
    if (collector.error == X509_V_OK) collector.error = X509_V_ERR_UNSPECIFIED;
  }
  run.trust = trust_of(collector.error);
  if (run.trust != Trust::kTrusted) run.why = X509_verify_cert_error_string(collector.error);
  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; path != nullptr && i < sk_X509_num(path); ++i) {
    X509_up_ref(sk_X509_value(path, i));
    run.path.emplace_back(sk_X509_value(path, i));
  }
  ERR_clear_error();
  return run;
}

}  // namespace

Run run_verifier(const Path& path, Instant at, const Terms& terms) {
  static const Owned<X509_STORE> empty(X509_STORE_new());
  const auto anchor = stack_of({path.back()});
  const auto others =
      path.size() > 2 ? stack_of({path.begin() + 1, path.end() - 1}) : Owned<STACK_OF(X509)>(sk_X509_new_null());
  return run({path.front(), others.get(), empty.get(), anchor.get(), at, Client::kBuilding, terms});
}

Run run_verifier(const Certificate& leaf, const std::vector<Certificate>& sent, const Anchors& anchors, Instant at,
                 const Terms& terms) {
  const auto others = stack_of(sent);
  return run({leaf, others.get(), anchors.native(), nullptr, at, Client::kStrict, terms});
}

}  // namespace cutover::tlscheck
