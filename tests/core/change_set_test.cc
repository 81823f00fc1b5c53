#include "core/change_set.h"

#include <catch2/catch.hpp>

#include "core/codec.h"
#include "core/endpoint.h"
#include "core/zone.h"

using namespace cutover;

namespace {

const DomainName kZone = *DomainName::from_text("example.com.");
const DomainName kWww = *DomainName::from_text("www.example.com.");

RecordSet a_set(int ttl, std::vector<std::string> rdata) {
  RecordSet set{kWww, RecordType::kA, Seconds(ttl), std::move(rdata)};
  normalize(set);
  return set;
}

Change change(std::optional<RecordSet> before, std::optional<RecordSet> after) {
  return {{kWww, RecordType::kA}, std::move(before), std::move(after)};
}

}  // namespace

TEST_CASE("what kind of change it is") {
  CHECK(change({}, a_set(60, {"192.0.2.1"})).kind() == Change::Kind::kCreate);
  CHECK(change(a_set(60, {"192.0.2.1"}), {}).kind() == Change::Kind::kDelete);
  CHECK(change(a_set(60, {"192.0.2.1"}), a_set(60, {"192.0.2.2"})).kind() == Change::Kind::kValue);
  CHECK(change(a_set(3600, {"192.0.2.1"}), a_set(60, {"192.0.2.1"})).kind() == Change::Kind::kTtl);
  CHECK(change(a_set(60, {"192.0.2.2", "192.0.2.1"}), a_set(60, {"192.0.2.1", "192.0.2.2"})).kind() ==
        Change::Kind::kNone);
}

TEST_CASE("the inverse undoes, and its inverse is the change again") {
  ChangeSet set;
  set.zone = kZone;
  set.guard_serial = 7;
  set.changes = {change(a_set(60, {"192.0.2.1"}), a_set(60, {"192.0.2.2"})), change({}, a_set(60, {"192.0.2.3"}))};
  const ChangeSet inverse = inverse_of(set);
  CHECK_FALSE(inverse.guard_serial.has_value());
  CHECK(inverse.changes[0].before == set.changes[1].after);
  CHECK_FALSE(inverse.changes[0].after.has_value());
  ChangeSet twice = inverse_of(inverse);
  twice.guard_serial = 7;
  CHECK(twice == set);
}

TEST_CASE("a rollback stays at the low TTL") {
  ChangeSet set;
  set.zone = kZone;
  set.changes = {change(a_set(86400, {"192.0.2.1"}), a_set(60, {"192.0.2.2"}))};
  CHECK(rollback_of(set).changes[0].after->ttl == Seconds(60));
  CHECK(inverse_of(set).changes[0].after->ttl == Seconds(86400));
}

TEST_CASE("standing of a live set: TTL counts only where the change is about TTL") {
  const Change value = change(a_set(60, {"192.0.2.1"}), a_set(60, {"192.0.2.2"}));
  CHECK(standing_of(value, a_set(300, {"192.0.2.1"})) == Standing::kBefore);
  CHECK(standing_of(value, a_set(300, {"192.0.2.2"})) == Standing::kAfter);
  CHECK(standing_of(value, a_set(60, {"192.0.2.9"})) == Standing::kForeign);
  CHECK(standing_of(value, std::nullopt) == Standing::kForeign);
  const Change ttl = change(a_set(3600, {"192.0.2.1"}), a_set(60, {"192.0.2.1"}));
  CHECK(standing_of(ttl, a_set(3600, {"192.0.2.1"})) == Standing::kBefore);
  CHECK(standing_of(ttl, a_set(60, {"192.0.2.1"})) == Standing::kAfter);
  CHECK(standing_of(ttl, a_set(300, {"192.0.2.1"})) == Standing::kForeign);
  const Change create = change({}, a_set(60, {"192.0.2.1"}));
  CHECK(standing_of(create, std::nullopt) == Standing::kBefore);
}

TEST_CASE("change sets go through JSON unchanged, and damage is an error") {
  ChangeSet set;
  set.zone = kZone;
  set.guard_serial = 4294967295U;
  set.changes = {change(a_set(60, {"192.0.2.1", "192.0.2.2"}), {}),
                 {{kWww, static_cast<RecordType>(65280)},
                  {},
                  RecordSet{kWww, static_cast<RecordType>(65280), Seconds(5), {"\\# 2 abcd"}}}};
  const std::string json = to_json(set);
  CHECK(*change_set_from_json(json) == set);
  for (std::size_t cut = 0; cut < json.size(); cut += 7) CHECK_FALSE(change_set_from_json(json.substr(0, cut)).ok());
  CHECK_FALSE(change_set_from_json(R"({"zone":"example.com.","changes":[{"name":"a..b","type":"A"}]})").ok());
}

TEST_CASE("diff lines say what is created, removed, changed and only slowed down") {
  ChangeSet set;
  set.zone = kZone;
  set.changes = {change({}, a_set(60, {"192.0.2.1"})), change(a_set(60, {"192.0.2.1"}), {}),
                 change(a_set(60, {"192.0.2.1"}), a_set(60, {"192.0.2.2"})),
                 change(a_set(3600, {"192.0.2.1"}), a_set(60, {"192.0.2.1"}))};
  CHECK(diff_lines(set) == std::vector<std::string>{"+ CREATE     www.example.com. A 192.0.2.1 ttl=60",
                                                    "- DELETE     www.example.com. A 192.0.2.1 ttl=60",
                                                    "± MODIFY     www.example.com. A 192.0.2.1 -> 192.0.2.2 ttl=60",
                                                    "± MODIFY-TTL www.example.com. A 192.0.2.1 ttl=(3600->60)"});
}

TEST_CASE("addresses with and without ports") {
  CHECK(Endpoint::from_text("192.0.2.1", 53)->text() == "192.0.2.1:53");
  CHECK(Endpoint::from_text("192.0.2.1:5353", 53)->text() == "192.0.2.1:5353");
  CHECK(Endpoint::from_text("2001:DB8::1", 53)->text() == "[2001:db8::1]:53");
  CHECK(Endpoint::from_text("[2001:db8::1]:5353", 53)->text() == "[2001:db8::1]:5353");
  for (const char* bad : {"", "192.0.2", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "[2001:db8::1",
                          "[2001:db8::1]x", "[2001:db8::1]:", "192.0.2.01", "host:53"}) {
    INFO(bad);
    CHECK_FALSE(Endpoint::from_text(bad, 53).ok());
  }
}

TEST_CASE("serial numbers wrap") {
  CHECK(serial_is_after(2, 1));
  CHECK(serial_is_after(0, 4294967295U));
  CHECK_FALSE(serial_is_after(1, 2));
  CHECK_FALSE(serial_is_after(5, 5));
}
