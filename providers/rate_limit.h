#pragma once
#include <chrono>
#include <optional>

#include "net/http.h"

namespace cutover::providers {

/// How long a service that was asked too often wants to be left alone. In this order: Retry-After, seconds or a date
/// (RFC 9110 section 10.2.3); `RateLimit: "name";r=0;t=30` (draft-ietf-httpapi-ratelimit-headers); then
/// RateLimit-Reset and X-RateLimit-Reset, which are seconds, or a Unix time where they are too large for that. Dates
/// count from the response's own Date header. nullopt: it does not say.
std::optional<std::chrono::milliseconds> pause_asked(const net::HttpResponse& response);

}  // namespace cutover::providers
