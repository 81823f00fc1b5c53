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
  /// Environment variables that give it where the plan does not, by the names that other tools use: the first that is
  /// set and not empty. A credential's count with _FILE behind them, too.
  std::span<const std::string_view> variables{};
};

struct Entry {
  std::string_view type;   ///< `rfc2136`
  std::string_view title;  ///< `DNS UPDATE (RFC 2136)`
  std::span<const OptionSpec> options;
  Result<std::unique_ptr<Provider>> (*make)(const ProviderConfig&, const Context&);
  /// What it can, as far as that hangs on no plan; nullptr: a program that is not part of this one says so.
  const Capabilities& (*capabilities)() = nullptr;
  std::string_view credentials{};  ///< where they come from beyond the options' variables: files, profiles. A sentence
  std::string_view rights{};       ///< the least that the credential has to be allowed. A sentence
  /// What becomes of an option that is not listed.
  enum class FurtherOptions { kRefused, kPassedOn } further_options = FurtherOptions::kRefused;
};

/// Every built-in provider: the one place where they are wired.
std::span<const Entry> catalog();
/// What a plan's `type` means: a built-in provider or, where a program `cutover-provider-TYPE` is on PATH, `external`.
/// kUsage: neither; the sentence lists the known types and says where the program was looked for.
Result<const Entry*> find_entry(std::string_view type);
/// kUsage for an unknown type (the sentence lists the known ones), an unknown option or a missing one, which neither
/// the configuration nor the environment gives.
Result<std::unique_ptr<Provider>> make_provider(const ProviderConfig& config, const Context& context);

}  // namespace cutover::providers
