#include "providers/environment.h"

#include <cstdlib>

#include "core/text.h"

namespace cutover::providers {
namespace {

constexpr const char* kFile = "_FILE";

/// The value without white space around it; empty: as if it were not set, which is how many CI systems hand on a
/// secret that nobody has given them.
std::string value_of(const Variables& variables, const std::string& name) {
  return std::string(trim(variables(name).value_or("")));
}

std::string given_by(const OptionSpec& option, const Variables& variables) {
  for (const std::string_view each : option.variables) {
    const std::string name(each);
    std::string value = value_of(variables, name);
    if (!option.is_credential && !value.empty()) return value;
    if (option.is_credential && (!value.empty() || !value_of(variables, name + kFile).empty())) return "env/" + name;
  }
  return "";
}

}  // namespace

std::optional<std::string> variable_of_process(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

ProviderConfig with_environment(ProviderConfig config, std::span<const OptionSpec> options,
                                const Variables& variables) {
  for (const OptionSpec& option : options) {
    std::string& value = config.options[std::string(option.name)];
    if (value.empty()) value = given_by(option, variables);
    if (value.empty()) config.options.erase(std::string(option.name));
  }
  return config;
}

std::vector<std::string> variables_of(const OptionSpec& option) {
  std::vector<std::string> names;
  for (const std::string_view each : option.variables) {
    names.emplace_back(each);
    if (option.is_credential) names.push_back(names.back() + kFile);
  }
  return names;
}

}  // namespace cutover::providers
