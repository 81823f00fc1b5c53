#include "cmd/report/metrics_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/text.h"
#include "net/loop.h"

namespace cutover {
namespace {

Error cannot(const std::string& file, int error) {
  return fail(ErrorCode::kIo,
              fmt::format("--metrics {}: cannot be written: {}", printable(file), std::strerror(error)));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Result<void> check_metrics_file(const std::string& file) {
  const std::filesystem::path path(file);
  if (path.extension() != ".prom")
    return fail(ErrorCode::kUsage,
                fmt::format("--metrics {}: node_exporter's textfile collector reads only files whose "
                            "name ends with .prom; name it so",
                            printable(file)));
  std::error_code ignored;
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (!std::filesystem::is_directory(folder, ignored))
    return fail(ErrorCode::kUsage,
                fmt::format("--metrics {}: there is no folder {}", printable(file), printable(folder.string())));
  return {};
}

Result<void> write_metrics_file(const std::string& file, const std::string& text) {
  // The collector looks at *.prom alone, so what is being written is not seen.
  const std::string fresh = fmt::format("{}.{}.new", file, getpid());
  const net::Descriptor fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) return cannot(file, errno);
  if (fchmod(fd.get(), 0644) != 0 || !write_all(fd.get(), text) || rename(fresh.c_str(), file.c_str()) != 0) {
    const int error = errno;
    unlink(fresh.c_str());
    return cannot(file, error);
  }
  return {};
}

}  // namespace cutover
