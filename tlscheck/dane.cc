#include "tlscheck/dane.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

namespace cutover::tlscheck {
namespace {

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_free(p); }  // of borrowed certificates
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr int kSecurityLevel = 2;

std::string digest_of(const std::string& bytes, const EVP_MD* algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, algorithm, nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

/// What the record would hold; nullopt for parameters that nobody has defined.
std::optional<std::string> selected(const Certificate& certificate, std::uint8_t selector, std::uint8_t matching) {
  if (selector > 1 || matching > 2) return std::nullopt;
  const auto bytes = selector == 0 ? certificate.der() : certificate.public_key();
  if (matching == 0) return bytes;
  return digest_of(bytes, matching == 1 ? EVP_sha256() : EVP_sha512());
}

const unsigned char* octets(const std::string& bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

/// A client's side of a connection that is never made: OpenSSL keeps TLSA records there.
struct Client {
  Owned<SSL_CTX> context{SSL_CTX_new(TLS_client_method())};
  Owned<SSL> ssl{};
  int usable = 0;

  Client(const std::vector<TlsaRecord>& records, const std::vector<DomainName>& names, DaneNames ee_names) {
    SSL_CTX_dane_enable(context.get());
    ssl.reset(SSL_new(context.get()));
    SSL_dane_enable(ssl.get(), names.empty() ? nullptr : names.front().host().c_str());
    for (std::size_t i = 1; i < names.size(); ++i) SSL_add1_host(ssl.get(), names[i].host().c_str());
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (ee_names == DaneNames::kIgnored) SSL_dane_set_flags(ssl.get(), DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (const auto& one : records)
      if (SSL_dane_tlsa_add(ssl.get(), one.usage, one.selector, one.matching, octets(one.data), one.data.size()) > 0)
        ++usable;
  }
};

/// The verifier's error, X509_V_OK where there is none.
int run(const Client& client, const std::vector<Certificate>& chain, const Anchors& anchors, Instant at) {
  const Owned<STACK_OF(X509)> sent(sk_X509_new_null());
  for (const auto& one : chain) sk_X509_push(sent.get(), one.native());
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), anchors.native(), chain.front().native(), sent.get()) != 1)
    return X509_V_ERR_UNSPECIFIED;
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_STORE_CTX_set0_dane(context.get(), SSL_get0_dane(client.ssl.get()));
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set1(param, SSL_get0_param(client.ssl.get()));
  X509_VERIFY_PARAM_set_auth_level(param, kSecurityLevel);
  X509_VERIFY_PARAM_set_time(param, std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
  const bool good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  return good ? X509_V_OK : (error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error);
}

}  // namespace

std::optional<TlsaRecord> parse_tlsa(std::string_view rdata) {
  if (rdata.size() < 4) return std::nullopt;
  return TlsaRecord{static_cast<std::uint8_t>(rdata[0]), static_cast<std::uint8_t>(rdata[1]),
                    static_cast<std::uint8_t>(rdata[2]), std::string(rdata.substr(3))};
}

bool tlsa_matches(const TlsaRecord& record, const Certificate& certificate) {
  const auto wanted = selected(certificate, record.selector, record.matching);
  return wanted && *wanted == record.data;
}

TlsaRecord tlsa_for(const Certificate& certificate, std::uint8_t usage, std::uint8_t selector, std::uint8_t matching) {
  return {usage, selector, matching, selected(certificate, selector, matching).value_or("")};
}

DaneFacts verify_dane(const std::vector<TlsaRecord>& records, const std::vector<std::string>& chain,
                      const Anchors& anchors, const std::vector<DomainName>& names, Instant at, DaneNames ee_names) {
  DaneFacts facts;
  std::vector<Certificate> certificates;
  for (const auto& der : chain)
    if (auto one = Certificate::from_der(der)) certificates.push_back(*std::move(one));
  const Client client(records, names, ee_names);
  ERR_clear_error();
  if (client.usable == 0) return facts;
  facts.status = DaneStatus::kRefused;
  if (certificates.empty()) {
    facts.why = "no certificate that can be read";
    return facts;
  }
  const int error = run(client, certificates, anchors, at);
  // The match is hidden where the verification failed, unless one says that it did not.
  SSL_set_verify_result(client.ssl.get(), X509_V_OK);
  facts.depth = SSL_get0_dane_authority(client.ssl.get(), nullptr, nullptr);
  if (error == X509_V_OK)
    facts.status = DaneStatus::kVerified;
  else
    facts.why = X509_verify_cert_error_string(error);
  ERR_clear_error();
  return facts;
}

}  // namespace cutover::tlscheck
