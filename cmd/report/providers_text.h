#pragma once
#include <span>
#include <string>
#include <vector>

#include "providers/catalog.h"

namespace cutover {

/// One thing that a provider can or cannot do, as every form tells it.
struct ProviderTrait {
  std::string_view key;   ///< `ttl_floor`
  std::string_view name;  ///< `lowest TTL`
  std::string value;      ///< `60 s`, `any`, `none`
  std::string_view why, verified;
};
/// In the order in which they are told; empty where a program outside says it.
std::vector<ProviderTrait> traits_of(const providers::Entry& entry);

/// A line for each provider.
std::string providers_as_text(std::span<const providers::Entry> entries);
/// The same as a table in Markdown, each with a link to its README, from the top folder of the source.
std::string providers_as_markdown(std::span<const providers::Entry> entries);
/// Everything about one.
std::string provider_as_text(const providers::Entry& entry);

}  // namespace cutover
