#include "dnsprobe/ecs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "dnsprobe/continent.h"
#include "dnsprobe/ecs_prefixes_tsv.h"
#include "dnsprobe/table.h"

namespace cutover::dnsprobe {

namespace {

const TableColumns kColumns = {{"country", "network", "asn", "provider", "place"}, {}};

Error misread(std::string_view text, std::string_view what) {
  return fail(ErrorCode::kUsage,
              fmt::format("client subnet \"{}\": {}; write 203.0.113.0/24, 2001:db8::/56 or country:DE",
                          printable(text), what));
}

const std::vector<EcsRow>& built_in() {
  static const std::vector<EcsRow> rows = [] {
    auto read = parse_ecs_prefixes(kEcsPrefixesTsv, "ecs_prefixes.tsv");
    return read ? *std::move(read) : std::vector<EcsRow>();  // a test reads the built-in text and wants no error
  }();
  return rows;
}

Result<EcsRow> read_row(const TableRow& row) {
  EcsRow out;
  out.country = row.text("country");
  if (!is_country(out.country)) return row.bad("country", "write the two-letter code in capitals");
  const auto subnet = parse_subnet(row.text("network"));
  if (!subnet) return row.bad("network", subnet.error().message);
  out.network.subnet = *subnet;
  const std::string asn = row.text("asn");
  const auto read = std::from_chars(asn.data(), asn.data() + asn.size(), out.network.asn);
  if (!asn.empty() && (read.ec != std::errc() || read.ptr != asn.data() + asn.size()))
    return row.bad("asn", "write the number alone, or -");
  out.network.provider = row.text("provider");
  out.network.place = row.text("place");
  return out;
}

}  // namespace

Result<net::ClientSubnet> parse_subnet(std::string_view text) {
  const std::string_view written = trim(text);
  const auto slash = written.find('/');
  const auto address = IpAddress::from_text(written.substr(0, slash));
  if (!address) return misread(text, "there is no address before the /");
  const unsigned longest = address->family() == Family::kV4 ? 32 : 128;
  unsigned prefix = address->family() == Family::kV4 ? 24 : 56;
  if (slash != std::string_view::npos) {
    const std::string_view digits = written.substr(slash + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size() || prefix > longest)
      return misread(text, fmt::format("what follows the / is no length from 0 to {}", longest));
  }
  if (!net::is_network(*address, prefix))
    return misread(text, fmt::format("bits behind the first {} are not zero", prefix));
  return net::ClientSubnet{*address, static_cast<std::uint8_t>(prefix)};
}

Result<std::vector<EcsRow>> parse_ecs_prefixes(std::string_view text, std::string_view origin) {
  std::vector<EcsRow> out;
  const auto read = read_table(text, origin, kColumns, [&](const TableRow& row) -> Result<void> {
    auto one = read_row(row);
    if (!one) return one.error();
    for (const EcsRow& before : out)
      if (before.network.subnet == one->network.subnet) return row.bad("network", "stands there already");
    out.push_back(*std::move(one));
    return {};
  });
  if (!read) return read.error();
  return out;
}

std::vector<CountrySubnet> ecs_prefixes(std::string_view country) {
  std::vector<CountrySubnet> out;
  for (const EcsRow& row : built_in())
    if (row.country == country) out.push_back(row.network);
  return out;
}

std::vector<std::string> ecs_countries() {
  std::vector<std::string> out;
  for (const EcsRow& row : built_in()) out.push_back(row.country);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<std::vector<net::ClientSubnet>> parse_view(std::string_view text) {
  constexpr std::string_view kCountry = "country:";
  const std::string_view written = trim(text);
  if (to_lower(written.substr(0, kCountry.size())) != kCountry) {
    const auto subnet = parse_subnet(written);
    if (!subnet) return subnet.error();
    return std::vector<net::ClientSubnet>{*subnet};
  }
  std::string country(trim(written.substr(kCountry.size())));
  for (char& c : country)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (!is_country(country)) return misread(text, "that is no two-letter country code");
  std::vector<net::ClientSubnet> out;
  for (const CountrySubnet& each : ecs_prefixes(country)) out.push_back(each.subnet);
  if (out.empty()) return misread(text, "no network of that country is known; name one by its address");
  return out;
}

}  // namespace cutover::dnsprobe
