// Arbitrary text as a plan file. Every error stands at a place in the file and is one printable line; what is read has
// a hash that a second reading confirms.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cmd/plan/plan_file.h"
#include "core/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto plan = parse_plan(text, "p");
  if (plan) {
    const auto again = parse_plan(text, "elsewhere/q");
    if (!again || plan->hash.size() != 64 || again->hash != plan->hash || plan->zones.empty()) std::abort();
    return 0;
  }
  for (const std::string& line : split(plan.error().message, '\n')) {
    int place = 0;
    int column = 0;
    if (std::sscanf(line.c_str(), "p:%d:%d: ", &place, &column) != 2 || place < 1 || column < 1) std::abort();
    if (printable(line) != line) std::abort();
  }
  return 0;
}
