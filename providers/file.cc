#include "providers/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "core/text.h"

namespace cutover::providers {
namespace {

Error trouble(std::string_view doing, const std::string& path) {
  const int code = errno;
  return fail(code == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("cannot {} {}: {}", doing, printable(path), std::strerror(code)));
}

/// A descriptor for the length of a function.
struct Open {
  int fd;
  explicit Open(int descriptor) : fd(descriptor) {}
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  ~Open() {
    if (fd >= 0) ::close(fd);
  }
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

Result<void> sync_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  const Open at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (at.fd < 0 || ::fsync(at.fd) != 0) return trouble("sync the folder", folder);
  return {};
}

std::string beside(const std::string& path, std::string_view suffix) {
  const std::filesystem::path file(path);
  return (file.parent_path() / fmt::format(".{}.{}", file.filename().string(), suffix)).string();
}

}  // namespace

std::string path_from(const std::string& base_folder, const std::string& path) {
  const std::filesystem::path given(path);
  return given.is_absolute() || base_folder.empty() ? path : (std::filesystem::path(base_folder) / given).string();
}

Result<std::string> read_file(const std::string& path) {
  const Open file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return trouble("open", path);
  std::string text;
  std::array<char, 65536> chunk{};
  while (true) {
    const ssize_t got = ::read(file.fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return trouble("read", path);
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

Result<void> replace_file(const std::string& given, std::string_view text, FileLock* lock) {
  std::error_code no_link;
  const std::filesystem::path resolved = std::filesystem::canonical(given, no_link);
  const std::string path = no_link ? given : resolved.string();
  const std::string temporary = beside(path, fmt::format("new-{}", ::getpid()));
  struct stat was {};
  const bool existed = ::stat(path.c_str(), &was) == 0;
  Open file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, existed ? 0600 : 0644));
  if (file.fd < 0) return trouble("create", temporary);
  // An owner that cannot be kept (not root) is left as it is; the mode then still fits.
  if (existed && (was.st_uid != ::geteuid() || was.st_gid != ::getegid()))
    if (::fchown(file.fd, was.st_uid, was.st_gid) != 0) errno = 0;
  const bool written = (!existed || ::fchmod(file.fd, was.st_mode & 07777) == 0) && write_all(file.fd, text) &&
                       ::fsync(file.fd) == 0 && (lock == nullptr || ::flock(file.fd, LOCK_EX | LOCK_NB) == 0);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = trouble(written ? "replace" : "write", written ? path : temporary);
    ::unlink(temporary.c_str());
    return error;
  }
  if (lock != nullptr) *lock = FileLock(std::exchange(file.fd, -1));
  return sync_folder(path);
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return trouble("remove", path);
  }
  return sync_folder(path);
}

Result<FileLock> FileLock::take(const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (true) {
    FileLock lock(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (lock.fd_ < 0) return trouble("open", path);
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) == 0) {
      struct stat locked {
      }, at_path{};
      if (::fstat(lock.fd_, &locked) == 0 && ::stat(path.c_str(), &at_path) == 0 && locked.st_ino == at_path.st_ino &&
          locked.st_dev == at_path.st_dev)
        return lock;
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
      return trouble("lock", path);
    }
    if (std::chrono::steady_clock::now() >= deadline)
      return fail(ErrorCode::kBusy, fmt::format("another process holds {}; nothing was changed", printable(path)));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

std::string shell_quote(std::string_view word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace cutover::providers
