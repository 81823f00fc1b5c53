// Arbitrary text as a list of one's own, as the catalogue, as the table of client subnets and as what checks found.
// What is read can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dnsprobe/catalogue.h"
#include "dnsprobe/ecs.h"
#include "dnsprobe/health_file.h"
#include "dnsprobe/resolver_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover::dnsprobe;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto list = parse_resolver_list(text, "list")) {
    const auto again = parse_resolver_list(resolver_list_text(*list, ""), "list");
    if (!again || again->size() != list->size()) std::abort();
  }
  if (const auto entries = parse_catalogue(text, "catalogue"))
    for (const CatalogueEntry& entry : *entries)
      for (const auto transport : transports_of(entry))
        if (!parse_resolver(resolver_text(resolver_of(entry, transport)))) std::abort();
  if (const auto book = parse_health(text, "book")) {
    const auto again = parse_health(health_text(*book), "book");
    if (!again || again->size() > book->size()) std::abort();
  }
  if (const auto rows = parse_ecs_prefixes(text, "networks"))
    for (const EcsRow& row : *rows)
      if (!parse_subnet(row.network.subnet.text())) std::abort();
  return 0;
}
