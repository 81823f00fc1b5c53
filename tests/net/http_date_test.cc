#include "net/http_date.h"

#include <catch2/catch.hpp>

using namespace cutover;

TEST_CASE("the date of an HTTP reply, and what is none") {
  using std::chrono::seconds;
  CHECK(net::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == Instant(seconds(784111777)));
  CHECK(net::parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT") == Instant());
  for (const char* text :
       {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sunday, 06-Nov-94 08:49:37 GMT", "784111777",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT x"}) {
    INFO(text);
    CHECK_FALSE(net::parse_http_date(text));
  }
}
