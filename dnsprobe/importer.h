#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "dnsprobe/import.h"

namespace cutover::dnsprobe {

/// What one row of a foreign list says, as far as it is of use. Everything but `resolver` may be empty.
struct ForeignRow {
  int line = 0;
  std::string resolver;  ///< in the resolver syntax
  std::string service, country, city, as_number, organisation;
  bool anycast = false;
  bool filtering = false;
};

/// Collects rows into an ImportedList: judges, labels and counts them.
class Importer {
 public:
  Importer(ImportAddresses allowed, const std::function<void(int line)>& progress)
      : allowed_(allowed), progress_(progress) {}

  void take(const ForeignRow& row);
  void take(int line, Resolver resolver, const ForeignRow& row);
  void bad(int line, std::string_view why);
  void leave_out(const std::string& reason);
  ImportedList finish(std::string form) &&;

 private:
  void reached(int line) const {
    if (progress_) progress_(line);
  }

  ImportAddresses allowed_;
  const std::function<void(int line)>& progress_;
  ImportedList list_;
  std::set<std::string> seen_;
};

/// The readers of single forms; each feeds the importer row by row.
void import_csv(std::string_view text, Importer& importer);
void import_json(std::string_view text, Importer& importer);
void import_stamps(std::string_view text, Importer& importer);
void import_lines(std::string_view text, Importer& importer);

/// Calls `take` with every line, without its end and without a byte-order mark, and its number.
void each_line(std::string_view text, const std::function<void(int line, std::string_view text)>& take);

/// What kind of list a CSV header belongs to; empty where `line` is no header with a column of addresses.
std::string csv_form(std::string_view line);

}  // namespace cutover::dnsprobe
