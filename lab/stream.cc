#include "lab/stream.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <ctime>

#include "lab/sockets.h"

namespace cutover::lab {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;
using BioPtr = std::unique_ptr<BIO, FreeBio>;
using X509Ptr = std::unique_ptr<X509, FreeCertificate>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

BioPtr reading(const std::string& text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// The reason of OpenSSL's oldest queued error, and an empty queue.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the connection broke" : reason;
}

}  // namespace

struct TlsIdentity::Impl {
  ContextPtr context;
};
struct TlsTrust::Impl {
  ContextPtr context;
};

Result<TlsIdentity> TlsIdentity::make(const Certificate& certificate) {
  const auto bad = [] { return fail(ErrorCode::kInvalid, "the lab cannot use a certificate: " + openssl_reason()); };
  auto impl = std::make_shared<Impl>();
  impl->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = impl->context.get();
  const BioPtr chain = reading(certificate.chain_pem);
  const BioPtr key_text = reading(certificate.key_pem);
  const X509Ptr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  const KeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (context == nullptr || !leaf || !key || SSL_CTX_use_certificate(context, leaf.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return bad();
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr))
    if (SSL_CTX_add_extra_chain_cert(context, next) != 1) {  // takes `next` over when it succeeds
      X509_free(next);
      return bad();
    }
  ERR_clear_error();  // the end of the PEM text is reported as an error
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  TlsIdentity identity;
  identity.impl_ = std::move(impl);
  return identity;
}

Result<TlsTrust> TlsTrust::make(const std::string& root_pem) {
  auto impl = std::make_shared<Impl>();
  impl->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = impl->context.get();
  const BioPtr text = reading(root_pem);
  const X509Ptr root(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  if (context == nullptr || !root || X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) != 1)
    return fail(ErrorCode::kInvalid, "the lab cannot read a root certificate: " + openssl_reason());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  TlsTrust trust;
  trust.impl_ = std::move(impl);
  return trust;
}

struct Stream::Impl {
  net::Loop& loop;
  net::Descriptor fd;
  std::shared_ptr<const void> context;  ///< keeps the SSL_CTX while `ssl` uses it
  std::unique_ptr<SSL, FreeSsl> ssl;    ///< null: still plain
  net::Loop::Handle wait;

  Impl(net::Loop& the_loop, net::Descriptor descriptor) : loop(the_loop), fd(std::move(descriptor)) {}

  /// Repeats `step` until OpenSSL neither wants to read nor to write. `step` returns what its SSL call returned.
  void drive(std::function<int()> step, std::function<void(int result, int error)> then) {
    ERR_clear_error();
    const int result = step();
    const int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return then(result, error);
    auto again = [this, step = std::move(step), then = std::move(then)] { drive(step, then); };
    wait = error == SSL_ERROR_WANT_READ ? loop.on_readable(fd.get(), std::move(again))
                                        : loop.on_writable(fd.get(), std::move(again));
  }

  void handshake(Then then) {
    drive([this] { return SSL_do_handshake(ssl.get()); },
          [this, then = std::move(then)](int result, int) {
            if (result == 1) return then({});
            const long verified = SSL_get_verify_result(ssl.get());
            if (verified == X509_V_OK) return then(fail(ErrorCode::kNetwork, "TLS handshake: " + openssl_reason()));
            ERR_clear_error();
            then(fail(ErrorCode::kAuth, std::string("certificate: ") + X509_verify_cert_error_string(verified)));
          });
  }

  void read_plain(ThenBytes then) {
    std::string bytes;
    const Progress progress = read_some(fd.get(), bytes);
    if (progress != Progress::kLater) return then(std::move(bytes));
    wait = loop.on_readable(fd.get(), [this, then = std::move(then)] { read_plain(then); });
  }

  void write_plain(std::string bytes, Then then) {
    if (!bytes.empty() && write_some(fd.get(), bytes) == Progress::kEnd)
      return then(fail(ErrorCode::kNetwork, "the peer hung up"));
    if (bytes.empty()) return then({});
    wait = loop.on_writable(fd.get(),
                            [this, rest = std::move(bytes), then = std::move(then)] { write_plain(rest, then); });
  }
};

Stream::Stream(net::Loop& loop, net::Descriptor fd) : impl_(std::make_unique<Impl>(loop, std::move(fd))) {}

Stream::~Stream() {
  // One close_notify if the socket takes it; nobody waits for the peer's.
  if (impl_->ssl && SSL_is_init_finished(impl_->ssl.get()) != 0) (void)SSL_shutdown(impl_->ssl.get());
  ERR_clear_error();
}

void Stream::accept_tls(const TlsIdentity& identity, Then then) {
  impl_->context = identity.impl_;
  impl_->ssl.reset(SSL_new(identity.impl_->context.get()));
  SSL_set_fd(impl_->ssl.get(), impl_->fd.get());
  SSL_set_accept_state(impl_->ssl.get());
  impl_->wait = impl_->loop.after({}, [impl = impl_.get(), then = std::move(then)] { impl->handshake(then); });
}

void Stream::connect_tls(const TlsTrust& trust, const DomainName& host, Instant as_of, Then then) {
  impl_->context = trust.impl_;
  impl_->ssl.reset(SSL_new(trust.impl_->context.get()));
  SSL* const ssl = impl_->ssl.get();
  SSL_set_fd(ssl, impl_->fd.get());
  SSL_set_connect_state(ssl);
  SSL_set_tlsext_host_name(ssl, host.host().c_str());
  SSL_set1_host(ssl, host.host().c_str());
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), std::chrono::system_clock::to_time_t(as_of));
  impl_->wait = impl_->loop.after({}, [impl = impl_.get(), then = std::move(then)] { impl->handshake(then); });
}

void Stream::read(ThenBytes then) {
  // From the loop, so that a completion never comes from inside the call that asked for it.
  impl_->wait = impl_->loop.after({}, [impl = impl_.get(), then = std::move(then)] {
    if (!impl->ssl) return impl->read_plain(then);
    const auto buffer = std::make_shared<std::string>(16384, '\0');
    impl->drive(
        [impl, buffer] { return SSL_read(impl->ssl.get(), buffer->data(), static_cast<int>(buffer->size())); },
        [buffer, then](int result, int error) {
          if (result <= 0 && error != SSL_ERROR_ZERO_RETURN && error != SSL_ERROR_SYSCALL && error != SSL_ERROR_SSL)
            return then(fail(ErrorCode::kNetwork, openssl_reason()));
          buffer->resize(static_cast<std::size_t>(result > 0 ? result : 0));
          then(*buffer);
        });
  });
}

void Stream::write(std::string bytes, Then then) {
  impl_->wait = impl_->loop.after({}, [impl = impl_.get(), bytes = std::move(bytes), then = std::move(then)] {
    if (!impl->ssl) return impl->write_plain(bytes, then);
    // Without partial writes SSL_write takes all or asks to be repeated with the very same bytes.
    impl->drive([impl, bytes] { return SSL_write(impl->ssl.get(), bytes.data(), static_cast<int>(bytes.size())); },
                [then](int result, int) {
                  if (result > 0) return then({});
                  then(fail(ErrorCode::kNetwork, openssl_reason()));
                });
  });
}

}  // namespace cutover::lab
