#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cutover::servers {

/// A folder under the system's temporary folder (short: Unix sockets live in it), removed with everything in it.
/// With CUTOVER_KEEP_FOLDERS set in the environment it stays, for looking into.
class TempFolder {
 public:
  /// kMemory: where there is room for it (/dev/shm), so that servers which sync every change do not wait for a disk.
  /// Programs may not be executable there.
  enum class Where { kDisk, kMemory };
  explicit TempFolder(Where where = Where::kDisk);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  /// `path()/name`.
  std::string file(std::string_view name) const;
  /// Writes `text` to `path()/name` and returns that path. `mode` is applied exactly, whatever the umask.
  std::string write(std::string_view name, std::string_view text, unsigned mode = 0644) const;

 private:
  std::string path_;
};

std::string read_text(const std::string& path);  ///< empty when there is no such file
void write_text(const std::string& path, std::string_view text);

/// A child process of its own: stdout and stderr go to one log file, it dies with the thread that started it
/// (PR_SET_PDEATHSIG), and stop() or the destructor ends it: SIGTERM, then SIGKILL after two seconds.
class Process {
 public:
  /// `argv[0]` is looked up in PATH, /usr/sbin and /sbin. Throws std::runtime_error when it cannot be started.
  /// `environment` entries (`NAME=value`) are added to this process's own.
  Process(std::vector<std::string> argv, std::string log_file, std::vector<std::string> environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int pid() const { return pid_; }
  bool running();
  /// Waits for its end: the exit status, 128 + signal when killed; nullopt: it still runs after `limit`.
  std::optional<int> wait_for_end(std::chrono::milliseconds limit);
  void signal(int number) const;
  /// SIGSTOP, and waits until every thread stands still: a signal that is sent has not yet stopped anything.
  void pause() const;
  void resume() const;
  void stop();
  /// SIGKILL and wait.
  void kill();
  /// The log so far.
  std::string log() const;

 private:
  void reap(int options);
  int pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
  std::string log_file_;
};

/// What a program that was run to its end left behind.
struct Finished {
  int status = -1;     ///< exit status; 128 + signal when killed; -1 when it overran its time and was killed
  std::string output;  ///< stdout and stderr together
};
/// Runs a program to its end with `input` on stdin.
Finished run_program(const std::vector<std::string>& argv, std::string_view input = {},
                     std::chrono::seconds limit = std::chrono::seconds(30), const std::string& folder = {});

/// An address out of 127.0.0.0/8 that no other test process on this machine uses: several servers may then share a
/// port.
std::string own_address();
/// A port that is free for TCP and UDP on `address`.
std::uint16_t free_port(const std::string& address);

/// Asks `done` every few milliseconds until it is true (returns true) or `limit` is over (returns its last word).
bool wait_until(std::chrono::milliseconds limit, const std::function<bool()>& done);

}  // namespace cutover::servers
