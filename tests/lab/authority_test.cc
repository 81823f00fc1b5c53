#include "lab/authority.h"

#include <fmt/format.h>

#include "lab/loop_thread.h"
#include "tests/lab/fixtures.h"
#include "tests/servers/process.h"

namespace cutover::lab {
namespace {

using namespace test;
using servers::run_program;
using servers::TempFolder;

constexpr std::string_view kSecret = "bGFiLXRlc3Qtc2VjcmV0LW5vdC1hLXJlYWwtb25lIQ==";

std::string key_text(std::string_view key_name, std::string_view secret) {
  return fmt::format("key \"{}\" {{\n\talgorithm hmac-sha256;\n\tsecret \"{}\";\n}};\n", key_name, secret);
}

net::TsigKey key_of(std::string_view key_name) {
  auto key = net::parse_tsig_key(key_text(key_name, kSecret));
  REQUIRE(key.ok());
  return *key;
}

/// An authority that runs, and the tools of operators pointed at it.
class Running {
 public:
  explicit Running(const Clock& clock, std::vector<Zone> zones, std::vector<Following> following = {{}},
                   AuthoritySpec::OpenTransfer open = AuthoritySpec::OpenTransfer::kSignedOnly) {
    AuthoritySpec spec;
    spec.zones = std::move(zones);
    spec.open_transfer = open;
    for (const Following& each : following) spec.addresses.push_back({loopback(servers::own_address()), each});
    spec.keys = {{key_of("owner"), KeyGrant::Transfer::kAllowed, KeyGrant::Update::kAllowed},
                 {key_of("reader"), KeyGrant::Transfer::kAllowed, KeyGrant::Update::kRefused},
                 {key_of("nobody"), KeyGrant::Transfer::kRefused, KeyGrant::Update::kRefused}};
    auto opened = Authority::open(thread_.loop(), clock, std::move(spec));
    REQUIRE(opened.ok());
    authority_ = *std::move(opened);
    thread_.start();
  }
  ~Running() { thread_.stop(); }

  Authority& operator*() { return *authority_; }
  Authority* operator->() { return authority_.get(); }

  std::string dig(const std::vector<std::string>& words, std::size_t address = 0) const {
    const Endpoint at = authority_->endpoints()[address];
    std::vector<std::string> argv{
        "dig", "@" + at.address.text(), "-p", std::to_string(at.port), "+time=1", "+tries=1", "+norecurse"};
    argv.insert(argv.end(), words.begin(), words.end());
    return run_program(argv).output;
  }
  std::string nsupdate(std::string_view key, std::string_view commands, std::size_t address = 0,
                       std::string_view secret = kSecret) const {
    const Endpoint at = authority_->endpoints()[address];
    const std::string input =
        fmt::format("server {} {}\nzone shop.test\n{}\nsend\n", at.address.text(), at.port, commands);
    std::vector<std::string> argv{"nsupdate", "-t", "3", "-r", "0"};
    if (!key.empty()) argv.insert(argv.end(), {"-k", key_file(key, secret)});
    return run_program(argv, input).output;
  }
  std::string key_file(std::string_view key, std::string_view secret) const {
    return folder_.write(fmt::format("{}.key", key), key_text(key, secret), 0600);
  }
  std::string served(std::string_view owner, RecordType type, std::size_t address = 0) const {
    auto zone = authority_->zone_at(address, name("shop.test"));
    REQUIRE(zone.ok());
    const RecordSet* set = zone->find({name(owner), type});
    return set == nullptr ? "" : std::to_string(set->ttl.count()) + " " + join(set->rdata, " ");
  }
  std::uint32_t serial(std::size_t address = 0) const {
    auto zone = authority_->zone_at(address, name("shop.test"));
    REQUIRE(zone.ok());
    return zone->soa.serial;
  }

 private:
  TempFolder folder_;
  LoopThread thread_;
  std::unique_ptr<Authority> authority_;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_CASE("dig reads the lab's authority over UDP and TCP") {
  const SystemClock clock;
  const Running lab(clock, {shop_zone()});
  for (const std::string transport : {"+notcp", "+tcp"}) {
    INFO(transport);
    const std::string www = lab.dig({"www.shop.test", "A", transport});
    CHECK(contains(www, "status: NOERROR"));
    CHECK(contains(www, "flags: qr aa;"));
    CHECK(contains(www, "198.51.100.10"));
    CHECK(contains(www, "198.51.100.11"));
    CHECK(contains(lab.dig({"nothing.shop.test", "A", transport}), "status: NXDOMAIN"));
    CHECK(contains(lab.dig({"www.other.test", "A", transport}), "status: REFUSED"));
  }
  CHECK(contains(lab.dig({"shop.test", "SOA", "+nsid"}), "lab-authority-0"));
}

TEST_CASE("an answer too large for UDP is cut, and whole over TCP") {
  Zone zone = shop_zone();
  RecordSet big{name("big.shop.test"), RecordType::kTxt, Seconds(60), {}};
  for (int i = 0; i < 40; ++i) big.rdata.push_back(fmt::format("\"{:03} {}\"", i, std::string(100, 'x')));
  zone.sets[big.key()] = big;
  const SystemClock clock;
  const Running lab(clock, {zone});
  CHECK(contains(lab.dig({"big.shop.test", "TXT", "+ignore"}), "flags: qr aa tc;"));
  CHECK(contains(lab.dig({"big.shop.test", "TXT", "+noedns", "+ignore"}), "flags: qr aa tc;"));
  CHECK(contains(lab.dig({"big.shop.test", "TXT"}), "ANSWER: 40,"));
}

TEST_CASE("transfers need the right key") {
  const SystemClock clock;
  const Running lab(clock, {shop_zone()});
  const auto transfer = [&](const std::vector<std::string>& key) {
    std::vector<std::string> words{"shop.test", "AXFR"};
    words.insert(words.end(), key.begin(), key.end());
    return lab.dig(words);
  };
  const std::string good = transfer({"-k", lab.key_file("owner", kSecret)});
  INFO(good);
  CHECK(contains(good, "XFR size: 21 records"));
  CHECK(contains(good, "a.b.deep.shop.test."));
  CHECK(contains(transfer({"-k", lab.key_file("reader", kSecret)}), "XFR size: 21 records"));
  for (const auto& bad : std::vector<std::vector<std::string>>{
           {}, {"-k", lab.key_file("nobody", kSecret)}, {"-k", lab.key_file("stranger", kSecret)}}) {
    const std::string refused = transfer(bad);
    INFO(refused);
    CHECK(contains(refused, "Transfer failed"));
    CHECK_FALSE(contains(refused, "198.51.100"));
  }
  CHECK(lab.dig({"shop.test", "AXFR", "-k", lab.key_file("owner", "d3Jvbmcgc2VjcmV0")}).find("198.51") ==
        std::string::npos);
}

TEST_CASE("a large zone is transferred in many signed messages") {
  Zone zone = shop_zone();
  for (int i = 0; i < 3000; ++i) {
    RecordSet set{name(fmt::format("host{}.shop.test", i)), RecordType::kA, Seconds(60), {"192.0.2.1"}};
    zone.sets[set.key()] = set;
  }
  const SystemClock clock;
  const Running lab(clock, {zone});
  const std::string whole = lab.dig({"shop.test", "AXFR", "-k", lab.key_file("owner", kSecret)});
  CHECK(contains(whole, "XFR size: 3021 records"));
  CHECK_FALSE(contains(whole, "messages 1,"));
  CHECK_FALSE(contains(whole, "verify"));  // dig's word about a signature that is not good
}

TEST_CASE("nsupdate changes the zone, guarded and signed") {
  const SystemClock clock;
  const Running lab(clock, {shop_zone()});
  const std::string said = lab.nsupdate("owner",
                                        "prereq yxrrset www.shop.test A 198.51.100.10\n"
                                        "prereq yxrrset www.shop.test A 198.51.100.11\n"
                                        "update delete www.shop.test A\n"
                                        "update add www.shop.test 60 A 203.0.113.20");
  CHECK(said.empty());
  CHECK(lab.served("www.shop.test", RecordType::kA) == "60 203.0.113.20");
  CHECK(lab.serial() == 101);
  CHECK(contains(lab.dig({"www.shop.test", "A", "+short"}), "203.0.113.20"));
  // The same again: the guard does not hold any more.
  const std::string again = lab.nsupdate("owner",
                                         "prereq yxrrset www.shop.test A 198.51.100.10\n"
                                         "update delete www.shop.test A\n");
  CHECK(contains(again, "NXRRSET"));
  CHECK(lab.served("www.shop.test", RecordType::kA) == "60 203.0.113.20");
  CHECK(lab.serial() == 101);
}

TEST_CASE("updates that are not allowed are refused in the server's own words") {
  constexpr std::string_view kAdd = "update add new.shop.test 60 A 192.0.2.50";
  const SystemClock now;
  const ScaledClock ten_minutes_ahead(now.now() + std::chrono::minutes(10), 1);
  struct Row {
    std::string_view what, key, says;
    const Clock& clock;
    std::size_t address;
    std::string_view secret;
  };
  const Row rows[] = {
      {"unsigned", "", "REFUSED", now, 0, kSecret},
      {"with a key that may only read", "reader", "REFUSED", now, 0, kSecret},
      {"with an unknown key", "stranger", "BADKEY", now, 0, kSecret},
      {"with a wrong secret", "owner", "BADSIG", now, 0, "d3Jvbmcgc2VjcmV0"},
      {"with a clock ten minutes off", "owner", "BADTIME", ten_minutes_ahead, 0, kSecret},
      {"to a secondary", "owner", "REFUSED", now, 1, kSecret},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.what) {
      const Running lab(row.clock, {shop_zone()}, {{}, {}});
      const std::string said = lab.nsupdate(row.key, kAdd, row.address, row.secret);
      INFO(said);
      CHECK(contains(said, row.says));
      CHECK(lab.serial() == 100);
    }
  }
}

TEST_CASE("secondaries follow well or badly") {
  using Kind = Following::Kind;
  VirtualClock clock(noon());
  Running lab(
      clock, {shop_zone()},
      {{}, {Kind::kLive, {}}, {Kind::kLagging, std::chrono::seconds(30)}, {Kind::kStuck, {}}, {Kind::kDead, {}}});
  const RecordSet moved{name("www.shop.test"), RecordType::kA, Seconds(60), {"203.0.113.20"}};
  REQUIRE(lab->set_record_set(moved).ok());
  const auto serials = [&] {
    return std::vector<std::uint32_t>{lab.serial(0), lab.serial(1), lab.serial(2), lab.serial(3)};
  };
  CHECK(serials() == std::vector<std::uint32_t>{101, 101, 100, 100});
  clock.advance(std::chrono::seconds(29));
  CHECK(serials() == std::vector<std::uint32_t>{101, 101, 100, 100});
  clock.advance(std::chrono::seconds(1));
  CHECK(serials() == std::vector<std::uint32_t>{101, 101, 101, 100});
  CHECK(contains(lab.dig({"www.shop.test", "A", "+short"}, 2), "203.0.113.20"));
  CHECK(contains(lab.dig({"www.shop.test", "A", "+short"}, 3), "198.51.100.10"));
  CHECK(contains(lab.dig({"www.shop.test", "A"}, 4), "timed out"));
  CHECK_FALSE(contains(lab.dig({"www.shop.test", "A", "+tcp"}, 4), "NOERROR"));

  // The stuck one wakes up, another one gets stuck with what it has.
  lab->set_following(3, {});
  lab->set_following(1, {Kind::kStuck, {}});
  REQUIRE(lab->remove_record_set(moved.key()).ok());
  CHECK(lab.serial(3) == 102);
  CHECK(lab.served("www.shop.test", RecordType::kA, 1) == "60 203.0.113.20");
  CHECK(lab.served("www.shop.test", RecordType::kA, 3).empty());
}

TEST_CASE("somebody's job overrides one secondary for a while") {
  VirtualClock clock(noon());
  Running lab(clock, {shop_zone()}, {{}, {}});
  const RecordSet high{name("www.shop.test"), RecordType::kA, Seconds(86400), {"198.51.100.99"}};
  lab->set_override(1, high);
  CHECK(lab.served("www.shop.test", RecordType::kA, 0) == "86400 198.51.100.10 198.51.100.11");
  CHECK(lab.served("www.shop.test", RecordType::kA, 1) == "86400 198.51.100.99");
  CHECK(contains(lab.dig({"www.shop.test", "A", "+short"}, 1), "198.51.100.99"));
  CHECK(lab.serial(1) == 100);
  lab->lift_override(1, high.key());
  CHECK(lab.served("www.shop.test", RecordType::kA, 1) == "86400 198.51.100.10 198.51.100.11");
}

TEST_CASE("edits outside the lab's zones are errors") {
  VirtualClock clock(noon());
  Running lab(clock, {shop_zone()});
  const RecordSet foreign{name("www.other.test"), RecordType::kA, Seconds(60), {"192.0.2.1"}};
  const auto set = lab->set_record_set(foreign);
  REQUIRE_FALSE(set.ok());
  CHECK(set.error().code == ErrorCode::kNotFound);
  CHECK_FALSE(lab->remove_record_set({name("no.shop.test"), RecordType::kA}).ok());
  CHECK_FALSE(lab->zone(name("other.test")).ok());
}

}  // namespace
}  // namespace cutover::lab
