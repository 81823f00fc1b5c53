#include "providers/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/boundary.h"
#include "core/endpoint.h"
#include "core/text.h"
#include "net/http.h"
#include "net/http_date.h"

namespace cutover::providers {
namespace {

using Json = nlohmann::json;

constexpr int kTries = 4;
constexpr std::chrono::seconds kLongestPause{60};
constexpr std::size_t kMaxBody = 256 * 1024 * 1024;
constexpr std::size_t kMaxQuoted = 300;

struct Url {
  std::string scheme, host;
  std::uint16_t port = 0;
};

/// kUsage for everything but SCHEME://HOST[:PORT][/PATH].
Result<Url> parse_url(std::string_view text) {
  const auto bad = [](std::string_view why) {
    return fail(ErrorCode::kUsage,
                fmt::format("the URL of an API is https://HOST[:PORT][/PATH], and this one {}", why));
  };
  Url url;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return bad("does not begin with https://");
  url.scheme = to_lower(text.substr(0, colon));
  if (url.scheme != "https" && url.scheme != "http") return bad("does not begin with https://");
  for (const char c : text)
    if (c <= ' ' || c == 0x7f || c == '\\') return bad("has a character that no URL has");
  if (text.find('@') != std::string_view::npos)
    return bad("holds a user or a password: give the credential by its own option");
  if (text.find_first_of("?#") != std::string_view::npos) return bad("has a query or a fragment");
  std::string_view authority = text.substr(colon + 3);
  authority = authority.substr(0, authority.find('/'));
  const auto host_end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  std::string_view port;
  if (authority.starts_with('[')) {
    if (host_end == std::string_view::npos) return bad("has no address between [ and ]");
    url.host = authority.substr(1, host_end - 1);
    port = authority.substr(host_end + 1);
  } else {
    url.host = authority.substr(0, host_end);
    if (host_end != std::string_view::npos) port = authority.substr(host_end);
  }
  url.host = to_lower(url.host);
  if (url.host.empty()) return bad("names no host");
  url.port = url.scheme == "https" ? 443 : 80;
  if (!port.empty()) {
    const char* end = port.data() + port.size();
    const auto read = std::from_chars(port.data() + 1, end, url.port);
    if (port[0] != ':' || read.ec != std::errc() || read.ptr != end || url.port == 0) return bad("has no proper port");
  }
  return url;
}

/// The loopback address that a host is, or `localhost`; nullopt: it is elsewhere.
std::optional<IpAddress> loopback_of(const std::string& host) {
  const auto address = IpAddress::from_text(host == "localhost" ? "127.0.0.1" : host);
  if (!address) return std::nullopt;
  const bool is_loopback = address->family() == Family::kV4 ? address->bytes()[0] == 127 : address->text() == "::1";
  return is_loopback ? std::optional(*address) : std::nullopt;
}

/// What Retry-After asks for: seconds or a date (RFC 9110 section 10.2.3).
std::optional<std::chrono::milliseconds> retry_after(const net::HttpResponse& response) {
  const std::string_view value = trim(response.header("retry-after"));
  unsigned seconds = 0;
  const char* end = value.data() + value.size();
  if (const auto read = std::from_chars(value.data(), end, seconds);
      !value.empty() && read.ec == std::errc() && read.ptr == end)
    return std::chrono::seconds(seconds);
  const auto until = net::parse_http_date(value);
  const auto now = net::parse_http_date(response.header("date"));
  if (!until || !now) return std::nullopt;
  return std::max(std::chrono::milliseconds(0), std::chrono::duration_cast<std::chrono::milliseconds>(*until - *now));
}

struct Meaning {
  ErrorCode code;
  std::string_view what;  ///< what the service did, after its name
};

/// Of a status that is neither success nor a redirect (RFC 9110 section 15, RFC 6585 section 4).
Meaning meaning_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return {ErrorCode::kAuth, "did not accept the credential, or it lacks the right to do this"};
    case 404:
      return {ErrorCode::kNotFound, "does not have that"};
    case 409:
    case 412:
      return {ErrorCode::kConflict, "found something else than was expected"};
    case 429:
      return {ErrorCode::kBusy, "is asked too often"};
    default:
      return status >= 500 ? Meaning{ErrorCode::kNetwork, "failed"}
                           : Meaning{ErrorCode::kInvalid, "did not take the request"};
  }
}

bool may_pass(int status) { return status == 429 || status >= 500; }
bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace

struct Api::Reply {
  Result<net::HttpResponse> got;
  bool is_json = false;
};

Result<Api> Api::make(net::Loop& loop, Settings settings, net::Secret credential) {
  auto url = parse_url(settings.url);
  if (!url) return url.error();
  const auto loopback = loopback_of(url->host);
  if (url->scheme == "http" && !loopback)
    return fail(
        ErrorCode::kUsage,
        fmt::format("{} is not asked at http://{}: everybody on the way could read the credential; use https://, "
                    "or a tunnel that ends on this machine (only loopback may be http://)",
                    settings.service, printable(url->host)));
  for (const char c : credential.reveal())
    if (c < ' ' || c == 0x7f)
      return fail(ErrorCode::kInvalid,
                  fmt::format("the credential for {} has a line end or a control character in it", settings.service));
  while (settings.url.ends_with('/')) settings.url.pop_back();
  const std::string dial = url->scheme == "http" ? Endpoint{*loopback, url->port}.text() : std::string();
  return Api(loop, std::move(settings), std::move(credential), dial);
}

Api::Api(net::Loop& loop, Settings settings, net::Secret credential, std::string loopback)
    : loop_(loop),
      settings_(std::move(settings)),
      credential_(std::move(credential)),
      loopback_(std::move(loopback)),
      who_(fmt::format("{} at {}", settings_.service, printable(settings_.url))) {}

void Api::pause(std::chrono::milliseconds span) const {
  bool over = false;
  const auto timer = loop_.after(span, [&over] { over = true; });
  loop_.run_until([&over] { return over; });
}

Api::Reply Api::call(Intent intent, const std::string& method, const std::string& path, const std::string& body) const {
  net::HttpRequest request;
  request.method = method;
  request.url = settings_.url + path;
  request.headers = {{settings_.credential_header, credential_.reveal()}, {"Accept", "application/json"}};
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = body;
  request.max_body = kMaxBody;
  request.timeout = intent == Intent::kRead ? settings_.read_limit : settings_.write_limit;
  // Dialled by its address no name can lead elsewhere, and no proxy gets to see the credential.
  if (!loopback_.empty()) request.connect_to = *Endpoint::from_text(loopback_, 80);
  // Each call has a client of its own, and with it a new connection: see write().
  Reply reply{std::move(net::http_all(loop_, {request}).at(0))};
  if (reply.got && !reply.got->body_cut)
    reply.is_json = reply.got->body.empty() ? reply.got->status != 200 : Json::accept(reply.got->body);
  return reply;
}

/// What the service says about an error, short, printable and without the credential.
std::string Api::explained(const std::string& body) const {
  std::string text(trim(body));
  const Json json = Json::parse(body, nullptr, false);
  if (json.is_object())
    for (const char* key : {"error", "message", "detail"})
      if (const auto at = json.find(key); at != json.end() && at->is_string()) {
        text = at->get<std::string>();
        break;
      }
  const std::string& secret = credential_.reveal();
  for (auto at = text.find(secret); at != std::string::npos && !secret.empty(); at = text.find(secret, at))
    text.replace(at, secret.size(), "(the credential)"), at += 16;
  if (text.size() > kMaxQuoted) text = text.substr(0, kMaxQuoted) + "...";
  return text.empty() ? "" : ": " + printable(text);
}

Error Api::verdict(Intent intent, const Reply& reply, std::string_view doing) const {
  const bool writes = intent == Intent::kWrite;
  const std::string_view nothing = writes ? "; nothing was changed" : "";
  if (!reply.got) {
    const ErrorCode code = reply.got.error().code;
    const bool sent = code == ErrorCode::kNetwork || code == ErrorCode::kTimeout;
    if (writes && sent)
      return fail(ErrorCode::kUnknown, fmt::format("{}: the call to {} got no answer ({}): whether it was made is not "
                                                   "known",
                                                   doing, who_, reply.got.error().message));
    return fail(code, fmt::format("{}: {} gave no answer: {}{}", doing, who_, reply.got.error().message, nothing));
  }
  const int status = reply.got->status;
  const std::string said = explained(reply.got->body);
  const auto told = [&](ErrorCode code, std::string_view what) {
    return fail(code, fmt::format("{}: {} {} (HTTP {}){}{}", doing, who_, what, status, said, nothing));
  };
  if (is_success(status) || (writes && status >= 500))
    return writes
               ? fail(ErrorCode::kUnknown,
                      fmt::format("{}: {} answered HTTP {} with {}{}: whether the change was made is not known", doing,
                                  who_, status, is_success(status) ? "something that is not JSON" : "an error", said))
               : fail(ErrorCode::kInvalid, fmt::format("{}: {} answered something that is not {}: is this its API?",
                                                       doing, who_, reply.got->body_cut ? "short enough" : "JSON"));
  if (status >= 300 && status < 400)
    return fail(
        ErrorCode::kRefused,
        fmt::format("{}: {} sends callers elsewhere, to {} (HTTP {}), and the credential does not go there: set "
                    "the URL that is meant{}",
                    doing, who_, explained(std::string(reply.got->header("location"))).erase(0, 2), status, nothing));
  const Meaning meaning = meaning_of(status);
  return told(meaning.code, meaning.what);
}

Result<std::string> Api::read(const std::string& path, std::string_view doing) const {
  std::chrono::milliseconds wait = settings_.first_pause;
  for (int attempt = 1;; ++attempt, wait *= 2) {
    Reply reply = call(Intent::kRead, "GET", path, "");
    if (reply.got && is_success(reply.got->status) && reply.is_json) return std::move(reply.got->body);
    Error error = verdict(Intent::kRead, reply, doing);
    if (!reply.got || !may_pass(reply.got->status)) return error;
    const auto asked = retry_after(*reply.got);
    if (asked && *asked > kLongestPause)
      return fail(error.code, fmt::format("{}; it asks to wait {}", error.message, format_duration(*asked)));
    if (attempt == kTries) return fail(error.code, fmt::format("{}; asked {} times", error.message, kTries));
    pause(asked.value_or(wait));
  }
}

Result<std::string> Api::write(const std::string& method, const std::string& path, const std::string& body,
                               std::string_view doing) const {
  boundary("provider-before-send");
  Reply reply = call(Intent::kWrite, method, path, body);
  boundary("provider-after-reply");
  if (reply.got && is_success(reply.got->status) && reply.is_json) return std::move(reply.got->body);
  return verdict(Intent::kWrite, reply, doing);
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace cutover::providers
