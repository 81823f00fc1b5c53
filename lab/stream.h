#pragma once
#include <functional>
#include <memory>
#include <string>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/result.h"
#include "lab/certificates.h"
#include "net/loop.h"

namespace cutover::lab {

/// What a TLS server shows: a certificate and its key. Shared, never changed.
class TlsIdentity {
 public:
  static Result<TlsIdentity> make(const Certificate& certificate);
  struct Impl;

 private:
  friend class Stream;
  std::shared_ptr<const Impl> impl_;
};

/// What a TLS client believes: one root. Shared, never changed.
class TlsTrust {
 public:
  static Result<TlsTrust> make(const std::string& root_pem);
  struct Impl;

 private:
  friend class Stream;
  std::shared_ptr<const Impl> impl_;
};

/// A TCP connection that may turn into TLS. One step at a time; every completion comes once, from the
/// loop, and last: it may destroy the stream. Destroying the stream cancels the step.
class Stream {
 public:
  using Then = std::function<void(Result<void>)>;
  using ThenBytes = std::function<void(Result<std::string>)>;

  Stream(net::Loop& loop, net::Descriptor fd);
  ~Stream();

  /// The server's side of a handshake.
  void accept_tls(const TlsIdentity& identity, Then then);
  /// The client's side: chain and name are verified as of the moment `as_of`. kAuth: the
  /// certificate is not good; kNetwork: there was no handshake at all.
  void connect_tls(const TlsTrust& trust, const DomainName& host, Instant as_of, Then then);
  /// The next bytes; an empty string when the peer has ended.
  void read(ThenBytes then);
  void write(std::string bytes, Then then);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutover::lab
