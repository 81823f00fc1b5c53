#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/domain_name.h"
#include "core/endpoint.h"

namespace cutover::servers {

/// What a server said to one plain UDP question, read without any of the program's own DNS code, so that
/// a fixture cannot share a mistake with what it tests.
struct RawReply {
  int rcode = 0;
  bool authoritative = false;
  int answers = 0;
  std::string wire;
};

/// One question of class IN over UDP, without EDNS; nullopt when nothing came within 250 ms.
std::optional<RawReply> ask(const Endpoint& server, const DomainName& name, std::uint16_t type, bool recursion_desired);
/// The serial that a server gives, authoritatively, for a zone; nullopt when it does not (yet).
std::optional<std::uint32_t> served_serial(const Endpoint& server, const std::string& zone);
/// Whether something accepts TCP connections there.
bool accepts_tcp(const Endpoint& server);

}  // namespace cutover::servers
