#pragma once

namespace cutover {

/// What the program's exit status means; the same for every command.
enum class ExitCode {
  kDone = 0,     ///< done, or passed
  kError = 1,    ///< usage, I/O, the provider said no
  kClosed = 2,   ///< a gate is closed, or changes are pending (`plan`)
  kFailed = 3,   ///< a check failed
  kGaveUp = 4,   ///< gave up waiting, or could not decide (network)
  kPartial = 5,  ///< partial write: the same command with --resume finishes it, `rollback` undoes it
};

}  // namespace cutover
