#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/credential.h"
#include "providers/provider.h"

namespace cutover::providers::external {

/// What a plan says about a program, checked.
struct Setting {
  std::string program;  ///< absolute path
  std::string folder;   ///< the plan's, absolute: the program runs there
  /// What is passed on: everything but this bridge's own options; `file/PATH` with an absolute path.
  std::map<std::string, std::string> options;
  std::vector<std::string> environment;  ///< NAME=value, all that the program gets
  std::vector<std::string> variables;    ///< names of the environment that the options are about
  std::optional<std::chrono::seconds> limit;
  std::map<std::string, std::string> expects;  ///< capability and the word that the plan relies on
  std::vector<net::Secret> secrets;            ///< what the references hold: to be struck out of what the program says
};

/// kUsage, kNotFound, kAuth; no sentence holds a secret.
Result<Setting> read_setting(const std::string& name, const ProviderConfig& config);

}  // namespace cutover::providers::external
