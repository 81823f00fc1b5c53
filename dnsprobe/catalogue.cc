#include "dnsprobe/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/text.h"
#include "dnsprobe/resolvers_tsv.h"

namespace cutover::dnsprobe {

namespace {

const std::vector<std::string> kColumns = {"operator", "service", "address_v4", "address_v6", "port53",    "country",
                                           "place",    "anycast", "filtering",  "tls_name",   "https_url", "note"};

/// One line taken apart, with what its errors need to say.
struct Row {
  std::string where;  ///< ORIGIN:LINE
  std::map<std::string, std::string> fields;

  std::string text(const std::string& column) const { return fields.at(column) == "-" ? "" : fields.at(column); }
  Error bad(const std::string& column, std::string_view what) const {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: {} \"{}\": {}", where, column, printable(fields.at(column)), what));
  }
  Result<bool> yes(const std::string& column) const {
    if (fields.at(column) == "yes") return true;
    if (fields.at(column) == "no") return false;
    return bad(column, "write yes or no");
  }
  Result<std::optional<IpAddress>> address(const std::string& column, Family family) const {
    if (text(column).empty()) return std::optional<IpAddress>();
    const auto read = IpAddress::from_text(text(column));
    if (!read) return bad(column, read.error().message);
    if (read->family() != family) return bad(column, "an address of the other family");
    return std::optional<IpAddress>(*read);
  }
};

Result<CatalogueEntry> read_entry(const Row& row) {
  CatalogueEntry out;
  out.operator_name = row.text("operator");
  if (out.operator_name.empty() || out.operator_name != to_lower(out.operator_name) ||
      out.operator_name.find_first_of(" =@/:") != std::string::npos)
    return row.bad("operator", "write a short name in lower case, without spaces");
  out.service = row.text("service");
  const auto v4 = row.address("address_v4", Family::kV4);
  if (!v4) return v4.error();
  const auto v6 = row.address("address_v6", Family::kV6);
  if (!v6) return v6.error();
  out.v4 = *v4;
  out.v6 = *v6;
  const auto port53 = row.yes("port53");
  if (!port53) return port53.error();
  const auto anycast = row.yes("anycast");
  if (!anycast) return anycast.error();
  out.port53 = *port53;
  out.anycast = *anycast;
  out.country = row.text("country");
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!out.country.empty() &&
      (out.country.size() != 2 || !std::all_of(out.country.begin(), out.country.end(), is_upper)))
    return row.bad("country", "write the two-letter code in capitals, or -");
  out.place = row.text("place");
  out.filtering = row.text("filtering");
  const std::vector<std::string> kinds = {"none", "malware", "family", "ads", "unknown"};
  if (std::find(kinds.begin(), kinds.end(), out.filtering) == kinds.end())
    return row.bad("filtering", "write one of " + join(kinds, ", "));
  out.tls_name = row.text("tls_name");
  out.https_url = row.text("https_url");
  if (!out.https_url.empty() && !parse_resolver(out.https_url)) return row.bad("https_url", "not a https:// URL");
  out.note = row.text("note");
  if (!out.v4 && !out.v6 && out.tls_name.empty() && out.https_url.empty())
    return row.bad("operator", "there is no way to reach it: give an address, a tls_name or a https_url");
  if (out.port53 && !out.v4 && !out.v6) return row.bad("port53", "plain DNS needs an address");
  return out;
}

Resolver plain_resolver(const CatalogueEntry& entry, const IpAddress& address) {
  Resolver out;
  out.id = entry.operator_name + " " + address.text();
  out.operator_name = entry.operator_name;
  out.service = entry.service;
  out.place = entry.place;
  out.country = entry.country;
  out.endpoint = Endpoint{address, 53};
  out.anycast = entry.anycast;
  out.filtering = entry.filtering != "none" && entry.filtering != "unknown";
  return out;
}

std::vector<Resolver> plain_resolvers(std::string_view operator_name) {
  std::vector<Resolver> out;
  for (const CatalogueEntry& entry : catalogue())
    if (entry.port53 && entry.v4 && (operator_name.empty() || entry.operator_name == operator_name))
      out.push_back(plain_resolver(entry, *entry.v4));
  return out;
}

}  // namespace

Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view text, std::string_view origin) {
  std::vector<CatalogueEntry> out;
  std::map<IpAddress, std::string> seen;
  bool header_seen = false;
  int number = 0;
  for (const std::string& raw : split(text, '\n')) {
    ++number;
    const std::string_view line = raw.ends_with('\r') ? std::string_view(raw).substr(0, raw.size() - 1) : raw;
    if (trim(line).empty() || line.starts_with('#')) continue;
    Row row{fmt::format("{}:{}", origin, number), {}};
    const std::vector<std::string> cells = split(line, '\t');
    if (!header_seen) {
      if (cells != kColumns)
        return fail(ErrorCode::kInvalid,
                    fmt::format("{}: the first line has to name the columns, separated by tabs: {}", row.where,
                                join(kColumns, " ")));
      header_seen = true;
      continue;
    }
    if (cells.size() != kColumns.size())
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: {} columns instead of {}; separate them by tabs, write - for nothing", row.where,
                              cells.size(), kColumns.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) row.fields[kColumns[i]] = std::string(trim(cells[i]));
    auto entry = read_entry(row);
    if (!entry) return std::move(entry).error();
    for (const auto& address : {entry->v4, entry->v6}) {
      if (!address) continue;
      const auto [at, fresh] = seen.emplace(*address, row.where);
      if (!fresh)
        return fail(ErrorCode::kInvalid,
                    fmt::format("{}: {} stands at {} already", row.where, address->text(), at->second));
    }
    out.push_back(*std::move(entry));
  }
  return out;
}

const std::vector<CatalogueEntry>& catalogue() {
  static const std::vector<CatalogueEntry> entries = [] {
    auto read = parse_catalogue(kResolversTsv, "resolvers.tsv");
    return read ? *std::move(read)
                : std::vector<CatalogueEntry>();  // a test reads the built-in text and wants no error
  }();
  return entries;
}

std::vector<Resolver> default_resolvers() { return plain_resolvers({}); }

Result<std::vector<Resolver>> resolvers_from(const std::vector<std::string>& texts) {
  std::vector<Resolver> out;
  std::set<std::string> ids;
  const auto add = [&](Resolver resolver) {
    if (ids.insert(resolver.id).second) out.push_back(std::move(resolver));
  };
  for (const std::string& text : texts) {
    const std::string wanted = to_lower(trim(text));
    // What has a mark of an address, a URL or a name of its own is no operator: the catalogue need not be read for it.
    const bool may_be_operator = !wanted.empty() && wanted.find_first_of("=:/@[") == std::string::npos;
    std::vector<Resolver> known = wanted == "default" ? default_resolvers()
                                  : may_be_operator   ? plain_resolvers(wanted)
                                                      : std::vector<Resolver>();
    if (!known.empty()) {
      for (Resolver& resolver : known) add(std::move(resolver));
      continue;
    }
    auto resolver = parse_resolver(text);
    if (!resolver) return std::move(resolver).error();
    add(*std::move(resolver));
  }
  return out;
}

}  // namespace cutover::dnsprobe
