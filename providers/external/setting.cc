#include "providers/external/setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "core/text.h"
#include "providers/external/program.h"
#include "providers/file.h"

namespace cutover::providers::external {
namespace {

constexpr std::array<std::string_view, 4> kOwn{"name", "timeout", "environment", "expects"};
constexpr std::array<std::string_view, 6> kSecretEndings{"key", "token", "secret", "password", "passwd", "credential"};
constexpr std::chrono::seconds kLongestLimit{3600};

bool is_variable(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), fits);
}

bool sounds_secret(const std::string& option) {
  const std::string name = to_lower(option);
  return std::any_of(kSecretEndings.begin(), kSecretEndings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

void pass_variable(Setting& setting, const std::string& name) {
  setting.variables.push_back(name);
  if (const char* value = std::getenv(name.c_str())) setting.environment.push_back(name + "=" + value);
}

/// One option that the program gets. Credentials stay references: neither argv nor a journal ever holds one.
Result<void> pass_option(Setting& setting, const std::string& name, const std::string& value,
                         const std::string& folder) {
  const bool from_variable = value.starts_with("env/"), from_file = value.starts_with("file/");
  if (!from_variable && !from_file) {
    if (sounds_secret(name))
      return fail(ErrorCode::kUsage, fmt::format("the option '{}' sounds like a secret, which no plan holds: write "
                                                 "env/NAME or file/PATH",
                                                 printable(name)));
    setting.options[name] = value;
    return {};
  }
  auto secret = net::read_credential(value, folder);
  if (!secret) return within(fmt::format("the option '{}'", printable(name)), secret.error());
  setting.secrets.push_back(std::move(*secret));
  if (from_file) {
    setting.options[name] = "file/" + std::filesystem::absolute(path_from(folder, value.substr(5))).string();
    return {};
  }
  setting.options[name] = value;
  pass_variable(setting, value.substr(4));
  pass_variable(setting, value.substr(4) + "_FILE");
  return {};
}

Result<void> read_limit(Setting& setting, const std::string& text) {
  const auto limit = parse_duration(text);
  if (!limit || limit->count() < 1 || *limit > kLongestLimit)
    return fail(ErrorCode::kUsage,
                fmt::format("the option 'timeout' is a time from 1s to 1h, and not '{}'", printable(text)));
  setting.limit = std::chrono::seconds(limit->count());
  return {};
}

/// `atomic=zone compare_and_swap=values_and_ttl`
Result<void> read_expectations(Setting& setting, const std::string& text) {
  for (const std::string& word : split(text, ' ')) {
    if (word.empty()) continue;
    const auto sign = word.find('=');
    if (sign == std::string::npos || sign == 0)
      return fail(ErrorCode::kUsage,
                  fmt::format("the option 'expects' is written atomic=zone compare_and_swap=values_and_ttl, and '{}' "
                              "is not of that form",
                              printable(word)));
    setting.expects[word.substr(0, sign)] = word.substr(sign + 1);
  }
  return {};
}

Result<void> read_environment(Setting& setting, const std::string& text) {
  for (const std::string& name : split(text, ' ')) {
    if (name.empty()) continue;
    if (!is_variable(name))
      return fail(ErrorCode::kUsage, fmt::format("the option 'environment' lists names of environment variables, "
                                                 "separated by spaces, and '{}' is none",
                                                 printable(name)));
    pass_variable(setting, name);
  }
  return {};
}

}  // namespace

Result<Setting> read_setting(const std::string& name, const ProviderConfig& config) {
  Setting setting;
  auto program = find_program(name);
  if (!program) return program.error();
  setting.program = std::move(*program);
  setting.folder = std::filesystem::absolute(config.base_folder.empty() ? "." : config.base_folder).string();
  for (const char* always : {"PATH", "HOME"})
    if (const char* value = std::getenv(always)) setting.environment.push_back(fmt::format("{}={}", always, value));
  for (const auto& option : config.options) {
    Result<void> taken;
    if (option.first == "timeout")
      taken = read_limit(setting, option.second);
    else if (option.first == "environment")
      taken = read_environment(setting, option.second);
    else if (option.first == "expects")
      taken = read_expectations(setting, option.second);
    else if (std::find(kOwn.begin(), kOwn.end(), option.first) == kOwn.end())
      taken = pass_option(setting, option.first, option.second, config.base_folder);
    if (!taken) return within(fmt::format("the provider program {}", printable(setting.program)), taken.error());
  }
  return setting;
}

}  // namespace cutover::providers::external
