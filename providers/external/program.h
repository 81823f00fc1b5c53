#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace cutover::providers::external {

/// Where `cutover-provider-NAME` is: the first in the folders of PATH, an absolute path. kUsage: NAME is no name of a
/// program. kNotFound: no folder has it. kAuth: others than its owner can write to the file.
Result<std::string> find_program(std::string_view name);

/// One run of a program.
struct Run {
  std::string program;                   ///< absolute path
  std::string folder;                    ///< where it runs
  std::vector<std::string> environment;  ///< NAME=value; nothing else is in its environment
  std::string input;                     ///< on stdin, then the end of it
  std::chrono::milliseconds limit{};
  std::size_t most_output = 64 * 1024 * 1024;
};

struct Ended {
  enum class How { kExited, kOverran, kTooMuch } how = How::kExited;
  int status = 0;      ///< exit status, 128 + signal when killed; kExited only
  std::string output;  ///< stdout
  std::string errors;  ///< stderr, its last 64 KB
};

/// Runs it in a process group of its own; one that takes longer than `limit` or says more than `most_output` is killed
/// with all its children. kIo: it could not be started, nothing has happened.
Result<Ended> run(const Run& run);

}  // namespace cutover::providers::external
