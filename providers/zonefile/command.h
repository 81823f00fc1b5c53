#pragma once
#include <chrono>
#include <string>

#include "core/result.h"

namespace cutover::providers::zonefile {

/// What a shell command left behind.
struct Finished {
  int status = 0;      ///< exit status; 128 + signal when killed
  std::string output;  ///< stdout and stderr together, its last 64 KB
};

/// Runs `command` by /bin/sh in `folder` with nothing on stdin. kTimeout: it took longer than `limit` and was killed
/// with all its children. kIo: it could not be started.
Result<Finished> run_command(const std::string& command, const std::string& folder, std::chrono::seconds limit);

}  // namespace cutover::providers::zonefile
