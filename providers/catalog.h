#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "providers/provider.h"

namespace cutover::providers {

/// One option of the plan's `provider:` mapping.
struct OptionSpec {
  std::string_view name;
  std::string_view what;  ///< one line for the schema and for `providers show`
  bool required = false;
  bool is_credential = false;  ///< env/NAME or file/PATH
};

struct Entry {
  std::string_view type;   ///< `rfc2136`
  std::string_view title;  ///< `DNS UPDATE (RFC 2136)`
  std::span<const OptionSpec> options;
  Result<std::unique_ptr<Provider>> (*make)(const ProviderConfig&, const Context&);
};

/// Every built-in provider: the one place where they are wired.
std::span<const Entry> catalog();
/// kUsage for an unknown type (the sentence lists the known ones), an unknown option or a missing one.
Result<std::unique_ptr<Provider>> make_provider(const ProviderConfig& config, const Context& context);

}  // namespace cutover::providers
