#include "tlscheck/caa.h"

#include <catch2/catch.hpp>

#include "core/text.h"

namespace cutover::tlscheck {
namespace {

const std::vector<std::string> kLetsEncrypt{"letsencrypt.org"};

TEST_CASE("who may issue, as RFC 8659 has it") {
  struct Row {
    std::string what;
    std::vector<CaaRecord> records;
    CaaKind kind;
    CaaVerdict verdict;
  };
  const auto host = CaaKind::kHost;
  const auto wild = CaaKind::kWildcard;
  const CaaRecord ours{0, "issue", "letsencrypt.org"};
  const CaaRecord theirs{0, "issue", "digicert.com"};
  const CaaRecord none{0, "issue", ";"};
  const std::vector<Row> rows{
      {"no records", {}, host, CaaVerdict::kAllowed},
      {"ours", {ours}, host, CaaVerdict::kAllowed},
      {"theirs", {theirs}, host, CaaVerdict::kForbidden},
      {"both", {theirs, ours}, host, CaaVerdict::kAllowed},
      {"nobody", {none}, host, CaaVerdict::kForbidden},
      {"nobody, and ours: the more is granted", {none, ours}, host, CaaVerdict::kAllowed},
      {"an empty value", {{0, "issue", ""}}, host, CaaVerdict::kForbidden},
      {"case and spaces", {{0, "ISSUE", "  LetsEncrypt.org "}}, host, CaaVerdict::kAllowed},
      {"with parameters", {{0, "issue", "letsencrypt.org; validationmethods=dns-01"}}, host, CaaVerdict::kAllowed},
      {"malformed", {{0, "issue", "letsencrypt.org digicert.com"}}, host, CaaVerdict::kForbidden},
      {"only where to complain", {{0, "iodef", "mailto:x@example.com"}}, host, CaaVerdict::kAllowed},
      {"issue counts for wildcards", {ours}, wild, CaaVerdict::kAllowed},
      {"issuewild overrides it", {ours, {0, "issuewild", ";"}}, wild, CaaVerdict::kForbidden},
      {"the other way round", {none, {0, "issuewild", "letsencrypt.org"}}, wild, CaaVerdict::kAllowed},
      {"issuewild is nothing to hosts", {{0, "issuewild", ";"}}, host, CaaVerdict::kAllowed},
      {"unknown", {ours, {0, "tbs", "x"}}, host, CaaVerdict::kAllowed},
      {"unknown and critical", {ours, {128, "tbs", "x"}}, host, CaaVerdict::kForbidden},
      {"known and critical", {{128, "issue", "letsencrypt.org"}}, host, CaaVerdict::kAllowed},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(judge_caa(row.records, kLetsEncrypt, row.kind).verdict == row.verdict);
  }
  CHECK(judge_caa({ours}, {}, host).verdict == CaaVerdict::kUnknown);
  CHECK(judge_caa({none}, {}, host).verdict == CaaVerdict::kForbidden);
  CHECK(judge_caa({{0, "issue", "letsencrypt.org; accounturi=https://x"}}, kLetsEncrypt, host).limits ==
        "accounturi=https://x");
}

TEST_CASE("CAA records off the wire") {
  const auto record = parse_caa(std::string("\0\5issueca.example", 17));
  REQUIRE(record);
  CHECK(to_text(*record) == "0 issue \"ca.example\"");
  for (const std::string& bad :
       {std::string(), std::string("\0", 1), std::string("\0\0x", 3), std::string("\0\7is", 4)})
    CHECK_FALSE(parse_caa(bad));
}

TEST_CASE("authorities by the organisation in their certificates") {
  const auto goes_by = [](const char* organization) { return join(caa_domains_of(organization), " "); };
  CHECK(goes_by("Let's Encrypt") == "letsencrypt.org");
  CHECK(goes_by("Google Trust Services LLC") == "pki.goog");
  CHECK(goes_by("DigiCert, Inc.").substr(0, 12) == "digicert.com");
  CHECK(goes_by("Amazon").substr(0, 10) == "amazon.com");
  CHECK(goes_by("Fine Certificates of Anywhere").empty());
}

TEST_CASE("the check on CAA says who cannot renew what") {
  const auto name = *DomainName::from_text("www.example.com");
  const auto apex = *DomainName::from_text("example.com");
  CertificateFacts leaf;
  leaf.names = {"*.example.com", "www.example.com"};
  leaf.issuer_organization = "Let's Encrypt";
  const ClimbedCaa theirs{apex, {{0, "issue", "digicert.com"}}};
  const auto forbidden = judge_caa(name, theirs, leaf);
  CHECK(forbidden.verdict == Verdict::kFail);
  CHECK(forbidden.summary ==
        "Let's Encrypt cannot renew the certificate for www.example.com: only digicert.com may issue");
  CHECK(forbidden.advice == "add `example.com. CAA 0 issue \"letsencrypt.org\"` before the renewal is due");
  CHECK(judge_caa(name, {}, leaf).verdict == Verdict::kPass);
  // The host is named beside the wildcard, so what is said of wildcards does not count; without it, it does.
  const ClimbedCaa no_wildcards{apex, {{0, "issue", "letsencrypt.org"}, {0, "issuewild", ";"}}};
  CHECK(judge_caa(name, no_wildcards, leaf).verdict == Verdict::kPass);
  leaf.names = {"*.example.com"};
  CHECK(judge_caa(name, no_wildcards, leaf).verdict == Verdict::kFail);
  leaf.issuer_organization = "Somebody";
  CHECK(judge_caa(name, theirs, leaf).verdict == Verdict::kUndecided);
}

}  // namespace
}  // namespace cutover::tlscheck
