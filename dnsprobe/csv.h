#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cutover::dnsprobe {

/// One record of a CSV text.
struct CsvRecord {
  int line = 0;  ///< where it begins, from 1
  std::vector<std::string> cells;
  std::string bad;  ///< not empty: it cannot be read, and why; the next record begins on the next line
};

/// Reads comma-separated values (RFC 4180): quoted cells, doubled quotes, line ends and commas inside of quotes, LF or
/// CRLF. A byte-order mark and empty lines are passed over. A quote that never ends costs its own line only. `text`
/// must outlive it.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text);
  /// The next record; nullopt at the end.
  std::optional<CsvRecord> next();

 private:
  bool read_cell(std::string& cell, std::string& bad);
  bool read_quoted(std::string& cell, std::string& bad);

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace cutover::dnsprobe
