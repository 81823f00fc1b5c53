#include "dnsprobe/csv.h"

#include <algorithm>

namespace cutover::dnsprobe {

namespace {

/// No cell of a list of resolvers is longer; a quote that is still open after so much was never meant as one.
constexpr std::size_t kLongestCell = 4096;

}  // namespace

CsvReader::CsvReader(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

std::optional<CsvRecord> CsvReader::next() {
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }
  if (at_ >= text_.size()) return std::nullopt;
  CsvRecord out;
  out.line = line_;
  const std::size_t begin = at_;
  for (bool more = true; more && out.bad.empty();) {
    std::string cell;
    more = read_cell(cell, out.bad);
    out.cells.push_back(std::move(cell));
  }
  if (!out.bad.empty()) {
    const auto end = text_.find('\n', begin);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    line_ = out.line + 1;
    return out;
  }
  line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(begin),
                                       text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'));
  return out;
}

/// Reads one cell and what ends it; true: another one follows in this record.
bool CsvReader::read_cell(std::string& cell, std::string& bad) {
  if (at_ < text_.size() && text_[at_] == '"') return read_quoted(cell, bad);
  const std::size_t end = std::min(text_.find_first_of(",\n", at_), text_.size());
  cell = std::string(text_.substr(at_, end - at_));
  at_ = std::min(end + 1, text_.size());
  if (end < text_.size() && text_[end] == ',') return true;
  if (cell.ends_with('\r')) cell.pop_back();
  return false;
}

bool CsvReader::read_quoted(std::string& cell, std::string& bad) {
  for (++at_; at_ < text_.size() && cell.size() <= kLongestCell; ++at_) {
    if (text_[at_] != '"') {
      cell += text_[at_];
      continue;
    }
    ++at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      cell += '"';
      continue;
    }
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ >= text_.size()) return false;
    const char after = text_[at_++];
    if (after == '\n') return false;
    if (after != ',') bad = "something follows a closing quote";
    return true;
  }
  bad = "a quote is never closed";
  return false;
}

}  // namespace cutover::dnsprobe
