#include "cmd/plan/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/text.h"

namespace cutover {
namespace {

/// As much of a program's output as is kept; the rest is read and dropped so that it never blocks.
constexpr std::size_t kMostOutput = 4096;
constexpr std::size_t kMostShown = 200;

/// A file without a name that holds the input: unlike a pipe it takes all of it at once, read or not.
net::Descriptor input_of(const std::string& text) {
  if (text.empty()) return net::Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
  net::Descriptor file(memfd_create("input", MFD_CLOEXEC));
  for (std::size_t at = 0; file && at < text.size();) {
    const auto n = write(file.get(), text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return {};
    at += static_cast<std::size_t>(n);
  }
  if (file) lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// Between fork and exec: only what is async-signal-safe.
[[noreturn]] void become(const std::vector<char*>& argv, const char* folder, int input, int output, int error_pipe) {
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const bool ready = dup2(input, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0 && chdir(folder) == 0;
  if (ready) execvp(argv[0], argv.data());
  const int error = errno;
  [[maybe_unused]] const auto written = write(error_pipe, &error, sizeof error);
  _exit(127);
}

}  // namespace

Program::Program(const std::vector<std::string>& command, const std::string& folder, std::chrono::milliseconds timeout,
                 const std::string& input)
    : deadline_(std::chrono::steady_clock::now() + timeout) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const net::Descriptor in = input_of(input);
  int output[2] = {-1, -1};
  int errors[2] = {-1, -1};
  over_ = true;
  if (!in || pipe2(output, O_CLOEXEC) != 0) {
    ended_.start_error = errno;
    return;
  }
  output_ = net::Descriptor(output[0]);
  const net::Descriptor out(output[1]);
  if (pipe2(errors, O_CLOEXEC) != 0) {
    ended_.start_error = errno;
    return;
  }
  const net::Descriptor error_in(errors[0]);
  net::Descriptor error_out(errors[1]);
  fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  pid_ = fork();
  if (pid_ == 0) become(argv, folder.c_str(), in.get(), out.get(), error_out.get());
  ended_.start_error = errno;
  error_out = {};
  if (pid_ < 0) return;
  setpgid(pid_, pid_);  // both sides do it, so that the group is there whoever comes first
  // The pipe closes without a word when the program has taken over.
  ended_.started = read(error_in.get(), &ended_.start_error, sizeof ended_.start_error) == 0;
  over_ = false;
}

Program::~Program() {
  if (!over_) kill_group();
}

void Program::kill_group() {
  kill(-pid_, SIGKILL);
  waitpid(pid_, &ended_.status, 0);
  over_ = true;
}

bool Program::step() {
  if (over_) return true;
  std::array<char, 4096> buffer{};
  while (output_) {
    const auto n = read(output_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) {
      output_ = {};
      break;
    }
    ended_.output.append(buffer.data(), std::min(static_cast<std::size_t>(n),
                                                 kMostOutput - std::min(kMostOutput, ended_.output.size())));
  }
  // Its output may be held open by a grandchild after it has ended: then the timeout ends both.
  if (!output_ && waitpid(pid_, &ended_.status, WNOHANG) == pid_) {
    ended_.in_time = true;
    over_ = true;
  } else if (std::chrono::steady_clock::now() >= deadline_) {
    kill_group();
  }
  return over_;
}

const Program::Ended& Program::wait() {
  while (!step()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
    pollfd output{output_.get(), POLLIN, 0};
    // Once it has closed its output only its end is to be waited for, which no descriptor tells.
    poll(&output, output_ ? 1 : 0, output_ ? static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000)) : 5);
  }
  return ended_;
}

std::string first_line_of(const Program::Ended& ended) {
  const auto trimmed = trim(ended.output);
  std::string line = printable(trimmed.substr(0, trimmed.find('\n')));
  if (line.size() > kMostShown) line = line.substr(0, kMostShown) + "...";
  return line;
}

std::string trouble_of(const Program::Ended& ended, std::chrono::milliseconds timeout) {
  const std::string line = first_line_of(ended);
  const std::string evidence = line.empty() ? "" : ": " + line;
  if (!ended.started) return fmt::format("could not be started: {}", std::strerror(ended.start_error));
  if (!ended.in_time) return fmt::format("did not end within {} and was killed{}", format_duration(timeout), evidence);
  if (WIFSIGNALED(ended.status)) return fmt::format("was ended by signal {}{}", WTERMSIG(ended.status), evidence);
  if (WEXITSTATUS(ended.status) != 0) return fmt::format("ended with status {}{}", WEXITSTATUS(ended.status), evidence);
  return {};
}

}  // namespace cutover
