#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/support/not_run.h"

namespace cutover::tests {

/// What other projects publish and these tests are held against, where CUTOVER_TEST_DATA says it is. nullopt, and told
/// as not run, where it is not here.
inline std::optional<std::filesystem::path> test_data(const std::string& what, const std::string& file) {
  const char* data = std::getenv("CUTOVER_TEST_DATA");
  if (data == nullptr) {
    not_run(what, "CUTOVER_TEST_DATA is not set");
    return std::nullopt;
  }
  auto path = std::filesystem::path(data) / file;
  if (std::filesystem::exists(path)) return path;
  not_run(what, path.string() + " is not there");
  return std::nullopt;
}

inline std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return text.str();
}

}  // namespace cutover::tests
