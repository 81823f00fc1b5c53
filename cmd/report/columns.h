#pragma once
#include <string>
#include <vector>

namespace cutover {

/// A table for people: columns as wide as what stands in them, the last one not padded. Counts code points, so that
/// `Zürich` lines up; what is not printable is escaped, and an empty cell is `-`.
class Columns {
 public:
  explicit Columns(std::vector<std::string> header);
  /// As many cells as the header has.
  void add(std::vector<std::string> cells);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;
};

}  // namespace cutover
