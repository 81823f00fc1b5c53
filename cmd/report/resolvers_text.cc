#include "cmd/report/resolvers_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "cmd/report/columns.h"
#include "core/text.h"

namespace cutover {
namespace {

std::string where(const dnsprobe::CatalogueEntry& entry) {
  if (entry.place.empty()) return entry.anycast ? "(anycast)" : "";
  return entry.place;
}

std::string ways(const dnsprobe::CatalogueEntry& entry) {
  std::vector<std::string> out;
  for (const dnsprobe::Transport transport : dnsprobe::transports_of(entry)) out.emplace_back(to_text(transport));
  return join(out, ",");
}

std::string address(const dnsprobe::CatalogueEntry& entry) {
  const auto transport = dnsprobe::transports_of(entry).front();
  return dnsprobe::resolver_text(dnsprobe::resolver_of(entry, transport));
}

std::string footer(const std::vector<dnsprobe::CatalogueEntry>& entries) {
  std::set<std::string> operators, countries;
  std::set<dnsprobe::Continent> continents;
  for (const dnsprobe::CatalogueEntry& entry : entries) {
    operators.insert(entry.operator_name);
    if (entry.country.empty()) continue;
    countries.insert(entry.country);
    if (const auto continent = dnsprobe::continent_of(entry.country)) continents.insert(*continent);
  }
  const auto plural = [](std::size_t n, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", n, n == 1 ? one : many);
  };
  return fmt::format("{} of {} in {} on {}\n", counted(entries.size(), "service"),
                     counted(operators.size(), "operator"), plural(countries.size(), "country", "countries"),
                     counted(continents.size(), "continent"));
}

}  // namespace

std::string catalogue_as_text(const std::vector<dnsprobe::CatalogueEntry>& entries) {
  if (entries.empty()) return "no service of the built-in list is like that\n";
  Columns columns({"OPERATOR", "CC", "PLACE", "RESOLVER", "SPEAKS", "FILTERS", "DNSSEC", "ECS", "SERVICE"});
  for (const dnsprobe::CatalogueEntry& entry : entries)
    columns.add({entry.operator_name, entry.country, where(entry), address(entry), ways(entry), entry.filtering,
                 std::string(to_text(entry.dnssec)), std::string(to_text(entry.ecs)), entry.service});
  return columns.text() + "\n" + footer(entries);
}

std::string import_as_text(const dnsprobe::ImportedList& list, const std::string& written) {
  std::string out = fmt::format("read as {}: {}\n", list.form, counted(list.rows, "row"));
  out += fmt::format("  {:>7} taken\n", list.resolvers.size());
  if (list.duplicates > 0) out += fmt::format("  {:>7} there already\n", list.duplicates);
  for (const auto& [reason, count] : list.left_out)
    out += fmt::format("  {:>7} not spoken by this program: {}\n", count, printable(reason));
  if (list.bad_rows > 0) out += fmt::format("  {:>7} bad, named above by their lines\n", list.bad_rows);
  out += fmt::format("written to {}\n", printable(written));
  out += fmt::format("next: they count only once they were seen to answer: `cutover resolvers check --list {}`\n",
                     printable(written));
  return out;
}

std::string health_as_text(const HealthReport& report) {
  using dnsprobe::Condition;
  std::vector<std::size_t> order(report.resolvers.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const dnsprobe::Health &left = report.health[a], &right = report.health[b];
    if (left.condition != right.condition) return left.condition < right.condition;
    return left.condition == Condition::kAnswers && left.rtt < right.rtt;
  });
  const auto known = [](dnsprobe::Known value) {
    return value == dnsprobe::Known::kUnknown ? std::string() : std::string(to_text(value));
  };
  Columns columns({"RESOLVER", "CONDITION", "MS", "FILTERS", "REWRITES", "VALIDATES", "TTL AT LEAST", "DETAIL"});
  std::array<std::size_t, 4> counts{};
  for (const std::size_t i : order) {
    const dnsprobe::Health& health = report.health[i];
    ++counts[static_cast<std::size_t>(health.condition)];
    columns.add({report.resolvers[i].id, std::string(to_text(health.condition)),
                 health.rtt ? fmt::format("{:.1f}", static_cast<double>(health.rtt->count()) / 1000.0) : "",
                 known(health.filters), known(health.rewrites), known(health.validates),
                 health.ttl_floor ? fmt::format("{} s", health.ttl_floor->count()) : "", health.detail});
  }
  std::string out = report.resolvers.empty() ? std::string() : columns.text() + "\n";
  out += fmt::format("{} checked: {} answer, {} mislead, {} refuse, {} silent\n",
                     counted(report.resolvers.size(), "resolver"), counts[0], counts[1], counts[2], counts[3]);
  for (const std::string& note : report.notes) out += "note: " + printable(note) + "\n";
  if (!report.remembered.empty()) out += fmt::format("remembered for seven days in {}\n", printable(report.remembered));
  return out;
}

}  // namespace cutover
