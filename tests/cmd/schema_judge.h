#pragma once
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/text.h"
#include "tests/support/temporary_folder.h"

namespace cutover::test {

/// What python3-jsonschema says of each document (YAML or JSON): `valid`, or `invalid` and where.
inline std::vector<std::string> judged_by_schema(const std::filesystem::path& schema,
                                                 const std::vector<std::string>& documents) {
  const TemporaryFolder folder;
  const char* source = std::getenv("CUTOVER_SOURCE");
  REQUIRE(source != nullptr);
  std::string command = "/usr/bin/python3 " + std::string(source) + "/tests/cmd/check_schema.py " + schema.string();
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto file = folder.path() / ("document" + std::to_string(i));
    std::ofstream(file) << documents[i];
    command += " " + file.string();
  }
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), n);
  REQUIRE(pclose(pipe) == 0);  // needs python3-jsonschema and python3-yaml
  return split(trim(out), '\n');
}

}  // namespace cutover::test
