#pragma once
#include <functional>
#include <string>

#include "core/endpoint.h"
#include "net/loop.h"
#include "net/message.h"

namespace cutover::net {

/// One DNS conversation over TCP: connects, sends one message, hands out the messages that come back, each with its
/// two length octets taken off (RFC 1035 section 4.2.2). Has no timeout of its own. Never destroyed from inside its
/// own callbacks; close() is what they may call.
class DnsStream {
 public:
  struct Callbacks {
    std::function<void()> before_send;                 ///< right before the first byte leaves; may be empty
    std::function<void(std::string_view)> on_message;  ///< one whole message; not called after close()
    std::function<void(std::string)> on_failure;       ///< at most once, with a clause that says why; closed by then
  };

  DnsStream(Loop& loop, Callbacks callbacks) : loop_(loop), callbacks_(std::move(callbacks)) {}
  /// `message` is at most 65535 bytes. May call on_failure before it returns.
  void start(const Endpoint& server, const Bytes& message);
  void close();

 private:
  void write_some();
  void read_some();
  void hand_out();
  void fail(const std::string& why);

  Loop& loop_;
  Callbacks callbacks_;
  Descriptor socket_;
  Loop::Handle wait_;
  Bytes out_;
  std::size_t written_ = 0;
  Bytes in_;
};

}  // namespace cutover::net
