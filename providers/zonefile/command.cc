#include "providers/zonefile/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>

#include "core/text.h"

namespace cutover::providers::zonefile {
namespace {

constexpr off_t kMostOutput = 65536;

/// A file without a name that takes the output: a pipe would stay open as long as a daemon that the command started.
std::string text_of(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  const off_t from = size > kMostOutput ? size - kMostOutput : 0;
  std::string text(static_cast<std::size_t>(size - from), '\0');
  const ssize_t got = ::pread(fd, text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

/// The raw wait status, or nullopt when the time was up first.
std::optional<int> wait_for(pid_t pid, std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  int raw = 0;
  while (::waitpid(pid, &raw, WNOHANG) != pid) {
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return raw;
}

}  // namespace

Result<Finished> run_command(const std::string& command, const std::string& folder, std::chrono::seconds limit) {
  const int output = ::memfd_create("publish", MFD_CLOEXEC);
  if (output < 0)
    return fail(ErrorCode::kIo, fmt::format("cannot keep the output of a command: {}", std::strerror(errno)));
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  // A process group of its own, so that a command that hangs can be ended with everything it started.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::string shell = "sh", option = "-c", copy = command;
  std::array<char*, 4> argv{shell.data(), option.data(), copy.data(), nullptr};
  pid_t pid = -1;
  const int trouble = ::posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (trouble != 0) {
    ::close(output);
    return fail(ErrorCode::kIo, fmt::format("cannot run /bin/sh in {}: {}", printable(folder), std::strerror(trouble)));
  }

  const std::optional<int> raw = wait_for(pid, limit);
  const std::string said = text_of(output);
  ::close(output);
  if (!raw) {
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail(ErrorCode::kTimeout, fmt::format("it took longer than {} s and was ended", limit.count()));
  }
  return Finished{WIFEXITED(*raw) ? WEXITSTATUS(*raw) : 128 + WTERMSIG(*raw), said};
}

}  // namespace cutover::providers::zonefile
