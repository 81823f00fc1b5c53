// The fake of Route 53: as strict as the service where its emulators are not, and readable by AWS's own client.
#include "tests/servers/route53_fake.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/text.h"
#include "net/message.h"
#include "tests/servers/process.h"
#include "tests/servers/route53_sets.h"
#include "tests/support/not_run.h"

using namespace cutover;
using namespace cutover::servers;

namespace {

std::string element(const std::string& action, const std::string& name, const std::string& type, const std::string& ttl,
                    const std::vector<std::string>& values) {
  std::string records;
  for (const std::string& value : values)
    records += "<ResourceRecord><Value>" + route53::escaped(value) + "</Value></ResourceRecord>";
  return fmt::format(
      "<Change><Action>{}</Action><ResourceRecordSet><Name>{}</Name><Type>{}</Type><TTL>{}</TTL>"
      "<ResourceRecords>{}</ResourceRecords></ResourceRecordSet></Change>",
      action, name, type, ttl, records);
}

std::string body(const std::vector<std::string>& elements) {
  return fmt::format(
      "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch>"
      "<Changes>{}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
      join(elements, ""));
}

route53::Zone small_zone() {
  route53::Zone zone{"Z1", "example.com.", false, {}};
  for (const route53::Set& set :
       {route53::Set{
            "example.com.", "SOA", "", "", "", 900, {"ns1.example.net. x.example.net. 1 7200 900 1209600 300"}},
        route53::Set{"example.com.", "NS", "", "", "", 900, {"ns1.example.net."}},
        route53::Set{"www.example.com.", "A", "", "", "", 300, {"192.0.2.1", "192.0.2.2"}}})
    zone.sets.emplace(route53::place_of(set.name, set.type, ""), set);
  return zone;
}

/// `done`, or the code of the refusal.
std::string outcome(route53::Zone& zone, const std::string& xml) {
  try {
    route53::change(zone, xml);
    return "done";
  } catch (const route53::Refusal& refused) {
    return refused.code;
  }
}

std::vector<std::string> many(int count) {
  std::vector<std::string> values;
  for (int i = 0; i < count; ++i) values.push_back(fmt::format("10.0.{}.{}", i / 250, i % 250));
  return values;
}

}  // namespace

TEST_CASE("Route 53's fake takes what the service takes, and a refused batch changes nothing") {
  struct Case {
    std::string what;
    std::vector<std::string> elements;
    std::string outcome;
  };
  const std::string bad = "InvalidChangeBatch", www = "www.example.com";
  const std::vector<std::string> both{"192.0.2.1", "192.0.2.2"};
  for (const Case& one : {
           Case{"create", {element("CREATE", "new.example.com", "A", "60", {"192.0.2.9"})}, "done"},
           Case{"create what is there", {element("CREATE", www, "A", "300", both)}, bad},
           Case{"delete", {element("DELETE", www, "A", "300", both)}, "done"},
           Case{"delete, in another order", {element("DELETE", www, "A", "300", {"192.0.2.2", "192.0.2.1"})}, "done"},
           Case{"delete with another TTL", {element("DELETE", www, "A", "301", both)}, bad},
           Case{"delete with one value less", {element("DELETE", www, "A", "300", {"192.0.2.1"})}, bad},
           Case{"delete what is not there", {element("DELETE", "x.example.com", "A", "300", both)}, bad},
           Case{"delete twice",
                {element("DELETE", www, "A", "300", both), element("DELETE", www, "A", "300", both)},
                bad},
           Case{"delete, then create",
                {element("DELETE", www, "A", "300", both), element("CREATE", www, "A", "60", {"192.0.2.9"})},
                "done"},
           Case{"a CNAME takes the place of an A",
                {element("DELETE", www, "A", "300", both), element("CREATE", www, "CNAME", "60", {"a.example.net"})},
                "done"},
           Case{"a good change, then one outside the zone",
                {element("CREATE", "new.example.com", "A", "60", {"192.0.2.9"}),
                 element("CREATE", "new.example.org", "A", "60", {"192.0.2.9"})},
                bad},
           Case{"a CNAME beside an A", {element("CREATE", www, "CNAME", "60", {"a.example.net"})}, bad},
           Case{"a CNAME at the apex", {element("CREATE", "example.com", "CNAME", "60", {"a.example.net"})}, bad},
           Case{"no address", {element("CREATE", "new.example.com", "A", "60", {"not-an-ip"})}, bad},
           Case{"text without quotes", {element("CREATE", "new.example.com", "TXT", "60", {"bare"})}, bad},
           Case{"octal escapes", {element("CREATE", "new.example.com", "TXT", "60", {R"("\303\244")"})}, "done"},
           Case{"decimal escapes", {element("CREATE", "new.example.com", "TXT", "60", {R"("\195\164")"})}, bad},
           Case{"a string that is too long",
                {element("CREATE", "new.example.com", "TXT", "60", {"\"" + std::string(256, 'x') + "\""})},
                bad},
           Case{"a value twice", {element("CREATE", "new.example.com", "A", "60", {"192.0.2.9", "192.0.2.9"})}, bad},
           Case{"a type that it does not hold",
                {element("CREATE", "new.example.com", "DNAME", "60", {"x."})},
                "InvalidInput"},
           Case{"a TTL out of range",
                {element("CREATE", "new.example.com", "A", "2147483648", {"192.0.2.9"})},
                "InvalidInput"},
           Case{"no values", {element("CREATE", "new.example.com", "A", "60", {})}, "InvalidInput"},
           Case{"no changes", {}, "InvalidInput"},
           Case{"the SOA goes",
                {element("DELETE", "example.com", "SOA", "900",
                         {"ns1.example.net. x.example.net. 1 7200 900 1209600 300"})},
                bad},
           Case{"a thousand records", {element("CREATE", "new.example.com", "A", "60", many(1000))}, "done"},
           Case{"one more", {element("CREATE", "new.example.com", "A", "60", many(1001))}, bad},
           Case{"UPSERT counts twice", {element("UPSERT", "new.example.com", "A", "60", many(501))}, bad},
       }) {
    INFO(one.what);
    route53::Zone zone = small_zone();
    CHECK(outcome(zone, body(one.elements)) == one.outcome);
    if (one.outcome == "done") continue;
    CHECK(zone.sets.size() == 3);
    CHECK(zone.sets.at(route53::place_of("www.example.com.", "A", "")).values == both);
  }
  route53::Zone zone = small_zone();
  CHECK(outcome(zone, "no XML") == "InvalidInput");
  CHECK(outcome(zone, "<ChangeResourceRecordSetsRequest/>") == "InvalidInput");
}

TEST_CASE("Route 53's fake keeps names as the service does") {
  CHECK(route53::normal_name("*.Example.com") == R"(\052.example.com.)");
  CHECK(route53::normal_name(R"(\052.example.com.)") == R"(\052.example.com.)");
  CHECK(route53::normal_name(R"(a\057b.example.com)") == R"(a\057b.example.com.)");
  CHECK_THROWS_AS(route53::normal_name(R"(a\.b.example.com)"), route53::Refusal);
}

TEST_CASE("AWS's own client reads what the fake says, and is taken by its signature") {
  if (run_program({"python3", "-c", "import boto3"}).status != 0) {
    tests::not_run("Route 53's fake read by boto3", "python3 has no boto3 (Debian: python3-boto3)");
    return;
  }
  const char* source = std::getenv("CUTOVER_SOURCE");
  REQUIRE(source != nullptr);
  const auto zone = net::parse_zone_file(
      "$ORIGIN example.com.\n$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ IN NS ns1.example.net.\n"
      "* IN A 192.0.2.1\nwww IN A 192.0.2.2\nwww IN A 192.0.2.3\n",
      *DomainName::from_text("example.com"));
  REQUIRE(zone);
  Route53Fake fake;
  const std::string id = fake.add_zone(*zone);
  fake.put_special(id, "pool.example.com", "A", "blue & green", "<Weight>10</Weight>", "", {"192.0.2.4"});
  fake.put_special(id, "pool.example.com", "A", "red", "<Weight>20</Weight>", "", {"192.0.2.5"});
  fake.set_page_size(2);
  const auto client =
      run_program({"env", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null",
                   "AWS_SHARED_CREDENTIALS_FILE=/dev/null", std::string("AWS_ACCESS_KEY_ID=") + Route53Fake::kKeyId,
                   std::string("AWS_SECRET_ACCESS_KEY=") + Route53Fake::kSecret, "NO_PROXY=*", "python3",
                   std::string(source) + "/tests/servers/route53_with_boto3.py", fake.url(), "example.com"},
                  {}, std::chrono::seconds(60));
  INFO(client.output << fake.log());
  REQUIRE(client.status == 0);
  CHECK(client.output == R"(zones [('example.com.', False)]
get example.com.
create PENDING at 2026, then INSYNC
create again 400 InvalidChangeBatch
upsert PENDING at 2026, then INSYNC
upsert PENDING at 2026, then INSYNC
delete another value 400 InvalidChangeBatch
delete a former value 400 InvalidChangeBatch
delete another TTL 400 InvalidChangeBatch
delete PENDING at 2026, then INSYNC
delete again 400 InvalidChangeBatch
pages 3
set example.com. 300 NS ns1.example.net.
set example.com. 300 SOA ns1.example.com. hostmaster.example.com. 1 7200 900 1209600 300
set \052.example.com. 300 A 192.0.2.1
set pool.example.com. 300 A 192.0.2.4 (blue & green)
set pool.example.com. 300 A 192.0.2.5 (red)
set www.example.com. 300 A 192.0.2.2 | 192.0.2.3
other zone No hosted zone found with ID: ZNOTHERE
)");
}
