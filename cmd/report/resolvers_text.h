#pragma once
#include <string>
#include <vector>

#include "dnsprobe/catalogue.h"
#include "dnsprobe/health.h"
#include "dnsprobe/import.h"

namespace cutover {

/// A table of catalogue entries for people, and below it how many services, operators and countries they are.
std::string catalogue_as_text(const std::vector<dnsprobe::CatalogueEntry>& entries);

/// What an import took and left, in a few lines. `written` is the list that was made.
std::string import_as_text(const dnsprobe::ImportedList& list, const std::string& written);

/// A check of resolvers, for people and for programs.
struct HealthReport {
  std::vector<dnsprobe::Resolver> resolvers;
  std::vector<dnsprobe::Health> health;  ///< one each
  std::vector<std::string> notes;
  std::string remembered;  ///< the file; empty: not
};
/// A line each, the fastest first, those that cannot be asked at the end; then how many are how.
std::string health_as_text(const HealthReport& report);

}  // namespace cutover
