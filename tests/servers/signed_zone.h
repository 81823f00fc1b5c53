#pragma once
#include <fmt/format.h>

#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/servers/servers.h"

// Signed zones made by BIND's own tools, and DS records made by them: a second opinion on keys and digests.

namespace cutover::servers {

inline void must_run(const std::vector<std::string>& argv, const std::string& folder = {}) {
  const Finished done = run_program(argv, {}, std::chrono::seconds(60), folder);
  if (done.status != 0) throw std::runtime_error(fmt::format("{} failed:\n{}", argv.front(), done.output));
}

struct Signing {
  std::string algorithm = "ECDSAP256SHA256";
  std::string start = "now-1h";
  std::string end = "now+14d";
  bool nsec3 = false;
  /// Key signing and zone signing keys apart, instead of one for both.
  bool split_keys = false;
};

/// The text of a zone file, signed by fresh keys.
inline std::string signed_zone(const ZoneText& zone, const Signing& signing = {}) {
  const TempFolder folder;
  folder.write("zone", zone.text);
  std::vector<std::string> keygen{"dnssec-keygen", "-q", "-K", folder.path(), "-a", signing.algorithm};
  if (signing.algorithm.starts_with("RSA")) keygen.insert(keygen.end(), {"-b", "2048"});
  std::vector<std::string> key_signing = keygen;
  key_signing.insert(key_signing.end(), {"-f", "KSK", zone.origin});
  must_run(key_signing);
  if (signing.split_keys) {
    keygen.push_back(zone.origin);
    must_run(keygen);
  }
  std::vector<std::string> sign{"dnssec-signzone",
                                "-S",
                                "-K",
                                folder.path(),
                                "-d",
                                folder.path(),
                                "-o",
                                zone.origin,
                                "-s",
                                signing.start,
                                "-e",
                                signing.end,
                                "-O",
                                "full",
                                "-f",
                                folder.file("signed")};
  if (!signing.split_keys) sign.emplace_back("-z");
  if (signing.nsec3) sign.insert(sign.end(), {"-3", "-"});
  sign.push_back(folder.file("zone"));
  must_run(sign);
  return read_text(folder.file("signed"));
}

/// The data of the DS records (SHA-256) that dnssec-dsfromkey makes of the entry keys that a server shows.
inline std::vector<std::string> ds_of(const Endpoint& server, const std::string& zone) {
  const Finished keys = run_program({"dig", "@" + server.address.text(), "-p", std::to_string(server.port), zone,
                                     "DNSKEY", "+noall", "+answer", "+time=5", "+tries=1", "+norecurse"});
  const Finished made = run_program({"dnssec-dsfromkey", "-a", "SHA-256", "-f", "-", zone}, keys.output);
  std::vector<std::string> out;
  std::istringstream lines(made.output);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(" IN DS ");
    if (at == std::string::npos) continue;
    std::istringstream words(line.substr(at + 7));
    std::string tag, algorithm, digest_type, digest, more;
    words >> tag >> algorithm >> digest_type;
    while (words >> more) digest += more;
    for (char& c : digest) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out.push_back(fmt::format("{} {} {} {}", tag, algorithm, digest_type, digest));
  }
  if (out.empty()) throw std::runtime_error("no DS record could be made:\n" + keys.output + made.output);
  return out;
}

}  // namespace cutover::servers
