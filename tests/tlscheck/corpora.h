#pragma once
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/text.h"
#include "tests/support/test_data.h"
#include "tlscheck/certificate.h"

// Data that other projects publish for verifiers, read where CUTOVER_TEST_DATA says it is.

namespace cutover::tlscheck::corpora {

/// A file of the corpora; empty, and told, where it is not here.
inline std::optional<std::filesystem::path> find(const std::string& what, const std::string& file) {
  return tests::test_data(what, "corpora/" + file);
}

inline std::string read(const std::filesystem::path& path) { return tests::read_all(path); }

/// What stands between BEGIN and END lines, decoded, in order.
inline std::vector<std::string> pem_blocks(const std::string& text, const std::string& kind) {
  const auto begin = "-----BEGIN " + kind + "-----";
  const auto end = "-----END " + kind + "-----";
  std::vector<std::string> out;
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const auto from = at + begin.size();
    std::string base64;
    for (const char c : text.substr(from, text.find(end, from) - from))
      if (c != '\n' && c != '\r' && c != ' ') base64 += c;
    auto der = from_base64(base64);
    if (!der) throw std::runtime_error("a PEM block is not base64");
    out.push_back(*std::move(der));
  }
  return out;
}

/// Lines of tab-separated fields; `#` begins a comment line.
inline std::vector<std::vector<std::string>> read_table(const std::filesystem::path& path) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& line : split(read(path), '\n'))
    if (!line.empty() && line[0] != '#') rows.push_back(split(line, '\t'));
  return rows;
}

/// Where a corpus and this program differ, with a reason for each. A difference that is not in the file fails the
/// test, and so does a line of the file whose difference is gone.
class Exceptions {
 public:
  struct Line {
    std::string expected;
    std::string actual;
    std::string reason;
  };

  explicit Exceptions(const std::string& file) {
    const char* source = std::getenv("CUTOVER_SOURCE");
    if (source == nullptr) throw std::runtime_error("CUTOVER_SOURCE is not set");
    for (const auto& row : read_table(std::filesystem::path(source) / "tests/tlscheck" / file)) {
      if (row.size() != 4 || row[3].empty()) throw std::runtime_error(file + ": id, expected, actual, reason");
      if (!lines_.emplace(row[0], Line{row[1], row[2], row[3]}).second)
        throw std::runtime_error(file + ": twice: " + row[0]);
    }
  }

  /// What is wrong with this outcome; empty: it is as it should be.
  std::string complaint(const std::string& id, const std::string& expected, const std::string& actual) {
    const auto known = lines_.find(id);
    if (known == lines_.end())
      return expected == actual ? "" : fmt::format("{}: expected {}, came {}", id, expected, actual);
    used_.emplace(id, known->second);
    if (expected == actual) return fmt::format("{}: agrees, and yet stands among the exceptions", id);
    if (known->second.expected == expected && known->second.actual == actual) return "";
    return fmt::format("{}: expected {}, came {}, the exceptions say {} and {}", id, expected, actual,
                       known->second.expected, known->second.actual);
  }

  /// Lines for which there was no case.
  std::vector<std::string> unused() const {
    std::vector<std::string> out;
    for (const auto& line : lines_)
      if (used_.count(line.first) == 0) out.push_back(line.first);
    return out;
  }
  const std::map<std::string, Line>& used() const { return used_; }

 private:
  std::map<std::string, Line> lines_;
  std::map<std::string, Line> used_;
};

}  // namespace cutover::tlscheck::corpora
