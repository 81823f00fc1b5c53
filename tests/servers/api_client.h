#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http.h"
#include "net/loop.h"

namespace cutover::servers {

/// One call to an API, made the way curl would: what a test asks a fake with.
inline Result<net::HttpResponse> call_api(const std::string& method, const std::string& url,
                                          const std::string& body = {},
                                          std::vector<std::pair<std::string, std::string>> headers = {},
                                          std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
  net::Loop loop;
  net::HttpRequest request;
  request.method = method;
  request.url = url;
  request.body = body;
  request.headers = std::move(headers);
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.timeout = timeout;
  return net::http_all(loop, {request}).front();
}

}  // namespace cutover::servers
