// The XML of Route 53, in both directions, as tables.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "providers/route53/zone_xml.h"
#include "tests/providers/subject.h"
#include "tests/servers/process.h"
#include "tests/support/test_data.h"

using namespace cutover;
using namespace cutover::providers::route53;
using tests::name;
using tests::set;

namespace {

const std::string kXmlns = R"(xmlns="https://route53.amazonaws.com/doc/2013-04-01/")";

std::string page(const std::string& sets, const std::string& tail = "<IsTruncated>false</IsTruncated>") {
  return fmt::format(
      "<?xml version=\"1.0\"?>\n<ListResourceRecordSetsResponse {}><ResourceRecordSets>{}</ResourceRecordSets>{}"
      "<MaxItems>300</MaxItems></ListResourceRecordSetsResponse>",
      kXmlns, sets, tail);
}

std::string plain_set(const std::string& owner, const std::string& type, const std::string& value,
                      const std::string& more = "") {
  return fmt::format(
      "<ResourceRecordSet><Name>{}</Name><Type>{}</Type>{}<TTL>60</TTL><ResourceRecords><ResourceRecord><Value>{}</"
      "Value>"
      "</ResourceRecord></ResourceRecords></ResourceRecordSet>",
      owner, type, more, value);
}

/// Every kind of edit that a change can be made of.
std::vector<Edit> edits() {
  using Action = Edit::Action;
  return {
      {Action::kDelete, "www.example.com.", RecordType::kA, Seconds(86400), {"192.0.2.10", "192.0.2.11"}},
      {Action::kCreate, "www.example.com.", RecordType::kCname, Seconds(60), {"lb.new.example.net."}},
      {Action::kCreate, "*.wild.example.com.", RecordType::kAaaa, Seconds(0), {"2001:db8::1"}},
      {Action::kCreate,
       R"(a\057b.example.com.)",
       RecordType::kTxt,
       Seconds(2147483647),
       {R"("a <b> & \"c\"; \303\244" "second")"}},
      {Action::kCreate, "www.example.com.", RecordType::kHttps, Seconds(60), {R"(1 . alpn="h2,h3")"}},
      {Action::kCreate, "example.com.", RecordType::kCaa, Seconds(60), {R"(0 issue "ca.example.net")"}},
      {Action::kCreate, "_443._tcp.example.com.", RecordType::kTlsa, Seconds(60), {"3 1 1 aa"}},
  };
}

}  // namespace

TEST_CASE("names go to Route 53 and come back") {
  struct Case {
    std::string ours, theirs;
  };
  for (const Case& one :
       {Case{"www.example.com.", "www.example.com."}, Case{"*.wild.example.com.", "*.wild.example.com."},
        Case{"a.*.example.com.", R"(a.\052.example.com.)"}, Case{"a/b.example.com.", R"(a\057b.example.com.)"},
        Case{R"(a\.b.example.com.)", R"(a\056b.example.com.)"},
        Case{R"(\195\164.example.com.)", R"(\303\244.example.com.)"},
        Case{"_dmarc.example.com.", "_dmarc.example.com."},
        Case{R"(back\\slash.example.com.)", R"(back\134slash.example.com.)"}}) {
    INFO(one.ours);
    const auto ours = DomainName::from_text(one.ours);
    REQUIRE(ours);
    CHECK(aws_name(*ours) == one.theirs);
    const auto back = name_from_aws(one.theirs);
    REQUIRE(back);
    CHECK(*back == *ours);
  }
  // As lists have it.
  CHECK(*name_from_aws(R"(\052.example.com.)") == *DomainName::from_text("*.example.com."));
  CHECK(*name_from_aws("WWW.Example.com") == *DomainName::from_text("www.example.com."));
  CHECK_FALSE(name_from_aws(R"(\400.example.com.)"));
}

TEST_CASE("data have their escapes in octal there and in decimal here") {
  struct Case {
    std::string ours, theirs;
  };
  for (const Case& one : {Case{R"("plain")", R"("plain")"}, Case{R"("\195\164")", R"("\303\244")"},
                          Case{R"("a \"b\" \\")", R"("a \"b\" \\")"}, Case{R"("\\303")", R"("\\303")"},
                          Case{R"("\000\255")", R"("\000\377")"}, Case{"192.0.2.1", "192.0.2.1"}}) {
    INFO(one.ours);
    CHECK(aws_value(one.ours) == one.theirs);
    CHECK(value_from_aws(one.theirs) == one.ours);
  }
}

TEST_CASE("a page of record sets") {
  const auto got = read_sets_page(
      page(plain_set("example.com.", "SOA", "ns-1.awsdns.net. hostmaster.example.com. 1 7200 900 1209600 86400") +
               plain_set(R"(\052.example.com.)", "TXT", "&quot;a &lt;b&gt; \\303\\244&quot;") +
               plain_set("example.com.", "MX", "10 Mail.example.com"),
           "<IsTruncated>true</IsTruncated><NextRecordName>www.example.com.</NextRecordName>"
           "<NextRecordType>A</NextRecordType><NextRecordIdentifier>blue &amp; green</NextRecordIdentifier>"));
  REQUIRE(got);
  REQUIRE(got->sets.size() == 3);
  CHECK(got->sets[0].set.type == RecordType::kSoa);
  CHECK(got->sets[1].set == set("*", "TXT", 60, {R"("a <b> \195\164")"}));
  CHECK(got->sets[1].name == R"(\052.example.com.)");
  CHECK(got->sets[1].values == std::vector<std::string>{R"("a <b> \303\244")"});
  CHECK(got->sets[1].special.empty());
  // What comes without its final dot is absolute all the same.
  CHECK(got->sets[2].set == set("@", "MX", 60, {"10 mail.example.com."}));
  REQUIRE(got->next);
  CHECK(got->next->name == "www.example.com.");
  CHECK(got->next->type == "A");
  CHECK(got->next->identifier == "blue & green");
  CHECK_FALSE(read_sets_page(page(""))->next);
}

TEST_CASE("sets that not everybody is answered with say why") {
  struct Case {
    std::string element, says;
  };
  for (const Case& one : {
           Case{"<SetIdentifier>x</SetIdentifier><Weight>10</Weight>", "weighted"},
           Case{"<SetIdentifier>x</SetIdentifier><Region>eu-west-1</Region>", "latency"},
           Case{"<SetIdentifier>x</SetIdentifier><Failover>PRIMARY</Failover>", "failover"},
           Case{"<SetIdentifier>x</SetIdentifier><GeoLocation><CountryCode>DE</CountryCode></GeoLocation>", "country"},
           Case{"<SetIdentifier>x</SetIdentifier><MultiValueAnswer>true</MultiValueAnswer>", "multivalue"},
           Case{"<SetIdentifier>x</SetIdentifier><GeoProximityLocation/>", "distance"},
           Case{"<SetIdentifier>x</SetIdentifier><CidrRoutingConfig/>", "network"},
           Case{"<SetIdentifier>x</SetIdentifier>", "routing policy"},
           Case{"<HealthCheckId>x</HealthCheckId>", "health check"},
           Case{"<TrafficPolicyInstanceId>x</TrafficPolicyInstanceId>", "traffic policy"},
       }) {
    INFO(one.element);
    const auto got = read_sets_page(page(plain_set("www.example.com.", "A", "192.0.2.1", one.element)));
    REQUIRE(got);
    CHECK(got->sets[0].special.find(one.says) != std::string::npos);
    CHECK(got->sets[0].set == set("www", "A", 60, {"192.0.2.1"}));
  }
  const auto alias = read_sets_page(
      page("<ResourceRecordSet><Name>example.com.</Name><Type>A</Type><AliasTarget><HostedZoneId>Z2</HostedZoneId>"
           "<DNSName>lb.example.net.</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
           "</ResourceRecordSet>"));
  REQUIRE(alias);
  CHECK(alias->sets[0].special.find("alias") != std::string::npos);
  CHECK(alias->sets[0].set.rdata.empty());
}

TEST_CASE("replies that are not what they should be") {
  for (const std::string& xml :
       {std::string(), std::string("<html><body>log in</body></html>"), std::string("{\"a\":1}"),
        page("").substr(0, 150), page(plain_set("www.example.com.", "A", "not-an-ip")),
        page(plain_set("", "A", "192.0.2.1")), page(plain_set("www.example.com.", "WKS ", "x")),
        page("<ResourceRecordSet><Name>a.</Name><Type>A</Type><TTL>60</TTL></ResourceRecordSet>"),
        page("<ResourceRecordSet><Name>a.</Name><Type>A</Type><TTL>-1</TTL></ResourceRecordSet>"),
        page("", "<IsTruncated>true</IsTruncated>"), page("", "")}) {
    INFO(xml);
    const auto got = read_sets_page(xml);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == ErrorCode::kInvalid);
  }
  CHECK_FALSE(read_change_info(
      "<GetChangeResponse><ChangeInfo><Id>x</Id><Status>LOST</Status></ChangeInfo></GetChangeResponse>"));
  CHECK_FALSE(read_zones_page("<ListHostedZonesByNameResponse/>"));
}

TEST_CASE("hosted zones and changes") {
  const auto zones = read_zones_page(
      fmt::format("<ListHostedZonesByNameResponse {}><HostedZones>"
                  "<HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name><Config><PrivateZone>false</"
                  "PrivateZone></Config></HostedZone>"
                  "<HostedZone><Id>/hostedzone/Z2</Id><Name>example.com.</Name><Config><PrivateZone>true</"
                  "PrivateZone></Config></HostedZone>"
                  "</HostedZones><DNSName>example.com.</DNSName><IsTruncated>true</"
                  "IsTruncated><NextDNSName>example.org.</NextDNSName>"
                  "<NextHostedZoneId>Z3</NextHostedZoneId><MaxItems>2</MaxItems></ListHostedZonesByNameResponse>",
                  kXmlns));
  REQUIRE(zones);
  CHECK(zones->zones[0].id == "Z1");
  CHECK(zones->zones[0].view == HostedZone::View::kPublic);
  CHECK(zones->zones[1].view == HostedZone::View::kPrivate);
  CHECK(zones->next->identifier == "Z3");
  const auto info = [](const std::string& status) {
    return read_change_info(
        fmt::format("<GetChangeResponse {}><ChangeInfo><Id>/change/C1</Id><Status>{}</Status>"
                    "<SubmittedAt>2026-11-22T17:30:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>",
                    kXmlns, status));
  };
  CHECK(info("PENDING")->status == ChangeInfo::Status::kPending);
  CHECK(info("INSYNC")->status == ChangeInfo::Status::kInSync);
  CHECK(info("INSYNC")->id == "C1");
}

TEST_CASE("what errors say") {
  const Complaint usual = read_complaint(fmt::format(
      "<ErrorResponse {}><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
      "<RequestId>1</RequestId></ErrorResponse>",
      kXmlns));
  CHECK(usual.code == "Throttling");
  CHECK(usual.messages == std::vector<std::string>{"Rate exceeded"});
  const Complaint batch = read_complaint(fmt::format(
      "<InvalidChangeBatch {}><Messages><Message>one &apos;a&apos;</Message><Message>two</Message></Messages>"
      "</InvalidChangeBatch>",
      kXmlns));
  CHECK(batch.code == "InvalidChangeBatch");
  CHECK(batch.messages == std::vector<std::string>{"one 'a'", "two"});
  CHECK(read_complaint("<html/>").code.empty());
  CHECK(read_complaint("").code.empty());
}

TEST_CASE("a change body has deletions and creations in their order, and nothing is lost on the way into XML") {
  const std::string body = change_body(edits());
  CHECK(body.find("UPSERT") == std::string::npos);
  CHECK(body.find("<Action>DELETE</Action><ResourceRecordSet><Name>www.example.com.</Name><Type>A</Type>"
                  "<TTL>86400</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.10</Value></ResourceRecord>"
                  "<ResourceRecord><Value>192.0.2.11</Value></ResourceRecord></ResourceRecords>") != std::string::npos);
  CHECK(body.find(R"(<Value>"a &lt;b&gt; &amp; \"c\"; \303\244" "second"</Value>)") != std::string::npos);
  CHECK(body.find("DELETE") < body.find("CREATE"));
}

TEST_CASE("bodies are what the published service model wants") {
  const auto model =
      tests::test_data("Route 53 bodies against the service model", "specs/route53/botocore-service-2.json");
  const auto judge = tests::test_data("Route 53 bodies against the service model", "tools/r53_validate.py");
  if (!model || !judge) return;
  const auto judged = [&](const std::string& body) {
    return servers::run_program({"python3", judge->string(), model->string(), "ChangeResourceRecordSets"}, body);
  };
  const auto all = judged(change_body(edits()));
  INFO(all.output);
  CHECK(all.status == 0);
  for (const Edit& edit : edits()) CHECK(judged(change_body({edit})).status == 0);
  // The judge does judge.
  std::string wrong = change_body(edits());
  wrong.replace(wrong.find("<Type>A</Type>"), 14, "<Type>B</Type>");
  CHECK(judged(wrong).status != 0);
  CHECK(judged(change_body({})).status != 0);
}
