#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/endpoint.h"
#include "core/result.h"
#include "net/loop.h"
#include "net/message.h"

namespace cutover::net {

/// What every DNS over TLS connection of one engine shares: the trusted roots. Reading them takes some 30 ms, so make
/// one and keep it. Copies share.
class TlsTrust {
 public:
  /// Trusts what the file named by SSL_CERT_FILE holds, else the system store. kIo: it cannot be read.
  static Result<TlsTrust> system();
  struct Context;
  const Context& context() const { return *context_; }

 private:
  std::shared_ptr<const Context> context_;
};

/// One DNS over TLS connection (RFC 7858) that is kept: any number of messages, answered in any order. The server is
/// authenticated before the first question leaves (the Strict profile of RFC 8310): its certificate must chain to a
/// trusted root and carry the name, or the address where no name is given. Has no timeout of its own. Never destroyed
/// from inside its own callbacks; close() is what they may call.
class DnsTlsStream {
 public:
  struct Callbacks {
    std::function<void(std::string_view)> on_message;  ///< one whole message; not called after close()
    std::function<void(std::string)>
        on_failure;  ///< at most once, with a printable clause that says why; closed by then
  };

  DnsTlsStream(Loop& loop, TlsTrust trust, Callbacks callbacks);
  ~DnsTlsStream();
  DnsTlsStream(const DnsTlsStream&) = delete;
  DnsTlsStream& operator=(const DnsTlsStream&) = delete;

  /// Connects; once. `name` is what the certificate must carry, without a trailing dot, and the SNI; an address, or
  /// empty for the server's own: the certificate must carry that address, and no SNI is sent. Calls back from the loop
  /// only.
  void start(const Endpoint& server, const std::string& name);
  /// Queues one message of at most 65535 bytes; it leaves when the handshake is done.
  void send(const Bytes& message);
  void close();

 private:
  struct Session;
  void begin(const Endpoint& server, const std::string& name);
  void pump();
  bool write_some();
  void read_some();
  void hand_out();
  void wait_for(int ssl_error);
  void fail(const std::string& why);

  Loop& loop_;
  TlsTrust trust_;
  Callbacks callbacks_;
  Descriptor socket_;
  std::unique_ptr<Session> session_;  ///< after socket_: it goes before the descriptor closes
  Loop::Handle wait_;
  Bytes out_;
  Bytes in_;
};

}  // namespace cutover::net
