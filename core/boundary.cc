#include "core/boundary.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace cutover {
namespace {

/// True the K-th time `name` is reached, where the environment variable holds NAME or NAME#K.
bool is_due(const char* variable, std::string_view name, int& seen) {
  const char* wanted = std::getenv(variable);
  if (wanted == nullptr) return false;
  std::string_view target(wanted);
  int nth = 1;
  if (const auto hash = target.find('#'); hash != std::string_view::npos) {
    nth = std::atoi(std::string(target.substr(hash + 1)).c_str());
    target = target.substr(0, hash);
  }
  return target == name && ++seen == nth;
}

}  // namespace

void boundary(std::string_view name) {
  if (const char* log = std::getenv("CUTOVER_BOUNDARY_LOG"); log != nullptr) {
    if (const int fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600); fd >= 0) {
      const std::string line = std::string(name) + "\n";
      [[maybe_unused]] const auto written = write(fd, line.data(), line.size());
      close(fd);
    }
  }
  static int kills_seen = 0;
  static int pauses_seen = 0;
  if (is_due("CUTOVER_KILL_AT", name, kills_seen)) kill(getpid(), SIGKILL);
  if (is_due("CUTOVER_PAUSE_AT", name, pauses_seen)) raise(SIGSTOP);
}

}  // namespace cutover
