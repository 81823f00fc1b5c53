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
/// An exclusive flock on a file, held until destroyed. Others that replace the file by rename are followed: what is
/// locked is always the file that stands at the path.
class FileLock {
 public:
  /// Waits up to five seconds; kBusy afterwards. kNotFound: there is no such file.
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  friend Result<void> replace_file(const std::string& path, std::string_view text, FileLock* lock);
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

/// Puts `text` in the place of the file at once or not at all: a temporary file beside it, fsync, rename, fsync of
/// the folder. Mode and owner stay; a symbolic link stays one, and what it points to is replaced. `lock`, where given,
/// passes to the new file without a gap. kIo: nothing changed.
Result<void> replace_file(const std::string& path, std::string_view text, FileLock* lock = nullptr);
/// Removes a file and makes that durable; one that is not there is no error.
Result<void> remove_file(const std::string& path);

/// One word for a POSIX shell, in single quotes.
std::string shell_quote(std::string_view word);

}  // namespace cutover::providers
