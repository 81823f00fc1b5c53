#include "dnsprobe/resolver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

#include "core/domain_name.h"
#include "core/text.h"

namespace cutover::dnsprobe {

namespace {

constexpr std::string_view kForms =
    "write an address (192.0.2.1, 192.0.2.1:5353, [2001:db8::1]:53), tcp://ADDRESS, tls://NAME@ADDRESS or "
    "https://HOST/PATH@ADDRESS, each with an optional OPERATOR= before it";

Error misread(std::string_view text, std::string_view what) {
  return fail(ErrorCode::kUsage, fmt::format("resolver \"{}\": {}; {}", printable(text), what, kForms));
}

bool is_operator_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

/// Takes `NAME=` off the front of `text` where it is there. A URL's own `=` comes after a `:` or `/`.
std::string take_operator(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_operator_character);
  if (end == text.begin() || end == text.end() || *end != '=') return {};
  const auto length = static_cast<std::size_t>(end - text.begin());
  std::string name(text.substr(0, length));
  text.remove_prefix(length + 1);
  return name;
}

/// A host name and a port, as in a URL.
struct Authority {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<Authority> read_authority(std::string_view text, std::uint16_t default_port) {
  Authority out{std::string(text), default_port};
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    const std::string_view digits = text.substr(colon + 1);
    if (digits.empty() || digits.size() > 5) return std::nullopt;
    unsigned port = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9') return std::nullopt;
      port = port * 10 + static_cast<unsigned>(c - '0');
    }
    if (port == 0 || port > 65535) return std::nullopt;
    out = {std::string(text.substr(0, colon)), static_cast<std::uint16_t>(port)};
  }
  const auto name = DomainName::from_text(out.host);
  if (!name || name->is_root()) return std::nullopt;
  const auto odd = [](char c) { return !is_operator_character(c); };
  if (std::any_of(out.host.begin(), out.host.end(), odd)) return std::nullopt;
  out.host = name->host();
  return out;
}

std::string short_text(const Endpoint& endpoint, std::uint16_t usual_port) {
  return endpoint.port == usual_port ? endpoint.address.text() : endpoint.text();
}

Result<Resolver> read_plain(std::string_view whole, std::string_view rest, Transport transport) {
  const auto endpoint = Endpoint::from_text(rest, 53);
  if (!endpoint) return misread(whole, endpoint.error().message);
  Resolver out;
  out.transport = transport;
  out.endpoint = *endpoint;
  out.operator_name = endpoint->address.text();
  out.id = resolver_text(out);
  return out;
}

Result<Resolver> read_tls(std::string_view whole, std::string_view rest) {
  Resolver out;
  out.transport = Transport::kTls;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    const auto name = read_authority(rest.substr(0, at), 853);
    const auto endpoint = Endpoint::from_text(rest.substr(at + 1), name ? name->port : 853);
    if (!name) return misread(whole, "what stands before @ is not a host name");
    if (!endpoint) return misread(whole, endpoint.error().message);
    out.tls_name = name->host;
    out.endpoint = *endpoint;
  } else if (const auto endpoint = Endpoint::from_text(rest, 853)) {
    out.tls_name = endpoint->address.text();
    out.endpoint = *endpoint;
  } else if (const auto name = read_authority(rest, 853)) {
    if (name->port != 853) return misread(whole, "a port needs the address too: tls://NAME@ADDRESS:PORT");
    out.tls_name = name->host;
  } else {
    return misread(whole, "neither a host name nor an address follows tls://");
  }
  out.operator_name = out.tls_name;
  out.id = resolver_text(out);
  return out;
}

Result<Resolver> read_https(std::string_view whole, std::string_view rest) {
  Resolver out;
  out.transport = Transport::kHttps;
  std::string_view pinned;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    pinned = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (pinned.find('/') != std::string_view::npos)
      return misread(whole, "user names in a URL are not used; @ADDRESS stands at the end and pins the address");
  }
  const auto slash = rest.find('/');
  const std::string_view host = rest.substr(0, slash);
  const std::string path = slash == std::string_view::npos ? "/dns-query" : std::string(rest.substr(slash));
  std::uint16_t port = 443;
  if (const auto literal = Endpoint::from_text(host, 443)) {
    out.tls_name = literal->address.text();
    out.endpoint = *literal;
    port = literal->port;
  } else if (const auto name = read_authority(host, 443)) {
    out.tls_name = name->host;
    port = name->port;
  } else {
    return misread(whole, "neither a host name nor an address follows https://");
  }
  const auto odd = [](char c) { return c <= ' ' || c > '~' || c == '"' || c == '\\'; };
  if (std::any_of(path.begin(), path.end(), odd)) return misread(whole, "the path holds characters that need escaping");
  if (!pinned.empty()) {
    const auto endpoint = Endpoint::from_text(pinned, port);
    if (!endpoint) return misread(whole, endpoint.error().message);
    out.endpoint = *endpoint;
  }
  out.operator_name = out.tls_name;
  out.url = "https://" + to_lower(host) + path;
  out.id = resolver_text(out);
  return out;
}

std::optional<std::string_view> after_scheme(std::string_view text, std::string_view scheme) {
  if (to_lower(text.substr(0, scheme.size())) != scheme) return std::nullopt;
  return text.substr(scheme.size());
}

Result<Resolver> read_form(std::string_view whole, std::string_view text) {
  if (const auto rest = after_scheme(text, "udp://")) return read_plain(whole, *rest, Transport::kUdp);
  if (const auto rest = after_scheme(text, "tcp://")) return read_plain(whole, *rest, Transport::kTcp);
  if (const auto rest = after_scheme(text, "tls://")) return read_tls(whole, *rest);
  if (const auto rest = after_scheme(text, "https://")) return read_https(whole, *rest);
  if (text.find("://") != std::string_view::npos) return misread(whole, "no such transport");
  return read_plain(whole, text, Transport::kUdp);
}

/// Where the host of `url` is to be reached without being looked up: its port, and its address where it is written as
/// one.
struct UrlHost {
  std::optional<IpAddress> literal;
  std::uint16_t port = 443;
};

UrlHost host_of(std::string_view url) {
  url.remove_prefix(std::min(url.size(), std::string_view("https://").size()));
  const std::string_view host = url.substr(0, url.find('/'));
  if (const auto literal = Endpoint::from_text(host, 443)) return {literal->address, literal->port};
  const auto name = read_authority(host, 443);
  return {std::nullopt, name ? name->port : std::uint16_t{443}};
}

std::optional<float> degrees(std::string_view text, float limit) {
  // from_chars for floating point is missing from clang's library; the text is short and its form is checked.
  if (text.empty() || text.size() > 12 || text.find_first_not_of("-.0123456789") != std::string_view::npos)
    return std::nullopt;
  char* end = nullptr;
  const std::string copy(text);
  const float value = std::strtof(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || !(value >= -limit && value <= limit)) return std::nullopt;
  return value;
}

}  // namespace

std::string resolver_text(const Resolver& resolver) {
  const auto pinned = [&](std::uint16_t usual) {
    return resolver.endpoint ? "@" + short_text(*resolver.endpoint, usual) : std::string();
  };
  switch (resolver.transport) {
    case Transport::kUdp:
      return short_text(*resolver.endpoint, 53);
    case Transport::kTcp:
      return "tcp://" + short_text(*resolver.endpoint, 53);
    case Transport::kTls:
      return "tls://" + resolver.tls_name + pinned(853);
    case Transport::kHttps: {
      const UrlHost host = host_of(resolver.url);
      const bool is_said =
          resolver.endpoint && host.literal == resolver.endpoint->address && host.port == resolver.endpoint->port;
      return resolver.url + (is_said ? "" : pinned(host.port));
    }
  }
  return resolver.id;
}

bool is_operator_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), is_operator_character);
}

std::optional<Location> location_from_text(std::string_view latitude, std::string_view longitude) {
  const auto north = degrees(latitude, 90);
  const auto east = degrees(longitude, 180);
  if (!north || !east) return std::nullopt;
  return Location{*north, *east};
}

std::string_view to_text(Transport transport) {
  switch (transport) {
    case Transport::kUdp:
      return "udp";
    case Transport::kTcp:
      return "tcp";
    case Transport::kTls:
      return "tls";
    case Transport::kHttps:
      return "https";
  }
  return "?";
}

std::string_view to_text(Source source) {
  switch (source) {
    case Source::kNamed:
      return "named";
    case Source::kCatalogue:
      return "catalogue";
    case Source::kImported:
      return "imported";
  }
  return "?";
}

bool is_plain(const Resolver& resolver) {
  return resolver.endpoint && (resolver.transport == Transport::kUdp || resolver.transport == Transport::kTcp);
}

Result<Resolver> parse_resolver(std::string_view text) {
  const std::string_view whole = trim(text);
  if (whole.empty()) return misread(text, "it is empty");
  std::string_view rest = whole;
  const std::string name = take_operator(rest);
  Result<Resolver> resolver = read_form(whole, rest);
  if (!resolver || name.empty()) return resolver;
  resolver->id = name + " " + resolver->id;
  resolver->operator_name = name;
  return resolver;
}

bool is_named_by(const Resolver& resolver, std::string_view entry) {
  const std::string wanted = to_lower(trim(entry));
  if (wanted.empty()) return false;
  if (to_lower(resolver.operator_name) == wanted || to_lower(resolver.id) == wanted) return true;
  if (!resolver.endpoint) return false;
  const auto endpoint = Endpoint::from_text(wanted, 0);
  return endpoint && endpoint->address == resolver.endpoint->address &&
         (endpoint->port == 0 || endpoint->port == resolver.endpoint->port);
}

Result<void> check_must(const std::vector<std::string>& must, const std::vector<Resolver>& resolvers) {
  for (const std::string& entry : must) {
    const auto named = [&](const Resolver& resolver) { return is_named_by(resolver, entry); };
    if (std::any_of(resolvers.begin(), resolvers.end(), named)) continue;
    std::set<std::string> operators;
    for (const Resolver& resolver : resolvers) operators.insert(printable(resolver.operator_name));
    std::vector<std::string> shown(operators.begin(), operators.end());
    if (shown.size() > 12) {
      shown.resize(12);
      shown.emplace_back("...");
    }
    return fail(ErrorCode::kUsage, fmt::format("must: \"{}\" is none of the resolvers that are asked; operators are {}",
                                               printable(entry), shown.empty() ? "none" : join(shown, ", ")));
  }
  return {};
}

}  // namespace cutover::dnsprobe
