#include "dnsprobe/csv.h"

#include <catch2/catch.hpp>

using namespace cutover::dnsprobe;

namespace {

struct Line {
  int line;
  std::vector<std::string> cells;
  bool bad = false;
};

std::vector<Line> read(std::string_view text) {
  std::vector<Line> out;
  CsvReader reader(text);
  while (auto record = reader.next()) out.push_back({record->line, record->cells, !record->bad.empty()});
  return out;
}

}  // namespace

TEST_CASE("cells are what stands between commas, or in quotes") {
  const auto lines = read(
      "\xEF\xBB\xBF"
      "a,b,c\r\n\r\n1,\"two, and \"\"three\"\"\",\r\n\"over\ntwo lines\",x,\"y\"\nlast");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].cells == std::vector<std::string>{"a", "b", "c"});
  CHECK(lines[1].line == 3);
  CHECK(lines[1].cells == std::vector<std::string>{"1", "two, and \"three\"", ""});
  CHECK(lines[2].line == 4);
  CHECK(lines[2].cells == std::vector<std::string>{"over\ntwo lines", "x", "y"});
  CHECK(lines[3].line == 6);
  CHECK(lines[3].cells == std::vector<std::string>{"last"});
}

TEST_CASE("a broken quote costs its own line only") {
  const auto lines = read("1,\"never closed\n2,b\n3,\"closed\"late\n4,d\n5,\"\"\n");
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].bad);
  CHECK(lines[1].cells == std::vector<std::string>{"2", "b"});
  CHECK(lines[2].bad);
  CHECK(lines[3].cells == std::vector<std::string>{"4", "d"});
  CHECK(lines[4].cells == std::vector<std::string>{"5", ""});
  for (int i = 0; i < 5; ++i) CHECK(lines[static_cast<std::size_t>(i)].line == i + 1);
}

TEST_CASE("nothing and blanks hold no record") {
  CHECK(read("").empty());
  CHECK(read("\n\r\n\n").empty());
  CHECK(read(",").front().cells == std::vector<std::string>{"", ""});
  CHECK(read("\"\"").front().cells == std::vector<std::string>{""});
}
