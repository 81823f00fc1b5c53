#include "dnsprobe/site.h"

#include <catch2/catch.hpp>

using namespace cutover;
using namespace cutover::dnsprobe;

TEST_CASE("each operator is asked for its site in its own way") {
  CHECK(site_question_of(*parse_resolver("Google=8.8.8.8")) == SiteQuestion::kGoogle);
  CHECK(site_question_of(*parse_resolver("opendns=208.67.222.222")) == SiteQuestion::kOpenDns);
  CHECK(site_question_of(*parse_resolver("quad9=9.9.9.9")) == SiteQuestion::kIdServer);
  CHECK(site_question_of(*parse_resolver("192.0.2.1")) == SiteQuestion::kIdServer);
}

TEST_CASE("what a reply says about the site") {
  struct Row {
    SiteQuestion question;
    std::vector<std::string> strings;
    const char* site;
  };
  const auto row = GENERATE(values<Row>({
      {SiteQuestion::kIdServer, {"\"yul01\""}, "yul01"},
      {SiteQuestion::kIdServer, {}, ""},
      {SiteQuestion::kIdServer, {"\"\""}, ""},
      {SiteQuestion::kIdServer, {"\"a\" \"b\""}, "a"},
      {SiteQuestion::kIdServer, {"\"x\x1b[2J\""}, "x\\x1b[2J"},
      {SiteQuestion::kGoogle, {"\"edns0-client-subnet 192.0.2.0/24\"", "\"172.253.1.2\""}, "172.253.1.2"},
      {SiteQuestion::kGoogle, {"\"edns0-client-subnet 192.0.2.0/24\""}, ""},
      {SiteQuestion::kOpenDns, {"\"flags 20 0 50 5950800000000000000\"", "\"server r3.yyz\""}, "r3.yyz"},
      {SiteQuestion::kOpenDns, {"\"not ours\""}, ""},
  }));
  net::Message reply;
  for (const std::string& text : row.strings)
    reply.answer.push_back({*DomainName::from_text("a."), RecordType::kTxt, net::RecordClass::kCh, 0, text});
  CHECK(site_in(row.question, reply) == row.site);
}

TEST_CASE("whoever is not asked over plain DNS, or has no address, has no site") {
  net::Loop loop;
  CHECK(
      find_sites(loop, SystemClock(), {*parse_resolver("tls://192.0.2.1"), *parse_resolver("https://dns.example/q")}) ==
      std::vector<std::string>(2));
}
