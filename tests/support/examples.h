#pragma once
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cutover::tests {

/// Lets the programs of docs/examples be found on PATH, by this process and those that it starts.
inline void examples_on_path() {
  const char* source = std::getenv("CUTOVER_SOURCE");
  const char* path = std::getenv("PATH");
  if (source == nullptr || path == nullptr)
    throw std::runtime_error("CUTOVER_SOURCE names no folder; run the tests through ctest or ./dev test");
  const std::string examples = std::string(source) + "/docs/examples";
  // The system's own python3, not one that a version manager puts before it at a third of a second a start.
  if (!std::string_view(path).starts_with(examples)) setenv("PATH", (examples + ":/usr/bin:" + path).c_str(), 1);
}

}  // namespace cutover::tests
