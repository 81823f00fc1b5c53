#pragma once
#include <array>
#include <memory>

#include "net/tls_stream.h"

struct ssl_st;
struct ssl_ctx_st;

namespace cutover::net {

/// What all handshakes share; one is enough for any number of sessions, which it must outlive.
class TlsContexts {
 public:
  TlsContexts();
  ~TlsContexts();
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;

  /// nullptr when OpenSSL is out of memory.
  ssl_ctx_st* for_keys(TlsKeys keys);

 private:
  std::array<ssl_ctx_st*, 3> contexts_{};  ///< made when first asked for
};

/// One handshake over a connected, non-blocking socket, which it borrows: the part that speaks OpenSSL.
class TlsSession {
 public:
  TlsSession(ssl_ctx_st* context, const TlsRequest& request, int fd);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class Progress { kDone, kWantsRead, kWantsWrite, kFailed };
  /// Goes on as far as the socket lets it.
  Progress step();
  /// After kDone: everything about the handshake but its times; says goodbye, without waiting for the answer.
  void tell(TlsAnswer& answer);
  /// After kFailed: outcome, alert and detail.
  void tell_failure(TlsAnswer& answer) const;
  bool asks_client_certificate() const;

 private:
  struct Heard;
  friend struct TlsCallbacks;
  std::unique_ptr<Heard> heard_;
  ssl_st* ssl_ = nullptr;
  int error_ = 0;
  unsigned long code_ = 0;
};

}  // namespace cutover::net
