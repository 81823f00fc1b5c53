#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lab/patience.h"
#include "lab/sockets.h"
#include "net/loop.h"
#include "net/message.h"

namespace cutover::lab {

/// One question of the lab's own inhabitants (resolvers, visitors) to one server: UDP, then TCP where
/// the answer is truncated. Destroying it cancels it.
class DnsQuestion {
 public:
  /// Called once, last, on the loop's thread: the reply, or nullopt when none came in time.
  using Then = std::function<void(std::optional<net::Message>)>;
  /// `patience` is for the whole question, in real time (see Patience).
  DnsQuestion(net::Loop& loop, const Endpoint& server, net::Message query, std::chrono::milliseconds patience,
              Then then);

 private:
  void read_datagram();
  void dial();
  void write_stream();
  void read_stream();
  void take(const net::Bytes& wire, bool* truncated);
  void finish(std::optional<net::Message> reply);

  net::Loop& loop_;
  const Endpoint server_;
  const net::Message query_;
  net::Bytes wire_;
  Then then_;
  net::Descriptor fd_;
  std::string in_, out_;
  net::Loop::Handle wait_;
  Patience patience_;
  std::optional<net::Message> reply_;
};

}  // namespace cutover::lab
