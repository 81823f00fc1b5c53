#include "dnsprobe/continent.h"

#include <string>

#include "core/text.h"

namespace cutover::dnsprobe {

namespace {

struct Row {
  Continent continent;
  std::string_view code;
  std::string_view name;
  std::string_view countries;  ///< three characters each: the code and a blank
};

constexpr std::array<Row, kContinentCount> kRows = {{
    {Continent::kAfrica, "AF", "Africa",
     "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR MU MW MZ NA "
     "NE "
     "NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA ZM ZW "},
    {Continent::kAntarctica, "AN", "Antarctica", "AQ BV GS HM "},
    {Continent::kAsia, "AS", "Asia",
     "AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK "
     "PS "
     "QA SA SG SY TH TJ TL TM TR TW UZ VN YE "},
    {Continent::kEurope, "EU", "Europe",
     "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT "
     "NL "
     "NO PL PT RO RS RU SE SI SJ SK SM UA VA XK "},
    {Continent::kNorthAmerica, "NA", "North America",
     "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT "
     "US "
     "VC VG VI "},
    {Continent::kOceania, "OC", "Oceania",
     "AS AU CC CK CX FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS "},
    {Continent::kSouthAmerica, "SA", "South America", "AR BO BR CL CO EC FK GF GY PE PY SR UY VE "},
}};

}  // namespace

std::string_view to_text(Continent continent) { return kRows[static_cast<std::size_t>(continent)].name; }

std::optional<Continent> continent_from_text(std::string_view text) {
  std::string wanted = to_lower(trim(text));
  for (char& c : wanted)
    if (c == '-' || c == '_') c = ' ';
  for (const Row& row : kRows)
    if (wanted == to_lower(row.name) || wanted == to_lower(row.code)) return row.continent;
  return std::nullopt;
}

std::optional<Continent> continent_of(std::string_view country) {
  if (country.size() != 2 || country.find(' ') != std::string_view::npos) return std::nullopt;
  for (const Row& row : kRows)
    for (std::size_t at = 0; at < row.countries.size(); at += 3)
      if (row.countries.substr(at, 2) == country) return row.continent;
  return std::nullopt;
}

bool is_country(std::string_view text) { return continent_of(text).has_value(); }

}  // namespace cutover::dnsprobe
