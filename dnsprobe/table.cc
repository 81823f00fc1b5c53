#include "dnsprobe/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace cutover::dnsprobe {

namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The header's columns, where they are all known, none twice and none missing.
Result<void> check_header(const std::vector<std::string>& cells, const TableColumns& columns,
                          const std::string& where) {
  const auto wrong = [&](std::string_view what) {
    std::string names = join(columns.required, " ");
    if (!columns.optional.empty()) names += " (and, where wanted: " + join(columns.optional, " ") + ")";
    return fail(
        ErrorCode::kInvalid,
        fmt::format("{}: {}; the first line has to name the columns, separated by tabs: {}", where, what, names));
  };
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!has(columns.required, cells[i]) && !has(columns.optional, cells[i]))
      return wrong(fmt::format("\"{}\" is no column", printable(cells[i].substr(0, 40))));
    if (std::find(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(i), cells[i]) !=
        cells.begin() + static_cast<std::ptrdiff_t>(i))
      return wrong(fmt::format("\"{}\" stands there twice", cells[i]));
  }
  for (const std::string& name : columns.required)
    if (!has(cells, name)) return wrong(fmt::format("\"{}\" is missing", name));
  return {};
}

}  // namespace

std::string TableRow::text(const std::string& column) const {
  const auto found = fields.find(column);
  return found == fields.end() || found->second == "-" ? "" : found->second;
}

Error TableRow::bad(const std::string& column, std::string_view what) const {
  const auto found = fields.find(column);
  return fail(ErrorCode::kInvalid, fmt::format("{}: {} \"{}\": {}", where, column,
                                               printable(found == fields.end() ? "" : found->second), what));
}

Result<void> read_table(std::string_view text, std::string_view origin, const TableColumns& columns,
                        const std::function<Result<void>(const TableRow&)>& take) {
  std::vector<std::string> header;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || line.starts_with('#')) continue;
    const std::string where = fmt::format("{}:{}", origin, number);
    std::vector<std::string> cells = split(line, '\t');
    if (header.empty()) {
      if (auto checked = check_header(cells, columns, where); !checked) return checked;
      header = std::move(cells);
      continue;
    }
    if (cells.size() != header.size())
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: {} columns instead of {}; separate them by tabs, write - for nothing", where,
                              cells.size(), header.size()));
    TableRow row{where, {}};
    for (std::size_t i = 0; i < cells.size(); ++i) row.fields[header[i]] = std::string(trim(cells[i]));
    if (auto taken = take(row); !taken) return taken;
  }
  return {};
}

}  // namespace cutover::dnsprobe
