#pragma once
#include <string>
#include <string_view>

#include "core/result.h"

namespace cutover::providers {

// Files that providers keep zones in. Paths in errors are printable.

/// `path` as it stands when absolute, else below `base_folder`.
std::string path_from(const std::string& base_folder, const std::string& path);
/// The whole file. kNotFound, kIo.
Result<std::string> read_file(const std::string& path);
/// Puts `text` in the place of the file at once or not at all: a temporary file beside it, fsync, rename, fsync of
/// the folder. Mode and owner stay; a symbolic link stays one, and what it points to is replaced. kIo: nothing changed.
Result<void> replace_file(const std::string& path, std::string_view text);
/// Removes a file and makes that durable; one that is not there is no error.
Result<void> remove_file(const std::string& path);

/// An exclusive flock, held until destroyed, on the folder's lock file `.NAME.lock` beside `path`: the file itself
/// is replaced by rename, which would leave a lock on it behind.
class FileLock {
 public:
  /// Waits up to five seconds; kBusy afterwards.
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

/// One word for a POSIX shell, in single quotes.
std::string shell_quote(std::string_view word);

}  // namespace cutover::providers
