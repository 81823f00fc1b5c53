#include "tests/servers/api_relay.h"

#include <fmt/format.h>
#include <httplib.h>

#include <nlohmann/json.hpp>

#include "providers/api.h"

namespace cutover::servers {
namespace {

constexpr int kDeepestPath = 9;

std::string target_of(const ApiRequest& request) {
  std::string target = request.path;
  char before = '?';
  for (const auto& [name, value] : request.query) {
    target += fmt::format("{}{}={}", before, providers::percent_encoded(name), providers::percent_encoded(value));
    before = '&';
  }
  return target;
}

}  // namespace

ApiRelay::ApiRelay(std::string to, std::string secret_header, std::string secret)
    : ApiFake({"", std::move(secret_header), std::move(secret), ""}), to_(std::move(to)) {
  std::string pattern;
  for (int depth = 1; depth <= kDeepestPath; ++depth) {
    pattern += "/{any}";
    for (const char* method : {"GET", "PATCH", "POST", "PUT", "DELETE"})
      route(method, pattern, [this](const ApiRequest& request) { return hand_on(request); });
  }
}

ApiRelay::~ApiRelay() { stop(); }

ApiReply ApiRelay::trouble(int status, const std::string& why) const {
  return json_reply(status, nlohmann::json{{"error", why}}.dump());
}

ApiReply ApiRelay::hand_on(const ApiRequest& request) const {
  httplib::Client client(to_);
  client.set_read_timeout(std::chrono::seconds(30));
  httplib::Request out;
  out.method = request.method;
  out.path = target_of(request);
  out.body = request.body;
  for (const auto& [name, value] : request.headers)
    if (name != "host" && name != "content-length" && name != "accept-encoding" && name != "connection")
      out.headers.emplace(name, value);
  const auto got = client.send(out);
  if (!got) return trouble(502, "the server behind the relay does not answer");
  return {got->status, got->body, got->get_header_value("Content-Type"), {}};
}

}  // namespace cutover::servers
