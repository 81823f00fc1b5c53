#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "dnsprobe/resolver.h"

namespace cutover::dnsprobe {

/// What one resolver says: a verdict's number, or that of a group of equal answers.
struct Opinion {
  std::size_t resolver = 0;  ///< index into the resolvers
  std::size_t answer = 0;    ///< below the number of answers
};

/// How the voices of a country, or of the world, are divided.
struct Share {
  std::string country;         ///< ISO 3166 alpha-2; empty: everybody, wherever they are
  std::size_t resolvers = 0;   ///< that have an opinion
  std::size_t operators = 0;   ///< the same: how many voices there are
  std::vector<double> weight;  ///< by answer; they add up to 1, or are all 0 where nobody has an opinion
};

struct Shares {
  Share everybody;
  std::vector<Share> countries;  ///< sorted by country; only where somebody has an opinion
};

/// Divides voices among answers. Pure. An operator is one voice, however many addresses it has: what its resolvers say
/// shares its one voice in equal parts, in the world and again in each country where it has resolvers. A resolver may
/// have several opinions (one for each record set); they share its part. A resolver that is_placeless() counts in no
/// country.
Shares shares_of(const std::vector<Resolver>& resolvers, const std::vector<Opinion>& opinions, std::size_t answers);

/// Whether nobody knows where the machine stands that answers: no country, or an anycast address of no known site. It
/// is no dot on a map.
bool is_placeless(const Resolver& resolver);

}  // namespace cutover::dnsprobe
