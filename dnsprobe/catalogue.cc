#include "dnsprobe/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/text.h"
#include "dnsprobe/resolver_list.h"
#include "dnsprobe/resolvers_tsv.h"
#include "dnsprobe/table.h"

namespace cutover::dnsprobe {

namespace {

const TableColumns kColumns = {{"operator", "service", "tier",     "class",     "address_v4", "address_v6", "port53",
                                "country",  "place",   "lat",      "lon",       "asn",        "anycast",    "filtering",
                                "dnssec",   "ecs",     "tls_name", "https_url", "verified",   "note"},
                               {}};

/// The word in `column` as one of a few values.
template <class Value>
Result<Value> one_of(const TableRow& row, const std::string& column,
                     const std::vector<std::pair<std::string_view, Value>>& words) {
  std::vector<std::string> names;
  for (const auto& [word, value] : words) {
    if (row.text(column) == word) return value;
    names.emplace_back(word);
  }
  return row.bad(column, "write " + join(names, " or "));
}

Result<std::optional<IpAddress>> address(const TableRow& row, const std::string& column, Family family) {
  if (row.text(column).empty()) return std::optional<IpAddress>();
  const auto read = IpAddress::from_text(row.text(column));
  if (!read) return row.bad(column, read.error().message);
  if (read->family() != family) return row.bad(column, "an address of the other family");
  return std::optional<IpAddress>(*read);
}

Result<std::optional<Location>> location(const TableRow& row) {
  if (row.text("lat").empty() && row.text("lon").empty()) return std::optional<Location>();
  const auto read = location_from_text(row.text("lat"), row.text("lon"));
  if (!read) return row.bad("lat", "write lat and lon together, in degrees");
  return std::optional<Location>(*read);
}

bool is_day(std::string_view text) {
  const auto read = parse_instant(std::string(text) + "T00:00:00Z");
  return read && format_instant(*read).starts_with(text);
}

Result<void> read_identity(const TableRow& row, CatalogueEntry& out) {
  out.operator_name = row.text("operator");
  if (!is_operator_name(out.operator_name) || out.operator_name != to_lower(out.operator_name))
    return row.bad("operator", "write a short name in lower case: letters, digits, . _ -");
  out.service = row.text("service");
  const auto tier = one_of<Tier>(row, "tier", {{"1", Tier::kDefault}, {"2", Tier::kFull}});
  if (!tier) return tier.error();
  const auto access =
      one_of<Access>(row, "class", {{"public", Access::kPublic}, {"isp", Access::kIsp}, {"open", Access::kOpen}});
  if (!access) return access.error();
  out.tier = *tier;
  out.access = *access;
  out.verified = row.text("verified");
  if (!out.verified.empty() && !is_day(out.verified)) return row.bad("verified", "write a day as 2026-08-31, or -");
  out.note = row.text("note");
  return {};
}

Result<void> read_ways(const TableRow& row, CatalogueEntry& out) {
  const auto v4 = address(row, "address_v4", Family::kV4);
  if (!v4) return v4.error();
  const auto v6 = address(row, "address_v6", Family::kV6);
  if (!v6) return v6.error();
  out.v4 = *v4;
  out.v6 = *v6;
  const auto port53 = one_of<bool>(row, "port53", {{"yes", true}, {"no", false}});
  if (!port53) return port53.error();
  out.port53 = *port53;
  out.tls_name = row.text("tls_name");
  if (!out.tls_name.empty() && !parse_resolver("tls://" + out.tls_name)) return row.bad("tls_name", "not a host name");
  out.https_url = row.text("https_url");
  if (!out.https_url.empty() && (!out.https_url.starts_with("https://") || !parse_resolver(out.https_url)))
    return row.bad("https_url", "not a https:// URL");
  if (out.port53 && !out.v4 && !out.v6) return row.bad("port53", "plain DNS needs an address");
  if (transports_of(out).empty())
    return row.bad("operator",
                   "there is no way to reach it: say that it has port53, or give a tls_name or a https_url");
  return {};
}

Result<void> read_place(const TableRow& row, CatalogueEntry& out) {
  out.country = row.text("country");
  if (!out.country.empty() && !is_country(out.country))
    return row.bad("country", "write the two-letter code in capitals, or -");
  out.place = row.text("place");
  const auto known = location(row);
  if (!known) return known.error();
  out.location = *known;
  const auto anycast = one_of<bool>(row, "anycast", {{"yes", true}, {"no", false}});
  if (!anycast) return anycast.error();
  out.anycast = *anycast;
  if (out.anycast && out.location) return row.bad("lat", "an anycast address has no single site: write -");
  const std::string asn = row.text("asn");
  const auto read = std::from_chars(asn.data(), asn.data() + asn.size(), out.asn);
  if (!asn.empty() && (read.ec != std::errc() || read.ptr != asn.data() + asn.size()))
    return row.bad("asn", "write the number alone, or -");
  return {};
}

Result<CatalogueEntry> read_entry(const TableRow& row) {
  CatalogueEntry out;
  for (const auto part : {read_identity, read_ways, read_place})
    if (auto read = part(row, out); !read) return read.error();
  out.filtering = row.text("filtering");
  const std::vector<std::string> kinds = {"none", "malware", "family", "ads", "unknown"};
  if (std::find(kinds.begin(), kinds.end(), out.filtering) == kinds.end())
    return row.bad("filtering", "write one of " + join(kinds, ", "));
  const std::vector<std::pair<std::string_view, Known>> words = {
      {"yes", Known::kYes}, {"no", Known::kNo}, {"unknown", Known::kUnknown}};
  const auto dnssec = one_of(row, "dnssec", words);
  if (!dnssec) return dnssec.error();
  const auto ecs = one_of(row, "ecs", words);
  if (!ecs) return ecs.error();
  out.dnssec = *dnssec;
  out.ecs = *ecs;
  return out;
}

std::vector<Resolver> of_operator(std::string_view operator_name, Tier tier) {
  std::vector<Resolver> out;
  for (const CatalogueEntry& entry : catalogue())
    if (entry.tier <= tier && entry.operator_name == operator_name)
      out.push_back(resolver_of(entry, transports_of(entry).front()));
  return out;
}

/// What one word of a list stands for.
Result<std::vector<Resolver>> meant_by(const std::string& text, const std::filesystem::path& folder) {
  const std::string_view written = trim(text);
  const std::string wanted = to_lower(written);
  if (wanted == "default") return default_resolvers();
  if (wanted == "full") return default_resolvers(Tier::kFull);
  if (wanted.starts_with("file/")) return read_resolver_list(folder / written.substr(5));
  // What has a mark of an address, a URL or a name of its own is no operator: the catalogue need not be read for it.
  if (wanted.find_first_of("=:/@[") == std::string::npos)
    for (const Tier tier : {Tier::kDefault, Tier::kFull})
      if (auto known = of_operator(wanted, tier); !known.empty()) return known;
  auto resolver = parse_resolver(text);
  if (!resolver) return std::move(resolver).error();
  return std::vector<Resolver>{*std::move(resolver)};
}

}  // namespace

std::string_view to_text(Access access) {
  switch (access) {
    case Access::kPublic:
      return "public";
    case Access::kIsp:
      return "isp";
    case Access::kOpen:
      return "open";
  }
  return "?";
}

std::string_view to_text(Known known) {
  switch (known) {
    case Known::kNo:
      return "no";
    case Known::kYes:
      return "yes";
    case Known::kUnknown:
      return "unknown";
  }
  return "?";
}

Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view text, std::string_view origin) {
  std::vector<CatalogueEntry> out;
  std::map<IpAddress, std::string> seen;
  const auto read = read_table(text, origin, kColumns, [&](const TableRow& row) -> Result<void> {
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
    return {};
  });
  if (!read) return read.error();
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

std::vector<Transport> transports_of(const CatalogueEntry& entry) {
  std::vector<Transport> out;
  if (entry.port53) out = {Transport::kUdp, Transport::kTcp};
  if (!entry.tls_name.empty()) out.push_back(Transport::kTls);
  if (!entry.https_url.empty()) out.push_back(Transport::kHttps);
  return out;
}

Resolver resolver_of(const CatalogueEntry& entry, Transport transport) {
  const std::optional<IpAddress>& at = entry.v4 ? entry.v4 : entry.v6;
  Resolver out;
  out.transport = transport;
  out.operator_name = entry.operator_name;
  out.service = entry.service;
  out.place = entry.place;
  out.country = entry.country;
  out.anycast = entry.anycast;
  out.filtering = entry.filtering != "none" && entry.filtering != "unknown";
  out.source = Source::kCatalogue;
  out.asn = entry.asn;
  out.location = entry.location;
  switch (transport) {
    case Transport::kUdp:
    case Transport::kTcp:
      out.endpoint = Endpoint{*at, 53};
      break;
    case Transport::kTls:
      out.tls_name = entry.tls_name;
      if (at) out.endpoint = Endpoint{*at, 853};
      break;
    case Transport::kHttps: {
      const auto read = parse_resolver(entry.https_url + (at ? "@" + at->text() : ""));
      out.tls_name = read->tls_name;
      out.url = read->url;
      out.endpoint = read->endpoint;
      break;
    }
  }
  out.id = entry.operator_name + " " + resolver_text(out);
  return out;
}

bool matches(const CatalogueEntry& entry, const CatalogueFilter& filter) {
  const auto is_among = [](const auto& wanted, const auto& value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
  };
  if (entry.tier > filter.tier || !is_among(filter.countries, entry.country)) return false;
  if (!filter.continents.empty()) {
    const auto continent = continent_of(entry.country);
    if (!continent || !is_among(filter.continents, *continent)) return false;
  }
  const auto is_it = [&](const std::string& wanted) { return to_lower(wanted) == entry.operator_name; };
  if (!filter.operators.empty() && std::none_of(filter.operators.begin(), filter.operators.end(), is_it)) return false;
  if (filter.transport) {
    const auto can = transports_of(entry);
    if (std::find(can.begin(), can.end(), *filter.transport) == can.end()) return false;
  }
  if (filter.filtering == "any") return entry.filtering != "none" && entry.filtering != "unknown";
  return filter.filtering.empty() || entry.filtering == filter.filtering;
}

std::vector<Resolver> default_resolvers(Tier tier) {
  std::vector<Resolver> out;
  for (const CatalogueEntry& entry : catalogue())
    if (entry.tier <= tier) out.push_back(resolver_of(entry, transports_of(entry).front()));
  return out;
}

std::vector<Resolver> plain_resolvers(Tier tier) {
  std::vector<Resolver> out;
  for (const CatalogueEntry& entry : catalogue())
    if (entry.tier <= tier && entry.port53) out.push_back(resolver_of(entry, Transport::kUdp));
  return out;
}

Result<std::vector<Resolver>> resolvers_from(const std::vector<std::string>& texts,
                                             const std::filesystem::path& folder) {
  std::vector<Resolver> out;
  std::set<std::string> ids;
  for (const std::string& text : texts) {
    auto meant = meant_by(text, folder);
    if (!meant) return std::move(meant).error();
    for (Resolver& resolver : *meant)
      if (ids.insert(resolver.id).second) out.push_back(std::move(resolver));
  }
  return out;
}

std::optional<Resolver> encrypted_form(const Resolver& resolver) {
  if (resolver.transport == Transport::kTls || resolver.transport == Transport::kHttps) return resolver;
  if (!resolver.endpoint) return std::nullopt;
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.v4 != resolver.endpoint->address && entry.v6 != resolver.endpoint->address) continue;
    const Transport transport = entry.tls_name.empty() ? Transport::kHttps : Transport::kTls;
    if (transport == Transport::kHttps && entry.https_url.empty()) continue;
    Resolver out = resolver_of(entry, transport);
    out.source = resolver.source;
    return out;
  }
  return std::nullopt;
}

}  // namespace cutover::dnsprobe
