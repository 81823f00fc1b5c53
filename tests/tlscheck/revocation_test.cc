#include "tlscheck/revocation.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

#include "core/text.h"
#include "tests/servers/process.h"
#include "tests/servers/servers.h"
#include "tests/support/certificates.h"
#include "tlscheck/crl.h"

// An authority that OpenSSL's own tools keep: lists by `openssl ca`, answers by `openssl ocsp`, served by nginx.

namespace cutover::tlscheck {
namespace {

using servers::free_port;
using servers::own_address;
using servers::run_program;

Instant now() { return SystemClock().now(); }
Certificate parsed(const test::Certificate& certificate) { return *Certificate::from_der(certificate.der()); }

std::string text_of(const std::string& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

enum class Entry { kValid, kRevoked };

class Registry {
 public:
  /// Enters a certificate into the authority's books.
  void enter(const test::Certificate& certificate, Entry entry) {
    const std::string file = folder_.write("one.pem", certificate.pem());
    const auto shown = run_program({"openssl", "x509", "-in", file, "-noout", "-serial"});
    REQUIRE(shown.status == 0);
    const std::string serial(trim(shown.output.substr(shown.output.find('=') + 1)));
    books_ += fmt::format("{}\t391231235959Z\t{}\t{}\tunknown\t/CN=leaf\n", entry == Entry::kValid ? "V" : "R",
                          entry == Entry::kValid ? "" : "260101000000Z", serial);
    folder_.write("index.txt", books_);
  }
  /// A fresh list, good for so many days, in DER.
  std::string list(int days = 7) {
    folder_.write("crlnumber", "01\n");
    folder_.write("index.txt.attr", "unique_subject = no\n");
    const std::string config =
        folder_.write("ca.cnf", fmt::format("[ca]\ndefault_ca=x\n[x]\ndatabase={0}/index.txt\ncrlnumber={0}/crlnumber\n"
                                            "certificate={1}\nprivate_key={2}\ndefault_md=sha256\n",
                                            folder_.path(), root_file_, key_file_));
    const auto made = run_program({"openssl", "ca", "-gencrl", "-config", config, "-crldays", std::to_string(days),
                                   "-out", folder_.file("crl.pem")});
    INFO(made.output);
    REQUIRE(made.status == 0);
    REQUIRE(run_program(
                {"openssl", "crl", "-in", folder_.file("crl.pem"), "-outform", "DER", "-out", folder_.file("crl.der")})
                .status == 0);
    return text_of(folder_.file("crl.der"));
  }
  /// `openssl ocsp`, which answers from these books.
  std::unique_ptr<servers::Process> responder(std::uint16_t port) {
    auto process = std::make_unique<servers::Process>(
        std::vector<std::string>{"openssl", "ocsp", "-index", folder_.file("index.txt"), "-port", std::to_string(port),
                                 "-rsigner", root_file_, "-rkey", key_file_, "-CA", root_file_},
        folder_.file("ocsp.log"));
    // Not by connecting: it would wait for that connection's request for ever.
    REQUIRE(servers::wait_until(std::chrono::seconds(10), [&] {
      return process->log().find("waiting for OCSP client connections") != std::string::npos;
    }));
    return process;
  }

  test::Certificate root{{.common_name = "Registry", .authority = true}};
  const servers::TempFolder& folder() const { return folder_; }

 private:
  servers::TempFolder folder_;
  std::string books_;
  std::string root_file_ = folder_.write("root.pem", root.pem());
  std::string key_file_ = folder_.write("root.key", root.key_pem(), 0600);
};

Check revocation_of(const test::Certificate& leaf, const Anchors& anchors) {
  net::Loop loop;
  const ChainFacts chain = inspect({leaf.der()}, anchors, {now()});
  return check_revocation(loop, now(), {&chain}).at(0);
}

}  // namespace

TEST_CASE("a revocation list: listed, not listed, too old, somebody else's, and no list at all") {
  Registry registry;
  const test::Certificate good({.common_name = "good"}, &registry.root), bad({.common_name = "bad"}, &registry.root);
  registry.enter(good, Entry::kValid);
  registry.enter(bad, Entry::kRevoked);
  const std::string list = registry.list();
  const Certificate root = parsed(registry.root);
  CHECK(read_crl(list, parsed(good), root, now()).status == CrlStatus::kNotListed);
  const CrlFacts revoked = read_crl(list, parsed(bad), root, now());
  CHECK(revoked.status == CrlStatus::kRevoked);
  CHECK(revoked.why == "revoked on 2026-01-01T00:00:00Z");
  CHECK(read_crl(list, parsed(good), root, now() + std::chrono::hours(24 * 8)).status == CrlStatus::kOutOfDate);
  CHECK(read_crl(list, parsed(good), root, now() - std::chrono::hours(1)).status == CrlStatus::kOutOfDate);
  // A revocation is for good, however old the list is.
  CHECK(read_crl(list, parsed(bad), root, now() + std::chrono::hours(24 * 8)).status == CrlStatus::kRevoked);

  const test::Certificate namesake({.common_name = "Registry", .authority = true});
  CHECK(read_crl(list, parsed(good), parsed(namesake), now()).status == CrlStatus::kUntrusted);
  CHECK(read_crl(list, parsed(good), parsed(good), now()).status == CrlStatus::kUntrusted);
  for (const std::string& noise : {std::string(), std::string("<html>"), list.substr(0, 40), list + "x"})
    CHECK(read_crl(noise, parsed(good), root, now()).status == CrlStatus::kUnreadable);
}

TEST_CASE("what the issuer publishes decides; where it cannot be asked, that is said and nothing is held against it") {
  Registry registry;
  const std::string at = own_address();
  const std::uint16_t port = free_port(at), ocsp_port = free_port("127.0.0.1");
  const std::string lists = fmt::format("http://{}:{}/crl.der", at, port);
  const std::string missing = fmt::format("http://{}:{}/nowhere.der", at, port);
  const std::string responder = fmt::format("http://127.0.0.1:{}/", ocsp_port);
  const std::string nobody = fmt::format("http://{}:{}/", at, free_port(at));
  struct Row {
    const char* what;
    Entry entry;
    std::string crl, ocsp;
    Verdict verdict;
    Severity severity;
    std::string seen;
  };
  const std::vector<Row> rows = {
      {"not on the list", Entry::kValid, lists, "", Verdict::kPass, Severity::kNote, "not on the list of"},
      {"on the list", Entry::kRevoked, lists, "", Verdict::kFail, Severity::kError, "revoked on"},
      {"good by the responder", Entry::kValid, "", responder, Verdict::kPass, Severity::kNote, "good on"},
      {"revoked by the responder", Entry::kRevoked, "", responder, Verdict::kFail, Severity::kError, "revoked on"},
      {"one of two can be asked", Entry::kValid, missing, responder, Verdict::kPass, Severity::kNote, "status 404"},
      {"no list there", Entry::kValid, missing, "", Verdict::kUndecided, Severity::kNote, "status 404"},
      {"nobody there", Entry::kRevoked, "", nobody, Verdict::kUndecided, Severity::kNote, ""},
      {"a place that is not asked", Entry::kRevoked, "ldap://ca.example/", "", Verdict::kNotApplicable, Severity::kNote,
       ""},
      {"no place at all", Entry::kValid, "", "", Verdict::kNotApplicable, Severity::kNote, ""},
  };
  std::vector<test::Certificate> leaves;
  for (const Row& row : rows) {
    leaves.emplace_back(test::CertificateOptions{.common_name = row.what, .crl_url = row.crl, .ocsp_url = row.ocsp},
                        &registry.root);
    registry.enter(leaves.back(), row.entry);
  }
  registry.list();
  const servers::Nginx nginx(fmt::format("server {{ listen {}:{}; root {}; }}", at, port, registry.folder().path()),
                             {*Endpoint::from_text(at, port)});
  const auto ocsp = registry.responder(ocsp_port);
  const Anchors anchors = Anchors::of({parsed(registry.root)}, AnchorOrigin::kGiven, "test");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Check check = revocation_of(leaves[i], anchors);
    INFO(rows[i].what << ": " << check.summary << " | " << check.evidence);
    CHECK(check.id == "tls-revocation");
    CHECK(check.verdict == rows[i].verdict);
    CHECK(check.severity == rows[i].severity);
    CHECK_THAT(check.evidence, Catch::Contains(rows[i].seen));
  }
  // Of a chain that leads nowhere nobody is asked.
  const test::Certificate stranger({.common_name = "stranger", .crl_url = lists});
  CHECK(revocation_of(stranger, anchors).verdict == Verdict::kNotApplicable);
}

}  // namespace cutover::tlscheck
