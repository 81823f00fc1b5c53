#pragma once
#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "net/loop.h"

namespace cutover {

/// A program of the user's, run without a shell in a process group of its own, which is killed when its time is over.
/// SIGPIPE and the signal mask are as at a shell's prompt. The timeout is real time. Destroying it kills the group.
class Program {
 public:
  /// How it ended.
  struct Ended {
    bool started = false;
    bool in_time = false;
    int status = 0;        ///< as waitpid() gives it; valid when started and in time
    int start_error = 0;   ///< errno of execvp, when it did not start
    std::string output{};  ///< stdout and stderr, the first 4,096 bytes
  };

  /// Starts it in `folder` with `input` as its stdin.
  Program(const std::vector<std::string>& command, const std::string& folder, std::chrono::milliseconds timeout,
          const std::string& input = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Takes what it has written so far, without waiting. True once it has ended, or was killed.
  bool step();
  /// Waits for its end.
  const Ended& wait();
  const Ended& ended() const { return ended_; }

 private:
  void kill_group();
  std::chrono::steady_clock::time_point deadline_;
  net::Descriptor output_;
  pid_t pid_ = -1;  ///< -1: not started, or waited for
  bool over_ = false;
  Ended ended_;
};

/// What became of it as the end of a sentence, `ended with status 1: disk full`; empty: it ended with status 0.
std::string trouble_of(const Program::Ended& ended, std::chrono::milliseconds timeout);
/// The first line that it printed, made printable and short; may be empty.
std::string first_line_of(const Program::Ended& ended);

}  // namespace cutover
