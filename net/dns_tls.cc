#include "net/dns_tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "net/framing.h"
#include "net/socket.h"
#include "net/socket_bio.h"
#include "net/wire.h"

// The steps of a connection, in order: begin (connect), then pump again and again: handshake, write what is queued,
// read what has come, hand out what is complete. Whatever OpenSSL waits for next is what the loop waits for.

namespace cutover::net {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

/// ALPN of RFC 7858 section 3.2's registration.
constexpr std::array<unsigned char, 4> kAlpn{3, 'd', 'o', 't'};

std::string last_error() {
  const unsigned long error = ERR_get_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  ERR_clear_error();
  return reason == nullptr ? "the connection was closed" : printable(reason);
}

}  // namespace

struct TlsTrust::Context {
  std::unique_ptr<SSL_CTX, FreeContext> ctx;
};

Result<TlsTrust> TlsTrust::system() {
  ERR_clear_error();
  auto context = std::make_shared<Context>();
  context->ctx.reset(SSL_CTX_new(TLS_client_method()));
  if (!context->ctx) return fail(ErrorCode::kInternal, fmt::format("OpenSSL could not be started: {}", last_error()));
  SSL_CTX* ctx = context->ctx.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);  // so that a write never has to wait for a read
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_protos(ctx, kAlpn.data(), kAlpn.size());
  // Reads SSL_CERT_FILE and SSL_CERT_DIR too.
  if (SSL_CTX_set_default_verify_paths(ctx) != 1)
    return fail(ErrorCode::kIo, fmt::format("the system's root certificates cannot be read: {}", last_error()));
  TlsTrust out;
  out.context_ = std::move(context);
  return out;
}

struct DnsTlsStream::Session {
  std::unique_ptr<SSL, FreeSsl> ssl;
  bool greeted = false;  ///< the handshake is done, the server authenticated
};

DnsTlsStream::DnsTlsStream(Loop& loop, TlsTrust trust, Callbacks callbacks)
    : loop_(loop), trust_(std::move(trust)), callbacks_(std::move(callbacks)) {}
DnsTlsStream::~DnsTlsStream() = default;

void DnsTlsStream::start(const Endpoint& server, const std::string& name) {
  // From the loop: a connection that fails at once must not call back from inside start().
  wait_ = loop_.after(std::chrono::nanoseconds::zero(), [this, server, name] { begin(server, name); });
}

// 1. Connect, and say whom we expect there.
void DnsTlsStream::begin(const Endpoint& server, const std::string& name) {
  auto socket = connect_socket(SocketKind::kTcp, server);
  if (!socket) return fail(socket.error().message);
  socket_ = std::move(*socket);
  session_ = std::make_unique<Session>();
  session_->ssl.reset(SSL_new(trust_.context().ctx.get()));
  SSL* ssl = session_->ssl.get();
  BIO* bio = ssl == nullptr ? nullptr : new_socket_bio(socket_.get());
  if (bio == nullptr) return fail("out of memory");
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);
  if (const auto address = IpAddress::from_text(name); address || name.empty()) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address.value_or(server.address).text().c_str());
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);  // RFC 9525: no common name
    SSL_set1_host(ssl, name.c_str());
    SSL_set_tlsext_host_name(ssl, name.c_str());
  }
  wait_ = loop_.on_writable(socket_.get(), [this] {
    if (const std::string error = connect_error(socket_); !error.empty()) return fail(error);
    pump();
  });
}

void DnsTlsStream::send(const Bytes& message) {
  put_u16(out_, static_cast<unsigned>(message.size()));
  out_ += message;
  if (session_ && session_->greeted) wait_ = loop_.on_writable(socket_.get(), [this] { pump(); });
}

void DnsTlsStream::pump() {
  ERR_clear_error();
  SSL* ssl = session_->ssl.get();
  // 2. Handshake.
  if (!session_->greeted) {
    const int result = SSL_do_handshake(ssl);
    if (result != 1) {
      const int error = SSL_get_error(ssl, result);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return wait_for(error);
      const long verdict = SSL_get_verify_result(ssl);
      if (verdict != X509_V_OK)
        return fail(fmt::format("its certificate was not accepted: {}", X509_verify_cert_error_string(verdict)));
      return fail(fmt::format("the TLS handshake failed: {}", last_error()));
    }
    session_->greeted = true;
  }
  if (write_some()) read_some();
}

// 3. Send what is queued. False: waiting, or over.
bool DnsTlsStream::write_some() {
  SSL* ssl = session_->ssl.get();
  while (!out_.empty()) {
    const int n = SSL_write(ssl, out_.data(), static_cast<int>(std::min<std::size_t>(out_.size(), 1U << 20)));
    if (n > 0) {
      out_.erase(0, static_cast<std::size_t>(n));
      continue;
    }
    const int error = SSL_get_error(ssl, n);
    if (error == SSL_ERROR_WANT_WRITE)
      wait_for(error);
    else
      fail(last_error());
    return false;
  }
  return true;
}

// 4. Receive, and hand out what is complete.
void DnsTlsStream::read_some() {
  std::array<char, 16384> buffer;
  for (;;) {
    const int n = SSL_read(session_->ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (n > 0) {
      in_.append(buffer.data(), static_cast<std::size_t>(n));
      hand_out();
      if (!socket_) return;
      continue;
    }
    const int error = SSL_get_error(session_->ssl.get(), n);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return wait_for(error);
    const bool orderly = error == SSL_ERROR_ZERO_RETURN;
    return fail(orderly || in_.empty() ? "the server closed the connection" : last_error());
  }
}

void DnsTlsStream::hand_out() {
  take_framed(in_, [this](std::string_view message) {
    callbacks_.on_message(message);
    return static_cast<bool>(socket_);
  });
}

void DnsTlsStream::wait_for(int ssl_error) {
  if (ssl_error == SSL_ERROR_WANT_WRITE)
    wait_ = loop_.on_writable(socket_.get(), [this] { pump(); });
  else
    wait_ = loop_.on_readable(socket_.get(), [this] { pump(); });
}

void DnsTlsStream::close() {
  wait_.cancel();
  session_.reset();
  socket_ = Descriptor();
}

void DnsTlsStream::fail(const std::string& why) {
  close();
  callbacks_.on_failure(why);
}

}  // namespace cutover::net
