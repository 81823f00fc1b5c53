#pragma once
#include <array>
#include <optional>
#include <string_view>

namespace cutover::dnsprobe {

enum class Continent { kAfrica, kAntarctica, kAsia, kEurope, kNorthAmerica, kOceania, kSouthAmerica };
inline constexpr std::size_t kContinentCount = 7;

/// `Africa`, `North America`.
std::string_view to_text(Continent continent);
/// Reads a name (`north america`, `north-america`) or the usual two letters (`NA`), without regard to case.
std::optional<Continent> continent_from_text(std::string_view text);

/// The continent of an ISO 3166 alpha-2 code in capitals, by the United Nations' M49 regions (Russia in Europe; Turkey,
/// Cyprus and the Caucasus in Asia; Mexico, Central America and the Caribbean in North America; `XK`, Kosovo, in
/// Europe). nullopt for what is no country.
std::optional<Continent> continent_of(std::string_view country);

/// Whether it is a country code that continent_of() knows.
bool is_country(std::string_view text);

}  // namespace cutover::dnsprobe
