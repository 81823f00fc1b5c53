#include "net/credential.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "core/text.h"
#include "net/loop.h"

namespace cutover::net {
namespace {

constexpr std::size_t kMaxSize = 64 * 1024;
constexpr mode_t kOthers = S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;

bool is_variable_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name)
    if (!fits(c)) return false;
  return true;
}

/// A file that only its owner can read, without the line end that editors put there.
Result<Secret> read_secret_file(const std::filesystem::path& path) {
  const auto bad = [&](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("the credential file {} cannot be used: {}", printable(path.string()), why));
  };
  // O_NONBLOCK: a pipe in its place must not hang us. The checks are made on what was opened, not on the name.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return bad(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, std::strerror(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return bad(ErrorCode::kIo, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return bad(ErrorCode::kInvalid, "it is not a regular file");
  if ((status.st_mode & kOthers) != 0)
    return bad(ErrorCode::kAuth,
               fmt::format("others than its owner can read or change it (mode {:04o}); run: chmod 600 {}",
                           status.st_mode & 07777U, printable(path.string())));
  std::string text;
  std::array<char, 4096> block{};
  while (true) {
    const auto got = read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return bad(ErrorCode::kIo, std::strerror(errno));
    if (got == 0) break;
    text.append(block.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxSize) return bad(ErrorCode::kInvalid, "it is larger than 64 KB");
  }
  text = std::string(trim(text));
  if (text.empty()) return bad(ErrorCode::kInvalid, "it is empty");
  return Secret(std::move(text));
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool names_a_file(const std::string& value) {
  std::error_code ignored;
  return value.size() < 4096 && value.find('\n') == std::string::npos &&
         std::filesystem::is_regular_file(value, ignored);
}

Result<Secret> read_variable(const std::string& name, const std::string& base_folder) {
  const auto bad = [&](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("the credential env/{} cannot be used: {}", name, why));
  };
  const auto value = variable(name);
  const auto file = variable(name + "_FILE");
  if (value && file) return bad(ErrorCode::kUsage, fmt::format("both {0} and {0}_FILE are set; unset one", name));
  if (file) {
    auto secret = read_secret_file(std::filesystem::path(base_folder) / *file);
    return secret ? std::move(secret)
                  : Result<Secret>(within(fmt::format("the credential env/{} ({}_FILE)", name, name), secret.error()));
  }
  if (!value) return bad(ErrorCode::kNotFound, fmt::format("neither {0} nor {0}_FILE is set in the environment", name));
  if (names_a_file(*value))
    return bad(ErrorCode::kUsage,
               fmt::format("{} holds the path of a file, not the secret; write file/PATH in the plan, or set {}_FILE",
                           name, name));
  const auto trimmed = trim(*value);
  if (trimmed.empty()) return bad(ErrorCode::kInvalid, fmt::format("{} is empty", name));
  return Secret(std::string(trimmed));
}

}  // namespace

Result<Secret> read_credential(std::string_view reference, const std::string& base_folder) {
  // The reference is never quoted when it has neither form: it may be the secret itself.
  if (reference.substr(0, 4) == "env/") {
    const std::string name(reference.substr(4));
    if (!is_variable_name(name))
      return fail(ErrorCode::kUsage,
                  "a credential env/NAME wants the name of an environment variable: letters, digits and _");
    return read_variable(name, base_folder);
  }
  if (reference.substr(0, 5) == "file/" && reference.size() > 5)
    return read_secret_file(std::filesystem::path(base_folder) / reference.substr(5));
  return fail(ErrorCode::kUsage, "a credential is given as env/NAME or file/PATH, never as the secret itself");
}

}  // namespace cutover::net
