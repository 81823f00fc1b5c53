#include "cmd/plan/targets.h"

#include <catch2/catch.hpp>

#include "cmd/plan/lab_plan.h"
#include "cmd/plan/plan_file.h"

using namespace cutover;

namespace {

Plan plan_with(const std::string& rest) {
  auto plan = parse_plan(
      "version: 1\nname: t\nzones:\n  - zone: example.com\n    provider: { type: rfc2136, server: 127.0.0.1, key: "
      "env/K }\n    changes:\n"
      "      - { name: www, type: A, from: [192.0.2.1], to: [192.0.2.2, 192.0.2.3] }\n"
      "      - { name: www, type: AAAA, from: [\"2001:db8::1\"], to: [\"2001:db8::2\"] }\n"
      "      - { name: shop, type: CNAME, from: [old.example.net.], to: [new.example.net.] }\n"
      "      - { name: \"*.apps\", type: A, from: [192.0.2.1], to: [192.0.2.2] }\n" +
          rest,
      "t.yaml");
  if (!plan) FAIL(plan.error().message);
  return *plan;
}

std::size_t count(const Targets& targets, TargetSide side) {
  return static_cast<std::size_t>(std::count_if(targets.addresses.begin(), targets.addresses.end(),
                                                [&](const EndpointTarget& t) { return t.side == side; }));
}

}  // namespace

TEST_CASE("without endpoints, every moving name is taken at port 443 on both sides") {
  const Targets targets = targets_of(plan_with(""));
  CHECK(count(targets, TargetSide::kNew) == 4);  // www on two A and one AAAA, the wildcard on one
  CHECK(count(targets, TargetSide::kOld) == 3);
  REQUIRE(targets.named.size() == 2);
  CHECK(targets.named[0].target.text() == "new.example.net.");
  CHECK(targets.named[0].side == TargetSide::kNew);
  CHECK(targets.without.empty());
}

TEST_CASE("endpoints choose names and ports; `new` and `old` win over the changes") {
  const Targets targets =
      targets_of(plan_with("endpoints:\n  - { names: [www.example.com], port: 8443, new: [192.0.2.9], http: { path: "
                           "/h, expect: 204 } }\n  - { names: [mail.example.com], port: 25, starttls: smtp }\n"));
  REQUIRE(count(targets, TargetSide::kNew) == 1);
  CHECK(targets.addresses[0].address.text() == "192.0.2.9");
  CHECK(targets.addresses[0].port == 8443);
  CHECK(targets.addresses[0].http->status == 204);
  CHECK(count(targets, TargetSide::kOld) == 2);
  REQUIRE(targets.without.size() == 1);
  CHECK(targets.without[0].find("mail.example.com port 25 has no new address") != std::string::npos);
}

TEST_CASE("a rehearsal's lab holds the zones as they were, and somewhere for every target to be") {
  const LabNeeds needs =
      lab_needs(plan_with("ttl: { during: 60s, before: 7200s }\nendpoints:\n  - { names: [www.example.com, "
                          "shop.example.com], port: 443, http: { path: /h, expect: 204 } }\n"));
  REQUIRE(needs.zones.size() == 2);
  const RecordSet* www = needs.zones[0].find({*DomainName::from_text("www.example.com."), RecordType::kA});
  REQUIRE(www != nullptr);
  CHECK(www->ttl == Seconds(7200));
  CHECK(www->rdata == std::vector<std::string>{"192.0.2.1"});
  CHECK(needs.zones[1].origin.text() == "example.net.");
  CHECK(needs.zones[1].find({*DomainName::from_text("new.example.net."), RecordType::kA}) != nullptr);
  CHECK(needs.zones[1].find({*DomainName::from_text("old.example.net."), RecordType::kA}) != nullptr);
  std::size_t answering = 0;
  for (const LabEndpoint& endpoint : needs.endpoints) answering += endpoint.statuses.count("/h");
  CHECK(answering == needs.endpoints.size());
  CHECK(needs.endpoints.size() == 7);
  CHECK(needs.sites.size() == 2);
}
