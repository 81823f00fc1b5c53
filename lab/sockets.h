#pragma once
#include <string>
#include <string_view>

#include "core/endpoint.h"
#include "net/loop.h"

namespace cutover::lab {

// The few socket calls of the lab. All sockets are non-blocking, IPv4 or IPv6, and only ever loopback:
// asking for any other address is kUsage.

/// A listening TCP socket; port 0 takes a free one.
Result<net::Descriptor> listen_tcp(const Endpoint& where);
/// A bound UDP socket; port 0 takes a free one.
Result<net::Descriptor> bind_udp(const Endpoint& where);
/// A UDP socket that talks only to `peer`, and hears when nobody is there.
Result<net::Descriptor> connect_udp(const Endpoint& peer);
/// A TCP socket on its way to `peer`: writable when it got there or failed (see connect_failed).
Result<net::Descriptor> connect_tcp(const Endpoint& peer);
/// Whether a connection attempt ended badly.
bool connect_failed(int fd);
/// The next waiting connection, or an empty descriptor when there is none.
net::Descriptor accept_connection(int listener);
/// Where a socket is bound.
Endpoint local_endpoint(int fd);

/// One datagram. False: nothing is waiting (or the socket reports an error: `refused` is set).
struct Datagram {
  std::string bytes;
  Endpoint from;
};
enum class Received { kDatagram, kNothing, kRefused };
Received receive(int fd, Datagram& datagram);
void send_to(int fd, const Endpoint& to, std::string_view bytes);

/// Reads what is there into the end of `buffer`. kEnd: the peer closed, or the connection broke.
enum class Progress { kSome, kLater, kEnd };
Progress read_some(int fd, std::string& buffer);
/// Writes from the front of `pending` and removes what was written.
Progress write_some(int fd, std::string& pending);

}  // namespace cutover::lab
