#include "tests/servers/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace cutover::servers {
namespace {

std::string program_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::stringstream folders(std::string(path ? path : "") + ":/usr/sbin:/sbin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty() && ::access((folder + "/" + name).c_str(), X_OK) == 0) return folder + "/" + name;
  throw std::runtime_error(fmt::format("the test needs the program '{}', which is not installed (./dev setup)", name));
}

struct ChildPlan {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string folder;
  int in = -1;
  int out = -1;
};

/// Everything that allocates happens before fork: the child of a threaded process may only make system calls.
int spawn(ChildPlan plan) {
  const std::string program = program_path(plan.argv.at(0));
  std::vector<char*> argv;
  for (std::string& word : plan.argv) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  for (std::string& entry : plan.environment) environment.push_back(entry.data());
  environment.push_back(nullptr);

  const int parent = ::getpid();
  const int pid = ::fork();
  if (pid < 0) throw std::runtime_error(fmt::format("fork: {}", std::strerror(errno)));
  if (pid > 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  ::dup2(plan.in, 0);
  ::dup2(plan.out, 1);
  ::dup2(plan.out, 2);
  if (!plan.folder.empty() && ::chdir(plan.folder.c_str()) != 0) ::_exit(126);
  // Standard descriptors stay, everything the test holds open is closed.
  for (int fd = 3; fd < 1024; ++fd) ::close(fd);
  ::execve(program.c_str(), argv.data(), environment.data());
  ::_exit(127);
}

int exit_status(int raw) { return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw); }

bool can_bind(int type, const std::string& address, std::uint16_t* port) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(*port);
  ::inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  socklen_t length = sizeof at;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length) == 0;
  if (bound) *port = ntohs(at.sin_port);
  ::close(fd);
  return bound;
}

std::string memory_folder() {
  constexpr std::uintmax_t kEnough = 256 << 20;
  std::error_code error;
  const auto space = std::filesystem::space("/dev/shm", error);
  if (!error && space.available >= kEnough && std::getenv("TMPDIR") == nullptr) return "/dev/shm";
  return std::filesystem::temp_directory_path().string();
}

}  // namespace

TempFolder::TempFolder(Where where) {
  std::string name =
      (where == Where::kMemory ? memory_folder() : std::filesystem::temp_directory_path().string()) + "/cutover-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error(fmt::format("mkdtemp {}: {}", name, std::strerror(errno)));
  path_ = name;
}

TempFolder::~TempFolder() {
  if (std::getenv("CUTOVER_KEEP_FOLDERS") != nullptr) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

std::string TempFolder::write(std::string_view name, std::string_view text, unsigned mode) const {
  const std::string path = file(name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  write_text(path, text);
  ::chmod(path.c_str(), mode);
  return path;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path);
}

Process::Process(std::vector<std::string> argv, std::string log_file, std::vector<std::string> environment)
    : log_file_(std::move(log_file)) {
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int log = ::open(log_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  pid_ = spawn({std::move(argv), std::move(environment), {}, nothing, log});
  ::close(nothing);
  ::close(log);
}

Process::~Process() { stop(); }

void Process::reap(int options) {
  int raw = 0;
  if (ended_ || ::waitpid(pid_, &raw, options) != pid_) return;
  ended_ = true;
  status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

std::optional<int> Process::wait_for_end(std::chrono::milliseconds limit) {
  if (!wait_until(limit, [this] { return !running(); })) return std::nullopt;
  return status_;
}

bool Process::running() {
  reap(WNOHANG);
  return !ended_;
}

void Process::signal(int number) const {
  if (!ended_) ::kill(pid_, number);
}

void Process::pause() const {
  signal(SIGSTOP);
  const auto all_stopped = [this] {
    for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid_))) {
      const std::string stat = read_text(task.path().string() + "/stat");
      const auto name_end = stat.rfind(')');
      if (name_end == std::string::npos || stat.substr(name_end, 3) != ") T") return false;
    }
    return true;
  };
  if (!wait_until(std::chrono::seconds(10), all_stopped)) throw std::runtime_error("a server would not stand still");
}

void Process::resume() const { signal(SIGCONT); }

void Process::stop() {
  if (!running()) return;
  signal(SIGCONT);
  signal(SIGTERM);
  if (!wait_until(std::chrono::seconds(2), [this] { return !running(); })) kill();
}

void Process::kill() {
  signal(SIGKILL);
  reap(0);
}

std::string Process::log() const { return read_text(log_file_); }

Finished run_program(const std::vector<std::string>& argv, std::string_view input, std::chrono::seconds limit,
                     const std::string& folder) {
  std::array<int, 2> out{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error(fmt::format("pipe: {}", std::strerror(errno)));
  // Input goes through a file, not a pipe: then nobody can block on the other.
  const int in = ::memfd_create("input", MFD_CLOEXEC);
  if (::write(in, input.data(), input.size()) != static_cast<ssize_t>(input.size()))
    throw std::runtime_error("memfd: short write");
  ::lseek(in, 0, SEEK_SET);
  const int pid = spawn({argv, {}, folder, in, out[1]});
  ::close(in);
  ::close(out[1]);

  Finished finished;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (bool open = true; open;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd poll_one{out[0], POLLIN, 0};
    if (left.count() <= 0 || ::poll(&poll_one, 1, static_cast<int>(left.count())) == 0) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      ::close(out[0]);
      finished.output += fmt::format("\n[killed after {} s]", limit.count());
      return finished;
    }
    std::array<char, 4096> chunk{};
    const ssize_t got = ::read(out[0], chunk.data(), chunk.size());
    if (got > 0) finished.output.append(chunk.data(), static_cast<std::size_t>(got));
    open = got > 0 || (got < 0 && errno == EINTR);
  }
  ::close(out[0]);
  int raw = 0;
  ::waitpid(pid, &raw, 0);
  finished.status = exit_status(raw);
  return finished;
}

std::string own_address() {
  static std::atomic<unsigned> count{0};
  const auto pid = static_cast<unsigned>(::getpid());
  const unsigned n = count++;
  return fmt::format("127.{}.{}.{}", 1 + (pid >> 8 ^ n / 250 * 37) % 250, pid % 256, 1 + n % 250);
}

std::uint16_t free_port(const std::string& address) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::uint16_t port = 0;
    if (can_bind(SOCK_STREAM, address, &port) && can_bind(SOCK_DGRAM, address, &port)) return port;
  }
  throw std::runtime_error("no free port on " + address);
}

bool wait_until(std::chrono::milliseconds limit, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= deadline) return done();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace cutover::servers
