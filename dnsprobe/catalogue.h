#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "dnsprobe/resolver.h"

namespace cutover::dnsprobe {

/// One row of the catalogue: one service at one place, with all the ways to reach it.
struct CatalogueEntry {
  std::string operator_name;  ///< short and stable: `google`
  std::string service;        ///< `Google Public DNS`
  std::optional<IpAddress> v4;
  std::optional<IpAddress> v6;
  bool port53 = false;  ///< plain DNS is offered, or seen to answer strangers
  std::string country;  ///< ISO 3166 alpha-2; empty for a service that is everywhere
  std::string place;
  bool anycast = false;
  std::string filtering;  ///< `none`, `unknown`, or what it blocks
  std::string tls_name;
  std::string https_url;
  std::string note;
};

/// Reads the form of dnsprobe/resolvers.tsv: tab-separated, `#` comments, a header line that names the columns,
/// `-` for nothing. Errors (kInvalid) say `ORIGIN:LINE:` and what is wrong; an address listed twice
/// is wrong too.
Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view text, std::string_view origin);

/// The catalogue that is built into the program.
const std::vector<CatalogueEntry>& catalogue();

/// What `default` means: plain DNS over IPv4 to every catalogue entry that offers it.
std::vector<Resolver> default_resolvers();

/// Reads a plan's or a person's list: `default` is replaced by default_resolvers(), an operator's name of the
/// catalogue by its entries, everything else goes through parse_resolver(). Repeats are dropped, order is kept.
Result<std::vector<Resolver>> resolvers_from(const std::vector<std::string>& texts);

}  // namespace cutover::dnsprobe
