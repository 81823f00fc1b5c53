// Arbitrary text as one of AWS's files of keys and profiles. What goes wrong is told with file and line, and quotes
// nothing of what may be a secret.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/text.h"
#include "providers/route53/aws_credentials.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto sections = providers::route53::parse_sections(text, "keys");
  if (!sections) {
    const std::string& message = sections.error().message;
    int line = 0;
    if (std::sscanf(message.c_str(), "keys:%d: this ", &line) != 1 || line < 1) std::abort();
    // One of a few sentences, none of which has room for what stands there.
    if (printable(message) != message || message.size() > 100) std::abort();
    return 0;
  }
  for (const auto& [name, section] : *sections)
    for (const auto& [key, value] : section)
      if (key != to_lower(key) || key.empty() || value.find('\n') != std::string::npos) std::abort();
  return 0;
}
