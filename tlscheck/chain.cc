#include "tlscheck/chain.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "core/text.h"

// Everything of OpenSSL's X.509 in one place: in go bytes, out come plain values for the rules in verify.cc.

namespace cutover::tlscheck {
namespace {

struct Free {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_free(p); }  // of borrowed certificates
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// RFC 9525 section 2: the subject's CN is never a host name. Section 6.3: `w*.example.com` is no wildcard.
constexpr unsigned kNameFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
constexpr int kSecurityLevel = 2;

/// Where systems keep their bundle, the most common first.
constexpr std::array<const char*, 5> kBundles{{
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",              // SUSE
    "/etc/ssl/cert.pem",                   // Alpine, BSD, macOS
    "/usr/local/share/certs/ca-root-nss.crt",
}};

}  // namespace

struct Anchors::Store {
  Owned<X509_STORE> x509;
};

struct ChainFacts::Leaf {
  Owned<X509> x509;
};

namespace {

// --- what a certificate says ---

std::string text_of(const X509_NAME* name) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  const std::string text = size > 0 ? printable({data, static_cast<std::size_t>(size)}) : std::string();
  return text.empty() ? "(no subject)" : text;
}

Instant instant_of(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return {};
  return Instant(std::chrono::seconds(timegm(&fields)));
}

std::vector<std::string> names_of(const X509* certificate) {
  const Owned<GENERAL_NAMES> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> out;
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type != GEN_DNS && one->type != GEN_IPADD) continue;
    const ASN1_STRING* value = one->type == GEN_DNS ? one->d.dNSName : one->d.iPAddress;
    const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                            static_cast<std::size_t>(ASN1_STRING_length(value)));
    const auto address = IpAddress::from_bytes(one->type == GEN_IPADD ? bytes : std::string());
    out.push_back(address ? address->text() : printable(bytes));
  }
  return out;
}

std::string fingerprint(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

CertificateFacts facts_of(const X509* certificate) {
  CertificateFacts facts;
  facts.subject = text_of(X509_get_subject_name(certificate));
  facts.issuer = text_of(X509_get_issuer_name(certificate));
  facts.sha256 = fingerprint(certificate);
  facts.not_before = instant_of(X509_get0_notBefore(certificate));
  facts.not_after = instant_of(X509_get0_notAfter(certificate));
  facts.names = names_of(certificate);
  facts.self_issued = X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
  return facts;
}

Owned<X509> parse(const std::string& der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = data + der.size();
  Owned<X509> certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  ERR_clear_error();
  return data == end ? std::move(certificate) : nullptr;
}

// --- the path ---

/// What one run of the verifier found.
struct Run {
  std::vector<Lapse> expired;
  std::vector<Lapse> not_yet_valid;
  int error = X509_V_OK;
  int depth = 0;
  std::string broken_at;
  std::string issuer;
  std::vector<std::string> path;
  std::vector<std::string> path_fingerprints;
};

struct Collector {
  Instant at;
  Run* run;
};

/// Times are collected and stepped over, so that one run tells them apart from everything else.
int on_verify(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  const auto& collector = *static_cast<Collector*>(X509_STORE_CTX_get_app_data(context));
  const int error = X509_STORE_CTX_get_error(context);
  X509* at = X509_STORE_CTX_get_current_cert(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  if (at != nullptr && (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID)) {
    auto& lapses = error == X509_V_ERR_CERT_HAS_EXPIRED ? collector.run->expired : collector.run->not_yet_valid;
    lapses.push_back({collector.at, facts_of(at), depth == 0});
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
  }
  collector.run->error = error;
  collector.run->depth = depth;
  if (at != nullptr) {
    collector.run->broken_at = text_of(X509_get_subject_name(at));
    collector.run->issuer = text_of(X509_get_issuer_name(at));
  }
  return 0;
}

Run run_verifier(X509* leaf, STACK_OF(X509) * others, const Anchors& anchors, Instant at) {
  Run run;
  Collector collector{at, &run};
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), anchors.store().x509.get(), leaf, others) != 1 ||
      X509_STORE_CTX_set_default(context.get(), "ssl_server") != 1) {
    run.error = X509_V_ERR_UNSPECIFIED;
    return run;
  }
  X509_VERIFY_PARAM* policy = X509_STORE_CTX_get0_param(context.get());
  // An intermediate in the file is an anchor too, as for curl.
  X509_VERIFY_PARAM_set_flags(policy, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_auth_level(policy, kSecurityLevel);
  X509_VERIFY_PARAM_set_time(policy, std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
  X509_STORE_CTX_set_app_data(context.get(), &collector);
  X509_STORE_CTX_set_verify_cb(context.get(), on_verify);
  if (X509_verify_cert(context.get()) != 1 && run.error == X509_V_OK)
    run.error = X509_STORE_CTX_get_error(context.get());
  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; path != nullptr && i < sk_X509_num(path); ++i) {
    run.path.push_back(text_of(X509_get_subject_name(sk_X509_value(path, i))));
    run.path_fingerprints.push_back(fingerprint(sk_X509_value(path, i)));
  }
  ERR_clear_error();
  return run;
}

/// Where there is no path the verifier does not get to the times; the leaf's own still count.
void add_leaf_lapses(Run& run, const CertificateFacts& leaf, Instant at) {
  const auto knows_leaf = [](const std::vector<Lapse>& lapses) {
    return std::any_of(lapses.begin(), lapses.end(), [](const Lapse& l) { return l.leaf; });
  };
  if (leaf.not_after <= at && !knows_leaf(run.expired)) run.expired.push_back({at, leaf, true});
  if (leaf.not_before > at && !knows_leaf(run.not_yet_valid)) run.not_yet_valid.push_back({at, leaf, true});
}

Trust trust_of(const Run& run) {
  switch (run.error) {
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

// --- anchors ---

Result<std::string> bundle_path(const std::string& ca_file) {
  if (!ca_file.empty()) return ca_file;
  const char* chosen = std::getenv("SSL_CERT_FILE");
  if (chosen != nullptr && *chosen != '\0') return std::string(chosen);
  std::error_code ignored;
  for (const char* path : kBundles)
    if (std::filesystem::exists(path, ignored)) return std::string(path);
  return fail(ErrorCode::kNotFound,
              "this system has no bundle of root certificates where one is looked for; install ca-certificates, or "
              "give --ca-file");
}

}  // namespace

Result<Anchors> Anchors::load(const std::string& ca_file) {
  auto path = bundle_path(ca_file);
  if (!path) return path.error();
  const auto bad = [&](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("the root certificates in {} cannot be used: {}", printable(*path), why));
  };
  std::error_code ignored;
  if (!std::filesystem::exists(*path, ignored)) return bad(ErrorCode::kNotFound, "there is no such file");
  if (std::filesystem::is_directory(*path, ignored))
    return bad(ErrorCode::kIo, "it is a folder; give one file of PEM certificates");
  errno = 0;
  const Owned<BIO> file(BIO_new_file(path->c_str(), "r"));
  if (!file) {
    const int error = errno;
    ERR_clear_error();
    return bad(ErrorCode::kIo, error == 0 ? "it cannot be read" : std::strerror(error));
  }
  auto store = std::make_shared<Store>();
  store->x509.reset(X509_STORE_new());
  Anchors anchors;
  while (true) {
    const Owned<X509> one(PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr));
    if (!one) break;
    X509_STORE_add_cert(store->x509.get(), one.get());
    ++anchors.count_;
  }
  const auto end = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(end) != ERR_LIB_PEM || ERR_GET_REASON(end) != PEM_R_NO_START_LINE)
    return bad(ErrorCode::kInvalid, fmt::format("certificate number {} in it is damaged", anchors.count_ + 1));
  if (anchors.count_ == 0)
    return bad(ErrorCode::kInvalid, "there is no PEM certificate in it (-----BEGIN CERTIFICATE-----)");
  anchors.path_ = *std::move(path);
  anchors.store_ = std::move(store);
  return anchors;
}

std::string Anchors::text() const { return fmt::format("{} ({})", printable(path_), counted(count_, "certificate")); }

ChainFacts inspect(const std::vector<std::string>& chain, const Anchors& anchors, const std::vector<Instant>& moments) {
  ChainFacts facts;
  std::vector<Owned<X509>> certificates;
  for (const auto& der : chain) {
    auto one = parse(der);
    if (!one && certificates.empty()) break;
    if (one) certificates.push_back(std::move(one));
  }
  if (certificates.empty()) {
    facts.why = chain.empty() ? "no certificate was sent" : "the first certificate cannot be parsed";
    return facts;
  }
  const Owned<STACK_OF(X509)> others(sk_X509_new_null());
  for (const auto& one : certificates) {
    facts.sent.push_back(facts_of(one.get()));
    if (&one != &certificates.front()) sk_X509_push(others.get(), one.get());
  }
  for (std::size_t i = 0; i < moments.size(); ++i) {
    auto run = run_verifier(certificates.front().get(), others.get(), anchors, moments[i]);
    if (run.error != X509_V_OK) add_leaf_lapses(run, facts.sent.front(), moments[i]);
    facts.expired.insert(facts.expired.end(), run.expired.begin(), run.expired.end());
    facts.not_yet_valid.insert(facts.not_yet_valid.end(), run.not_yet_valid.begin(), run.not_yet_valid.end());
    if (i > 0) continue;
    facts.trust = trust_of(run);
    facts.path = run.path;
    for (auto& one : facts.sent)
      one.in_path = std::find(run.path_fingerprints.begin(), run.path_fingerprints.end(), one.sha256) !=
                    run.path_fingerprints.end();
    if (facts.trust == Trust::kTrusted) continue;
    facts.why = X509_verify_cert_error_string(run.error);
    facts.broken_at = run.broken_at;
    facts.missing_issuer = facts.trust == Trust::kIncomplete ? run.issuer : std::string();
  }
  auto leaf = std::make_shared<ChainFacts::Leaf>();
  leaf->x509 = std::move(certificates.front());
  facts.leaf = std::move(leaf);
  return facts;
}

bool covers(const ChainFacts& chain, const DomainName& name) {
  if (!chain.leaf) return false;
  const auto host = name.host();  // without the trailing dot, with which nothing matches
  return X509_check_host(chain.leaf->x509.get(), host.data(), host.size(), kNameFlags, nullptr) == 1;
}

bool covers(const ChainFacts& chain, const IpAddress& address) {
  if (!chain.leaf) return false;
  const auto bytes = address.bytes();
  return X509_check_ip(chain.leaf->x509.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), 0) ==
         1;
}

}  // namespace cutover::tlscheck
