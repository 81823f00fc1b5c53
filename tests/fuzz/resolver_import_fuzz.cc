// Arbitrary text as a list of public resolvers. What is taken can be written down as a list of one's own and read back
// as itself; every row is accounted for.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dnsprobe/import.h"
#include "dnsprobe/resolver_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover::dnsprobe;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto list = import_list(text, ImportAddresses::kAny);
  if (!list) {
    if (list.error().message.empty()) std::abort();
    return 0;
  }
  std::size_t left_out = 0;
  for (const auto& [reason, count] : list->left_out) left_out += count;
  if (list->resolvers.size() + list->duplicates + list->bad_rows + left_out != list->rows) std::abort();
  const auto again = parse_resolver_list(resolver_list_text(list->resolvers, "fuzz"), "list");
  if (!again || again->size() != list->resolvers.size()) std::abort();
  for (std::size_t i = 0; i < again->size(); ++i) {
    const Resolver &before = list->resolvers[i], &after = (*again)[i];
    if (after.id != before.id || after.source != Source::kImported || after.endpoint != before.endpoint ||
        after.url != before.url || after.tls_name != before.tls_name || after.country != before.country)
      std::abort();
  }
  return 0;
}
