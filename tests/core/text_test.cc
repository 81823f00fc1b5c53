#include "core/text.h"

#include <catch2/catch.hpp>

using namespace cutover;

TEST_CASE("instants are written and read as RFC 3339") {
  const Instant instant = Instant(Seconds(1790000000)) + std::chrono::milliseconds(250);
  CHECK(format_instant(instant) == "2026-09-21T14:13:20Z");
  CHECK(format_instant_ms(instant) == "2026-09-21T14:13:20.250Z");
  CHECK(*parse_instant("2026-09-21T14:13:20.250Z") == instant);
  CHECK(*parse_instant("2026-09-21T16:13:20.25+02:00") == instant);
  CHECK(*parse_instant("1969-12-31T23:59:59Z") == Instant(Seconds(-1)));
  CHECK(format_instant(Instant(Seconds(-1)) + std::chrono::milliseconds(1)) == "1969-12-31T23:59:59Z");
  for (const char* bad : {"", "2026-09-21", "2026-09-21T14:13:20", "2026-13-21T14:13:20Z", "2026-09-21T24:13:20Z",
                          "2026-09-21T14:13:20Zx", "2026-09-21T14:13:20.Z"}) {
    INFO(bad);
    CHECK_FALSE(parse_instant(bad).ok());
  }
}

TEST_CASE("durations") {
  struct Row {
    const char* text;
    int seconds;
  };
  for (const Row& row : {Row{"60", 60}, Row{"60s", 60}, Row{"15m", 900}, Row{"48h", 172800}, Row{"1d", 86400},
                         Row{"1h30m", 5400}, Row{"0s", 0}}) {
    INFO(row.text);
    REQUIRE(parse_duration(row.text).ok());
    CHECK(parse_duration(row.text)->count() == row.seconds);
  }
  for (const char* bad : {"", "s", "-1s", "1.5h", "1h30", "60 s", "1y", "99999999999999999999s"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad).ok());
  }
  CHECK(format_duration(Seconds(0)) == "0s");
  CHECK(format_duration(Seconds(93784)) == "1d 2h");
  CHECK(format_duration(Seconds(250)) == "4m 10s");
  CHECK(format_duration(Seconds(86401)) == "1d");
  CHECK(format_duration(std::chrono::milliseconds(1500)) == "1s");
  CHECK(format_duration(std::chrono::milliseconds(15)) == "15ms");
  CHECK(format_duration(Seconds(-90)) == "-1m 30s");
}

TEST_CASE("text from the network cannot drive a terminal") {
  CHECK(printable("plain ±ü€𝄞") == "plain ±ü€𝄞");
  CHECK(printable("\x1b[31mred") == "\\x1b[31mred");
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\x9b31m");  // C1 control sequence introducer
  CHECK(printable("abc\xe2\x80\xae"
                  "def") == "abc\\u{202e}def");  // right-to-left override
  CHECK(printable("abc\xd8\x9c"
                  "def") == "abc\\u{061c}def");  // Arabic letter mark
  CHECK(printable("\xff\xc3") == "\\xff\\xc3");
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");           // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // surrogate
}

TEST_CASE("base64") {
  for (const std::string& bytes :
       {std::string(), std::string("f"), std::string("fo"), std::string("foo"), std::string("\0\xff\x80", 3)})
    CHECK(from_base64(to_base64(bytes)) == bytes);
  CHECK(to_base64("fo") == "Zm8=");
  for (const char* bad : {"Zg", "Zg=", "Z===", "Zg==Zg==", "Z!=="}) {
    INFO(bad);
    CHECK_FALSE(from_base64(bad).has_value());
  }
}

TEST_CASE("small things") {
  CHECK(split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  CHECK(trim(" \t a b \n") == "a b");
  CHECK(join({"a", "b"}, ", ") == "a, b");
  CHECK(counted(1, "record set") == "1 record set");
  CHECK(counted(0, "record set") == "0 record sets");
  CHECK(to_hex("\x01\xff") == "01ff");
}
