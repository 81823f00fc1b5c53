#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/endpoint.h"
#include "net/loop.h"

namespace cutover::net {

struct HttpRequest {
  std::string method = "GET";
  std::string url{};  ///< https:// or http://; errors show no more of it than scheme, host and port
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  /// Dial this instead of the URL's host (CURLOPT_CONNECT_TO); SNI and Host stay the URL's, no proxy is used.
  std::optional<Endpoint> connect_to{};
  std::string ca_file{};  ///< trust this and nothing else; empty: the system store
  std::chrono::milliseconds timeout{10000};
  std::size_t max_body = 1 << 20;  ///< the rest is cut off and `body_cut` set
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  ///< names in lower case
  std::string body{};
  bool body_cut = false;
  std::string remote{};  ///< endpoint that answered: `192.0.2.1:443`
  std::chrono::microseconds elapsed{};
};

/// Performs all requests concurrently on the loop, at most `in_flight` at a time, results in order. Redirects are
/// not followed. kTimeout, kNetwork (not reachable, TLS trouble: the sentence says which), kIo (CA file), kUsage
/// (a request that makes no sense).
std::vector<Result<HttpResponse>> http_all(Loop& loop, const std::vector<HttpRequest>& requests,
                                           std::size_t in_flight = 32);

}  // namespace cutover::net
