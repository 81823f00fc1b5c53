#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "dnsprobe/continent.h"
#include "dnsprobe/resolver.h"

namespace cutover::dnsprobe {

/// The default list, or also second addresses, filtering variants and further providers of a country.
enum class Tier { kDefault = 1, kFull = 2 };

/// For whom it is run.
enum class Access { kPublic, kIsp, kOpen };
std::string_view to_text(Access access);

enum class Known { kNo, kYes, kUnknown };
std::string_view to_text(Known known);

/// One row of the catalogue: one service at one place, with all the ways to reach it.
struct CatalogueEntry {
  std::string operator_name;  ///< short and stable: `google`; one voice however many rows it has
  std::string service;        ///< `Google Public DNS`
  Tier tier = Tier::kDefault;
  Access access = Access::kPublic;
  std::optional<IpAddress> v4;
  std::optional<IpAddress> v6;
  bool port53 = false;  ///< plain DNS is offered, or seen to answer strangers
  std::string country;  ///< ISO 3166 alpha-2; empty for a service that is everywhere
  std::string place;
  std::optional<Location> location;  ///< of the city; only where the address is known to be there
  std::uint32_t asn = 0;             ///< 0: not known
  bool anycast = false;
  std::string filtering;           ///< `none`, `unknown`, or what it blocks: `malware`, `family`, `ads`
  Known dnssec = Known::kUnknown;  ///< validates
  Known ecs = Known::kUnknown;     ///< sends the client's subnet on (RFC 7871)
  std::string tls_name;
  std::string https_url;
  std::string verified;  ///< `2026-08-08`: the newest day on which somebody saw it; empty: nobody known to us
  std::string note;
};

/// Reads the form of dnsprobe/resolvers.tsv: tab-separated, `#` comments, a header line that names the columns,
/// `-` for nothing. Errors (kInvalid) say `ORIGIN:LINE:` and what is wrong; an address listed twice
/// is wrong too.
Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view text, std::string_view origin);

/// The catalogue that is built into the program.
const std::vector<CatalogueEntry>& catalogue();

/// The ways to reach it, the one that default_resolvers() takes first: plain DNS where it is offered (UDP, TCP), else
/// DNS over TLS, else DNS over HTTPS. Never empty for an entry that was parsed.
std::vector<Transport> transports_of(const CatalogueEntry& entry);
/// The entry as it is asked over `transport`, one of transports_of(): over IPv4 where it has that, the address pinned
/// where one is known.
Resolver resolver_of(const CatalogueEntry& entry, Transport transport);

/// Which entries of a catalogue are wanted. What is empty does not narrow; the rest has to hold all at once.
struct CatalogueFilter {
  Tier tier = Tier::kDefault;
  std::vector<std::string> countries;  ///< ISO 3166 alpha-2, in capitals; never an anycast service
  std::vector<Continent> continents;
  std::vector<std::string> operators;  ///< whole labels, without regard to case
  std::optional<Transport> transport;  ///< one of its transports
  std::string filtering;               ///< as in CatalogueEntry, or `any`: known to filter something
};
bool matches(const CatalogueEntry& entry, const CatalogueFilter& filter);

/// What `default` (and with Tier::kFull: `full`) means: every entry of the catalogue up to this tier once, over the
/// first of its transports.
std::vector<Resolver> default_resolvers(Tier tier = Tier::kDefault);
/// Only those of them that speak plain DNS, over UDP.
std::vector<Resolver> plain_resolvers(Tier tier = Tier::kDefault);

/// The same service of the catalogue over DNS over TLS, or over HTTPS where it has only that; a resolver that is
/// encrypted already as it is. nullopt: the catalogue knows no such way to that address.
std::optional<Resolver> encrypted_form(const Resolver& resolver);

/// Reads a plan's or a person's list: `default` and `full` are replaced by default_resolvers(), an operator's name of
/// the catalogue by its entries (of the default tier, where it has any there), `file/PATH` by that list (see
/// resolver_list.h; a relative path starts at `folder`), everything else goes through parse_resolver(). Repeats are
/// dropped, order is kept.
Result<std::vector<Resolver>> resolvers_from(const std::vector<std::string>& texts,
                                             const std::filesystem::path& folder = {});

}  // namespace cutover::dnsprobe
