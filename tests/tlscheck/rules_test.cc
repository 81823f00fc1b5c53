#include "tlscheck/rules/rules.h"

#include <catch2/catch.hpp>

#include "core/text.h"
#include "tests/support/certificates.h"
#include "tests/tlscheck/corpora.h"
#include "tlscheck/hsts.h"
#include "tlscheck/lifetime.h"
#include "tlscheck/strength.h"

// Rules as tables, most of them over made-up facts: what a rule may look at is values only.

namespace cutover::tlscheck {
namespace {

Instant at(const std::string& text) { return *parse_instant(text + "T00:00:00Z"); }
constexpr std::chrono::hours kDay{24};

const Times kTimes{at("2026-10-01"), at("2026-10-06"), at("2026-10-08")};

Anchors anchors(AnchorOrigin origin) { return Anchors::of({}, origin, "made up"); }

/// A leaf below an anchor of the system's store.
struct Scene {
  ChainFacts chain{};
  Anchors trusted = anchors(AnchorOrigin::kSystem);
  Side side = Side::kNew;
  Shown shown{};

  explicit Scene(CertificateFacts leaf) {
    leaf.subject = "CN=leaf";
    leaf.in_path = true;
    CertificateFacts root;
    root.subject = "CN=root";
    root.key = {"RSA", 4096, ""};
    root.digest = "SHA1";
    chain.sent = {leaf};
    chain.path_facts = {leaf, root};
    chain.trust = Trust::kTrusted;
    chain.building.trust = Trust::kTrusted;
    chain.reaches_anchor = true;
  }
  Finding judge(Finding (*rule)(const Seen&)) const { return rule({chain, trusted, kTimes, side, shown}); }
};

CertificateFacts leaf_of(const std::string& from, std::chrono::seconds span) {
  CertificateFacts leaf;
  leaf.not_before = at(from);
  leaf.not_after = leaf.not_before + span;
  leaf.key = {"ECDSA", 256, "prime256v1"};
  leaf.digest = "SHA256";
  leaf.purposes = {"serverAuth"};
  return leaf;
}

TEST_CASE("how long a public authority's certificate may live, by its day") {
  struct Row {
    std::string issued;
    int days;
    std::chrono::seconds more;  ///< notBefore to notAfter, beyond the days
    Verdict verdict;
  };
  const std::chrono::seconds full{-1};  // the last second counts, too
  const std::vector<Row> rows{
      {"2020-08-31", 825, full, Verdict::kNotEffective},
      {"2020-09-01", 398, full, Verdict::kPass},
      {"2020-09-01", 398, std::chrono::seconds(0), Verdict::kFail},
      {"2026-03-14", 398, full, Verdict::kPass},
      {"2026-03-15", 200, full, Verdict::kPass},
      {"2026-03-15", 200, std::chrono::seconds(0), Verdict::kFail},
      {"2027-03-14", 200, full, Verdict::kPass},
      {"2027-03-15", 100, full, Verdict::kPass},
      {"2027-03-15", 101, full, Verdict::kFail},
      {"2029-03-15", 47, full, Verdict::kPass},
      {"2029-03-15", 48, full, Verdict::kFail},
  };
  for (const auto& row : rows) {
    INFO(row.issued << ", " << row.days << " days");
    Scene scene(leaf_of(row.issued, row.days * kDay + row.more));
    const auto finding = scene.judge(lifetime_rule);
    CHECK(finding.verdict == row.verdict);
    CHECK_FALSE(finding.summary.empty());
    scene.trusted = anchors(AnchorOrigin::kGiven);
    CHECK(scene.judge(lifetime_rule).verdict == Verdict::kNotApplicable);
  }
}

TEST_CASE("timestamps of how many logs") {
  struct Row {
    std::string what;
    int days;
    std::vector<std::string> embedded;
    std::vector<std::string> delivered;
    Verdict verdict;
  };
  const std::vector<Row> rows{
      {"none", 90, {}, {}, Verdict::kFail},
      {"one", 90, {"a"}, {}, Verdict::kFail},
      {"two", 90, {"a", "b"}, {}, Verdict::kPass},
      {"two of one log", 90, {"a", "a"}, {}, Verdict::kFail},
      {"two, 180 days", 180, {"a", "b"}, {}, Verdict::kPass},
      {"two, 181 days", 181, {"a", "b"}, {}, Verdict::kFail},
      {"three, 181 days", 181, {"a", "b", "c"}, {}, Verdict::kPass},
      {"two in the handshake", 190, {}, {"a", "b"}, Verdict::kPass},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    auto leaf = leaf_of("2026-09-01", row.days * kDay - std::chrono::seconds(1));
    for (const auto& log : row.embedded) leaf.scts.push_back({log, {}});
    Scene scene(leaf);
    for (const auto& log : row.delivered) scene.shown.scts.push_back({log, {}});
    CHECK(scene.judge(sct_rule).verdict == row.verdict);
    scene.trusted = anchors(AnchorOrigin::kGiven);
    CHECK(scene.judge(sct_rule).verdict == Verdict::kNotApplicable);
  }
  CHECK(Scene(leaf_of("2021-01-01", 90 * kDay)).judge(sct_rule).verdict == Verdict::kNotEffective);
}

TEST_CASE("timestamps that come in the handshake") {
  const auto with_size = [](const std::string& bytes) {
    return std::string{static_cast<char>(bytes.size() >> 8U), static_cast<char>(bytes.size() & 0xffU)} + bytes;
  };
  const std::string time("\0\0\1\x99\0\0\0\0", 8);
  const std::string signature = std::string("\4\3", 2) + with_size("signature");
  const auto sct = [&](char log) {
    return with_size(std::string(1, '\0') + std::string(32, log) + time + with_size("") + signature);
  };
  const auto read = scts_in_list(with_size(sct('a') + sct('b')));
  REQUIRE(read.size() == 2);
  CHECK(read[0].log == to_hex(std::string(32, 'a')));
  CHECK(read[1].log == to_hex(std::string(32, 'b')));
  CHECK(format_instant(read[0].at) == "2025-08-31T12:00:24Z");
  for (const auto& bad : {std::string(), std::string("x"), with_size("x"), with_size(with_size("x")) + "y"})
    CHECK(scts_in_list(bad).empty());
}

TEST_CASE("a certificate that is for clients, too") {
  auto both = leaf_of("2026-09-01", 90 * kDay);
  CHECK(Scene(both).judge(client_auth_rule).verdict == Verdict::kPass);
  both.purposes.emplace_back("clientAuth");
  CHECK(Scene(both).judge(client_auth_rule).verdict == Verdict::kNotEffective);
  both.not_before = at("2027-03-15");
  CHECK(Scene(both).judge(client_auth_rule).verdict == Verdict::kFail);
}

TEST_CASE("weak keys and signatures, anywhere in the path") {
  struct Row {
    KeyFacts key;
    std::optional<Severity> severity;
  };
  const std::vector<Row> rows{
      {{"RSA", 2048, ""}, std::nullopt},
      {{"RSA", 1024, ""}, Severity::kError},
      {{"RSA", 2047, ""}, Severity::kError},
      {{"RSA", 2052, ""}, Severity::kNote},
      {{"ECDSA", 256, "prime256v1"}, std::nullopt},
      {{"ECDSA", 384, "secp384r1"}, std::nullopt},
      {{"ECDSA", 192, "prime192v1"}, Severity::kError},
      {{"ECDSA", 256, ""}, Severity::kError},
      {{"DSA", 2048, ""}, Severity::kError},
      {{"Ed25519", 253, ""}, Severity::kWarning},
      {{"", 0, ""}, Severity::kError},
  };
  for (const auto& row : rows) {
    INFO(row.key.algorithm << " " << row.key.bits << " " << row.key.curve);
    auto leaf = leaf_of("2026-09-01", 90 * kDay);
    leaf.key = row.key;
    const auto finding = Scene(leaf).judge(key_rule);
    CHECK((finding.verdict == Verdict::kFail) == row.severity.has_value());
    CHECK(finding.milder == row.severity);
  }
  Scene weak_root(leaf_of("2026-09-01", 90 * kDay));
  weak_root.chain.path_facts.back().key.bits = 1024;
  CHECK_THAT(weak_root.judge(key_rule).summary, Catch::Contains("CN=root"));
  // The root's own signature is over SHA-1, and nobody minds.
  CHECK(weak_root.judge(signature_rule).verdict == Verdict::kPass);
  auto sha1 = leaf_of("2026-09-01", 90 * kDay);
  sha1.digest = "SHA1";
  CHECK(Scene(sha1).judge(signature_rule).verdict == Verdict::kFail);
}

TEST_CASE("a renewal that falls due around the cutover, held against the lifetime") {
  struct Row {
    int lived;  ///< days, on the day standby ends
    int left;
    Verdict verdict;
    std::optional<Severity> milder;
  };
  const std::vector<Row> rows{
      {30, 60, Verdict::kPass, std::nullopt}, {60, 30, Verdict::kPass, std::nullopt},
      {61, 29, Verdict::kFail, std::nullopt}, {250, 115, Verdict::kFail, std::nullopt},
      {4, 2, Verdict::kPass, std::nullopt},   {5, 1, Verdict::kFail, Severity::kNote},
  };
  for (const auto& row : rows) {
    INFO(row.lived << " of " << row.lived + row.left);
    CertificateFacts leaf;
    leaf.not_before = kTimes.standby_ends - row.lived * kDay;
    leaf.not_after = kTimes.standby_ends + row.left * kDay;
    Scene scene(leaf);
    const auto finding = scene.judge(renewal_rule);
    CHECK(finding.verdict == row.verdict);
    CHECK(finding.milder == row.milder);
    scene.side = Side::kOld;
    CHECK(scene.judge(renewal_rule).verdict == Verdict::kNotApplicable);
  }
}

TEST_CASE("what browsers put in the way, and what they do not") {
  for (const auto* id : {"tls-name", "tls-chain", "tls-expiry", "tls-sct", "tls-lifetime", "tls-staple"})
    CHECK(stands_in_the_way(id));
  for (const auto* id : {"tls-renewal", "tls-profile", "tls-chain-order", "old-side-expiry", "http-status"})
    CHECK_FALSE(stands_in_the_way(id));
}

TEST_CASE("the HSTS header, as RFC 6797 has it") {
  struct Row {
    std::string header;
    std::optional<std::int64_t> max_age;
    bool subdomains;
    bool preload;
  };
  const std::vector<Row> rows{
      {"max-age=31536000", 31'536'000, false, false},
      {"max-age=31536000; includeSubDomains; preload", 31'536'000, true, true},
      {" MAX-AGE = \"60\" ;INCLUDESUBDOMAINS;", 60, true, false},
      {"max-age=0", 0, false, false},
      {"max-age=60; unknown=7", 60, false, false},
      {"includeSubDomains", std::nullopt, false, false},
      {"max-age=60; max-age=61", std::nullopt, false, false},
      {"max-age=-1", std::nullopt, false, false},
      {"max-age=", std::nullopt, false, false},
      {"max-age", std::nullopt, false, false},
      {"", std::nullopt, false, false},
      {"max-age=99999999999999999999", 3'153'600'000, false, false},
  };
  for (const auto& row : rows) {
    INFO(row.header);
    const auto hsts = parse_hsts(row.header);
    REQUIRE(hsts.has_value() == row.max_age.has_value());
    if (!hsts) continue;
    CHECK(hsts->max_age.count() == *row.max_age);
    CHECK(hsts->include_subdomains == row.subdomains);
    CHECK(hsts->preload == row.preload);
  }
}

TEST_CASE("must-staple without a staple") {
  auto leaf = leaf_of("2026-09-01", 90 * kDay);
  Scene scene(leaf);
  CHECK(scene.judge(staple_rule).verdict == Verdict::kNotApplicable);
  scene.shown.staple = "";
  CHECK(scene.judge(staple_rule).verdict == Verdict::kPass);
  leaf.must_staple = true;
  Scene demanding(leaf);
  CHECK(demanding.judge(staple_rule).verdict == Verdict::kUndecided);
  demanding.shown.staple = "";
  CHECK(demanding.judge(staple_rule).verdict == Verdict::kFail);
}

TEST_CASE("the page on certificates has every rule, with its severity") {
  const char* source = std::getenv("CUTOVER_SOURCE");
  REQUIRE(source != nullptr);
  const auto page = corpora::read(std::filesystem::path(source) / "docs/certificates.md");
  const test::Certificate leaf({.common_name = "www.example.com", .alternative_names = {"DNS:www.example.com"}});
  const auto trusted = Anchors::of({*Certificate::from_der(leaf.der())}, AnchorOrigin::kSystem, "itself");
  std::vector<Check> checks;
  for (const auto side : {Side::kNew, Side::kOld})
    for (auto& check : verify({leaf.der()}, trusted, {*DomainName::from_text("www.example.com"), {}}, kTimes, side))
      if (side == Side::kNew || check.id == "old-side-expiry") checks.push_back(std::move(check));
  CHECK(checks.size() == 15);
  for (const auto& check : checks) {
    INFO(check.id);
    const auto row = fmt::format("\n| `{}` | ", check.id);
    REQUIRE(page.find(row) != std::string::npos);
    // A finding may weigh less than its rule does, and the page has the rule's.
    const auto severity = page.substr(page.find(row) + row.size(), 8);
    if (check.verdict == Verdict::kPass) CHECK_THAT(severity, Catch::StartsWith(std::string(to_text(check.severity))));
  }
}

}  // namespace
}  // namespace cutover::tlscheck
