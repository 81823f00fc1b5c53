#include "providers/external/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/text.h"
#include "net/loop.h"

extern "C" {  // glibc 2.36 says so nowhere
#include <sys/pidfd.h>
}

namespace cutover::providers::external {
namespace {

constexpr std::size_t kMostErrors = 64 * 1024;
constexpr std::size_t kLongestName = 64;

bool is_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  return !name.empty() && name.size() <= kLongestName && name[0] != '-' && std::all_of(name.begin(), name.end(), fits);
}

struct Pipe {
  net::Descriptor ours, theirs;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::kIo, fmt::format("no pipe to a program: {}", std::strerror(errno)));
  Pipe pipe{net::Descriptor(ends[0]), net::Descriptor(ends[1])};
  ::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

/// A file without a name: a pipe would have to be fed while the program writes, and breaks when it does not read.
Result<net::Descriptor> file_with(std::string_view text) {
  net::Descriptor file(::memfd_create("request", MFD_CLOEXEC));
  const auto bad = [] { return fail(ErrorCode::kIo, fmt::format("no input for a program: {}", std::strerror(errno))); };
  if (!file) return bad();
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return bad();
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return bad();
  return file;
}

/// What can be read now, until `text` is longer than `most`. False: nothing will ever come any more.
bool drain(int fd, std::string& text, std::size_t most) {
  std::array<char, 65536> block;
  while (text.size() <= most) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 && errno == EAGAIN;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  return true;
}

void keep_last(std::string& text, std::size_t most) {
  if (text.size() > most) text.erase(0, text.size() - most);
}

/// Starts it; the number of its process.
Result<pid_t> spawn(const Run& run, int input, int output, int errors) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, errors, 2);
  if (!run.folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, run.folder.c_str());
  // A process group of its own, so that it can be ended with everything it started; signals as a shell leaves them.
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&usual, number);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = run.program;
  std::vector<std::string> variables = run.environment;
  std::array<char*, 2> argv{name.data(), nullptr};
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  pid_t pid = -1;
  const int trouble = ::posix_spawn(&pid, name.c_str(), &actions, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (trouble != 0)
    return fail(ErrorCode::kIo, fmt::format("cannot start {} in {}: {}", printable(run.program), printable(run.folder),
                                            std::strerror(trouble)));
  return pid;
}

int reap(pid_t pid) {
  int raw = 0;
  while (::waitpid(pid, &raw, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

/// Hears it out. What it started and left behind may keep its pipes open: its own end is the end.
Ended hear(pid_t pid, const Run& run, int output, int errors) {
  Ended ended;
  const net::Descriptor process(::pidfd_open(pid, 0));
  const auto deadline = std::chrono::steady_clock::now() + run.limit;
  std::array<pollfd, 3> watched{{{output, POLLIN, 0}, {errors, POLLIN, 0}, {process.get(), POLLIN, 0}}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) ended.how = Ended::How::kOverran;
    if (ended.output.size() > run.most_output) ended.how = Ended::How::kTooMuch;
    if (ended.how != Ended::How::kExited) break;
    ::poll(watched.data(), watched.size(), static_cast<int>(std::min<long>(left.count(), 60'000)));
    const bool over = watched[2].revents != 0;
    if (!drain(output, ended.output, run.most_output)) watched[0].fd = -1;
    if (!drain(errors, ended.errors, 2 * kMostErrors)) watched[1].fd = -1;
    keep_last(ended.errors, kMostErrors);
    if (over && ended.output.size() <= run.most_output) break;
  }
  if (ended.how != Ended::How::kExited) ::kill(-pid, SIGKILL);
  ended.status = reap(pid);
  return ended;
}

}  // namespace

Result<std::string> find_program(std::string_view name) {
  if (!is_name(name))
    return fail(
        ErrorCode::kUsage,
        fmt::format("'{}' is no name of a provider program: small letters, digits, - and _ make one", printable(name)));
  const std::string file = "cutover-provider-" + std::string(name);
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path == nullptr ? "" : path, ':')) {
    if (!folder.starts_with('/')) continue;  // "wherever you happen to be" is no place for programs that hold keys
    std::string candidate = folder + (folder.ends_with('/') ? "" : "/") + file;
    struct stat status {};
    if (::stat(candidate.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || ::access(candidate.c_str(), X_OK) != 0)
      continue;
    if ((status.st_mode & S_IWOTH) != 0)
      return fail(ErrorCode::kAuth, fmt::format("the program {0} is not run: everybody can change it (mode {1:04o}); "
                                                "run: chmod o-w {0}",
                                                printable(candidate), status.st_mode & 07777U));
    return candidate;
  }
  return fail(ErrorCode::kNotFound, fmt::format("no folder of PATH has an executable {} (looked in {})", file,
                                                path == nullptr ? "none: PATH is not set" : printable(path)));
}

Result<Ended> run(const Run& run) {
  auto input = file_with(run.input);
  if (!input) return input.error();
  auto output = make_pipe();
  if (!output) return output.error();
  auto errors = make_pipe();
  if (!errors) return errors.error();
  auto pid = spawn(run, input->get(), output->theirs.get(), errors->theirs.get());
  if (!pid) return pid.error();
  output->theirs = net::Descriptor();
  errors->theirs = net::Descriptor();
  return hear(*pid, run, output->ours.get(), errors->ours.get());
}

}  // namespace cutover::providers::external
