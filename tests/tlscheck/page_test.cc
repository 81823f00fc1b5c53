#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace {

std::string text_of(const std::filesystem::path& file) {
  std::stringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("the page on certificates has every id that the sources speak of, and no other") {
  const char* source = std::getenv("CUTOVER_SOURCE");
  REQUIRE(source != nullptr);
  static const std::regex kId("\"((?:tls|compare|http|https|acme|old-side)-[a-z0-9-]+|clock)\"");
  std::set<std::string> ids;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(source) / "tlscheck")) {
    if (entry.path().extension() != ".cc") continue;
    const auto text = text_of(entry.path());
    for (std::sregex_iterator at(text.begin(), text.end(), kId), end; at != end; ++at) ids.insert((*at)[1]);
  }
  static const std::regex kRow("\n\\| `([a-z0-9-]+)` \\|");
  std::set<std::string> rows;
  const auto page = text_of(std::filesystem::path(source) / "docs/certificates.md");
  for (std::sregex_iterator at(page.begin(), page.end(), kRow), end; at != end; ++at) rows.insert((*at)[1]);
  REQUIRE(ids.size() > 30);
  CHECK(rows == ids);
}
