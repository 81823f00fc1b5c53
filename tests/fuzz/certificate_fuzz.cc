// Arbitrary bytes as a chain of certificates, each with its length in two octets in front; the last one also as what
// is known from elsewhere, and as a stapled OCSP response. Whatever comes is judged: nothing is trusted without a path,
// no search goes past its limits, and no text in a check can play with a terminal.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "tlscheck/verify.h"

namespace {

using namespace cutover;
using namespace cutover::tlscheck;

/// The root of the seeds, so that the fuzzer starts from chains that verify.
constexpr std::string_view kRoot =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbjCCARSgAwIBAgIUB0j7lBWPvkrNTlqB6gYQdFLiEZ0wCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJRnV6eiBSb290MCAXDTI2MTEyMjA4MDgwNFoYDzIwODEwODI1\n"
    "MDgwODA0WjAUMRIwEAYDVQQDDAlGdXp6IFJvb3QwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAARZcNB6cBoPPntg0N4tahrRWaHSskO2qrhbODPyHTnlUPFHeo1vQ5/y\n"
    "DmCL93C1PtlU+ybIMGa72//n9tae8pv2o0IwQDAPBgNVHRMBAf8EBTADAQH/MA4G\n"
    "A1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUP07Jbo1KdY442dexcesbchAscAgwCgYI\n"
    "KoZIzj0EAwIDSAAwRQIgY/fStH+yD5dHaa32pwfDdPncnG428jiYfQVf0kahlzMC\n"
    "IQDQVlZBeutEFS8FT+cfhFuUsavDZtsDke5az+1meZsrTA==\n"
    "-----END CERTIFICATE-----\n";

Anchors load_root() {
  std::array<char, 32> name{"/tmp/cutover_fuzz_XXXXXX"};
  const int fd = mkstemp(name.data());
  if (fd < 0 || write(fd, kRoot.data(), kRoot.size()) != static_cast<ssize_t>(kRoot.size())) std::abort();
  close(fd);
  auto anchors = Anchors::load(name.data());
  unlink(name.data());
  if (!anchors) std::abort();
  return *anchors;
}

std::vector<std::string> chain_of(std::string_view bytes) {
  std::vector<std::string> chain;
  while (bytes.size() >= 2 && chain.size() < 8) {
    const auto size =
        static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]) << 8 | static_cast<unsigned char>(bytes[1]));
    bytes.remove_prefix(2);
    chain.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  return chain;
}

void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Anchors anchors = load_root();
  static const DomainName name = *DomainName::from_text("www.example.com");
  static const Instant now{std::chrono::seconds(1'800'000'000)};
  static const Times times{now, now + std::chrono::hours(24), now + std::chrono::hours(72)};
  const auto chain = chain_of({reinterpret_cast<const char*>(data), size});
  Policy policy;
  Shown shown;
  if (!chain.empty()) {
    if (const auto known = Certificate::from_der(chain.back())) policy.known = {*known};
    shown.staple = chain.back();
  }
  const auto facts = inspect(chain, anchors, moments_of(times), policy);
  require((facts.trust == Trust::kUnreadable) == facts.sent.empty());
  require(facts.leaf.has_value() != facts.sent.empty());
  require(facts.sent.empty() || facts.sent.size() + facts.unreadable == chain.size());
  for (const PathFacts* client : {static_cast<const PathFacts*>(&facts), &facts.building}) {
    require(client->trust != Trust::kTrusted || !client->path.empty());
    require((client->trust == Trust::kTrusted) == client->why.empty());
  }
  require(facts.trust != Trust::kTrusted || facts.reaches_anchor);
  require(facts.paths_tried <= policy.limits.paths);
  require(facts.path_facts.size() == facts.certificates.size());
  for (const auto side : {Side::kNew, Side::kOld}) {
    for (const auto& whom : {Subject{name, {}}, Subject{{}, *IpAddress::from_text("192.0.2.1")}}) {
      for (const auto& check : judge(facts, anchors, whom, times, side, shown)) {
        require(!check.summary.empty());
        require((check.verdict == Verdict::kFail) == !check.advice.empty());
        require(side == Side::kNew || check.severity != Severity::kError);
        for (const auto& text : {check.summary, check.evidence, check.advice}) require(printable(text) == text);
      }
    }
  }
  return 0;
}
