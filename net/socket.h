#pragma once
#include <string>

#include "core/endpoint.h"
#include "core/result.h"
#include "net/loop.h"

namespace cutover::net {

enum class SocketKind { kUdp, kTcp };

/// A non-blocking socket on a random port of the kernel's choice, connected to `peer`: the kernel then drops
/// datagrams from anybody else. TCP is still connecting: wait until it is writable, then ask connect_error().
/// kNetwork with one clause: "network is unreachable".
Result<Descriptor> connect_socket(SocketKind kind, const Endpoint& peer);

/// Why connecting failed, as a clause; empty when it did not.
std::string connect_error(const Descriptor& socket);

/// The message of an errno value as a clause in lower case: "connection refused".
std::string errno_clause(int error);

}  // namespace cutover::net
