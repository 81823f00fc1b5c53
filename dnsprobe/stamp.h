#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "dnsprobe/resolver.h"

namespace cutover::dnsprobe {

/// A DNS stamp (https://dnscrypt.info/stamps-specifications/): one server in one word, `sdns://` and base64url.
struct Stamp {
  enum class Protocol : std::uint8_t {
    kPlain = 0x00,
    kDnsCrypt = 0x01,
    kHttps = 0x02,
    kTls = 0x03,
    kQuic = 0x04,
    kOdohTarget = 0x05,
    kDnsCryptRelay = 0x81,
    kOdohRelay = 0x85
  };
  Protocol protocol = Protocol::kPlain;
  bool dnssec = false;              ///< says that it validates
  bool no_log = false;              ///< says that it keeps no log
  bool no_filter = false;           ///< says that it filters nothing
  std::optional<Endpoint> address;  ///< empty: the name has to be looked up; port 0: the protocol's own
  std::string host;        ///< of https, tls, quic and ODoH: without the port; may be an address (v6 in brackets)
  std::uint16_t port = 0;  ///< what stood behind the host; 0: nothing did
  std::string path;        ///< https and ODoH
  std::vector<std::string> hashes;  ///< SHA-256 of certificates, 32 bytes each; an empty one means none and is left out
  std::vector<std::string> bootstrap;  ///< servers that can look the host up, as written
};
std::string_view to_text(Stamp::Protocol protocol);

/// Takes a stamp apart. kInvalid says what is wrong: not base64url, cut short, bytes left over, an unknown protocol.
Result<Stamp> decode_stamp(std::string_view text);

/// The stamp as a resolver that can be asked: plain DNS, tls or https. kUnsupported names another protocol; kInvalid:
/// host, path or address are no such thing. Its operator is its host's or its address's text.
Result<Resolver> resolver_of(const Stamp& stamp);

}  // namespace cutover::dnsprobe
