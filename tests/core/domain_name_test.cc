#include "core/domain_name.h"

#include <catch2/catch.hpp>

using namespace cutover;

namespace {
DomainName name(const char* text) {
  auto parsed = DomainName::from_text(text);
  INFO(text);
  REQUIRE(parsed.ok());
  return *parsed;
}
}  // namespace

TEST_CASE("names are absolute and without case") {
  CHECK(name("WWW.Example.COM") == name("www.example.com."));
  CHECK(name("www.example.com").text() == "www.example.com.");
  CHECK(name("www.example.com.").host() == "www.example.com");
  CHECK(name(".").is_root());
  CHECK(name(".").text() == ".");
  CHECK(name("a\\.b.c").labels() == std::vector<std::string>{"a\\.b", "c"});
  CHECK(name("\\065\\000.c").text() == "a\\000.c.");
  CHECK(name("*.example.com").is_wildcard());
}

TEST_CASE("names relative to a zone") {
  const DomainName zone = name("example.com");
  CHECK(DomainName::from_text("www", zone)->text() == "www.example.com.");
  CHECK(DomainName::from_text("@", zone)->text() == "example.com.");
  CHECK(DomainName::from_text("www.", zone)->text() == "www.");
  CHECK(name("www.example.com").relative_to(zone) == "www");
  CHECK(zone.relative_to(zone) == "@");
  CHECK(name("www.example.net").relative_to(zone) == "www.example.net.");
}

TEST_CASE("within walks labels, not characters") {
  CHECK(name("www.example.com").is_within(name("example.com")));
  CHECK(name("example.com").is_within(name("example.com")));
  CHECK(name("example.com").is_within(name(".")));
  CHECK_FALSE(name("badexample.com").is_within(name("example.com")));
  CHECK_FALSE(name("com").is_within(name("example.com")));
  // A label whose bytes look like the zone's wire form is not the zone.
  CHECK_FALSE(name("a\\007example\\003com").is_within(name("example.com")));
}

TEST_CASE("what is no name says why") {
  const std::string label64(64, 'a');
  const std::string long_name =
      std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(63, 'd');
  for (const std::string& bad :
       {std::string(), std::string("a..b"), std::string(".a"), label64, long_name, std::string("a b"),
        std::string("b\xc3\xbc"
                    "cher.de"),
        std::string("a\\"), std::string("a\\25"), std::string("a\\256")}) {
    INFO(bad);
    const auto parsed = DomainName::from_text(bad);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().code == ErrorCode::kInvalid);
    CHECK(parsed.error().message.find("is no domain name") != std::string::npos);
  }
}

TEST_CASE("the wire form goes round, and bad wire is refused") {
  const DomainName www = name("www.example.com");
  CHECK(*DomainName::from_wire(www.wire()) == www);
  CHECK(*DomainName::from_wire(std::string("\3WwW\0", 5)) == name("www"));
  for (const std::string& bad :
       {std::string(), std::string("\3www"), std::string("\3ww"),
        std::string("\x40" + std::string(64, 'a') + std::string(1, '\0')), std::string("\1a\0x", 4)})
    CHECK_FALSE(DomainName::from_wire(bad).ok());
}

TEST_CASE("parents") {
  CHECK(name("a.b.c").parent() == name("b.c"));
  CHECK(name(".").parent() == name("."));
  CHECK(name("a.b.c").label_count() == 3);
}
