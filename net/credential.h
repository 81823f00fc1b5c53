#pragma once
#include <string>
#include <string_view>

#include "core/result.h"

namespace cutover::net {

/// A secret read from where the plan points. Has no stream or format operator on purpose.
class Secret {
 public:
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }

 private:
  std::string value_;
};

/// Reads `env/NAME` (an environment variable, or NAME_FILE naming a file) or `file/PATH`; relative paths
/// start from `base_folder`. White space around the secret is dropped. Files that group or world can read
/// or write are refused (kAuth), and the error says the chmod to run. Where the value of env/NAME is itself
/// a path to an existing file, that is an error that says to use file/. kNotFound: there is no such variable
/// or file. No error quotes a value, nor a reference of neither form: that may be the secret.
Result<Secret> read_credential(std::string_view reference, const std::string& base_folder);

}  // namespace cutover::net
