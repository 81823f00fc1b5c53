#include "dnsprobe/health_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <system_error>

#include "core/text.h"
#include "dnsprobe/resolver_list.h"
#include "dnsprobe/table.h"

namespace cutover::dnsprobe {

namespace {

namespace fs = std::filesystem;

constexpr Seconds kKept = std::chrono::hours(24 * 90);

const TableColumns kColumns = {
    {"resolver", "checked", "condition", "rtt_us", "filters", "rewrites", "validates", "ttl_floor_s", "detail"}, {}};

std::string cell(std::string_view text) {
  std::string out = printable(trim(text));
  return out.empty() ? "-" : out;
}

Result<Known> known(const TableRow& row, const std::string& column) {
  for (const Known value : {Known::kNo, Known::kYes, Known::kUnknown})
    if (row.text(column) == to_text(value)) return value;
  return row.bad(column, "neither yes, no nor unknown");
}

Result<std::optional<std::int64_t>> number(const TableRow& row, const std::string& column) {
  const std::string text = row.text(column);
  if (text.empty()) return std::optional<std::int64_t>();
  std::int64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || out < 0 || out > 4'000'000'000)
    return row.bad(column, "not a number");
  return std::optional<std::int64_t>(out);
}

Result<Health> read_row(const TableRow& row) {
  Health out;
  const auto checked = parse_instant(row.text("checked"));
  if (!checked) return row.bad("checked", checked.error().message);
  out.checked = *checked;
  bool is_named = false;
  for (const Condition condition :
       {Condition::kAnswers, Condition::kMisleads, Condition::kRefuses, Condition::kSilent}) {
    if (row.text("condition") != to_text(condition)) continue;
    out.condition = condition;
    is_named = true;
  }
  if (!is_named) return row.bad("condition", "no such condition");
  const auto rtt = number(row, "rtt_us");
  if (!rtt) return rtt.error();
  if (*rtt) out.rtt = std::chrono::microseconds(**rtt);
  const auto floor = number(row, "ttl_floor_s");
  if (!floor) return floor.error();
  if (*floor) out.ttl_floor = Seconds(**floor);
  const auto filters = known(row, "filters");
  if (!filters) return filters.error();
  const auto rewrites = known(row, "rewrites");
  if (!rewrites) return rewrites.error();
  const auto validates = known(row, "validates");
  if (!validates) return validates.error();
  out.filters = *filters;
  out.rewrites = *rewrites;
  out.validates = *validates;
  out.detail = row.text("detail");
  return out;
}

}  // namespace

Result<HealthBook> parse_health(std::string_view text, std::string_view origin) {
  HealthBook out;
  const auto read = read_table(text, origin, kColumns, [&](const TableRow& row) -> Result<void> {
    auto health = read_row(row);
    if (!health) return health.error();
    out.insert_or_assign(row.text("resolver"), *std::move(health));
    return {};
  });
  if (!read) return fail(ErrorCode::kCorrupt, read.error().message);
  return out;
}

std::string health_text(const HealthBook& book) {
  std::string out = "# What `cutover resolvers check` found. May be deleted; it is made again.\n" +
                    join(kColumns.required, "\t") + "\n";
  for (const auto& [resolver, health] : book)
    out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", cell(resolver), format_instant(health.checked),
                       to_text(health.condition), health.rtt ? fmt::format("{}", health.rtt->count()) : "-",
                       to_text(health.filters), to_text(health.rewrites), to_text(health.validates),
                       health.ttl_floor ? fmt::format("{}", health.ttl_floor->count()) : "-", cell(health.detail));
  return out;
}

Result<HealthBook> read_health(const fs::path& file) {
  std::error_code error;
  if (file.empty() || !fs::exists(file, error)) return HealthBook();
  const auto text = read_list_file(file);
  if (!text) return text.error();
  return parse_health(*text, printable(file.string()));
}

Result<void> write_health(const fs::path& file, HealthBook book, Instant now) {
  std::erase_if(book, [&](const auto& entry) { return now - entry.second.checked > kKept; });
  const auto failed = [&](std::string_view what) {
    return fail(ErrorCode::kIo,
                fmt::format("{}: {}; what was found is not remembered", printable(file.string()), what));
  };
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return failed("its folder cannot be made: " + error.message());
  // Its own name for each process: two checks at once must not write into one file.
  fs::path fresh = file;
  fresh += fmt::format(".{}.new", getpid());
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << health_text(book);
    out.close();
    if (!out) return failed("cannot be written");
  }
  fs::rename(fresh, file, error);
  if (error) return failed("cannot be put in its place: " + error.message());
  return {};
}

}  // namespace cutover::dnsprobe
