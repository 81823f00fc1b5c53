#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <iostream>
#include <set>

#include "tests/tlscheck/corpora.h"
#include "tlscheck/conformance.h"
#include "tlscheck/lifetime.h"
#include "tlscheck/strength.h"

// What zmap/zlint expects of its own test certificates, for those of its lints that a rule here covers.

namespace cutover::tlscheck {
namespace {

const char* word(bool broken) { return broken ? "fault" : "pass"; }

std::string lifetime_word(int days, const CertificateFacts& facts) {
  const auto& limits = lifetime_limits();
  const auto limit = std::find_if(limits.begin(), limits.end(), [&](const LifetimeLimit& l) { return l.days == days; });
  const auto verdict = judge_lifetime(*limit, facts.not_before, facts.not_after);
  return verdict == Verdict::kNotEffective ? "not-effective" : word(verdict == Verdict::kFail);
}

bool has_fault(const Certificate& certificate, std::string_view id) {
  const auto faults = faults_of({certificate}, {certificate.facts()}, {});
  return std::any_of(faults.begin(), faults.end(), [&](const Fault& fault) { return fault.id == id; });
}

bool has_weak_key(const Certificate& certificate, const std::string& algorithm) {
  const auto facts = certificate.facts();
  const auto weakness = weakness_of_key(facts);
  return facts.key.algorithm == algorithm && weakness && weakness->severity == Severity::kError;
}

bool has_too_few_scts(const Certificate& certificate) {
  const auto facts = certificate.facts();
  std::set<std::string> logs;
  for (const auto& sct : facts.scts) logs.insert(sct.log);
  return static_cast<int>(logs.size()) < scts_needed(lifetime(facts.not_before, facts.not_after));
}

using Rule = std::function<std::string(const Certificate&)>;

Rule fault(std::string_view id) {
  return [id](const Certificate& one) { return word(has_fault(one, id)); };
}
Rule weak(const char* algorithm) {
  return [algorithm](const Certificate& one) { return word(has_weak_key(one, algorithm)); };
}
Rule lives(int days) {
  return [days](const Certificate& one) { return lifetime_word(days, one.facts()); };
}

/// Which of our rules answers which lint.
const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> table{
      {"e_server_cert_valid_time_longer_than_200_days", lives(200)},
      {"e_server_cert_valid_time_longer_than_100_days", lives(100)},
      {"e_server_cert_valid_time_longer_than_47_days", lives(47)},
      {"w_ct_sct_policy_count_unsatisfied", [](const Certificate& one) { return word(has_too_few_scts(one)); }},
      {"e_rsa_mod_less_than_2048_bits", weak("RSA")},
      {"e_br_prohibit_dsa_usage", weak("DSA")},
      {"e_prohibit_dsa_usage", weak("DSA")},
      {"e_sub_cert_or_sub_ca_using_sha1",
       [](const Certificate& one) { return word(weakness_of_signature(one.facts()).has_value()); }},
      {"e_subject_common_name_not_exactly_from_san", fault("common-name")},
      {"e_sub_cert_eku_missing", fault("no-purposes")},
      {"w_ext_san_critical_with_subject_dn", fault("critical-names")},
      {"n_dnsname_wildcard_left_of_public_suffix", fault("public-suffix")},
      {"e_underscore_not_permissible_in_dnsname", fault("host-name")},
      {"e_dnsname_underscore_in_sld", fault("host-name")},
      {"e_san_dns_name_starts_with_period", fault("host-name")},
      {"e_ext_san_space_dns_name", fault("host-name")},
      {"e_ext_san_missing", [](const Certificate& one) { return word(one.facts().names.empty()); }},
  };
  return table;
}

std::string expectation(const std::string& zlint) {
  if (zlint == "Pass") return "pass";
  if (zlint == "NE") return "not-effective";
  if (zlint == "NA") return "not-applicable";
  return "fault";
}

TEST_CASE("zlint: what our rules cover") {
  const auto file = corpora::find("zlint expectations", "zlint/expectations.tsv");
  if (!file) return;
  corpora::Exceptions exceptions("zlint_exceptions.tsv");
  int agreements = 0;
  int others = 0;
  for (const auto& row : corpora::read_table(*file)) {
    const auto rule = rules().find(row[1]);
    if (rule == rules().end()) {
      ++others;
      continue;
    }
    const auto id = row[1] + "/" + row[2];
    INFO(id);
    const auto ders = corpora::pem_blocks(corpora::read(file->parent_path() / "testdata" / row[2]), "CERTIFICATE");
    REQUIRE(ders.size() == 1);
    const auto certificate = Certificate::from_der(ders[0]);
    const auto expected = expectation(row[3]);
    const auto actual = certificate ? rule->second(*certificate) : "unreadable";
    if (expected == actual) ++agreements;
    const auto complaint = exceptions.complaint(id, expected, actual);
    if (!complaint.empty()) FAIL_CHECK(complaint);
  }
  CHECK(exceptions.unused() == std::vector<std::string>{});
  std::cout << fmt::format("zlint: {} of {} rows agree that our rules cover ({} rows are of other lints)\n", agreements,
                           agreements + exceptions.used().size(), others);
  for (const auto& [id, line] : exceptions.used())
    std::cout << fmt::format("  {} expected {}, is {}: {}\n", id, line.expected, line.actual, line.reason);
  CHECK(agreements > 50);
}

}  // namespace
}  // namespace cutover::tlscheck
