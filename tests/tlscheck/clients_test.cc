#include <catch2/catch.hpp>

#include "core/text.h"
#include "tests/support/certificates.h"
#include "tlscheck/rules/rules.h"
#include "tlscheck/sighting.h"

// Where clients that look for one path and clients that try many come to different ends.

namespace cutover::tlscheck {
namespace {

using Made = test::Certificate;

Instant at(const std::string& text) { return *parse_instant(text + "T00:00:00Z"); }

const Instant kEarly = at("2026-01-01");
const Instant kLate = at("2030-01-01");
const Times kTimes{at("2026-10-01"), at("2026-10-06"), at("2026-10-08")};
const Subject kWhom{*DomainName::from_text("www.example.com"), {}};

Made authority(const char* name, const Made* issuer = nullptr, Instant until = kLate) {
  return Made({.common_name = name, .not_before = kEarly, .not_after = until, .authority = true}, issuer);
}

Made leaf_below(const Made& issuer) {
  return Made({.common_name = "www.example.com",
               .alternative_names = {"DNS:www.example.com"},
               .not_before = kEarly,
               .not_after = kLate},
              &issuer);
}

Anchors trusting(const std::vector<const Made*>& roots) {
  std::vector<Certificate> certificates;
  for (const auto* root : roots) certificates.push_back(*Certificate::from_der(root->der()));
  return Anchors::of(certificates, AnchorOrigin::kGiven, "made up");
}

/// `id verdict` of everything about trust and time.
std::vector<std::string> verdicts(const std::vector<Check>& checks) {
  std::vector<std::string> out;
  for (const auto& check : checks)
    if (check.id == "tls-chain" || check.id == "tls-path" || check.id == "tls-expiry")
      out.push_back(check.id + " " + std::string(to_text(check.verdict)));
  return out;
}

const Check& find(const std::vector<Check>& checks, const std::string& id) {
  for (const auto& check : checks)
    if (check.id == id) return check;
  throw std::runtime_error("no check " + id);
}

using Verdicts = std::vector<std::string>;

TEST_CASE("an intermediate that was not sent, and is known from elsewhere: a browser shows nothing") {
  const auto root = authority("Root");
  const auto middle = authority("Intermediate", &root);
  const auto leaf = leaf_below(middle);
  const auto trusted = trusting({&root});
  const auto judged = [&](const Policy& policy) {
    return verify({leaf.der()}, trusted, kWhom, kTimes, Side::kNew, policy);
  };
  CHECK(verdicts(judged({})) == Verdicts{"tls-chain fail", "tls-path not-applicable", "tls-expiry pass"});
  Policy seen_before;
  seen_before.known = {*Certificate::from_der(middle.der())};
  const auto hidden = judged(seen_before);
  CHECK(verdicts(hidden) == Verdicts{"tls-chain fail", "tls-path pass", "tls-expiry pass"});
  CHECK_THAT(find(hidden, "tls-chain").summary, Catch::Contains("only strict clients (curl, OpenSSL"));
  CHECK_THAT(find(hidden, "tls-path").summary, Catch::Contains("hides what strict clients see"));
}

TEST_CASE("what one side sends, clients that build paths know on the other") {
  const auto root = authority("Root");
  const auto middle = authority("Intermediate", &root);
  const auto old_leaf = leaf_below(middle);
  const auto new_leaf = leaf_below(middle);
  const auto trusted = trusting({&root});
  ChainStore chains(trusted, moments_of(kTimes));
  chains.learn({old_leaf.der(), middle.der()});
  const auto& facts = chains.of({new_leaf.der()});
  CHECK(facts.trust == Trust::kIncomplete);
  CHECK(facts.building.is_good());
  CHECK(&chains.of({new_leaf.der()}) == &facts);
}

TEST_CASE("a cross-signed intermediate that has expired beside one that has not: OpenSSL finds its way, too") {
  const auto root = authority("Root");
  const auto other = authority("Other root");
  const auto middle = authority("Intermediate", &root);
  // The same name and key below another root: what a cross-sign is.
  const auto expired = middle.issued_again(
      {.common_name = "Intermediate", .not_before = kEarly, .not_after = at("2026-09-01"), .authority = true}, &other);
  const auto leaf = leaf_below(middle);
  const auto both = trusting({&root, &other});
  const auto checks = verify({leaf.der(), expired.der(), middle.der()}, both, kWhom, kTimes, Side::kNew);
  CHECK(verdicts(checks) == Verdicts{"tls-chain pass", "tls-path pass", "tls-expiry pass"});
}

TEST_CASE("an expired intermediate whose successor is known from elsewhere: a browser shows nothing") {
  const auto root = authority("Root");
  const auto middle = authority("Intermediate", &root);
  const auto expired = middle.issued_again(
      {.common_name = "Intermediate", .not_before = kEarly, .not_after = at("2026-10-07"), .authority = true}, &root);
  const auto leaf = leaf_below(middle);
  Policy seen_before;
  seen_before.known = {*Certificate::from_der(middle.der())};
  const auto checks = verify({leaf.der(), expired.der()}, trusting({&root}), kWhom, kTimes, Side::kNew, seen_before);
  CHECK(verdicts(checks) == Verdicts{"tls-chain pass", "tls-path pass", "tls-expiry fail"});
  CHECK_THAT(find(checks, "tls-expiry").summary,
             Catch::Contains("before the end of standby") && Catch::Contains("find another one, which hides it"));
}

TEST_CASE("an issuer that browsers can fetch hides its absence") {
  CertificateFacts leaf;
  leaf.subject = "CN=leaf";
  leaf.issuer_urls = {"http://ca.example/issuer.der"};
  ChainFacts chain;
  chain.sent = {leaf};
  chain.trust = Trust::kIncomplete;
  chain.building.trust = Trust::kIncomplete;
  chain.broken_at = leaf.subject;
  chain.missing_issuer = "CN=Intermediate";
  const auto told = [&] { return chain_rule({chain, trusting({}), kTimes, Side::kNew, {}}).summary; };
  CHECK_THAT(told(), Catch::Contains("browsers that fetch it from http://ca.example/issuer.der"));
  chain.sent.front().issuer_urls.clear();
  CHECK_THAT(told(), !Catch::Contains("browsers"));
}

TEST_CASE("an intermediate that never says it is one: OpenSSL takes it, clients that build paths do not") {
  const auto root = authority("Root");
  const Made middle({.common_name = "Intermediate",
                     .not_before = kEarly,
                     .not_after = kLate,
                     .authority = true,
                     .basic_constraints = false},
                    &root);
  const auto leaf = leaf_below(middle);
  const auto checks = verify({leaf.der(), middle.der()}, trusting({&root}), kWhom, kTimes, Side::kNew);
  CHECK(verdicts(checks) == Verdicts{"tls-chain pass", "tls-path fail", "tls-expiry pass"});
  CHECK_THAT(find(checks, "tls-path").summary, Catch::Contains("strict clients take the certificate"));
}

TEST_CASE("a dead end that comes first: strict clients do not turn back") {
  const auto root = authority("Root");
  const auto stranger = authority("Stranger");
  const auto middle = authority("Intermediate", &root);
  const auto astray = middle.issued_again(
      {.common_name = "Intermediate", .not_before = kEarly, .not_after = kLate, .authority = true}, &stranger);
  const auto leaf = leaf_below(middle);
  const auto checks = verify({leaf.der(), astray.der(), middle.der()}, trusting({&root}), kWhom, kTimes, Side::kNew);
  CHECK(verdicts(checks) == Verdicts{"tls-chain fail", "tls-path pass", "tls-expiry pass"});
  CHECK(find(checks, "tls-chain").advice == "send only the chain that is meant, leaf first");
}

TEST_CASE("a chain made to hurt ends in bounded work") {
  const auto root = authority("Root");
  // Any of them may have signed any other: paths without end.
  const auto first = authority("Maze");
  std::vector<Made> maze{first};
  for (int i = 0; i < 40; ++i)
    maze.push_back(
        Made({.common_name = "Maze", .not_before = kEarly, .not_after = kLate, .authority = true}, &maze.back()));
  const auto leaf = leaf_below(maze.back());
  std::vector<Certificate> pool;
  for (const auto& one : maze) pool.push_back(*Certificate::from_der(one.der()));
  const PathLimits limits;
  const auto search = find_paths(*Certificate::from_der(leaf.der()), pool, trusting({&root}), limits);
  CHECK(search.paths.empty());
  CHECK(search.signatures <= limits.signatures);
  CHECK(search.cut_short);
}

TEST_CASE("paths are found through every issuer, anchors first, and none goes in circles") {
  const auto root = authority("Root");
  const auto other = authority("Other root");
  const auto middle = authority("Intermediate", &root);
  const auto cross = middle.issued_again(
      {.common_name = "Intermediate", .not_before = kEarly, .not_after = kLate, .authority = true}, &other);
  const auto leaf = leaf_below(middle);
  const auto read = [](const Made& made) { return *Certificate::from_der(made.der()); };
  const auto search =
      find_paths(read(leaf), {read(middle), read(cross), read(root), read(leaf)}, trusting({&root, &other}));
  REQUIRE(search.paths.size() == 2);
  CHECK(search.paths[0] == Path{read(leaf), read(middle), read(root)});
  CHECK(search.paths[1] == Path{read(leaf), read(cross), read(other)});
  CHECK_FALSE(search.cut_short);
}

}  // namespace
}  // namespace cutover::tlscheck
