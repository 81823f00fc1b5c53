#include "providers/rate_limit.h"

#include <catch2/catch.hpp>

using namespace cutover;
using namespace std::chrono_literals;

TEST_CASE("how long a service that was asked too often wants to be left alone") {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  struct Row {
    std::string what;
    Headers headers;
    std::optional<std::chrono::milliseconds> pause;
  };
  const std::pair<std::string, std::string> date{"date", "Sun, 22 Nov 2026 12:00:00 GMT"};  // 1795348800
  const std::vector<Row> rows{
      {"nothing", {}, std::nullopt},
      {"seconds", {{"retry-after", "7"}}, 7s},
      {"now", {{"retry-after", "0"}}, 0s},
      {"a date", {{"retry-after", "Sun, 22 Nov 2026 12:05:00 GMT"}, date}, 300s},
      {"a date that is over", {{"retry-after", "Sun, 22 Nov 2026 11:00:00 GMT"}, date}, 0s},
      {"a date without our knowing theirs", {{"retry-after", "Sun, 22 Nov 2026 12:05:00 GMT"}}, std::nullopt},
      {"words", {{"retry-after", "soon"}}, std::nullopt},
      {"below zero", {{"retry-after", "-5"}}, std::nullopt},
      {"RateLimit", {{"ratelimit", "\"default\";r=0;t=42"}}, 42s},
      {"RateLimit with something left", {{"ratelimit", "\"default\";r=9;t=42"}}, std::nullopt},
      {"the exhausted one of two", {{"ratelimit", "\"burst\";r=3;t=1, \"daily\";r=0;t=90"}}, 90s},
      {"Retry-After before the rest", {{"retry-after", "3"}, {"ratelimit", "\"default\";r=0;t=42"}}, 3s},
      {"seconds to the reset", {{"ratelimit-reset", "12"}}, 12s},
      {"with a fraction", {{"ratelimit-reset", "12.2"}}, 13s},
      {"a Unix time", {{"ratelimit-reset", "1795348830"}, date}, 30s},
      {"a Unix time under the older name", {{"x-ratelimit-reset", "1795348860"}, date}, 60s},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    net::HttpResponse response;
    response.status = 429;
    response.headers = row.headers;
    CHECK(providers::pause_asked(response) == row.pause);
  }
}
