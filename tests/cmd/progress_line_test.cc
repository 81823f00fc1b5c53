#include <catch2/catch.hpp>

#include "cmd/report/progress_line.h"
#include "cmd/report/wrapped.h"
#include "core/text.h"

// What long work says of itself, by a clock of the test's own.

using namespace cutover;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kWide = 200;

struct Told {
  ProgressLine line;
  ProgressLine::Time now{};

  explicit Told(std::string_view subject = "assess shop.example") : line(subject) {}
  Told& take(std::chrono::milliseconds later, std::size_t done, std::optional<std::size_t> total,
             std::string_view unit = "DNS questions") {
    now += later;
    line.take(unit, done, total, now);
    return *this;
  }
  std::string text(std::size_t width = kWide) const { return line.text(now, width); }
};

}  // namespace

TEST_CASE("progress: the count at once, the rate and the time left when there is enough to tell") {
  Told told;
  CHECK(told.text().empty());
  told.take(0s, 0, 5000);
  CHECK(told.text() == "assess shop.example: 0 of 5000 DNS questions");
  told.take(1s, 400, 5000);
  CHECK(told.text() == "assess shop.example: 400 of 5000 DNS questions");
  told.take(1s, 800, 5000);
  CHECK(told.text() == "assess shop.example: 800 of 5000 DNS questions, 400/s, about 11s left");
  told.take(100s, 5000, 5000);
  CHECK(told.text().empty());
}

TEST_CASE("progress: a few answers say nothing of the rest") {
  Told told;
  told.take(0s, 0, 1000).take(4s, 9, 1000);
  CHECK(told.text() == "assess shop.example: 9 of 1000 DNS questions, 2.2/s");
  told.take(0s, 10, 1000);
  CHECK(told.text() == "assess shop.example: 10 of 1000 DNS questions, 2.5/s, about 6m 36s left");
}

TEST_CASE("progress: the rate is that of the last seconds, so that a stop shows") {
  Told told;
  told.take(0s, 0, 10000);
  for (std::size_t second = 1; second <= 20; ++second) told.take(1s, second * 100, 10000);
  CHECK(told.text() == "assess shop.example: 2000 of 10000 DNS questions, 100/s, about 1m 20s left");
  for (int second = 1; second <= 30; ++second) told.take(1s, 2000, 10000);
  CHECK(told.text() == "assess shop.example: 2000 of 10000 DNS questions");
  told.take(10s, 2010, 10000);
  INFO(told.text());
  CHECK(told.text().find("100/s") == std::string::npos);
}

TEST_CASE("progress: without a total there is no time left") {
  Told told;
  told.take(0s, 500, std::nullopt, "records").take(2s, 20500, std::nullopt, "records");
  CHECK(told.text() == "assess shop.example: 20500 records, 10000/s");
}

TEST_CASE("progress: each piece of work counts by itself, pieces of one together") {
  Told told;
  told.take(0s, 0, 100).take(3s, 90, 100).take(0s, 100, 100);
  told.take(0s, 0, 100);
  CHECK(told.text() == "assess shop.example: 0 of 100 DNS questions");
  told.take(3s, 30, 100).take(0s, 0, 40, "TLS handshakes");
  CHECK(told.text() == "assess shop.example: 0 of 40 TLS handshakes");
  for (int page = 0; page < 12; ++page) told.take(0s, 0, 1, "HTTP requests").take(1s, 1, 1, "HTTP requests");
  CHECK(told.text() == "assess shop.example: 12 HTTP requests, 1.0/s");
  told.take(0s, 0, 0, "TLS handshakes");
  CHECK(told.text() == "assess shop.example: 12 HTTP requests, 1.0/s");
}

TEST_CASE("progress: what does not fit is cut from the subject, and a name does nothing to the terminal") {
  Told told("preflight of \x1b[2J\r\xe2\x80\xae shop \xf0\x9f\x9b\x92 " + std::string(500, 'x'));
  told.take(0s, 0, 400);
  for (const std::size_t width : {0U, 1U, 5U, 20U, 40U, 79U, 120U}) {
    const std::string text = told.text(width);
    INFO(width << " " << text);
    CHECK(columns_of(text) <= width);
    CHECK(printable(text) == text);
    if (width >= 40) CHECK_THAT(text, Catch::EndsWith("...: 0 of 400 DNS questions"));
  }
  CHECK_THAT(told.text(79), Catch::StartsWith("preflight of \\x1b[2J\\x0d\\u{202e} shop \xf0\x9f\x9b\x92 xxx"));
}
