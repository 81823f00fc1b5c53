#include "providers/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <pugixml.hpp>
#include <set>

#include "core/boundary.h"
#include "core/endpoint.h"
#include "core/text.h"
#include "net/http.h"
#include "net/http_date.h"
#include "providers/link_header.h"
#include "providers/rate_limit.h"

namespace cutover::providers {
namespace {

using Json = nlohmann::json;

constexpr int kTries = 4;
constexpr std::size_t kMaxBody = 256 * 1024 * 1024;
constexpr std::size_t kMaxQuoted = 300;
constexpr std::size_t kMaxPages = 10000;
constexpr std::size_t kAtOnce = 8;

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

struct Told {
  ErrorCode code;
  std::string_view what;  ///< what the service did, after its name
};

ErrorCode code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::kAuth;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
    case 412:
      return ErrorCode::kConflict;
    case 429:
      return ErrorCode::kBusy;
    default:
      return status >= 500 ? ErrorCode::kNetwork : ErrorCode::kInvalid;
  }
}

/// What the service did, after its name.
std::string_view deed(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAuth:
      return "did not accept the credential, or it lacks the right to do this";
    case ErrorCode::kNotFound:
      return "does not have that";
    case ErrorCode::kConflict:
      return "found something else than was expected";
    case ErrorCode::kBusy:
      return "is asked too often";
    case ErrorCode::kNetwork:
      return "failed";
    case ErrorCode::kRefused:
    case ErrorCode::kUnsupported:
      return "refused";
    default:
      return "did not take the request";
  }
}

bool is_success(int status) { return status >= 200 && status < 300; }

/// A page for people, from a proxy on the way, may be well-formed too.
bool is_xml(const std::string& text) {
  pugi::xml_document document;
  return document.load_string(text.c_str()) && to_lower(document.document_element().name()) != "html";
}

/// The text of the first element of a name that services use for what went wrong.
std::string complaint_in_xml(const std::string& body) {
  pugi::xml_document document;
  if (!document.load_string(body.c_str())) return {};
  for (const char* name : {"Message", "Error"})
    if (const auto node = document.find_node([&](const pugi::xml_node& each) {
          return std::string_view(each.name()) == name && !trim(each.child_value()).empty();
        }))
      return node.child_value();
  return {};
}

/// The first text under a key that services use for what went wrong: `{"errors":[{"message":"..."}]}`.
std::string complaint(const Json& json, int depth = 0) {
  if (depth > 3) return {};
  if (json.is_object())
    for (const char* key : {"message", "error_description", "error", "detail", "reason", "description"}) {
      const auto at = json.find(key);
      if (at != json.end() && at->is_string() && !at->get_ref<const std::string&>().empty())
        return at->get<std::string>();
    }
  if (json.is_object() || json.is_array())
    for (const Json& below : json)
      if (const std::string found = complaint(below, depth + 1); !found.empty()) return found;
  return {};
}

std::string complaint_in(const std::string& body) {
  Json json = Json::parse(body, nullptr, false);
  std::string text = complaint(json);
  if (!text.empty() || !json.is_array()) return text;
  // One item for each of the request's, most of them empty.
  json.erase(std::remove_if(json.begin(), json.end(), [](const Json& item) { return item.empty(); }), json.end());
  return json.empty() ? text : json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

struct Api::Reply {
  Result<net::HttpResponse> got;
  bool is_well_formed = false;
  std::optional<ErrorCode> meant{};  ///< by the service's own rules

  bool succeeded() const { return got && is_success(got->status) && is_well_formed && !meant; }
};

Result<Api> Api::make(net::Loop& loop, Settings settings) {
  auto url = parse_url(settings.url);
  if (!url) return url.error();
  const auto loopback = loopback_of(url->host);
  if (url->scheme == "http" && !loopback)
    return fail(
        ErrorCode::kUsage,
        fmt::format("{} is not asked at http://{}: everybody on the way could read the credential; use https://, "
                    "or a tunnel that ends on this machine (only loopback may be http://)",
                    settings.service, printable(url->host)));
  for (const net::Secret& secret : settings.secrets)
    for (const char c : secret.reveal())
      if (c < ' ' || c == 0x7f)
        return fail(ErrorCode::kInvalid,
                    fmt::format("the credential for {} has a line end or a control character in it", settings.service));
  while (settings.url.ends_with('/')) settings.url.pop_back();
  const std::string dial = url->scheme == "http" ? Endpoint{*loopback, url->port}.text() : std::string();
  return Api(loop, std::move(settings), dial);
}

Api::Api(net::Loop& loop, Settings settings, std::string loopback)
    : loop_(loop),
      settings_(std::move(settings)),
      loopback_(std::move(loopback)),
      who_(fmt::format("{} at {}", settings_.service, printable(settings_.url))) {
  const std::string kind = settings_.form == Form::kXml ? "application/xml" : "application/json";
  if (settings_.content_type.empty()) settings_.content_type = kind;
  if (settings_.accept.empty()) settings_.accept = kind;
}

std::string Api::ca_file() const {
  return settings_.ca_file.empty() ? std::string() : std::filesystem::absolute(settings_.ca_file).string();
}

void Api::pause(std::chrono::milliseconds span) const {
  bool over = false;
  const auto timer = loop_.after(span, [&over] { over = true; });
  loop_.run_until([&over] { return over; });
}

Result<net::HttpRequest> Api::prepared(Intent intent, const ApiCall& call) const {
  net::HttpRequest request;
  request.method = call.method;
  request.url = settings_.url + call.path;
  request.headers = call.headers;
  request.headers.emplace_back("Accept", settings_.accept);
  request.body = call.body;
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", settings_.content_type);
  request.max_body = kMaxBody;
  request.ca_file = settings_.ca_file;
  request.timeout = intent == Intent::kRead ? settings_.read_limit : settings_.write_limit;
  if (settings_.authorize)
    if (auto proved = settings_.authorize(request); !proved) return proved.error();
  // Dialled by its address no name can lead elsewhere, and no proxy gets to see the credential.
  if (!loopback_.empty()) request.connect_to = *Endpoint::from_text(loopback_, 80);
  return request;
}

Api::Reply Api::understood(Intent intent, Result<net::HttpResponse> got) const {
  Reply reply{std::move(got)};
  if (!reply.got) return reply;
  if (const auto date = net::parse_http_date(reply.got->header("date")); date && settings_.clock != nullptr)
    skew_ = std::chrono::floor<Seconds>(*date - settings_.clock->now() + std::chrono::milliseconds(500));
  const std::string& body = reply.got->body;
  if (!reply.got->body_cut)
    reply.is_well_formed = body.empty()                   ? reply.got->status != 200 || intent == Intent::kWrite
                           : settings_.form == Form::kXml ? is_xml(body)
                                                          : Json::accept(body);
  if (settings_.meaning) reply.meant = settings_.meaning(*reply.got);
  return reply;
}

Result<Api::Reply> Api::send(Intent intent, const ApiCall& call) const {
  auto request = prepared(intent, call);
  if (!request) return request.error();
  // Each call has a client of its own, and with it a new connection: see write().
  return understood(intent, std::move(net::http_all(loop_, {*request}).at(0)));
}

std::string Api::redacted(std::string text) const {
  constexpr std::string_view kInstead = "(the credential)";
  std::vector<net::Secret> secrets = settings_.secrets;
  if (settings_.fetched_secrets)
    for (net::Secret& fetched : settings_.fetched_secrets()) secrets.push_back(std::move(fetched));
  for (const net::Secret& hidden : secrets) {
    const std::string& secret = hidden.reveal();
    if (secret.empty()) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kInstead.size()))
      text.replace(at, secret.size(), kInstead);
  }
  return text;
}

/// What the service says about an error, short, printable and without the credential.
std::string Api::explained(const std::string& body) const {
  std::string text = settings_.form == Form::kXml ? complaint_in_xml(body) : complaint_in(body);
  if (text.empty()) text = std::string(trim(body));
  text = redacted(std::move(text));
  if (text.size() > kMaxQuoted) text = text.substr(0, kMaxQuoted) + "...";
  return text.empty() ? "" : ": " + printable(text);
}

ErrorCode Api::meaning_of(const net::HttpResponse& response) const {
  if (settings_.meaning)
    if (const auto meant = settings_.meaning(response)) return *meant;
  return code_of(response.status);
}

Error Api::verdict(Intent intent, const Reply& reply, std::string_view doing) const {
  const bool writes = intent == Intent::kWrite;
  const std::string_view nothing = writes ? "; nothing was changed" : "";
  if (!reply.got) {
    const ErrorCode code = reply.got.error().code;
    const std::string why = redacted(reply.got.error().message);
    const bool sent = code == ErrorCode::kNetwork || code == ErrorCode::kTimeout;
    if (writes && sent)
      return fail(
          ErrorCode::kUnknown,
          fmt::format("{}: the call to {} got no answer ({}): whether it was made is not known", doing, who_, why));
    return fail(code, fmt::format("{}: {} gave no answer: {}{}", doing, who_, why, nothing));
  }
  const int status = reply.got->status;
  const std::string said = explained(reply.got->body);
  const std::string_view form = settings_.form == Form::kXml ? "XML" : "JSON";
  if (!reply.meant && (is_success(status) || (writes && status >= 500)))
    return writes ? fail(ErrorCode::kUnknown,
                         fmt::format("{}: {} answered HTTP {} with {}{}: whether the change was made is not known",
                                     doing, who_, status,
                                     is_success(status) ? fmt::format("something that is not {}", form) : "an error",
                                     said))
                  : fail(ErrorCode::kInvalid, fmt::format("{}: {} answered something that is not {}: is this its API?",
                                                          doing, who_, reply.got->body_cut ? "short enough" : form));
  if (status >= 300 && status < 400)
    return fail(
        ErrorCode::kRefused,
        fmt::format("{}: {} sends callers elsewhere, to {} (HTTP {}), and the credential does not go there: set "
                    "the URL that is meant{}",
                    doing, who_, printable(redacted(std::string(reply.got->header("location")))), status, nothing));
  const ErrorCode code = meaning_of(*reply.got);
  std::string advice = settings_.advice ? settings_.advice(*reply.got) : std::string();
  if (!advice.empty()) advice.insert(0, "; ");
  return fail(code, fmt::format("{}: {} {} (HTTP {}){}{}{}", doing, who_, deed(code), status, said, advice, nothing));
}

Result<net::HttpResponse> Api::converse(Intent intent, const ApiCall& call, std::string_view doing) const {
  std::chrono::milliseconds wait = settings_.first_pause;
  bool may_renew = settings_.renew != nullptr;
  for (int attempt = 1;; ++attempt, wait *= 2) {
    auto sent = send(intent, call);
    if (!sent) return within(std::string(doing), sent.error());
    if (sent->succeeded()) return std::move(*sent->got);
    Error error = verdict(intent, *sent, doing);
    if (!sent->got) return error;
    if (sent->got->status == 401 && std::exchange(may_renew, false)) {
      settings_.renew();
      continue;
    }
    const bool throttled = error.code == ErrorCode::kBusy;
    if (!throttled && (intent == Intent::kWrite || sent->meant || sent->got->status < 500)) return error;
    const auto asked = pause_asked(*sent->got);
    if (asked && *asked > settings_.longest_pause)
      return fail(error.code, fmt::format("{}; it asks to wait {}", error.message,
                                          format_duration(std::chrono::duration_cast<Span>(*asked))));
    if (attempt >= kTries) return fail(error.code, fmt::format("{}; asked {} times", error.message, kTries));
    const auto span = asked.value_or(wait);
    if (settings_.tell)
      settings_.tell(fmt::format("{} {} (HTTP {}); asked again in {:.1f} s", who_, deed(error.code), sent->got->status,
                                 std::chrono::duration<double>(span).count()));
    pause(span);
  }
}

Result<std::string> Api::read(const ApiCall& call, std::string_view doing) const {
  auto reply = converse(Intent::kRead, call, doing);
  if (!reply) return reply.error();
  return std::move(reply->body);
}

Result<std::string> Api::read(const std::string& path, std::string_view doing) const {
  return read(ApiCall{"GET", path}, doing);
}

Result<std::string> Api::write(const ApiCall& call, std::string_view doing) const {
  boundary("provider-before-send");
  auto made = converse(Intent::kWrite, call, doing);
  boundary("provider-after-reply");
  if (!made) return made.error();
  return std::move(made->body);
}

Result<void> Api::turn_pages(const std::string& first, std::string_view doing, const After& after) const {
  std::set<std::string> seen;
  std::optional<std::string> path = first;
  while (path) {
    if (!seen.insert(*path).second || seen.size() > kMaxPages)
      return fail(ErrorCode::kInvalid, fmt::format("{}: the pages of {} do not come to an end", doing, who_));
    auto reply = converse(Intent::kRead, ApiCall{"GET", *path}, doing);
    if (!reply) return reply.error();
    auto following = after(*reply);
    if (!following) return within(fmt::format("{}: {}", doing, who_), following.error());
    path = std::move(*following);
  }
  return {};
}

Result<std::vector<std::string>> Api::read_all(const std::vector<std::string>& paths, std::string_view doing) const {
  std::vector<net::HttpRequest> requests;
  for (const std::string& path : paths) {
    auto request = prepared(Intent::kRead, ApiCall{"GET", path});
    if (!request) return within(std::string(doing), request.error());
    requests.push_back(std::move(*request));
  }
  std::vector<std::string> bodies;
  auto replies = net::http_all(loop_, requests, kAtOnce);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    Reply reply = understood(Intent::kRead, std::move(replies[i]));
    if (!reply.succeeded()) {
      Error error = verdict(Intent::kRead, reply, doing);
      if (!reply.got || (error.code != ErrorCode::kBusy && (reply.meant || reply.got->status < 500))) return error;
      // Alone, and with all that read() does about it.
      auto again = read(paths[i], doing);
      if (!again) return again.error();
      bodies.push_back(std::move(*again));
      continue;
    }
    bodies.push_back(std::move(reply.got->body));
  }
  return bodies;
}

Result<void> Api::read_pages(const std::string& first, std::string_view doing, const Next& next) const {
  return turn_pages(first, doing, [&](const net::HttpResponse& reply) { return next(reply.body); });
}

Result<void> Api::read_linked_pages(const std::string& first, std::string_view doing, const Take& take) const {
  return turn_pages(first, doing, [&](const net::HttpResponse& reply) -> Result<std::optional<std::string>> {
    if (auto taken = take(reply.body); !taken) return taken.error();
    return next_link(reply);
  });
}

Result<std::optional<std::string>> Api::next_link(const net::HttpResponse& response) const {
  const auto link = link_to(response.header("link"), "next");
  if (!link) return std::optional<std::string>();
  // Some write http:// there, behind a proxy of their own; what is asked is our URL all the same.
  const auto below_scheme = [](std::string_view text) { return text.substr(std::min(text.find("://"), text.size())); };
  const std::string_view target = below_scheme(*link), base = below_scheme(settings_.url);
  if (target.starts_with(std::string(base) + "/")) return std::optional(std::string(target.substr(base.size())));
  return fail(ErrorCode::kInvalid, fmt::format("the next page is said to be at {}, where the credential does not go",
                                               printable(redacted(*link))));
}

Api::Authorize in_header(std::string header, std::string prefix, net::Secret secret) {
  return [=](net::HttpRequest& request) -> Result<void> {
    request.headers.emplace_back(header, prefix + secret.reveal());
    return {};
  };
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
