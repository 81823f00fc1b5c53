#include "cmd/page/visit.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>

#include "core/text.h"

namespace cutover {
namespace {

std::string digest(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_sha256(), nullptr) != 1) return {};
  return {reinterpret_cast<const char*>(out.data()), size};
}

bool is_everywhere(const IpAddress& address) { return address.text() == "0.0.0.0" || address.text() == "::"; }

std::string machine_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return to_lower(name.data());
}

/// The name before the port; brackets stay. `port_matches`: the port is this one (80 where there is none).
struct HostAndPort {
  std::string host;
  std::string port;
};
HostAndPort parts_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos;
  if (!has_port) return {to_lower(text), "80"};
  return {to_lower(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::string cookie_in(std::string_view header, std::string_view name) {
  for (const std::string& each : split(header, ';')) {
    const std::string_view pair = trim(each);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return std::string(pair.substr(equals + 1));
  }
  return {};
}

/// Letters, digits and what else RFC 3986 section 2.3 leaves alone; the rest as %XX.
std::string in_query(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain)
      out += c;
    else
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

}  // namespace

bool same_secret(std::string_view one, std::string_view other) {
  const std::string left = digest(one);
  const std::string right = digest(other);
  return !left.empty() && left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

bool is_loopback(const IpAddress& address) {
  return address.family() == Family::kV4 ? address.bytes()[0] == '\x7f' : address.text() == "::1";
}

Doorkeeper::Doorkeeper(const Endpoint& bound, std::string_view token)
    : bound_(bound),
      own_name_(is_everywhere(bound.address) ? machine_name() : std::string()),
      token_(token),
      cookie_name_("cutover-page-" + std::to_string(bound.port)),
      cookie_value_(to_hex(digest("cutover page cookie\n" + std::string(token)))) {}

bool Doorkeeper::knows_host(std::string_view host) const {
  const HostAndPort said = parts_of(host);
  if (said.port != std::to_string(bound_.port)) return false;
  if (said.host == "localhost" || said.host == "127.0.0.1" || said.host == "[::1]") return true;
  if (!own_name_.empty() && said.host == own_name_) return true;
  std::string_view bare = said.host;
  if (bare.size() > 2 && bare.front() == '[' && bare.back() == ']') bare = bare.substr(1, bare.size() - 2);
  const auto address = IpAddress::from_text(bare);
  // Where it listens at every address, a literal one cannot have been a foreign name.
  return address && (*address == bound_.address || is_everywhere(bound_.address));
}

bool Doorkeeper::has_token(const Visit& visit) const {
  if (same_secret(cookie_in(visit.cookie, cookie_name_), cookie_value_)) return true;
  constexpr std::string_view kBearer = "Bearer ";
  return visit.authorization.starts_with(kBearer) && same_secret(visit.authorization.substr(kBearer.size()), token_);
}

Doorkeeper::Admission Doorkeeper::admit(const Visit& visit) const {
  if (visit.method != "GET" && visit.method != "HEAD") return Admission::kWrongMethod;
  if (!knows_host(visit.host)) return Admission::kWrongHost;
  const bool foreign = visit.fetch_site == "cross-site" || visit.fetch_site == "same-site";
  if (foreign && visit.fetch_mode != "navigate") return Admission::kForeignFrame;
  if (token_.empty() || has_token(visit)) return Admission::kWelcome;
  return !visit.query_token.empty() && same_secret(visit.query_token, token_) ? Admission::kGiveCookie
                                                                              : Admission::kNoToken;
}

std::string Doorkeeper::set_cookie() const {
  return cookie_name_ + "=" + cookie_value_ + "; Path=/; HttpOnly; SameSite=Strict";
}

std::string Doorkeeper::url() const {
  const std::string where = own_name_.empty() ? bound_.text() : own_name_ + ":" + std::to_string(bound_.port);
  return "http://" + where + "/" + (token_.empty() ? std::string() : "?token=" + in_query(token_));
}

}  // namespace cutover
