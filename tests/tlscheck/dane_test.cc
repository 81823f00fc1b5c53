#include "tlscheck/dane.h"

#include <openssl/x509_vfy.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>

#include "tests/support/certificates.h"
#include "tests/tlscheck/corpora.h"

namespace cutover::tlscheck {
namespace {

/// One block of OpenSSL's danetest.in.
struct Vector {
  std::string title{};
  std::vector<TlsaRecord> records{};
  std::vector<std::string> chain{};
  DaneNames ee_names = DaneNames::kChecked;
  int error = 0;
  int depth = 0;
};

std::string bytes_of(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

/// Records and certificates are counted in the first line of a block; comments and blank lines say nothing.
std::vector<Vector> read_vectors(const std::string& text) {
  std::vector<Vector> out;
  std::istringstream in(text);
  std::string line;
  std::string title;
  while (std::getline(in, line)) {
    if (line.compare(0, 2, "# ") == 0) title = line.substr(2);
    std::istringstream head(line);
    std::size_t records = 0;
    std::size_t certificates = 0;
    int no_names = 0;
    Vector one;
    if (line.empty() || line[0] == '#' || !(head >> records >> certificates >> no_names >> one.error >> one.depth))
      continue;
    one.title = title;
    one.ee_names = no_names != 0 ? DaneNames::kIgnored : DaneNames::kChecked;
    while (one.records.size() < records && std::getline(in, line)) {
      std::istringstream fields(line);
      int usage = 0;
      int selector = 0;
      int matching = 0;
      std::string hex;
      if (line[0] == '#' || !(fields >> usage >> selector >> matching >> hex)) continue;
      one.records.push_back({static_cast<std::uint8_t>(usage), static_cast<std::uint8_t>(selector),
                             static_cast<std::uint8_t>(matching), bytes_of(hex)});
    }
    std::string pems;
    while (one.chain.size() < certificates && std::getline(in, line)) {
      pems += line + "\n";
      if (line.find("-----END ") == 0) one.chain = corpora::pem_blocks(pems, "CERTIFICATE");
      if (line.find("-----END TRUSTED") == 0) one.chain = corpora::pem_blocks(pems, "TRUSTED CERTIFICATE");
    }
    out.push_back(std::move(one));
  }
  return out;
}

TEST_CASE("DANE: OpenSSL's vectors") {
  const auto file = corpora::find("DANE vectors", "dane/danetest.in");
  if (!file) return;
  const auto anchors = Anchors::load((file->parent_path() / "danetest.pem").string());
  REQUIRE(anchors);
  const std::vector<DomainName> names{*DomainName::from_text("example.com")};
  int agreements = 0;
  const auto vectors = read_vectors(corpora::read(*file));
  for (const auto& vector : vectors) {
    const auto facts = verify_dane(vector.records, vector.chain, *anchors, names, SystemClock().now(), vector.ee_names);
    const std::string why = vector.error == 0 ? "" : X509_verify_cert_error_string(vector.error);
    INFO("vector " << vector.title);
    CHECK(facts.why == why);
    CHECK((facts.status == DaneStatus::kVerified) == (vector.error == 0));
    CHECK(facts.depth == vector.depth);
    if (facts.why == why && facts.depth == vector.depth) ++agreements;
  }
  std::cout << fmt::format("DANE vectors: {} of {}\n", agreements, vectors.size());
  CHECK(vectors.size() == 54);
}

using Made = test::Certificate;

const Instant kNow = *parse_instant("2026-10-01T12:00:00Z");
const Times kTimes{kNow, *parse_instant("2026-10-06T09:00:00Z"), *parse_instant("2026-10-08T09:00:00Z")};

Made made(const std::string& name, Instant until = *parse_instant("2027-06-01T00:00:00Z")) {
  return Made({.common_name = name,
               .alternative_names = {"DNS:" + name},
               .not_before = *parse_instant("2026-01-01T00:00:00Z"),
               .not_after = until});
}

TEST_CASE("a TLSA record fits the certificate and the key that it was made for") {
  const auto one = *Certificate::from_der(made("mx.example.com").der());
  const auto other = *Certificate::from_der(made("mx.example.com").der());
  for (const std::uint8_t selector : {std::uint8_t{0}, std::uint8_t{1}}) {
    for (const std::uint8_t matching : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
      const auto record = tlsa_for(one, 3, selector, matching);
      INFO(to_text(record));
      CHECK(tlsa_matches(record, one));
      CHECK_FALSE(tlsa_matches(record, other));
    }
  }
  auto unknown = tlsa_for(one);
  unknown.matching = 3;
  CHECK_FALSE(tlsa_matches(unknown, one));
  CHECK(to_text(tlsa_for(one)) == "3 1 1 " + one.facts().key_sha256);
  const auto read = parse_tlsa(std::string("\3\1\1", 3) + tlsa_for(one).data);
  REQUIRE(read);
  CHECK(*read == tlsa_for(one));
  CHECK_FALSE(parse_tlsa(std::string("\3\1\1", 3)));
}

TEST_CASE("TLSA for the new key, at the owner name that the swap makes") {
  const auto fresh = made("mx.example.com");
  const auto expired = made("other.example.com", *parse_instant("2026-02-01T00:00:00Z"));
  const auto old = tlsa_for(*Certificate::from_der(made("mx.example.com").der()));
  const auto record = tlsa_for(*Certificate::from_der(fresh.der()));
  const auto of_expired = tlsa_for(*Certificate::from_der(expired.der()));
  auto pkix = record;
  pkix.usage = 1;
  auto strongest_is_old = old;
  strongest_is_old.matching = 2;
  strongest_is_old.data.resize(64);
  const auto none = Anchors::of({}, AnchorOrigin::kGiven, "none");
  const auto early = *parse_instant("2026-10-01T00:00:00Z");
  const auto late = *parse_instant("2026-10-06T08:00:00Z");
  struct Row {
    std::string what;
    std::vector<TlsaRecord> records;
    Dnssec dnssec;
    std::optional<Instant> since;
    std::string chain;
    Verdict verdict;
    std::string says;
  };
  const std::vector<Row> rows{
      {"none", {}, Dnssec::kSecure, early, fresh.der(), Verdict::kNotApplicable, "no TLSA records"},
      {"the new one alone", {record}, Dnssec::kSecure, early, fresh.der(), Verdict::kPass, "fit the new side"},
      {"beside the old one", {old, record}, Dnssec::kSecure, early, fresh.der(), Verdict::kPass, "fit the new side"},
      {"the old one alone", {old}, Dnssec::kSecure, early, fresh.der(), Verdict::kFail, "refuse the new side"},
      {"names and dates do not count", {of_expired}, Dnssec::kSecure, early, expired.der(), Verdict::kPass, "fit"},
      {"too young", {old, record}, Dnssec::kSecure, late, fresh.der(), Verdict::kFail, "until 2026-10-06T10:00:00Z"},
      {"nobody knows since when", {record}, Dnssec::kSecure, {}, fresh.der(), Verdict::kUndecided, "not known"},
      {"none that mail servers use", {pkix}, Dnssec::kSecure, early, fresh.der(), Verdict::kFail, "can be used"},
      {"bogus", {record}, Dnssec::kBogus, early, fresh.der(), Verdict::kFail, "fail DNSSEC"},
      {"unsigned", {record}, Dnssec::kInsecure, early, fresh.der(), Verdict::kFail, "nobody believes"},
      {"a stronger digest of the old key wins",
       {strongest_is_old, record},
       Dnssec::kSecure,
       early,
       fresh.der(),
       Verdict::kFail,
       "refuse the new side"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const PublishedTlsa published{*DomainName::from_text("_25._tcp.mx.example.com"), row.records, row.dnssec,
                                  Seconds(3600), row.since};
    const auto check = judge_tlsa(published, {row.chain}, none, {*DomainName::from_text("mx.example.com")}, kTimes);
    CHECK(check.verdict == row.verdict);
    CHECK_THAT(check.summary, Catch::Contains(row.says));
    if (check.verdict == Verdict::kFail) CHECK_FALSE(check.advice.empty());
  }
}

}  // namespace
}  // namespace cutover::tlscheck
