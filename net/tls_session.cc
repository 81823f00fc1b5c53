#include "net/tls_session.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <string>

#include "core/text.h"
#include "net/socket_bio.h"

namespace cutover::net {

/// What the handshake tells on the way.
struct TlsSession::Heard {
  std::string fatal_alert{};
  std::string sct_list{};
  bool asks_client_certificate = false;
};

// OpenSSL's callbacks: C functions that find their session by the connection object.
struct TlsCallbacks {
  static TlsSession::Heard& heard(const SSL* ssl) { return *static_cast<TlsSession::Heard*>(SSL_get_app_data(ssl)); }

  static void on_info(const SSL* ssl, int where, int value) {
    if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || value >> 8 != SSL3_AL_FATAL) return;
    auto& alert = heard(ssl).fatal_alert;
    alert = SSL_alert_desc_string_long(value);
    std::replace(alert.begin(), alert.end(), ' ', '_');
  }
  static int on_client_certificate(SSL* ssl, X509** /*certificate*/, EVP_PKEY** /*key*/) {
    heard(ssl).asks_client_certificate = true;
    return 0;  // we have none
  }
  static int ask_for_scts(SSL* /*ssl*/, unsigned /*type*/, unsigned /*context*/, const unsigned char** out,
                          std::size_t* size, X509* /*certificate*/, std::size_t /*index*/, int* /*alert*/,
                          void* /*argument*/) {
    *out = nullptr;  // the extension is empty in the ClientHello
    *size = 0;
    return 1;
  }
  static int on_scts(SSL* ssl, unsigned /*type*/, unsigned /*context*/, const unsigned char* in, std::size_t size,
                     X509* /*certificate*/, std::size_t index, int* /*alert*/, void* /*argument*/) {
    if (index == 0) heard(ssl).sct_list.assign(reinterpret_cast<const char*>(in), size);
    return 1;
  }
};

namespace {

constexpr std::size_t kMaxChain = 100;  // what no honest server sends

void offer_only(SSL_CTX* context, TlsKeys keys) {
  switch (keys) {
    case TlsKeys::kAny:
      return;
    case TlsKeys::kRsa:
      SSL_CTX_set_cipher_list(context, "aRSA:@SECLEVEL=0");
      SSL_CTX_set1_sigalgs_list(context,
                                "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pss_pss_sha256:"
                                "rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1");
      return;
    case TlsKeys::kEcdsa:
      SSL_CTX_set_cipher_list(context, "aECDSA:@SECLEVEL=0");
      SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:ECDSA+SHA1");
      return;
  }
}

SSL_CTX* new_context(TlsKeys keys) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return context;
  // Whatever the server offers is looked at, and judged later: a strict client would only see a failed handshake.
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_cert_verify_callback(
      context, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  SSL_CTX_set_info_callback(context, TlsCallbacks::on_info);
  SSL_CTX_set_client_cert_cb(context, TlsCallbacks::on_client_certificate);
  SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_add_custom_ext(context, TLSEXT_TYPE_signed_certificate_timestamp,
                         SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_CERTIFICATE,
                         TlsCallbacks::ask_for_scts, nullptr, nullptr, TlsCallbacks::on_scts, nullptr);
  offer_only(context, keys);
  return context;
}

int number_of(TlsVersion version) {
  switch (version) {
    case TlsVersion::k10:
      return TLS1_VERSION;
    case TlsVersion::k11:
      return TLS1_1_VERSION;
    case TlsVersion::k12:
      return TLS1_2_VERSION;
    case TlsVersion::k13:
      return TLS1_3_VERSION;
  }
  return TLS1_3_VERSION;
}

TlsKeys keys_of(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return TlsKeys::kRsa;
    case EVP_PKEY_EC:
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return TlsKeys::kEcdsa;
    default:
      return TlsKeys::kAny;
  }
}

std::string der_of(X509* certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_X509(certificate, &data);
  if (size < 0) return {};
  std::string out(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return out;
}

std::string alert_in_words(const std::string& alert) {
  struct Words {
    std::string_view alert, words;
  };
  static constexpr std::array<Words, 6> kWords{{
      {"unrecognized_name", "this name is not configured on that address"},
      {"no_application_protocol", "the server speaks none of the offered protocols (ALPN)"},
      {"protocol_version", "the server accepts no TLS version that this program has"},
      {"certificate_required", "the server demands a client certificate"},
      {"handshake_failure",
       "the server found no common parameters (cipher, key type), or has no certificate for this name"},
      {"internal_error", "the server failed inside, often because it has no certificate for this name"},
  }};
  const auto* at = std::find_if(kWords.begin(), kWords.end(), [&](const Words& w) { return w.alert == alert; });
  return at == kWords.end() ? fmt::format("the server ended the handshake with the alert {}", alert)
                            : fmt::format("{} (alert {})", at->words, alert);
}

}  // namespace

TlsContexts::TlsContexts() = default;
TlsContexts::~TlsContexts() {
  for (auto* context : contexts_) SSL_CTX_free(context);
}
ssl_ctx_st* TlsContexts::for_keys(TlsKeys keys) {
  auto& context = contexts_.at(static_cast<std::size_t>(keys));
  if (context == nullptr) context = new_context(keys);
  return context;
}

TlsSession::TlsSession(ssl_ctx_st* context, const TlsRequest& request, int fd) : heard_(std::make_unique<Heard>()) {
  ssl_ = context == nullptr ? nullptr : SSL_new(context);
  BIO* bio = ssl_ == nullptr ? nullptr : new_socket_bio(fd);
  if (bio == nullptr) return;
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, heard_.get());
  SSL_set_connect_state(ssl_);
  SSL_set_max_proto_version(ssl_, number_of(request.highest));
  if (!request.server_name.empty()) SSL_set_tlsext_host_name(ssl_, request.server_name.c_str());
  std::string protocols;
  for (const auto& one : request.alpn) protocols += static_cast<char>(one.size()) + one;
  if (!protocols.empty())
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
}

TlsSession::~TlsSession() {
  SSL_free(ssl_);
  ERR_clear_error();
}

TlsSession::Progress TlsSession::step() {
  if (ssl_ == nullptr || SSL_get_rbio(ssl_) == nullptr) return Progress::kFailed;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) return Progress::kDone;
  error_ = SSL_get_error(ssl_, result);
  if (error_ == SSL_ERROR_WANT_READ) return Progress::kWantsRead;
  if (error_ == SSL_ERROR_WANT_WRITE) return Progress::kWantsWrite;
  code_ = ERR_peek_error();
  return Progress::kFailed;
}

bool TlsSession::asks_client_certificate() const { return heard_->asks_client_certificate; }

void TlsSession::tell(TlsAnswer& answer) {
  answer.outcome = TlsOutcome::kHandshake;
  answer.version = SSL_get_version(ssl_);
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &protocol, &size);
  if (protocol != nullptr) answer.alpn = printable(std::string(reinterpret_cast<const char*>(protocol), size));
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_);
  const int count = chain == nullptr ? 0 : sk_X509_num(chain);
  for (int i = 0; i < count && answer.chain.size() < kMaxChain; ++i)
    answer.chain.push_back(der_of(sk_X509_value(chain, i)));
  const EVP_PKEY* key = count == 0 ? nullptr : X509_get0_pubkey(sk_X509_value(chain, 0));
  if (key != nullptr) {
    answer.keys = keys_of(key);
    answer.key_bits = EVP_PKEY_get_bits(key);
  }
  const unsigned char* staple = nullptr;
  const auto staple_size = SSL_get_tlsext_status_ocsp_resp(ssl_, &staple);
  if (staple != nullptr && staple_size > 0)
    answer.ocsp.assign(reinterpret_cast<const char*>(staple), static_cast<std::size_t>(staple_size));
  answer.sct_list = heard_->sct_list;
  SSL_shutdown(ssl_);
}

void TlsSession::tell_failure(TlsAnswer& answer) const {
  const auto told = [&](TlsOutcome outcome, std::string detail) {
    answer.outcome = outcome;
    answer.detail = std::move(detail);
  };
  if (error_ == 0) return told(TlsOutcome::kNotAsked, "OpenSSL could not make a connection object");
  if (!heard_->fatal_alert.empty()) {
    answer.alert = heard_->fatal_alert;
    return told(TlsOutcome::kAlert, alert_in_words(answer.alert));
  }
  const auto reason = ERR_GET_REASON(code_);
  if (error_ == SSL_ERROR_SYSCALL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return told(TlsOutcome::kClosed, "the server closed the connection in the middle of the handshake");
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
      reason == SSL_R_BAD_RECORD_TYPE || reason == SSL_R_INVALID_CCS_MESSAGE || reason == SSL_R_UNEXPECTED_MESSAGE)
    return told(TlsOutcome::kNotTls, "what answered does not speak TLS");
  const char* text = ERR_reason_error_string(code_);
  told(TlsOutcome::kFailed,
       fmt::format("the handshake failed: {}", printable(text == nullptr ? "no reason given" : text)));
}

}  // namespace cutover::net
