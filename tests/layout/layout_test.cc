#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const std::map<std::string, std::set<std::string>> kMayInclude{
    {"core", {"core"}},
    {"net", {"core", "net"}},
    {"dnsprobe", {"core", "net", "dnsprobe"}},
    {"tlscheck", {"core", "net", "tlscheck"}},
    {"providers", {"core", "net", "providers"}},
    {"lab", {"core", "net", "lab"}},
    {"cmd", {"core", "net", "dnsprobe", "tlscheck", "providers", "lab", "cmd"}},
};

/// A library's headers belong in as few files as its job needs; a new place is a decision, made here.
struct Library {
  std::string header;                ///< what an include of it starts with
  std::vector<std::string> allowed;  ///< path prefixes
  bool in_headers = false;
};
const std::vector<Library> kLibraries{
    {"asio", {"net/"}, false},
    {"ldns/", {"net/signature.cc"}, false},  // the tests hold net/ against it, too
    {"ares.h", {"net/"}, false},
    {"curl/", {"net/"}, false},
    {"openssl/", {"net/", "tlscheck/", "lab/", "cmd/plan/", "cmd/page/visit.cc", "providers/"}, false},
    {"SQLiteCpp/", {"cmd/plan/"}, false},
    {"sqlite3.h", {"cmd/plan/"}, false},
    {"yaml-cpp/", {"cmd/plan/"}, false},
    {"idn2.h", {"cmd/plan/"}, false},
    {"libpsl.h", {"tlscheck/"}, false},
    {"date/", {"cmd/plan/", "net/http_date.cc"}, false},
    {"pugixml.hpp", {"cmd/report/", "providers/"}, false},
    {"CLI/", {"cmd/main.cc"}, false},
    {"httplib.h", {"cmd/page/live_page.cc"}, false},
    {"tl/expected.hpp", {"core/result.h"}, true},
};

fs::path source() {
  const char* folder = std::getenv("CUTOVER_SOURCE");
  REQUIRE(folder != nullptr);
  return folder;
}

struct Include {
  std::string file;  ///< relative
  int line = 0;
  std::string target;
};

std::vector<Include> includes_below(const std::string& folder) {
  static const std::regex kInclude("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"].*");
  std::vector<Include> out;
  for (const auto& entry : fs::recursive_directory_iterator(source() / folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".cc" && extension != ".h") continue;
    std::ifstream in(entry.path());
    std::string text;
    for (int line = 1; std::getline(in, text); ++line) {
      std::smatch match;
      if (std::regex_match(text, match, kInclude))
        out.push_back({fs::relative(entry.path(), source()).string(), line, match[1]});
    }
  }
  return out;
}

}  // namespace

TEST_CASE("includes point down: core <- net <- dnsprobe, tlscheck, providers, lab <- cmd") {
  std::size_t seen = 0;
  for (const auto& [folder, allowed] : kMayInclude) {
    for (const Include& include : includes_below(folder)) {
      const std::string target = include.target.substr(0, include.target.find('/'));
      if (!kMayInclude.contains(target)) continue;
      ++seen;
      INFO(include.file << ":" << include.line << " includes " << include.target);
      CHECK(allowed.contains(target));
    }
  }
  CHECK(seen > 50);
}

TEST_CASE("each library is included only where its job is, and shows in no header") {
  for (const auto& [folder, allowed] : kMayInclude) {
    for (const Include& include : includes_below(folder)) {
      for (const Library& library : kLibraries) {
        if (!include.target.starts_with(library.header)) continue;
        INFO(include.file << ":" << include.line << " includes " << include.target);
        CHECK(std::any_of(library.allowed.begin(), library.allowed.end(),
                          [&](const std::string& prefix) { return include.file.starts_with(prefix); }));
        CHECK((library.in_headers || !include.file.ends_with(".h")));
      }
    }
  }
}

TEST_CASE("only cmd reads the journal") {
  for (const auto& [folder, allowed] : kMayInclude) {
    if (folder == "cmd") continue;
    for (const Include& include : includes_below(folder)) {
      INFO(include.file << ":" << include.line);
      CHECK(include.target.find("journal") == std::string::npos);
    }
  }
}
