#include "tests/servers/api_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <exception>
#include <stdexcept>

#include "core/text.h"
#include "tests/servers/api_listener.h"

namespace cutover::servers {
namespace {

constexpr const char* kPage =
    "<!DOCTYPE html><html><head><title>One moment</title></head><body>Please wait.</body></html>";

std::optional<std::string> first_of(const ApiFields& fields, std::string_view name) {
  for (const auto& [key, value] : fields)
    if (key == name) return value;
  return std::nullopt;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    const bool escaped =
        text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2;
    out += escaped ? static_cast<char>(value) : text[i];
    if (escaped) i += 2;
  }
  return out;
}

/// A form's `+` is a space.
std::string decoded_value(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return decoded(text);
}

ApiFields query_of(const std::string& target) {
  ApiFields out;
  const auto mark = target.find('?');
  if (mark == std::string::npos) return out;
  for (const std::string& pair : split(std::string_view(target).substr(mark + 1), '&')) {
    const auto equals = pair.find('=');
    out.emplace_back(decoded_value(pair.substr(0, equals)),
                     equals == std::string::npos ? "" : decoded_value(pair.substr(equals + 1)));
  }
  return out;
}

/// What the `{...}` stand for; nullopt: another path.
std::optional<std::vector<std::string>> matched(const std::vector<std::string>& pattern, const std::string& path) {
  const std::vector<std::string> segments = split(path, '/');
  if (segments.size() != pattern.size()) return std::nullopt;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool any = pattern[i].starts_with('{');
    if (!any && segments[i] != pattern[i]) return std::nullopt;
    if (any && segments[i].empty()) return std::nullopt;
    if (any) parts.push_back(decoded(segments[i]));
  }
  return parts;
}

std::string date_header(std::chrono::seconds ahead) {
  const std::time_t now = std::time(nullptr) + ahead.count();
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

std::optional<std::size_t> number_in(const ApiRequest& request, const std::string& name, std::size_t otherwise) {
  const auto text = request.parameter(name);
  if (!text) return otherwise;
  std::size_t value = 0;
  const char* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, value);
  return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

std::optional<ApiPage> sized_page(const ApiRequest& request, std::size_t total, const ApiPaging& paging) {
  const auto size = number_in(request, paging.size_name, paging.size);
  if (!size || *size < paging.smallest || *size > paging.largest) return std::nullopt;
  ApiPage page;
  page.size = *size;
  page.total = total;
  page.pages = (total + *size - 1) / *size;
  return page;
}

std::string cursor_text(std::size_t first) { return fmt::format("next-{:x}", first * 31 + 7); }

}  // namespace

std::optional<std::string> ApiRequest::header(std::string_view name) const { return first_of(headers, name); }
std::optional<std::string> ApiRequest::parameter(std::string_view name) const { return first_of(query, name); }

ApiReply json_reply(int status, std::string body) { return {status, std::move(body), "application/json", {}}; }

ApiFake::ApiFake(Settings settings) : settings_(std::move(settings)) {
  if (!settings_.secret.empty()) secrets_.push_back(settings_.secret);
  listener_ = std::make_unique<ApiListener>(*this);
}

ApiFake::~ApiFake() {
  if (listener_ == nullptr) return;
  std::fputs("a fake of an API was destroyed without stop() in its own destructor\n", stderr);
  std::terminate();
}

void ApiFake::stop() { listener_.reset(); }

std::string ApiFake::root() const { return "http://" + listener_->authority(); }
std::string ApiFake::url() const { return root() + settings_.base_path; }

void ApiFake::set_secret(const std::string& value) {
  const auto hold = locked();
  settings_.secret = value;
  secrets_.push_back(value);
}

void ApiFake::set_clock_ahead(std::chrono::seconds ahead) {
  const auto hold = locked();
  ahead_ = ahead;
}

void ApiFake::strike(ApiFault fault) {
  const auto hold = locked();
  faults_.push_back(std::move(fault));
}

void ApiFake::no_more_faults() {
  const auto hold = locked();
  faults_.clear();
}

int ApiFake::struck() const {
  const auto hold = locked();
  return struck_;
}

std::vector<ApiLogEntry> ApiFake::requests() const {
  const auto hold = locked();
  return requests_;
}

int ApiFake::count(std::string_view method, std::string_view part) const {
  const auto hold = locked();
  return static_cast<int>(std::count_if(requests_.begin(), requests_.end(), [&](const ApiLogEntry& entry) {
    return (method.empty() || entry.method == method) && entry.target.find(part) != std::string::npos;
  }));
}

int ApiFake::writes() const {
  const auto hold = locked();
  return static_cast<int>(std::count_if(requests_.begin(), requests_.end(), [](const ApiLogEntry& entry) {
    return entry.method != "GET" && entry.method != "HEAD";
  }));
}

void ApiFake::forget_requests() {
  const auto hold = locked();
  requests_.clear();
}

std::string ApiFake::log() const {
  std::string text;
  for (const ApiLogEntry& entry : requests())
    text += fmt::format("{} {} {}-> {}{}\n", entry.method, entry.target, entry.body.empty() ? "" : entry.body + " ",
                        entry.status, entry.fault ? " (fault)" : "");
  return text;
}

void ApiFake::route(std::string method, std::string pattern, Handler handler) {
  routes_.push_back({std::move(method), split(pattern, '/'), std::move(handler)});
}

ApiReply ApiFake::throttled(std::chrono::seconds retry_after) const {
  ApiReply reply = trouble(429, "too many requests");
  reply.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
  return reply;
}

std::optional<ApiReply> ApiFake::refusal(const ApiRequest& request) const {
  if (settings_.secret_header.empty()) return std::nullopt;
  if (request.header(settings_.secret_header) == settings_.secret) return std::nullopt;
  return trouble(401, "the credential is missing or wrong");
}

std::string ApiFake::hidden(std::string text) const {
  for (const std::string& secret : secrets_)
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret))
      text.replace(at, secret.size(), "***");
  return text;
}

ApiFake::Outcome ApiFake::serve(ApiRequest request, const std::string& target) {
  const auto hold = locked();
  request.path = target.substr(0, target.find('?'));
  request.query = query_of(target);
  if (!settings_.base_path.empty() && request.path.starts_with(settings_.base_path + "/"))
    request.path.erase(0, settings_.base_path.size());
  ApiLogEntry entry{request.method, hidden(target), request.headers, hidden(request.body), 0, std::nullopt};
  for (auto& [name, value] : entry.headers) value = name == settings_.secret_header ? "***" : hidden(value);

  const auto fault = fault_for(request);
  Outcome outcome = decide(request, fault);
  outcome.reply.headers.emplace_back("Date", date_header(ahead_));
  if (fault) entry.fault = fault->kind;
  const bool answered = outcome.delivery == Delivery::kWhole || outcome.delivery == Delivery::kHalf;
  entry.status = answered ? outcome.reply.status : 0;
  requests_.push_back(std::move(entry));
  return outcome;
}

ApiFake::Outcome ApiFake::decide(ApiRequest& request, const std::optional<ApiFault>& fault) {
  if (!fault) return {dispatched(request), Delivery::kWhole};
  using Kind = ApiFault::Kind;
  switch (fault->kind) {
    case Kind::kFailBefore:
      return {trouble(500, "an internal error"), Delivery::kWhole};
    case Kind::kFailAfter:
      dispatched(request);
      return {trouble(500, "an internal error"), Delivery::kWhole};
    case Kind::kCutBefore:
      return {{}, Delivery::kNone};
    case Kind::kCutAfter:
      return {dispatched(request), Delivery::kNone};
    case Kind::kTruncated: {
      ApiReply reply = dispatched(request);
      const bool has_half = !reply.body.empty();
      return {std::move(reply), has_half ? Delivery::kHalf : Delivery::kNone};
    }
    case Kind::kHalfJson: {
      ApiReply reply = dispatched(request);
      if (reply.body.empty()) reply = json_reply(200, "{}");
      reply.body.resize(reply.body.size() / 2);
      return {std::move(reply), Delivery::kWhole};
    }
    case Kind::kHtml:
      dispatched(request);
      return {{200, kPage, "text/html; charset=utf-8", {}}, Delivery::kWhole};
    case Kind::kThrottled:
      return {throttled(fault->retry_after), Delivery::kWhole};
    case Kind::kExpired:
      return {trouble(401, "the credential has expired"), Delivery::kWhole};
    case Kind::kSilentBefore:
      return {{}, Delivery::kSilence};
    case Kind::kSilentAfter:
      return {dispatched(request), Delivery::kSilence};
  }
  throw std::logic_error("a fault of no kind");
}

ApiReply ApiFake::dispatched(ApiRequest& request) {
  if (auto refused = refusal(request)) return *std::move(refused);
  const std::string type = request.header("content-type").value_or("");
  if (!request.body.empty() && !type.starts_with(settings_.body_type))
    return trouble(415, fmt::format("a body must be {}", settings_.body_type));
  bool known_path = false;
  for (const Route& each : routes_) {
    auto parts = matched(each.pattern, request.path);
    if (!parts) continue;
    known_path = true;
    if (each.method != request.method) continue;
    request.parts = *std::move(parts);
    // What a handler cannot read, the client wrote wrong.
    try {
      return each.handler(request);
    } catch (const std::exception& error) {
      return trouble(400, fmt::format("unreadable: {}", error.what()));
    }
  }
  return known_path ? trouble(405, "the method is not allowed here") : trouble(404, "there is no such route");
}

std::optional<ApiFault> ApiFake::fault_for(const ApiRequest& request) {
  for (ApiFault& fault : faults_) {
    const bool meant = fault.times > 0 && (fault.method.empty() || fault.method == request.method) &&
                       request.path.find(fault.path) != std::string::npos && (!fault.when || fault.when(request));
    if (!meant) continue;
    if (fault.after > 0) {
      --fault.after;
      continue;
    }
    --fault.times;
    ++struck_;
    return fault;
  }
  return std::nullopt;
}

std::optional<ApiPage> numbered_page(const ApiRequest& request, std::size_t total, const ApiPaging& paging) {
  auto page = sized_page(request, total, paging);
  const auto number = number_in(request, paging.place_name, 1);
  if (!page || !number || *number == 0) return std::nullopt;
  page->number = *number;
  page->first = std::min(total, (*number - 1) * page->size);
  page->count = std::min(page->size, total - page->first);
  return page;
}

std::optional<ApiPage> cursor_page(const ApiRequest& request, std::size_t total, const ApiPaging& paging) {
  auto page = sized_page(request, total, paging);
  if (!page) return std::nullopt;
  if (const auto cursor = request.parameter(paging.place_name); cursor && !cursor->empty()) {
    while (page->first < total && cursor_text(page->first) != *cursor) ++page->first;
    if (page->first == total) return std::nullopt;
  }
  page->count = std::min(page->size, total - page->first);
  if (page->first + page->count < total) page->next_cursor = cursor_text(page->first + page->count);
  return page;
}

}  // namespace cutover::servers
