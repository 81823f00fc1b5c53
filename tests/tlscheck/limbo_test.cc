#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/tlscheck/corpora.h"
#include "tlscheck/chain.h"
#include "tlscheck/crl.h"
#include "tlscheck/strength.h"
#include "tlscheck/verify.h"

// Cases in the format of C2SP/x509-limbo: a leaf, what was sent with it, the anchors, a name, a time, and whether a
// verifier has to accept that.

namespace cutover::tlscheck {
namespace {

using nlohmann::json;

std::vector<std::string> ders(const json& pems, const std::string& kind = "CERTIFICATE") {
  std::vector<std::string> out;
  for (const auto& pem : pems)
    for (auto& der : corpora::pem_blocks(pem.get<std::string>(), kind)) out.push_back(std::move(der));
  return out;
}

/// RFC 3339, perhaps with a fraction of a second.
Instant instant(std::string text) {
  const auto dot = text.find('.');
  std::chrono::microseconds fraction{};
  if (dot != std::string::npos) {
    const auto end = text.find_first_of("+-Z", dot);
    auto digits = text.substr(dot + 1, end - dot - 1);
    digits.resize(6, '0');
    fraction = std::chrono::microseconds(std::stoll(digits));
    text.erase(dot, end - dot);
  }
  return *parse_instant(text) + fraction;
}

struct Outcome {
  bool strict = false;     ///< a client that looks for one path accepts
  bool building = false;   ///< one that builds paths does
  bool faultless = false;  ///< and the rules on profiles, keys and signatures find nothing either
};

bool is_for(const ChainFacts& chain, const json& peer) {
  if (peer.is_null()) return true;
  const auto value = peer["value"].get<std::string>();
  if (peer["kind"] == "IP") return covers(chain, *IpAddress::from_text(value));
  return covers(chain, *DomainName::from_text(value));
}

/// Cases of the profile for public authorities are named so; real chains are bound by it, too.
bool is_public(const std::string& id) { return id.compare(0, 8, "webpki::") == 0 || id.compare(0, 8, "online::") == 0; }

bool has_fault(const ChainFacts& chain, bool for_public) {
  return std::any_of(chain.faults.begin(), chain.faults.end(),
                     [&](const Fault& f) { return for_public || f.profile == Profile::kRfc5280; });
}

bool is_weak(const ChainFacts& chain) {
  const auto& path = chain.path_facts;
  return std::any_of(path.begin(), path.end(), [](const CertificateFacts& one) { return !!weakness_of_key(one); });
}

/// Where lists are given, the corpus wants one that says so.
bool is_not_revoked(const ChainFacts& chain, const std::vector<std::string>& crls, Instant at) {
  if (crls.empty() || chain.certificates.size() < 2) return true;
  bool told = false;
  for (const auto& crl : crls) {
    const auto status = read_crl(crl, *chain.leaf, chain.certificates[1], at).status;
    if (status == CrlStatus::kRevoked) return false;
    told = told || status == CrlStatus::kNotListed;
  }
  return told;
}

Outcome run(const json& test) {
  std::vector<Certificate> trusted;
  for (const auto& der : ders(test["trusted_certs"]))
    if (auto one = Certificate::from_der(der)) trusted.push_back(*one);
  const bool for_public = is_public(test["id"]);
  const auto anchors =
      Anchors::of(trusted, for_public ? AnchorOrigin::kSystem : AnchorOrigin::kGiven, "the case's own anchors");
  auto chain = ders(json::array({test["peer_certificate"]}));
  for (auto& der : ders(test["untrusted_intermediates"])) chain.push_back(std::move(der));
  Policy policy;
  if (test["max_chain_depth"].is_number()) policy.terms.max_intermediates = test["max_chain_depth"].get<int>();
  const Instant at = test["validation_time"].is_null() ? SystemClock().now() : instant(test["validation_time"]);
  const auto facts = inspect(chain, anchors, {at}, policy);
  const bool named = is_for(facts, test["expected_peer_name"]);
  const bool passes = named && is_not_revoked(facts, ders(test["crls"], "X509 CRL"), at);
  Outcome outcome;
  outcome.strict = facts.is_good() && passes;
  outcome.building = facts.building.is_good() && passes;
  outcome.faultless = outcome.building && !has_fault(facts, for_public) && !is_weak(facts);
  return outcome;
}

const char* word(bool accepted) { return accepted ? "SUCCESS" : "FAILURE"; }

/// Against what is expected.
struct Tally {
  int agreements = 0;
  int false_accepts = 0;
  int false_rejects = 0;

  void count(bool expected, bool actual) {
    if (expected == actual)
      ++agreements;
    else
      ++(actual ? false_accepts : false_rejects);
  }
  std::string text() const { return fmt::format("{:>10} {:>13} {:>13}", agreements, false_accepts, false_rejects); }
};

TEST_CASE("x509-limbo: server cases") {
  const auto file = corpora::find("x509-limbo", "x509-limbo/limbo-8a2e6f4-nobettertls-generated.json");
  if (!file) return;
  corpora::Exceptions exceptions("limbo_exceptions.tsv");
  Tally strict;
  Tally building;
  Tally faultless;
  int skipped = 0;
  const auto corpus = json::parse(corpora::read(*file));
  for (const auto& test : corpus["testcases"]) {
    const std::string id = test["id"];
    if (test["validation_kind"] != "SERVER") {
      ++skipped;
      continue;
    }
    INFO(id);
    const bool expected = test["expected_result"] == "SUCCESS";
    const auto outcome = run(test);
    strict.count(expected, outcome.strict);
    building.count(expected, outcome.building);
    faultless.count(expected, outcome.faultless);
    const auto complaint = exceptions.complaint(id, word(expected), word(outcome.faultless));
    if (!complaint.empty()) FAIL_CHECK(complaint);
  }
  CHECK(exceptions.unused() == std::vector<std::string>{});
  std::cout << fmt::format("x509-limbo, server cases ({} others skipped)  agree  false accepts  false rejects\n",
                           skipped)
            << fmt::format("  strict client                       {}\n", strict.text())
            << fmt::format("  path-building client                {}\n", building.text())
            << fmt::format("  path-building client, and no fault  {}\n", faultless.text());
  for (const auto& [id, line] : exceptions.used())
    std::cout << fmt::format("  {} expected {}, is {}: {}\n", id, line.expected, line.actual, line.reason);
  CHECK(strict.agreements + strict.false_accepts + strict.false_rejects == 198);
}

TEST_CASE("real chains of large sites raise no alarm") {
  const auto file = corpora::find("real chains of x509-limbo", "x509-limbo/limbo-8a2e6f4-nobettertls-generated.json");
  if (!file) return;
  const auto corpus = json::parse(corpora::read(*file));
  int sites = 0;
  for (const auto& test : corpus["testcases"]) {
    const std::string id = test["id"];
    if (id.compare(0, 8, "online::") != 0) continue;
    ++sites;
    std::vector<Certificate> trusted;
    for (const auto& der : ders(test["trusted_certs"])) trusted.push_back(*Certificate::from_der(der));
    auto chain = ders(json::array({test["peer_certificate"]}));
    for (auto& der : ders(test["untrusted_intermediates"])) chain.push_back(std::move(der));
    const Instant at = instant(test["validation_time"]);
    const Subject subject{*DomainName::from_text(test["expected_peer_name"]["value"].get<std::string>()), {}};
    Shown shown;
    shown.staple = "";
    for (const auto& check : verify(chain, Anchors::of(trusted, AnchorOrigin::kSystem, "its root"), subject,
                                    {at, at, at}, Side::kNew, {}, shown)) {
      INFO(id << " " << check.id << ": " << check.summary << " (" << check.evidence << ")");
      CHECK(check.verdict != Verdict::kFail);
    }
  }
  CHECK(sites == 14);
}

TEST_CASE("BetterTLS: path building") {
  const auto file = corpora::find("BetterTLS path building", "bettertls/pathbuilding.limbo.json");
  if (!file) return;
  Tally strict;
  Tally building;
  const auto corpus = json::parse(corpora::read(*file));
  for (const auto& test : corpus["testcases"]) {
    const std::string id = test["id"];
    INFO(id);
    const bool expected = test["expected_result"] == "SUCCESS";
    const auto outcome = run(test);
    strict.count(expected, outcome.strict);
    building.count(expected, outcome.building);
    CHECK(outcome.building == expected);
  }
  std::cout << fmt::format("BetterTLS path building: path-building client {} of 81, strict client {}\n",
                           building.agreements, strict.agreements);
  CHECK(building.agreements == 81);
}

}  // namespace
}  // namespace cutover::tlscheck
