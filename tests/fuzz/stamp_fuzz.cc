// Arbitrary bytes inside of a DNS stamp, and arbitrary text as one. What becomes a resolver reads back from its own
// text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/text.h"
#include "dnsprobe/stamp.h"

namespace {

void decode(const std::string& text) {
  using namespace cutover::dnsprobe;
  const auto stamp = decode_stamp(text);
  if (!stamp) return;
  for (const std::string& hash : stamp->hashes)
    if (hash.empty()) std::abort();
  const auto resolver = resolver_of(*stamp);
  if (!resolver) return;
  const auto again = parse_resolver(resolver_text(*resolver));
  if (!again || again->endpoint != resolver->endpoint || again->url != resolver->url ||
      again->tls_name != resolver->tls_name || resolver_text(*again) != resolver_text(*resolver))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  decode(bytes);
  // The bytes themselves, so that the fuzzer need not find base64 to get anywhere.
  std::string text = cutover::to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  decode("sdns://" + text);
  return 0;
}
