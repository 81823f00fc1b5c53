#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "providers/catalog.h"

namespace cutover::providers {

/// How an environment variable is looked up; nullopt: it is not set.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;
/// In this process's own environment.
std::optional<std::string> variable_of_process(const std::string& name);

/// The configuration with what the environment gives for options that it leaves out or leaves empty: of an option's
/// `variables` the first that is set to more than white space. A credential becomes `env/NAME`, so that its value goes
/// no further; another option the value itself.
ProviderConfig with_environment(ProviderConfig config, std::span<const OptionSpec> options,
                                const Variables& variables = variable_of_process);

/// The names in the order they are looked at: `PDNS_API_KEY`, `PDNS_API_KEY_FILE`.
std::vector<std::string> variables_of(const OptionSpec& option);

}  // namespace cutover::providers
