#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/text.h"
#include "net/starttls_reading.h"

// LDAP, PostgreSQL and MySQL: replies that are packets, not lines.

namespace cutover::net::starttls {
namespace {

using Then = StarttlsStep::Then;
constexpr std::size_t kShown = 200;

// --- LDAP: an ExtendedRequest, and the ExtendedResponse to it (RFC 4511 sections 4.12 and 4.14) ---

// LDAPMessage { messageID 1, extendedReq { requestName 1.3.6.1.4.1.1466.20037 } }
constexpr std::string_view kLdapStartTls{
    "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
    "1.3.6.1.4.1.1466.20037",
    31};

struct Element {
  unsigned char tag = 0;
  std::string_view content{};
  std::size_t used = 0;
};
enum class Ber { kElement, kIncomplete, kWrong };

/// BER with definite lengths of up to four octets, which is what LDAP allows (RFC 4511 section 5.1).
Ber element_at(std::string_view bytes, Element& out) {
  if (bytes.size() < 2) return Ber::kIncomplete;
  out.tag = static_cast<unsigned char>(bytes[0]);
  std::size_t length = static_cast<unsigned char>(bytes[1]);
  std::size_t head = 2;
  if (length >= 0x80) {
    const std::size_t octets = length & 0x7fU;
    if (octets == 0 || octets > 4) return Ber::kWrong;
    if (bytes.size() < head + octets) return Ber::kIncomplete;
    length = 0;
    for (std::size_t i = 0; i < octets; ++i) length = length << 8U | static_cast<unsigned char>(bytes[head + i]);
    head += octets;
  }
  if (length > kMostUnused) return Ber::kWrong;
  if (bytes.size() < head + length) return Ber::kIncomplete;
  out.content = bytes.substr(head, length);
  out.used = head + length;
  return Ber::kElement;
}

std::optional<Element> take(std::string_view& bytes) {
  Element element;
  if (element_at(bytes, element) != Ber::kElement) return std::nullopt;
  bytes.remove_prefix(element.used);
  return element;
}

// --- PostgreSQL ---

// Length 8, then the number that no protocol version has: 1234 5679.
constexpr std::string_view kPostgresRequest{"\x00\x00\x00\x08\x04\xd2\x16\x2f", 8};

/// ErrorResponse: its length, then fields of a letter and a text each; M is the message.
Reading postgres_error(std::string_view received) {
  if (received.size() < 5) return incomplete();
  std::size_t length = 0;
  for (std::size_t i = 1; i < 5; ++i) length = length << 8U | static_cast<unsigned char>(received[i]);
  std::string_view message = "an error";
  if (length > kMostUnused) return refused_with(trim(received));  // a text of before protocol 3.0
  if (received.size() < 1 + length) return incomplete();
  for (std::size_t at = 5; at < received.size() && received[at] != '\0';) {
    const auto end = std::min(received.find('\0', at), received.size());
    if (received[at] == 'M') message = received.substr(at + 1, end - at - 1);
    at = end + 1;
  }
  return refused_with(message);
}

// --- MySQL ---

constexpr unsigned kMysqlSsl = 0x0800;

/// SSLRequest, packet number 1: CLIENT_LONG_PASSWORD, CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION; packets
/// up to 16 MiB; character set utf8mb4.
std::string mysql_request() {
  std::string out{"\x20\x00\x00\x01\x01\x8a\x00\x00\x00\x00\x00\x01\x2d", 13};
  out.append(23, '\0');
  return out;
}

}  // namespace

Reading say(std::size_t used, std::string text) { return {used, {Then::kListen, std::move(text), {}}}; }
Reading secure(std::size_t used, std::string text) { return {used, {Then::kSecure, std::move(text), {}}}; }
Reading refused(std::string why) { return {1, {Then::kRefused, {}, std::move(why)}}; }
Reading refused_with(std::string_view words) {
  return refused(fmt::format("the server did not agree to STARTTLS: \"{}\"", printable(words.substr(0, kShown))));
}

std::string_view ldap_request() { return kLdapStartTls; }
std::string_view postgres_request() { return kPostgresRequest; }

Reading read_ldap(std::string_view received, std::size_t /*turn*/, const StarttlsNames& /*names*/) {
  Element message;
  const auto found = element_at(received, message);
  if (found == Ber::kIncomplete && (received.empty() || received[0] == 0x30)) return incomplete();
  constexpr auto kNoLdap = "what came is no LDAP message";
  if (found != Ber::kElement || message.tag != 0x30) return refused(kNoLdap);
  auto rest = message.content;
  const auto id = take(rest);
  const auto response = take(rest);
  if (!id || id->tag != 0x02 || !response || response->tag != 0x78) return refused(kNoLdap);
  rest = response->content;
  const auto code = take(rest);
  const auto matched = take(rest);
  const auto text = take(rest);
  if (!code || code->tag != 0x0a || code->content.size() != 1 || !matched || !text) return refused(kNoLdap);
  const int result = static_cast<unsigned char>(code->content[0]);
  if (result == 0 && id->content == "\x01") return secure(message.used);
  return refused(fmt::format("the server did not agree to STARTTLS: LDAP result {}{}{}", result,
                             text->content.empty() ? "" : ": ", printable(text->content.substr(0, kShown))));
}

Reading read_postgres(std::string_view received, std::size_t /*turn*/, const StarttlsNames& /*names*/) {
  if (received.empty()) return incomplete();
  if (received[0] == 'S') return secure(1);
  if (received[0] == 'N') return refused("the server answered that it has no TLS");
  if (received[0] == 'E') return postgres_error(received);
  return refused("what came is no answer of PostgreSQL");
}

Reading read_mysql(std::string_view received, std::size_t /*turn*/, const StarttlsNames& /*names*/) {
  if (received.size() < 4) return incomplete();
  const auto octet = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(received[at])); };
  const std::size_t length = octet(0) | octet(1) << 8U | octet(2) << 16U;
  if (length == 0 || length > kMostUnused || octet(3) != 0) return refused("what came is no greeting of MySQL");
  if (received.size() < 4 + length) return incomplete();
  const auto packet = received.substr(4, length);
  if (packet[0] == '\xff') {  // an error instead of the greeting: its number, its text
    return refused_with(packet.substr(std::min<std::size_t>(3, packet.size())));
  }
  // Protocol 10: version text, thread 4 octets, 8 of salt, a filler, then the lower half of the capabilities.
  const auto version = packet.find('\0');
  if (packet[0] != '\x0a' || version == std::string_view::npos || packet.size() < version + 16)
    return refused("what came is no greeting of MySQL");
  const auto at = version + 14;
  const unsigned capabilities =
      static_cast<unsigned char>(packet[at]) | static_cast<unsigned>(static_cast<unsigned char>(packet[at + 1])) << 8U;
  if ((capabilities & kMysqlSsl) == 0) return refused("the server does not offer TLS (no CLIENT_SSL in its greeting)");
  return secure(4 + length, mysql_request());
}

}  // namespace cutover::net::starttls
