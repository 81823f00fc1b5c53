#include "cmd/page/visit.h"

#include <catch2/catch.hpp>

using namespace cutover;
using Admission = Doorkeeper::Admission;

namespace {

Visit get(const std::string& host) {
  Visit visit;
  visit.method = "GET";
  visit.host = host;
  return visit;
}
Endpoint at(const char* text) { return *Endpoint::from_text(text, 8053); }

}  // namespace

TEST_CASE("the page answers to its own names only, so that no foreign name can be pointed at it") {
  struct Row {
    const char* bound;
    const char* host;
    bool welcome;
  };
  const auto row = GENERATE(values<Row>({
      {"127.0.0.1:8053", "127.0.0.1:8053", true},
      {"127.0.0.1:8053", "localhost:8053", true},
      {"127.0.0.1:8053", "LocalHost:8053", true},
      {"127.0.0.1:8053", "[::1]:8053", true},
      {"[::1]:8053", "[::1]:8053", true},
      {"127.0.0.2:8053", "127.0.0.2:8053", true},
      {"192.0.2.7:8053", "192.0.2.7:8053", true},
      {"[2001:db8::7]:8053", "[2001:DB8::7]:8053", true},
      {"127.0.0.1:80", "localhost", true},
      {"127.0.0.1:80", "localhost:80", true},
      {"127.0.0.1:8053", "127.0.0.1", false},
      {"127.0.0.1:8053", "127.0.0.1:8054", false},
      {"127.0.0.1:8053", "127.0.0.1:80530", false},
      {"127.0.0.1:8053", "evil.example:8053", false},
      {"127.0.0.1:8053", "localhost.evil.example:8053", false},
      {"127.0.0.1:8053", "127.0.0.1.evil.example:8053", false},
      {"127.0.0.1:8053", "192.0.2.7:8053", false},
      {"127.0.0.1:8053", "", false},
      {"127.0.0.1:8053", ":8053", false},
      {"127.0.0.1:8053", "[]:8053", false},
      {"127.0.0.1:8053", "]:8053", false},
      {"0.0.0.0:8053", "192.0.2.7:8053", true},
      {"0.0.0.0:8053", "evil.example:8053", false},
  }));
  INFO(row.bound << " asked as '" << row.host << "'");
  const Doorkeeper door(at(row.bound), "");
  CHECK((door.admit(get(row.host)) == Admission::kWelcome) == row.welcome);
}

TEST_CASE("the page is read, never written, and not by other sites' pages") {
  const Doorkeeper door(at("127.0.0.1"), "");
  Visit visit = get("127.0.0.1:8053");
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "get", ""}) {
    INFO(method);
    visit.method = method;
    CHECK(door.admit(visit) == Admission::kWrongMethod);
  }
  visit.method = "HEAD";
  CHECK(door.admit(visit) == Admission::kWelcome);
  for (const char* site : {"cross-site", "same-site"}) {
    visit.fetch_site = site;
    visit.fetch_mode = "no-cors";
    CHECK(door.admit(visit) == Admission::kForeignFrame);
    visit.fetch_mode = "navigate";  // a link to it, in a chat
    CHECK(door.admit(visit) == Admission::kWelcome);
  }
  visit.fetch_site = "same-origin";
  visit.fetch_mode = "cors";
  CHECK(door.admit(visit) == Admission::kWelcome);
}

TEST_CASE("a token is asked of everybody: once in the address, then by a cookie that is not the token") {
  const std::string token = "s3cret/with spaces & more";
  const Doorkeeper door(at("127.0.0.1"), token);
  Visit visit = get("127.0.0.1:8053");
  CHECK(door.admit(visit) == Admission::kNoToken);
  for (const char* wrong : {"s3cret", "S3cret/with spaces & more", "s3cret/with spaces & more ", ""}) {
    visit.query_token = wrong;
    CHECK(door.admit(visit) == Admission::kNoToken);
  }
  visit.query_token = token;
  CHECK(door.admit(visit) == Admission::kGiveCookie);

  const std::string given = door.set_cookie();
  CHECK(given.find(token) == std::string::npos);
  CHECK(given.find("; HttpOnly; SameSite=Strict") != std::string::npos);
  visit.query_token.clear();
  visit.cookie = "other=1; " + given.substr(0, given.find(';'));
  CHECK(door.admit(visit) == Admission::kWelcome);
  visit.cookie.back() = visit.cookie.back() == '0' ? '1' : '0';
  CHECK(door.admit(visit) == Admission::kNoToken);

  // The same after the program is started again, but not at another port or with another token.
  visit.cookie = given.substr(0, given.find(';'));
  CHECK(Doorkeeper(at("127.0.0.1"), token).admit(visit) == Admission::kWelcome);
  CHECK(Doorkeeper(at("127.0.0.1"), "another").admit(visit) == Admission::kNoToken);

  visit.cookie.clear();
  visit.authorization = "Bearer " + token;  // as Prometheus does
  CHECK(door.admit(visit) == Admission::kWelcome);
  visit.authorization = "Bearer ";
  CHECK(door.admit(visit) == Admission::kNoToken);
  CHECK(door.url() == "http://127.0.0.1:8053/?token=s3cret%2Fwith%20spaces%20%26%20more");
}

TEST_CASE("what is loopback") {
  for (const char* yes : {"127.0.0.1", "127.255.0.3", "::1"}) CHECK(is_loopback(*IpAddress::from_text(yes)));
  for (const char* no : {"0.0.0.0", "::", "128.0.0.1", "192.0.2.1", "::2"})
    CHECK_FALSE(is_loopback(*IpAddress::from_text(no)));
}
