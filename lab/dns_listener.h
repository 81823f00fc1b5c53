#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "core/endpoint.h"
#include "net/loop.h"
#include "net/message.h"

namespace cutover::lab {

enum class Transport { kUdp, kTcp };

/// A DNS server's sockets: UDP and TCP on one address and port (RFC 1035 section 4.2).
class DnsListener {
 public:
  /// Sends the given messages to whoever asked, in order; none means staying silent. May be called
  /// later, on the loop's thread, also when the asker or the listener is gone by then.
  using Reply = std::function<void(const std::vector<net::Bytes>&)>;
  /// Called for every message that comes in, on the loop's thread.
  using Handler = std::function<void(const net::Bytes& request, Transport transport, Reply reply)>;
  /// Whether a TCP connection is taken at all, asked for each.
  using Admission = std::function<bool()>;

  /// Opens both sockets; port 0 finds one that is free for both.
  static Result<std::unique_ptr<DnsListener>> open(net::Loop& loop, const Endpoint& where, Handler handler,
                                                   Admission admission);
  ~DnsListener();
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  struct State;
  DnsListener(std::shared_ptr<State> state, Endpoint endpoint);
  std::shared_ptr<State> state_;
  Endpoint endpoint_;
};

}  // namespace cutover::lab
