#include "tests/bench/measure.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "tests/servers/process.h"

namespace cutover::bench {

Millis time_program(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  const servers::TempFolder folder(servers::TempFolder::Where::kMemory);
  const std::string output = folder.file("output");
  const auto began = std::chrono::steady_clock::now();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("cannot fork");
  if (pid == 0) {
    const int in = open("/dev/null", O_RDONLY);
    const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    for (const std::string& entry : environment) putenv(strdup(entry.c_str()));
    std::vector<char*> pointers;
    for (const std::string& arg : argv) pointers.push_back(const_cast<char*>(arg.c_str()));
    pointers.push_back(nullptr);
    execvp(pointers[0], pointers.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) != pid) {
  }
  const Millis took = std::chrono::steady_clock::now() - began;
  if (status != 0) {
    std::string said = servers::read_text(output);
    if (said.size() > 2000) said.erase(0, said.size() - 2000);
    throw std::runtime_error(argv[0] + " failed" +
                             (WIFEXITED(status) ? " with " + std::to_string(WEXITSTATUS(status)) : "") + ":\n" + said);
  }
  return took;
}

namespace {

template <class T>
T middle_of(std::vector<T> values) {
  if (values.empty()) throw std::runtime_error("nothing was measured");
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double cpu_us(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto micros = [](const timeval& time) {
    return 1e6 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

}  // namespace

Millis median(std::vector<Millis> times) { return middle_of(std::move(times)); }
double median(std::vector<double> values) { return middle_of(std::move(values)); }

double own_cpu_us() { return cpu_us(RUSAGE_SELF); }
double children_cpu_us() { return cpu_us(RUSAGE_CHILDREN); }

bool on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string folder;
  for (const char* at = path; at != nullptr; ++at) {
    if (*at != ':' && *at != '\0') {
      folder += *at;
      continue;
    }
    if (std::filesystem::exists(folder + "/" + name)) return true;
    folder.clear();
    if (*at == '\0') break;
  }
  return false;
}

std::string program() {
  const char* path = std::getenv("CUTOVER_PROGRAM");
  if (path == nullptr)
    throw std::runtime_error("CUTOVER_PROGRAM names no program; run the benchmarks with ./dev bench");
  return path;
}

}  // namespace cutover::bench
