#include "tests/bench/measure.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
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

Millis median(std::vector<Millis> times) {
  if (times.empty()) throw std::runtime_error("nothing was measured");
  std::sort(times.begin(), times.end());
  const std::size_t middle = times.size() / 2;
  return times.size() % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
}

std::string program() {
  const char* path = std::getenv("CUTOVER_PROGRAM");
  if (path == nullptr)
    throw std::runtime_error("CUTOVER_PROGRAM names no program; run the benchmarks with ./dev bench");
  return path;
}

}  // namespace cutover::bench
