#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/endpoint.h"
#include "net/loop.h"

namespace cutover::net {

enum class HttpVersion {
  kAny,   ///< HTTP/2 where TLS negotiates it; a request with a body goes over HTTP/1.1
  kHttp2  ///< HTTP/2 where TLS negotiates it, also with a body
};

struct HttpRequest {
  std::string method = "GET";
  std::string url{};  ///< https:// or http://; errors show no more of it than scheme, host and port
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  /// Dial this instead of the URL's host (CURLOPT_CONNECT_TO); SNI and Host stay the URL's, no proxy is used.
  std::optional<Endpoint> connect_to{};
  std::string ca_file{};  ///< trust this and nothing else; empty: SSL_CERT_FILE, else the system store
  std::chrono::milliseconds timeout{10000};
  std::size_t max_body = 1 << 20;  ///< the rest is cut off and `body_cut` set
  HttpVersion version = HttpVersion::kAny;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  ///< names in lower case
  std::string body{};
  bool body_cut = false;
  std::string remote{};  ///< endpoint that answered: `192.0.2.1:443`
  std::chrono::microseconds elapsed{};
  std::chrono::steady_clock::time_point finished{};  ///< when all of it was there

  /// The value of the first header of this name (in lower case); empty: there is none.
  std::string_view header(std::string_view name) const;
};

/// Requests that come one after the other, over connections that are kept: HTTP/2 requests to one host share one.
class HttpClient {
 public:
  /// Called once, from the loop, never from inside start(). Must not destroy the client.
  using Done = std::function<void(Result<HttpResponse>)>;

  explicit HttpClient(Loop& loop);
  ~HttpClient();  ///< Cancels what is under way; its `done` is not called.
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void start(HttpRequest request, Done done);

 private:
  class Driver;
  std::unique_ptr<Driver> driver_;
};

/// Performs all requests concurrently on the loop, at most `in_flight` at a time, results in order. Redirects are
/// not followed. kTimeout, kNetwork (not reachable, TLS trouble: the sentence says which), kIo (CA file), kUsage
/// (a request that makes no sense).
std::vector<Result<HttpResponse>> http_all(Loop& loop, const std::vector<HttpRequest>& requests,
                                           std::size_t in_flight = 32);

}  // namespace cutover::net
