#include "tlscheck/dane.h"

#include <openssl/x509_vfy.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>

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

}  // namespace
}  // namespace cutover::tlscheck
