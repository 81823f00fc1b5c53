#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "cmd/notify/notice.h"
#include "cmd/plan/journal.h"
#include "cmd/plan/plan.h"
#include "net/loop.h"

namespace cutover {

struct NotifierOptions {
  std::chrono::milliseconds patience{60000};       ///< of one notice at one hook, retries included; real time
  std::chrono::milliseconds first_pause{2000};     ///< before the first retry; doubled each time
  std::chrono::milliseconds answer_within{10000};  ///< one request, or one run of a program
};

/// Tells the hooks of a plan (`notify:`) what happens. tell() never waits: deliveries go on whenever the loop runs, so
/// that no hook holds up a phase. A hook that fails is logged once and changes nothing.
///
/// Each hook hears the same notice once in ten minutes at most, and 30 notices an hour at most; the journal remembers
/// that from one command to the next. What was held back is counted in the next notice. What fails (network, 429, 5xx)
/// is tried three more times, as late as a Retry-After asks for, all within a minute.
///
/// A webhook's URL comes from `env/` or `file/`, has to be https but on loopback, and is shown to nobody; redirects are
/// not followed. A program gets the notice as JSON on stdin, without a shell.
class Notifier {
 public:
  /// Reads the URLs; what cannot be read is logged, and that hook is left out. Everything given outlives the notifier.
  /// `journal` may be nullptr.
  Notifier(const Plan& plan, Journal* journal, net::Loop& loop, const Clock& clock,
           std::function<void(const std::string&)> log, const NotifierOptions& options = {});
  ~Notifier();  ///< Gives up what is under way.
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  /// Starts the deliveries. `notice.plan` and `notice.at` are filled in.
  void tell(Notice notice);
  /// Waits until everything is delivered or given up, a minute at most; ends early when `stop()` is true (may be
  /// empty).
  void finish(const std::function<bool()>& stop = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutover
