#include "lab/zone_update.h"

#include "tests/lab/fixtures.h"

namespace cutover::lab {
namespace {

using namespace test;
using net::Rcode;
using net::Record;
using net::RecordClass;

net::Message update_of(std::vector<Record> prerequisites, std::vector<Record> updates) {
  net::Message message;
  message.opcode = net::Opcode::kUpdate;
  message.question.push_back({name("shop.test"), RecordType::kSoa, RecordClass::kIn});
  message.answer = std::move(prerequisites);
  message.authority = std::move(updates);
  return message;
}

Record record(std::string_view owner, RecordType type, RecordClass record_class, std::uint32_t ttl = 0,
              std::string_view rdata = "") {
  return {name(owner), type, record_class, ttl, std::string(rdata)};
}

constexpr auto kIn = RecordClass::kIn;
constexpr auto kAny = RecordClass::kAny;
constexpr auto kNone = RecordClass::kNone;

struct Prerequisite {
  std::string_view what;
  std::vector<Record> records;
  Rcode rcode;
};

TEST_CASE("prerequisites of an update (RFC 2136 section 3.2)") {
  const std::vector<Prerequisite> rows{
      {"set exists", {record("www.shop.test", RecordType::kA, kAny)}, Rcode::kNoError},
      {"set exists, and it does not", {record("www.shop.test", RecordType::kMx, kAny)}, Rcode::kNxRrset},
      {"set does not exist", {record("www.shop.test", RecordType::kMx, kNone)}, Rcode::kNoError},
      {"set does not exist, and it does", {record("www.shop.test", RecordType::kA, kNone)}, Rcode::kYxRrset},
      {"name in use", {record("www.shop.test", RecordType::kAny, kAny)}, Rcode::kNoError},
      {"name in use, and it is not", {record("no.shop.test", RecordType::kAny, kAny)}, Rcode::kNxDomain},
      {"name in use, and it is only above one", {record("b.deep.shop.test", RecordType::kAny, kAny)}, Rcode::kNxDomain},
      {"name not in use", {record("no.shop.test", RecordType::kAny, kNone)}, Rcode::kNoError},
      {"name not in use, and it is", {record("www.shop.test", RecordType::kAny, kNone)}, Rcode::kYxDomain},
      {"set is exactly this, in any order",
       {record("www.shop.test", RecordType::kA, kIn, 0, "198.51.100.11"),
        record("www.shop.test", RecordType::kA, kIn, 0, "198.51.100.10")},
       Rcode::kNoError},
      {"set is exactly this, and it has more",
       {record("www.shop.test", RecordType::kA, kIn, 0, "198.51.100.10")},
       Rcode::kNxRrset},
      {"set is exactly this, and it has less",
       {record("shop.test", RecordType::kA, kIn, 0, "198.51.100.10"),
        record("shop.test", RecordType::kA, kIn, 0, "198.51.100.99")},
       Rcode::kNxRrset},
      {"set is exactly this, and there is none",
       {record("no.shop.test", RecordType::kA, kIn, 0, "192.0.2.1")},
       Rcode::kNxRrset},
      {"with a TTL", {record("www.shop.test", RecordType::kA, kAny, 60)}, Rcode::kFormErr},
      {"class ANY with data", {record("www.shop.test", RecordType::kA, kAny, 0, "192.0.2.1")}, Rcode::kFormErr},
      {"class NONE with data", {record("www.shop.test", RecordType::kA, kNone, 0, "192.0.2.1")}, Rcode::kFormErr},
      {"of a foreign class", {record("www.shop.test", RecordType::kA, RecordClass::kCh)}, Rcode::kFormErr},
      {"outside the zone", {record("www.other.test", RecordType::kA, kAny)}, Rcode::kNotZone},
      {"the first that fails counts",
       {record("no.shop.test", RecordType::kAny, kAny), record("www.shop.test", RecordType::kA, kNone)},
       Rcode::kNxDomain},
  };
  const Zone zone = shop_zone();
  for (const Prerequisite& row : rows) {
    DYNAMIC_SECTION(row.what) {
      const auto outcome =
          apply_update(zone, update_of(row.records, {record("new.shop.test", RecordType::kA, kIn, 60, "192.0.2.50")}));
      CHECK(to_text(outcome.rcode) == to_text(row.rcode));
      CHECK(outcome.zone.has_value() == (row.rcode == Rcode::kNoError));
    }
  }
}

TEST_CASE("updates that are wrong are found before any is made (RFC 2136 section 3.4.1)") {
  const std::vector<Prerequisite> rows{
      {"outside the zone", {record("www.other.test", RecordType::kA, kIn, 60, "192.0.2.1")}, Rcode::kNotZone},
      {"adding a type that no record has", {record("www.shop.test", RecordType::kAny, kIn, 60, "x")}, Rcode::kFormErr},
      {"adding nothing", {record("www.shop.test", RecordType::kA, kIn, 60)}, Rcode::kFormErr},
      {"deleting a set with a TTL", {record("www.shop.test", RecordType::kA, kAny, 60)}, Rcode::kFormErr},
      {"deleting a set with data", {record("www.shop.test", RecordType::kA, kAny, 0, "192.0.2.1")}, Rcode::kFormErr},
      {"deleting a transfer", {record("www.shop.test", RecordType::kAxfr, kAny)}, Rcode::kFormErr},
      {"deleting a record with a TTL",
       {record("www.shop.test", RecordType::kA, kNone, 60, "192.0.2.1")},
       Rcode::kFormErr},
      {"of a foreign class", {record("www.shop.test", RecordType::kA, RecordClass::kCh, 0, "x")}, Rcode::kFormErr},
  };
  const Zone zone = shop_zone();
  for (const Prerequisite& row : rows) {
    DYNAMIC_SECTION(row.what) {
      std::vector<Record> updates{record("new.shop.test", RecordType::kA, kIn, 60, "192.0.2.50")};
      updates.push_back(row.records[0]);
      const auto outcome = apply_update(zone, update_of({}, updates));
      CHECK(to_text(outcome.rcode) == to_text(row.rcode));
      CHECK_FALSE(outcome.zone.has_value());
    }
  }
}

struct Edit {
  std::string_view what;
  std::vector<Record> records;
  std::string_view owner, type;
  std::string_view after;  ///< `TTL data data`, empty when the set is gone
};

std::string set_text(const Zone& zone, const RecordKey& key) {
  const RecordSet* set = zone.find(key);
  return set == nullptr ? "" : std::to_string(set->ttl.count()) + " " + join(set->rdata, " ");
}

TEST_CASE("what updates do (RFC 2136 section 3.4.2)") {
  const std::vector<Edit> rows{
      {"add a record",
       {record("new.shop.test", RecordType::kA, kIn, 60, "192.0.2.50")},
       "new.shop.test",
       "A",
       "60 192.0.2.50"},
      {"add to a set: the newest TTL is the set's",
       {record("www.shop.test", RecordType::kA, kIn, 60, "198.51.100.12")},
       "www.shop.test",
       "A",
       "60 198.51.100.10 198.51.100.11 198.51.100.12"},
      {"add what is there: only the TTL changes",
       {record("shop.test", RecordType::kA, kIn, 60, "198.51.100.10")},
       "shop.test",
       "A",
       "60 198.51.100.10"},
      {"delete a set", {record("www.shop.test", RecordType::kA, kAny)}, "www.shop.test", "A", ""},
      {"delete a name", {record("www.shop.test", RecordType::kAny, kAny)}, "www.shop.test", "AAAA", ""},
      {"delete a record",
       {record("www.shop.test", RecordType::kA, kNone, 0, "198.51.100.10")},
       "www.shop.test",
       "A",
       "86400 198.51.100.11"},
      {"replace a set in one message",
       {record("www.shop.test", RecordType::kA, kAny),
        record("www.shop.test", RecordType::kA, kIn, 60, "203.0.113.20")},
       "www.shop.test",
       "A",
       "60 203.0.113.20"},
      {"replace an alias by an alias",
       {record("shop.shop.test", RecordType::kCname, kIn, 60, "ns1.shop.test.")},
       "shop.shop.test",
       "CNAME",
       "60 ns1.shop.test."},
      {"an alias beside data is ignored",
       {record("www.shop.test", RecordType::kCname, kIn, 60, "ns1.shop.test."),
        record("new.shop.test", RecordType::kA, kIn, 60, "192.0.2.50")},
       "www.shop.test",
       "CNAME",
       ""},
      {"data beside an alias is ignored",
       {record("shop.shop.test", RecordType::kA, kIn, 60, "192.0.2.1"),
        record("new.shop.test", RecordType::kA, kIn, 60, "192.0.2.50")},
       "shop.shop.test",
       "A",
       ""},
      {"an alias gives way to data in one message",
       {record("shop.shop.test", RecordType::kCname, kAny),
        record("shop.shop.test", RecordType::kA, kIn, 60, "192.0.2.1")},
       "shop.shop.test",
       "A",
       "60 192.0.2.1"},
      {"the apex keeps its name servers",
       {record("shop.test", RecordType::kAny, kAny)},
       "shop.test",
       "NS",
       "3600 ns1.shop.test. ns2.shop.test."},
      {"the apex keeps its last name server",
       {record("shop.test", RecordType::kNs, kNone, 0, "ns1.shop.test."),
        record("shop.test", RecordType::kNs, kNone, 0, "ns2.shop.test.")},
       "shop.test",
       "NS",
       "3600 ns2.shop.test."},
  };
  const Zone zone = shop_zone();
  for (const Edit& row : rows) {
    DYNAMIC_SECTION(row.what) {
      const auto outcome = apply_update(zone, update_of({}, row.records));
      REQUIRE(to_text(outcome.rcode) == to_text(Rcode::kNoError));
      REQUIRE(outcome.zone.has_value());
      CHECK(set_text(*outcome.zone, {name(row.owner), *record_type_from_text(row.type)}) == row.after);
      CHECK(outcome.zone->soa.serial == 101);
      CHECK(set_text(*outcome.zone, {name("shop.test"), RecordType::kSoa}) ==
            "3600 ns1.shop.test. hostmaster.shop.test. 101 7200 900 1209600 300");
    }
  }
}

TEST_CASE("an update that changes nothing leaves the serial alone") {
  const auto outcome = apply_update(shop_zone(), update_of({}, {record("no.shop.test", RecordType::kA, kAny)}));
  CHECK(to_text(outcome.rcode) == to_text(Rcode::kNoError));
  CHECK_FALSE(outcome.zone.has_value());
}

TEST_CASE("an update may bring its own SOA, if it is newer") {
  const auto with_serial = [](std::string_view serial) {
    return record("shop.test", RecordType::kSoa, kIn, 3600,
                  "ns1.shop.test. hostmaster.shop.test. " + std::string(serial) + " 7200 900 1209600 300");
  };
  const auto newer = apply_update(shop_zone(), update_of({}, {with_serial("500")}));
  REQUIRE(newer.zone.has_value());
  CHECK(newer.zone->soa.serial == 500);
  CHECK_FALSE(apply_update(shop_zone(), update_of({}, {with_serial("99")})).zone.has_value());
}

TEST_CASE("the zone section names exactly this zone") {
  net::Message message = update_of({}, {});
  message.question[0].name = name("other.test");
  CHECK(to_text(apply_update(shop_zone(), message).rcode) == to_text(Rcode::kNotAuth));
  message.question[0] = {name("shop.test"), RecordType::kA, kIn};
  CHECK(to_text(apply_update(shop_zone(), message).rcode) == to_text(Rcode::kFormErr));
}

}  // namespace
}  // namespace cutover::lab
