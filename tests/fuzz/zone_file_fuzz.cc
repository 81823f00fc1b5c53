// Arbitrary text as a zone file. What is read is canonical: every set reads back as itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover;
  static const DomainName origin = *DomainName::from_text("example.com");
  // A SOA in front, so that the fuzzer need not find one to get anywhere.
  const std::string text = "@ 60 IN SOA a b 1 2 3 4 5\n" + std::string(reinterpret_cast<const char*>(data), size);
  const auto zone = net::parse_zone_file(text, origin);
  if (!zone) return 0;
  for (const auto& [key, set] : zone->sets) {
    if (!key.name.is_within(origin)) std::abort();
    for (const std::string& rdata : set.rdata) {
      const auto canonical = net::canonical_rdata(key.type, rdata, DomainName());
      if (!canonical || *canonical != rdata) std::abort();
    }
  }
  return 0;
}
