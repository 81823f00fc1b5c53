#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "net/client_subnet.h"

namespace cutover::dnsprobe {

enum class Transport { kUdp, kTcp, kTls, kHttps };
std::string_view to_text(Transport transport);

/// Where one address really stands, in degrees; known for a few services only, never for an anycast address.
struct Location {
  float latitude = 0;   ///< -90..90, north positive
  float longitude = 0;  ///< -180..180, east positive
};

/// Whose word it is that this is a resolver worth asking.
enum class Source : std::uint8_t {
  kNamed,      ///< a person wrote it down: asked whatever its health
  kCatalogue,  ///< the built-in list: left out while it is known to be dead
  kImported,   ///< a list of strangers: asked only once a check has seen it answer
};
std::string_view to_text(Source source);

/// What a question carries beside its name and type.
struct Asking {
  std::optional<net::ClientSubnet> client_subnet{};  ///< to be answered as clients of this network are (RFC 7871)
  bool signatures = false;                           ///< DO: RRSIG records are wanted too (RFC 3225)
  friend bool operator==(const Asking&, const Asking&) = default;
};

/// One resolver as it is asked: one address, one transport.
struct Resolver {
  std::string id;             ///< stable and unique in a list: `google 8.8.8.8`, `lab-one 127.0.0.1:5301`, `192.0.2.1`
  std::string operator_name;  ///< who runs it: what quorums count and `must` names; compared without case
  std::string service;        ///< full name for people: `Google Public DNS`; may be empty
  std::string place;          ///< city; empty where unknown or meaningless (anycast)
  std::string country;        ///< ISO 3166 alpha-2; empty where unknown or global
  Transport transport = Transport::kUdp;
  std::optional<Endpoint> endpoint;  ///< empty only for tls and https given by name alone: look the name up first
  std::string tls_name;              ///< name its certificate must carry; tls and https only
  std::string url;                   ///< https only: without the pinned address
  bool anycast = false;
  bool filtering = false;  ///< known to block or rewrite some names
  Source source = Source::kNamed;
  std::uint32_t asn = 0;             ///< origin AS of its address; 0: not known
  std::optional<Location> location;  ///< a dot on a map; empty where the site is not known
  Asking asking;
};

/// Whether it is asked over plain DNS, UDP or TCP, at an address that is known.
bool is_plain(const Resolver& resolver);

/// Reads the resolver syntax. All forms may be preceded by `NAME=`, which names the operator (letters, digits,
/// `.`, `_`, `-`); without it the address, or the host for tls and https, is the operator:
///   `1.1.1.1`  `1.1.1.1:5353`  `2606:4700::1111`  `[2606:4700::1111]:53`  `udp://…`   UDP, TCP when truncated
///   `tcp://1.1.1.1`                                                         TCP only
///   `tls://dns.google@8.8.8.8`  `tls://dns.google`  `tls://1.1.1.1`          RFC 7858, port 853
///   `https://dns.google/dns-query`  `https://dns.google/dns-query@8.8.8.8`   RFC 8484; `@` pins the address
/// kUsage: says what is wrong with the text and what to write instead.
Result<Resolver> parse_resolver(std::string_view text);

/// The text that parse_resolver() reads as this way to ask, without the operator: `8.8.8.8`,
/// `tls://dns.google@8.8.8.8`. Two resolvers are the same place to ask exactly when their texts are the same.
std::string resolver_text(const Resolver& resolver);

/// Letters, digits, `.`, `_`, `-`; not empty, at most 63.
bool is_operator_name(std::string_view text);

/// Degrees as `48.14` and `11.58`; nullopt for anything else and outside of the globe.
std::optional<Location> location_from_text(std::string_view latitude, std::string_view longitude);

/// Whether an entry of a `must` list means this resolver: its operator without regard to case, its id, its
/// address with or without the port.
bool is_named_by(const Resolver& resolver, std::string_view entry);

/// Every entry of `must` names at least one of `resolvers`, or kUsage with the entry and the operators there are.
Result<void> check_must(const std::vector<std::string>& must, const std::vector<Resolver>& resolvers);

}  // namespace cutover::dnsprobe
