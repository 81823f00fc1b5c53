#include "cmd/plan/external_gate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "net/http.h"

namespace cutover {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

/// As much of a program's output as is kept; the rest is read and dropped so that it never blocks.
constexpr std::size_t kMostOutput = 4096;
constexpr std::size_t kMostEvidence = 200;

/// How a program ended.
struct Ended {
  bool started = false;
  bool in_time = false;
  int status = 0;       ///< as waitpid() gives it; valid when started and in time
  int start_error = 0;  ///< errno of execvp, when it did not start
  std::string output;
};

int milliseconds_left(Deadline deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
}

/// Between fork and exec: only what is async-signal-safe.
[[noreturn]] void become(const std::vector<char*>& argv, const char* folder, int output, int error_pipe) {
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY);
  const bool ready =
      nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0 && chdir(folder) == 0;
  if (ready) execvp(argv[0], argv.data());
  const int error = errno;
  [[maybe_unused]] const auto written = write(error_pipe, &error, sizeof error);
  _exit(127);
}

/// Reads until the writer closes it or the deadline passes; true in the first case.
bool read_all(int fd, Deadline deadline, std::string& output) {
  std::array<char, 4096> buffer{};
  while (true) {
    pollfd wait{fd, POLLIN, 0};
    const int left = milliseconds_left(deadline);
    const int ready = poll(&wait, 1, left);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const auto n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    output.append(buffer.data(),
                  std::min(static_cast<std::size_t>(n), kMostOutput - std::min(kMostOutput, output.size())));
  }
}

/// Waits for the child to end; false when the deadline passes first.
bool wait_for(pid_t pid, Deadline deadline, int& status) {
  while (true) {
    const pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid) return true;
    if (ended < 0 && errno != EINTR) return false;
    if (milliseconds_left(deadline) == 0) return false;
    poll(nullptr, 0, 5);
  }
}

Ended run(const std::vector<std::string>& command, const std::string& folder, std::chrono::milliseconds timeout) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  int output[2] = {-1, -1};
  int errors[2] = {-1, -1};
  Ended ended;
  if (pipe2(output, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0) {
    ended.start_error = errno;
    for (const int fd : {output[0], output[1]})
      if (fd >= 0) close(fd);
    return ended;
  }
  const net::Descriptor out(output[0]), err(errors[0]);
  const pid_t pid = fork();
  if (pid == 0) become(argv, folder.c_str(), output[1], errors[1]);
  ended.start_error = errno;
  close(output[1]);
  close(errors[1]);
  if (pid < 0) return ended;
  setpgid(pid, pid);  // both sides do it, so that the group is there whoever comes first
  // The pipe closes without a word when the program has taken over.
  ended.started = read(err.get(), &ended.start_error, sizeof ended.start_error) == 0;
  // Its output may be held open by a grandchild after it has ended: then the timeout ends both.
  ended.in_time = read_all(out.get(), deadline, ended.output) && wait_for(pid, deadline, ended.status);
  if (!ended.in_time) {
    kill(-pid, SIGKILL);
    waitpid(pid, &ended.status, 0);
  }
  return ended;
}

std::string first_line(std::string_view output) {
  const auto trimmed = trim(output);
  std::string line = printable(trimmed.substr(0, trimmed.find('\n')));
  if (line.size() > kMostEvidence) line = line.substr(0, kMostEvidence) + "...";
  return line;
}

void judge_program(const ExternalGate& spec, const Plan& plan, Gate& gate) {
  const std::string folder = plan.file.has_parent_path() ? plan.file.parent_path().string() : ".";
  const std::string program = printable(spec.run.front());
  const Ended ended = run(spec.run, folder, spec.timeout);
  const std::string line = first_line(ended.output);
  const std::string evidence = line.empty() ? "" : ": " + line;
  if (!ended.started) {
    gate.why = fmt::format("{} could not be started in {}: {}", program, folder, std::strerror(ended.start_error));
  } else if (!ended.in_time) {
    gate.why =
        fmt::format("{} did not end within {} and was killed{}", program, format_duration(spec.timeout), evidence);
  } else if (WIFSIGNALED(ended.status)) {
    gate.why = fmt::format("{} was ended by signal {}{}", program, WTERMSIG(ended.status), evidence);
  } else if (WEXITSTATUS(ended.status) != 0) {
    gate.why = fmt::format("{} ended with status {}{}", program, WEXITSTATUS(ended.status), evidence);
  } else {
    gate.open = true;
    gate.why = fmt::format("{} says yes{}", program, evidence);
  }
}

/// The number at the pointer; Prometheus and others write numbers as strings.
Result<double> number_at(const std::string& body, const std::string& pointer) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_discarded()) return fail(ErrorCode::kInvalid, "the answer is not JSON");
  try {
    const auto& value = json.at(nlohmann::json::json_pointer(pointer));
    if (value.is_number()) return value.get<double>();
    if (value.is_string()) {
      const auto text = value.get<std::string>();
      double number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc{} && end == text.data() + text.size()) return number;
    }
    return fail(ErrorCode::kInvalid, fmt::format("what stands at {} is no number", printable(pointer)));
  } catch (const nlohmann::json::exception&) {
    return fail(ErrorCode::kInvalid, fmt::format("the answer has nothing at {}", printable(pointer)));
  }
}

void judge_number(const ExternalGate& spec, net::Loop& loop, Gate& gate) {
  net::HttpRequest request;
  request.url = spec.url;
  request.headers = {{"Accept", "application/json"}};
  request.timeout = spec.timeout;
  const auto replies = net::http_all(loop, {request});
  // The query part may carry a token, so the URL is shown without it.
  const std::string url = printable(std::string_view(spec.url).substr(0, spec.url.find('?')));
  const auto& reply = replies.front();
  if (!reply) {
    gate.why = fmt::format("{} could not be asked: {}", url, reply.error().message);
    return;
  }
  if (reply->status != 200) {
    gate.why = fmt::format("{} answered with status {}, not 200", url, reply->status);
    return;
  }
  if (reply->body_cut) {
    gate.why = fmt::format("the answer of {} is too long", url);
    return;
  }
  const auto number = number_at(reply->body, spec.pointer);
  if (!number) {
    gate.why = fmt::format("{}: {}", url, number.error().message);
    return;
  }
  const std::string limits = spec.min && spec.max ? fmt::format("from {} to {}", *spec.min, *spec.max)
                             : spec.min           ? fmt::format("at least {}", *spec.min)
                                                  : fmt::format("at most {}", spec.max.value_or(0));
  // NaN is neither below nor above anything: it opens nothing.
  gate.open = !std::isnan(*number) && (!spec.min || *number >= *spec.min) && (!spec.max || *number <= *spec.max);
  gate.why = fmt::format("{} says {} ({} {})", url, *number, gate.open ? "is" : "has to be", limits);
}

}  // namespace

Gate evaluate(const ExternalGate& gate, const Plan& plan, net::Loop& loop, const Clock&) {
  Gate judged;
  judged.name = gate.name;
  if (gate.run.empty()) {
    judge_number(gate, loop, judged);
  } else {
    judge_program(gate, plan, judged);
  }
  return judged;
}

}  // namespace cutover
