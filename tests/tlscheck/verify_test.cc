#include "tlscheck/verify.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/text.h"
#include "tests/servers/process.h"
#include "tests/support/certificates.h"

namespace cutover::tlscheck {
namespace {

using servers::TempFolder;
using test::Certificate;

const Instant kNow = *parse_instant("2026-10-01T12:00:00Z");
const Instant kSwap = *parse_instant("2026-10-06T09:00:00Z");
const Instant kStandbyEnds = *parse_instant("2026-10-08T09:00:00Z");
const Instant kLong = *parse_instant("2027-06-01T00:00:00Z");
const Instant kEarly = *parse_instant("2026-01-01T00:00:00Z");

Instant at(const char* text) { return *parse_instant(text); }

struct World {
  Certificate root{
      {.common_name = "Root", .not_before = kEarly, .not_after = at("2036-01-01T00:00:00Z"), .authority = true}};
  Certificate stranger{
      {.common_name = "Stranger", .not_before = kEarly, .not_after = at("2036-01-01T00:00:00Z"), .authority = true}};
  Certificate middle{
      {.common_name = "Intermediate", .not_before = kEarly, .not_after = at("2030-01-01T00:00:00Z"), .authority = true},
      &root};
  TempFolder folder;
  Anchors anchors = *Anchors::load(folder.write("ca.pem", root.pem()));

  Certificate leaf(std::vector<std::string> names, Instant from = kEarly, Instant until = kLong,
                   std::string common_name = "leaf", std::string usage = "serverAuth") const {
    return Certificate({.common_name = std::move(common_name),
                        .alternative_names = std::move(names),
                        .not_before = from,
                        .not_after = until,
                        .extended_key_usage = std::move(usage)},
                       &middle);
  }
};

const Check& find(const std::vector<Check>& checks, const std::string& id) {
  const auto found = std::find_if(checks.begin(), checks.end(), [&](const Check& c) { return c.id == id; });
  INFO("no check " << id);
  REQUIRE(found != checks.end());
  return *found;
}

std::vector<std::string> failures(const std::vector<Check>& checks) {
  std::vector<std::string> out;
  for (const auto& check : checks)
    if (check.verdict == Verdict::kFail) out.push_back(check.id + "/" + std::string(to_text(check.severity)));
  return out;
}

Subject host(const std::string& name) { return {*DomainName::from_text(name), *IpAddress::from_text("192.0.2.1")}; }

const Times kTimes{kNow, kSwap, kStandbyEnds};

TEST_CASE("what fails, per fault of the certificate") {
  const World w;
  const auto good = w.leaf({"DNS:www.example.com"});
  const Certificate lone({.common_name = "www.example.com",
                          .alternative_names = {"DNS:www.example.com"},
                          .not_before = kEarly,
                          .not_after = kLong});
  const Certificate strange({.alternative_names = {"DNS:www.example.com"}, .not_before = kEarly, .not_after = kLong},
                            &w.stranger);
  const Certificate short_middle(
      {.common_name = "Short", .not_before = kEarly, .not_after = at("2026-10-07T00:00:00Z"), .authority = true},
      &w.root);
  const Certificate under_short(
      {.alternative_names = {"DNS:www.example.com"}, .not_before = kEarly, .not_after = kLong}, &short_middle);
  const Certificate no_authority({.common_name = "No authority", .not_before = kEarly, .not_after = kLong}, &w.root);
  const Certificate under_none({.alternative_names = {"DNS:www.example.com"}, .not_before = kEarly, .not_after = kLong},
                               &no_authority);
  using Failures = std::vector<std::string>;
  struct Row {
    std::string what;
    std::vector<std::string> chain;
    Failures failed;
    std::string says;
  };
  const auto with_middle = [&](const Certificate& leaf) {
    return std::vector<std::string>{leaf.der(), w.middle.der()};
  };
  const std::vector<Row> rows{
      {"nothing wrong", with_middle(good), {}, ""},
      {"the root sent along", {good.der(), w.middle.der(), w.root.der()}, {"tls-chain-order/note"}, "the root CN=Root"},
      {"sent in another order",
       {good.der(), w.root.der(), w.middle.der()},
       {"tls-chain-order/warning"},
       "CN=Intermediate comes too late"},
      {"something unrelated sent along",
       {good.der(), lone.der(), w.middle.der()},
       {"tls-chain-order/note"},
       "CN=www.example.com, which no path needs"},
      {"bytes that are no certificate sent along",
       {good.der(), "noise", w.middle.der()},
       {"tls-chain-order/note"},
       "1 thing that cannot be read"},
      {"expired",
       with_middle(w.leaf({"DNS:www.example.com"}, kEarly, at("2026-09-28T12:00:00Z"))),
       {"tls-expiry/error"},
       "expired on 2026-09-28T12:00:00Z, 3d ago"},
      {"expires before the swap",
       with_middle(w.leaf({"DNS:www.example.com"}, kEarly, at("2026-10-05T00:00:00Z"))),
       {"tls-expiry/error"},
       "before the swap on 2026-10-06T09:00:00Z"},
      {"expires in standby",
       with_middle(w.leaf({"DNS:www.example.com"}, kEarly, at("2026-10-08T08:59:59Z"))),
       {"tls-expiry/error"},
       "before the end of standby on 2026-10-08T09:00:00Z"},
      {"expires a second after standby",
       with_middle(w.leaf({"DNS:www.example.com"}, kEarly, at("2026-10-08T09:00:01Z"))),
       {"tls-renewal/warning"},
       "less than a third of its lifetime"},
      {"an intermediate expires in standby",
       {under_short.der(), short_middle.der()},
       {"tls-expiry/error"},
       "CN=Short in the chain expires on 2026-10-07"},
      {"valid from after the swap",
       with_middle(w.leaf({"DNS:www.example.com"}, at("2026-10-07T00:00:00Z"))),
       {"tls-not-yet-valid/error"},
       "valid from 2026-10-07T00:00:00Z only"},
      {"valid from before the swap",
       with_middle(w.leaf({"DNS:www.example.com"}, at("2026-10-03T00:00:00Z"))),
       {"tls-not-yet-valid/note"},
       "becomes valid on 2026-10-03T00:00:00Z"},
      {"another name", with_middle(w.leaf({"DNS:mail.example.com"})), {"tls-name/error"}, "is not for www.example.com"},
      {"common name only",
       with_middle(w.leaf({}, kEarly, kLong, "www.example.com")),
       {"tls-name/error"},
       "in no subjectAltName"},
      {"incomplete",
       {good.der()},
       {"tls-chain/error"},
       "its issuer CN=Intermediate was neither sent nor is it a trusted root"},
      {"self-signed", {lone.der()}, {"tls-chain/error"}, "self-signed"},
      {"untrusted root, sent",
       {strange.der(), w.stranger.der()},
       {"tls-chain/error"},
       "leads to the root CN=Stranger, which is not trusted"},
      {"untrusted root, not sent", {strange.der()}, {"tls-chain/error"}, "CN=Stranger was neither sent"},
      {"for clients only",
       with_middle(w.leaf({"DNS:www.example.com"}, kEarly, kLong, "leaf", "clientAuth")),
       {"tls-chain/error"},
       "refused"},
      {"issued by one that may not", {under_none.der(), no_authority.der()}, {"tls-chain/error"}, "refused"},
      {"no certificate", {}, {"tls-chain/error"}, "no certificate was sent"},
      {"noise", {"noise"}, {"tls-chain/error"}, "cannot be parsed"},
      {"a certificate with noise behind it", {good.der() + "x"}, {"tls-chain/error"}, "cannot be parsed"},
      {"wrong name, expired and incomplete",
       {w.leaf({"DNS:a.example.com"}, kEarly, at("2026-09-01T00:00:00Z")).der()},
       {"tls-name/error", "tls-chain/error", "tls-expiry/error"},
       "ago"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto checks = verify(row.chain, w.anchors, host("www.example.com."), kTimes, Side::kNew);
    std::string text;
    for (const auto& check : checks) {
      if (check.verdict == Verdict::kFail) text += check.summary + "\n";
      CHECK((check.verdict == Verdict::kFail) == !check.advice.empty());
      CHECK_FALSE(check.summary.empty());
    }
    CHECK(failures(checks) == row.failed);
    CHECK_THAT(text, Catch::Contains(row.says));
  }
}

TEST_CASE("names, as RFC 9525 has them") {
  const World w;
  struct Row {
    std::string asked;
    std::vector<std::string> names;
    bool covered;
  };
  const std::vector<Row> rows{
      {"www.example.com", {"DNS:www.example.com"}, true},
      {"WWW.Example.COM.", {"DNS:www.example.com"}, true},
      {"www.example.com", {"DNS:WWW.EXAMPLE.COM"}, true},
      {"www.example.com", {"DNS:a.example.com", "DNS:www.example.com"}, true},
      {"www.example.com", {"DNS:*.example.com"}, true},
      {"a.www.example.com", {"DNS:*.example.com"}, false},
      {"example.com", {"DNS:*.example.com"}, false},
      {"www.example.com", {"DNS:w*.example.com"}, false},
      {"www.example.com", {"DNS:*.com"}, false},
      {"a_b.example.com", {"DNS:a_b.example.com"}, true},
      {"www.example.com", {"IP:192.0.2.1"}, false},
      {".", {"IP:192.0.2.1"}, true},
      {".", {"IP:192.0.2.2"}, false},
      {".", {"DNS:192.0.2.1"}, false},
  };
  for (const auto& row : rows) {
    INFO(row.asked << " against " << join(row.names, ","));
    const auto leaf = w.leaf(row.names, kEarly, kLong, row.asked);
    const auto checks = verify({leaf.der(), w.middle.der()}, w.anchors, host(row.asked), kTimes, Side::kNew);
    CHECK((find(checks, "tls-name").verdict == Verdict::kPass) == row.covered);
  }
}

TEST_CASE("an IPv6 address as the name") {
  const World w;
  const auto leaf = w.leaf({"IP:2001:db8::1"});
  const Subject right{DomainName(), *IpAddress::from_text("2001:db8::1")};
  const Subject wrong{DomainName(), *IpAddress::from_text("2001:db8::2")};
  CHECK(find(verify({leaf.der(), w.middle.der()}, w.anchors, right, kTimes, Side::kNew), "tls-name").verdict ==
        Verdict::kPass);
  const auto failed = verify({leaf.der(), w.middle.der()}, w.anchors, wrong, kTimes, Side::kNew);
  CHECK(find(failed, "tls-name").verdict == Verdict::kFail);
  CHECK_THAT(find(failed, "tls-name").evidence, Catch::Contains("2001:db8::1"));
}

TEST_CASE("the old side's certificate is the way back: a warning at most") {
  const World w;
  const auto judged = [&](Instant until) {
    return verify({w.leaf({"DNS:www.example.com"}, kEarly, until).der(), w.middle.der()}, w.anchors,
                  host("www.example.com"), kTimes, Side::kOld);
  };
  const auto lasting = judged(kLong);
  CHECK(find(lasting, "old-side-expiry").verdict == Verdict::kPass);
  CHECK_THAT(find(lasting, "old-side-expiry").summary, Catch::Contains("until 2027-06-01T00:00:00Z"));
  CHECK(std::none_of(lasting.begin(), lasting.end(), [](const Check& c) { return c.id == "tls-expiry"; }));
  const auto running_out = judged(at("2026-10-07T00:00:00Z"));
  CHECK(failures(running_out) == std::vector<std::string>{"old-side-expiry/warning"});
  CHECK_THAT(find(running_out, "old-side-expiry").summary,
             Catch::Contains("a rollback leads users to a certificate error"));
  const auto stranger = verify({w.stranger.der()}, w.anchors, host("www.example.com"), kTimes, Side::kOld);
  CHECK(failures(stranger) == std::vector<std::string>{"tls-name/warning", "tls-chain/warning"});
}

TEST_CASE("evidence holds what a second person can verify") {
  const World w;
  const auto leaf = w.leaf({"DNS:www.example.com", "DNS:example.com"});
  const auto facts = inspect({leaf.der(), w.middle.der()}, w.anchors, moments_of(kTimes));
  REQUIRE(facts.sent.size() == 2);
  const auto checks = judge(facts, w.anchors, host("www.example.com"), kTimes, Side::kNew);
  CHECK_THAT(find(checks, "tls-chain").evidence, Catch::Contains(facts.sent[0].sha256) &&
                                                     Catch::Contains("CN=leaf <- CN=Intermediate <- CN=Root") &&
                                                     Catch::Contains(w.anchors.text()));
  CHECK_THAT(find(checks, "tls-expiry").evidence,
             Catch::Contains("CN=leaf not after 2027-06-01T00:00:00Z") &&
                 Catch::Contains("CN=Intermediate not after 2030-01-01T00:00:00Z"));
  CHECK_THAT(find(checks, "tls-name").evidence, Catch::Contains("www.example.com, example.com"));
}

TEST_CASE("text from certificates cannot play with the terminal") {
  const World w;
  const auto leaf = w.leaf({"DNS:www.example.com"}, kEarly, kLong, "evil\x1b[2J\x07\xe2\x80\xae");
  for (const auto& check :
       verify({leaf.der(), w.middle.der()}, w.anchors, host("mail.example.com"), kTimes, Side::kNew)) {
    for (const auto& text : {check.summary, check.evidence, check.advice}) {
      CHECK(text == printable(text));
      CHECK(text.find('\x1b') == std::string::npos);
    }
  }
}

TEST_CASE("a hundred names do not flood the evidence") {
  const World w;
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back("DNS:host" + std::to_string(i) + ".example.com");
  const auto checks =
      verify({w.leaf(names).der(), w.middle.der()}, w.anchors, host("www.example.com"), kTimes, Side::kNew);
  CHECK_THAT(find(checks, "tls-name").evidence, Catch::Contains("and 88 more"));
}

TEST_CASE("an intermediate may be the anchor, and so may the certificate itself") {
  const World w;
  const auto leaf = w.leaf({"DNS:www.example.com"});
  const TempFolder folder;
  const auto middle = Anchors::load(folder.write("middle.pem", w.middle.pem()));
  const auto itself = Anchors::load(folder.write("itself.pem", leaf.pem()));
  REQUIRE(middle);
  REQUIRE(itself);
  CHECK(failures(verify({leaf.der()}, *middle, host("www.example.com"), kTimes, Side::kNew)).empty());
  CHECK(failures(verify({leaf.der()}, *itself, host("www.example.com"), kTimes, Side::kNew)).empty());
}

TEST_CASE("root stores") {
  const World w;
  const TempFolder folder;
  const auto two =
      Anchors::load(folder.write("two.pem", "some text\n" + w.root.pem() + "more text\n" + w.stranger.pem()));
  REQUIRE(two);
  CHECK(two->count() == 2);
  CHECK(two->path() == folder.file("two.pem"));
  CHECK(two->text() == folder.file("two.pem") + " (2 certificates)");

  const auto system = Anchors::load("");
  REQUIRE(system);
  CHECK(system->count() > 50);
  CHECK(failures(verify({w.leaf({"DNS:www.example.com"}).der(), w.middle.der(), w.root.der()}, *system,
                        host("www.example.com"), kTimes, Side::kNew)) == std::vector<std::string>{"tls-chain/error"});

  auto damaged = w.root.pem();
  damaged.replace(damaged.size() / 2, 4, "!!!!");
  struct Row {
    std::string file;
    ErrorCode code;
    std::string says;
  };
  const std::vector<Row> rows{
      {folder.file("absent.pem"), ErrorCode::kNotFound, "no such file"},
      {folder.path(), ErrorCode::kIo, "folder"},
      {folder.write("empty.pem", ""), ErrorCode::kInvalid, "no PEM certificate"},
      {folder.write("key.pem", w.root.key_pem()), ErrorCode::kInvalid, "no PEM certificate"},
      {folder.write("damaged.pem", w.stranger.pem() + damaged), ErrorCode::kInvalid, "number 2 in it is damaged"},
  };
  for (const auto& row : rows) {
    INFO(row.file);
    const auto anchors = Anchors::load(row.file);
    REQUIRE_FALSE(anchors);
    CHECK(anchors.error().code == row.code);
    CHECK_THAT(anchors.error().message, Catch::Contains(row.says) && Catch::Contains(row.file));
  }
}

TEST_CASE("equal moments are asked about once") {
  CHECK(moments_of({kNow, kNow, kNow}).size() == 1);
  CHECK(moments_of({kNow, kNow, kSwap}).size() == 2);
  CHECK(moments_of(kTimes).size() == 3);
}

}  // namespace
}  // namespace cutover::tlscheck
