#include "dnsprobe/share.h"

#include <map>
#include <unordered_map>

#include "core/text.h"

namespace cutover::dnsprobe {

namespace {

/// One operator, in one country or anywhere.
struct Voice {
  std::size_t resolvers = 0;
  std::vector<double> weight;  ///< by answer; one for each of its resolvers
};

using Voices = std::map<std::string, Voice>;

void add(Voice& voice, const std::vector<std::size_t>& answers, std::size_t count) {
  voice.weight.resize(count);
  ++voice.resolvers;
  for (const std::size_t answer : answers) voice.weight[answer] += 1.0 / static_cast<double>(answers.size());
}

Share share_of(std::string country, const Voices& voices, std::size_t answers) {
  Share out;
  out.country = std::move(country);
  out.operators = voices.size();
  out.weight.resize(answers);
  for (const auto& [name, voice] : voices) {
    out.resolvers += voice.resolvers;
    for (std::size_t i = 0; i < answers; ++i)
      out.weight[i] += voice.weight[i] / static_cast<double>(voice.resolvers * voices.size());
  }
  return out;
}

}  // namespace

bool is_placeless(const Resolver& resolver) {
  return resolver.country.empty() || (resolver.anycast && !resolver.location);
}

Shares shares_of(const std::vector<Resolver>& resolvers, const std::vector<Opinion>& opinions, std::size_t answers) {
  std::unordered_map<std::size_t, std::vector<std::size_t>> said;
  for (const Opinion& opinion : opinions)
    if (opinion.resolver < resolvers.size() && opinion.answer < answers)
      said[opinion.resolver].push_back(opinion.answer);
  Voices world;
  std::map<std::string, Voices> by_country;
  for (const auto& [index, of_it] : said) {
    const Resolver& resolver = resolvers[index];
    const std::string name = to_lower(resolver.operator_name);
    add(world[name], of_it, answers);
    if (!is_placeless(resolver)) add(by_country[resolver.country][name], of_it, answers);
  }
  Shares out;
  out.everybody = share_of("", world, answers);
  for (const auto& [country, voices] : by_country) out.countries.push_back(share_of(country, voices, answers));
  return out;
}

}  // namespace cutover::dnsprobe
