#include "dnsprobe/resolver_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <system_error>

#include "core/text.h"
#include "dnsprobe/continent.h"
#include "dnsprobe/table.h"

namespace cutover::dnsprobe {

namespace {

constexpr std::uintmax_t kLargestFile = std::uintmax_t{64} << 20;

const TableColumns kColumns = {
    {"resolver"},
    {"operator", "service", "country", "place", "lat", "lon", "asn", "anycast", "filtering", "source", "note"}};

/// Remembers where each resolver stood first.
class Repeats {
 public:
  Result<void> note(const Resolver& resolver, const std::string& where) {
    const auto [at, fresh] = seen_.emplace(resolver.id, where);
    if (fresh) return {};
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: {} stands at {} already; remove one", where, printable(resolver.id), at->second));
  }

 private:
  std::map<std::string, std::string> seen_;
};

Result<bool> yes(const TableRow& row, const std::string& column) {
  const std::string text = row.text(column);
  if (text == "yes") return true;
  if (text.empty() || text == "no" || text == "none" || text == "unknown") return false;
  return row.bad(column, "write yes, no or -");
}

Result<void> read_details(const TableRow& row, Resolver& out) {
  out.service = row.text("service");
  out.country = row.text("country");
  if (!out.country.empty() && !is_country(out.country))
    return row.bad("country", "write the two-letter code in capitals, or -");
  out.place = row.text("place");
  if (!row.text("lat").empty() || !row.text("lon").empty()) {
    out.location = location_from_text(row.text("lat"), row.text("lon"));
    if (!out.location) return row.bad("lat", "write lat and lon together, in degrees");
  }
  const std::string asn = row.text("asn");
  const auto read = std::from_chars(asn.data(), asn.data() + asn.size(), out.asn);
  if (!asn.empty() && (read.ec != std::errc() || read.ptr != asn.data() + asn.size()))
    return row.bad("asn", "write the number alone, or -");
  const auto anycast = yes(row, "anycast");
  if (!anycast) return anycast.error();
  const auto filtering = yes(row, "filtering");
  if (!filtering) return filtering.error();
  out.anycast = *anycast;
  out.filtering = *filtering;
  if (!row.text("source").empty()) out.source = Source::kImported;
  return {};
}

Result<Resolver> read_row(const TableRow& row) {
  auto out = parse_resolver(row.text("resolver"));
  if (!out) return within(row.where, out.error());
  if (const std::string name = row.text("operator"); !name.empty()) {
    if (!is_operator_name(name)) return row.bad("operator", "write a short name: letters, digits, . _ -");
    out->operator_name = name;
    out->id = name + " " + resolver_text(*out);
  }
  if (auto read = read_details(row, *out); !read) return read.error();
  return out;
}

Error as_invalid(const Error& error) { return fail(ErrorCode::kInvalid, error.message); }

Result<std::vector<Resolver>> parse_plain(std::string_view text, std::string_view origin) {
  std::vector<Resolver> out;
  Repeats repeats;
  int number = 0;
  for (const std::string& raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(std::string_view(raw).substr(0, raw.find('#')));
    if (line.empty()) continue;
    const std::string where = fmt::format("{}:{}", origin, number);
    auto read = parse_resolver(line);
    if (!read) return as_invalid(within(where, read.error()));
    if (auto fresh = repeats.note(*read, where); !fresh) return fresh.error();
    out.push_back(*std::move(read));
  }
  return out;
}

bool is_table(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = trim(text.substr(0, text.find('\n')));
    text = text.find('\n') == std::string_view::npos ? std::string_view() : text.substr(text.find('\n') + 1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto cells = split(line, '\t');
    return std::find(cells.begin(), cells.end(), "resolver") != cells.end();
  }
  return false;
}

/// A cell that cannot break the table.
std::string cell(std::string_view text) {
  std::string out = printable(trim(text));
  std::replace(out.begin(), out.end(), '\t', ' ');
  return out.empty() ? "-" : out;
}

}  // namespace

Result<std::vector<Resolver>> parse_resolver_list(std::string_view text, std::string_view origin) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!is_table(text)) return parse_plain(text, origin);
  std::vector<Resolver> out;
  Repeats repeats;
  const auto read = read_table(text, origin, kColumns, [&](const TableRow& row) -> Result<void> {
    auto resolver = read_row(row);
    if (!resolver) return as_invalid(resolver.error());
    if (auto fresh = repeats.note(*resolver, row.where); !fresh) return fresh;
    out.push_back(*std::move(resolver));
    return {};
  });
  if (!read) return read.error();
  return out;
}

Result<std::string> read_list_file(const std::filesystem::path& file) {
  const std::string shown = printable(file.string());
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    return fail(ErrorCode::kIo, fmt::format("{}: there is no such file", shown));
  if (!std::filesystem::is_regular_file(file, error))
    return fail(ErrorCode::kIo, fmt::format("{}: not a file that can be read", shown));
  if (const auto size = std::filesystem::file_size(file, error); !error && size > kLargestFile)
    return fail(ErrorCode::kInvalid, fmt::format("{}: larger than 64 MiB, that is no list of resolvers", shown));
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", shown));
  if (!in.is_open()) return fail(ErrorCode::kIo, fmt::format("{}: cannot be opened; may you read it?", shown));
  return text;
}

Result<std::vector<Resolver>> read_resolver_list(const std::filesystem::path& file) {
  const auto text = read_list_file(file);
  if (!text) return text.error();
  auto read = parse_resolver_list(*text, printable(file.string()));
  if (read && read->empty())
    return fail(ErrorCode::kInvalid, fmt::format("{}: there is no resolver in it", printable(file.string())));
  return read;
}

std::string resolver_list_text(const std::vector<Resolver>& resolvers, std::string_view source) {
  std::string out = "resolver\toperator\tservice\tcountry\tplace\tasn\tanycast\tfiltering\tsource\n";
  for (const Resolver& resolver : resolvers)
    out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", resolver_text(resolver),
                       // Whoever has no name of its own is called by its address, which needs no saying.
                       cell(is_operator_name(resolver.operator_name) ? resolver.operator_name : ""),
                       cell(resolver.service), cell(resolver.country), cell(resolver.place),
                       resolver.asn == 0 ? "-" : fmt::format("{}", resolver.asn), resolver.anycast ? "yes" : "no",
                       resolver.filtering ? "yes" : "no", cell(source));
  return out;
}

}  // namespace cutover::dnsprobe
