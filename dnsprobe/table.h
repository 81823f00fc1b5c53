#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace cutover::dnsprobe {

/// One line of a tab-separated table, taken apart, with what its errors need to say.
struct TableRow {
  std::string where;  ///< ORIGIN:LINE
  std::map<std::string, std::string> fields;

  /// The cell; empty for `-` and for a column that the table does not have.
  std::string text(const std::string& column) const;
  /// kInvalid: `ORIGIN:LINE: COLUMN "CELL": WHAT`.
  Error bad(const std::string& column, std::string_view what) const;
};

/// The columns of a table: those it must have, and those it may leave out.
struct TableColumns {
  std::vector<std::string> required;
  std::vector<std::string> optional;
};

/// Reads `#` comments, a header line that names the columns in any order, and rows with as many cells, separated by
/// tabs;
/// `-` means nothing. Each row goes to `take`, whose first error ends it. Errors are kInvalid and begin with
/// `ORIGIN:LINE:`.
Result<void> read_table(std::string_view text, std::string_view origin, const TableColumns& columns,
                        const std::function<Result<void>(const TableRow&)>& take);

}  // namespace cutover::dnsprobe
