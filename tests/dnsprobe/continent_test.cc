#include "dnsprobe/continent.h"

#include <catch2/catch.hpp>

using namespace cutover::dnsprobe;

TEST_CASE("a country lies on one continent") {
  CHECK(continent_of("DE") == Continent::kEurope);
  CHECK(continent_of("RU") == Continent::kEurope);
  CHECK(continent_of("XK") == Continent::kEurope);
  CHECK(continent_of("TR") == Continent::kAsia);
  CHECK(continent_of("GE") == Continent::kAsia);
  CHECK(continent_of("ZA") == Continent::kAfrica);
  CHECK(continent_of("MX") == Continent::kNorthAmerica);
  CHECK(continent_of("TT") == Continent::kNorthAmerica);
  CHECK(continent_of("BR") == Continent::kSouthAmerica);
  CHECK(continent_of("PG") == Continent::kOceania);
  CHECK(continent_of("AQ") == Continent::kAntarctica);
}

TEST_CASE("what is no country lies nowhere") {
  for (const char* text : {"", "D", "de", "ZZ", "EU", "DEU", "E ", " D", "  "}) {
    INFO(text);
    CHECK_FALSE(is_country(text));
  }
}

TEST_CASE("every code is there once: 249 of ISO 3166 and XK") {
  std::size_t count = 0;
  for (char first = 'A'; first <= 'Z'; ++first)
    for (char second = 'A'; second <= 'Z'; ++second)
      if (is_country(std::string{first, second})) ++count;
  CHECK(count == 250);
}

TEST_CASE("a continent is read by its name and its two letters") {
  for (std::size_t i = 0; i < kContinentCount; ++i) {
    const auto continent = static_cast<Continent>(i);
    CHECK(continent_from_text(to_text(continent)) == continent);
  }
  CHECK(continent_from_text("north-america") == Continent::kNorthAmerica);
  CHECK(continent_from_text(" sa ") == Continent::kSouthAmerica);
  CHECK_FALSE(continent_from_text("Atlantis"));
  CHECK_FALSE(continent_from_text(""));
}
