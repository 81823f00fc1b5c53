#include "cmd/command.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "cmd/live_screen.h"
#include "cmd/notify/notifier.h"
#include "cmd/plan/plan_file.h"
#include "cmd/report/checks_github.h"
#include "cmd/report/checks_json.h"
#include "cmd/report/checks_junit.h"
#include "cmd/report/checks_metrics.h"
#include "cmd/report/checks_sarif.h"
#include "cmd/report/phase_json.h"
#include "cmd/report/phase_text.h"
#include "cmd/terminal.h"
#include "core/text.h"

namespace cutover {
namespace {

volatile sig_atomic_t signals_seen = 0;

void on_signal(int) {
  // The second Ctrl-C means it: the journal is safe at any instant.
  signals_seen = signals_seen + 1;
  if (signals_seen > 1) {
    LiveScreen::give_terminal_back();
    _exit(static_cast<int>(ExitCode::kGaveUp));
  }
}

ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConflict:
      return ExitCode::kClosed;
    case ErrorCode::kPartial:
    case ErrorCode::kUnknown:
      return ExitCode::kPartial;
    case ErrorCode::kNetwork:
    case ErrorCode::kTimeout:
      return ExitCode::kGaveUp;
    case ErrorCode::kUsage:
    case ErrorCode::kInvalid:
    case ErrorCode::kIo:
    case ErrorCode::kRefused:
    case ErrorCode::kAuth:
    case ErrorCode::kClock:
    case ErrorCode::kNotFound:
    case ErrorCode::kBusy:
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
    case ErrorCode::kInternal:
      return ExitCode::kError;
  }
  return ExitCode::kError;
}

bool ask(const std::string& question) {
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "yes");
}

}  // namespace

ExitCode tell(const Error& error) {
  std::cerr << "cutover: " << error.message << "\n";
  return exit_code_of(error.code);
}

void log_line(const std::string& line) { std::cerr << line << "\n" << std::flush; }

void print_result(const std::string& text) {
  std::cout << text;
  if (text.empty() || text.back() != '\n') std::cout << "\n";
  std::cout << std::flush;
}

bool is_interactive(const GlobalOptions& global) {
  return !global.ci && isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
}

bool can_redraw(const GlobalOptions& global) { return is_interactive(global) && terminal_can_redraw(); }

Severity severity_from(const std::string& word) {
  return word == "note" ? Severity::kNote : word == "warning" ? Severity::kWarning : Severity::kError;
}

Result<Seconds> connection_timeout(const std::string& text) {
  auto timeout = parse_duration(text);
  if (!timeout) return within("--timeout", timeout.error());
  if (*timeout < Seconds(1)) return fail(ErrorCode::kUsage, "--timeout: wait one second at least");
  return timeout;
}

TextStyle text_style(const GlobalOptions& global) {
  const bool colour = !global.ci && isatty(STDOUT_FILENO) != 0 && terminal_may_colour();
  return colour ? TextStyle::kColour : TextStyle::kPlain;
}

const std::vector<OutputForm>& check_forms() {
  static const std::vector<OutputForm> forms{OutputForm::kText,  OutputForm::kJson,   OutputForm::kJunit,
                                             OutputForm::kSarif, OutputForm::kGithub, OutputForm::kMetrics};
  return forms;
}

namespace {

std::string in_form(OutputForm form, const CheckReport& report, ChecksAsText as_text, TextStyle style) {
  switch (form) {
    case OutputForm::kJunit:
      return checks_as_junit(report);
    case OutputForm::kJson:
      return checks_as_json(report);
    case OutputForm::kSarif:
      return checks_as_sarif(report);
    case OutputForm::kGithub:
      return checks_as_github(report);
    case OutputForm::kMetrics:
      return checks_as_metrics(report);
    case OutputForm::kHtml:
    case OutputForm::kNdjson:
    case OutputForm::kMarkdown:
    case OutputForm::kText:
      break;
  }
  return as_text(report, style);
}

}  // namespace

std::string checks_in_form(const GlobalOptions& global, const CheckReport& report, ChecksAsText as_text) {
  return in_form(global.output, report, as_text, text_style(global));
}

Result<std::vector<SavedForm>> saved_forms(std::string_view command, const std::vector<std::string>& texts) {
  std::vector<SavedForm> out;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals + 1 == text.size())
      return fail(ErrorCode::kUsage,
                  fmt::format("--save {}: write FORM=FILE, for example sarif=checks.sarif", printable(text)));
    auto form = output_form(command, text.substr(0, equals), check_forms());
    if (!form) return within("--save", form.error());
    out.push_back({*form, text.substr(equals + 1)});
  }
  return out;
}

Result<void> save_checks(const std::vector<SavedForm>& wanted, const CheckReport& report, ChecksAsText as_text) {
  for (const SavedForm& each : wanted)
    if (auto written = write_result(each.file, in_form(each.form, report, as_text, TextStyle::kPlain)); !written)
      return written;
  return {};
}

Result<void> write_result(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return fail(ErrorCode::kIo, fmt::format("{}: cannot be written", printable(file)));
  return {};
}

bool stop_requested() { return signals_seen > 0; }

void heed_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

ExitCode with_cutover(const GlobalOptions& global, const std::function<ExitCode(Cutover&)>& work) {
  heed_signals();
  auto plan = read_plan(global.plan_file);
  if (!plan) return tell(plan.error());
  const SystemClock clock;
  auto journal = Journal::open(*plan, clock);
  if (!journal) return tell(journal.error());
  net::Loop loop;
  auto zones = open_zones(*plan, loop, clock, log_line);
  if (!zones) return tell(zones.error());
  Telling telling{log_line, nullptr};
  if (is_interactive(global)) telling.confirm = ask;
  Cutover cutover{*plan, *journal, loop, clock, telling, stop_requested, std::move(*zones)};
  Notifier notifier(*plan, &*journal, loop, clock, [&cutover](const std::string& line) { cutover.log(line); });
  cutover.telling.notify = [&notifier](const Notice& notice) { notifier.tell(notice); };
  const ExitCode exit = work(cutover);
  cutover.telling.log = log_line;  // what `work` drew on is gone
  notifier.finish(stop_requested);
  return exit;
}

void notify_end(const Cutover& cutover, std::string_view command, const Error& error) {
  // What a person at the command line got wrong, or has to wait for, is theirs alone.
  if (error.code == ErrorCode::kUsage || error.code == ErrorCode::kBusy) return;
  notify_end(cutover, command, exit_code_of(error.code), error.message, "");
}

void notify_end(const Cutover& cutover, std::string_view command, ExitCode exit, const std::string& headline,
                const std::string& next) {
  switch (exit) {
    case ExitCode::kDone:
      return cutover.notify(NoticeEvent::kPhase, fmt::format("{}: done", command), headline, next);
    case ExitCode::kClosed:
      return;  // nothing was written, and nothing is wrong
    case ExitCode::kError:
    case ExitCode::kFailed:
    case ExitCode::kGaveUp:
    case ExitCode::kPartial:
      break;
  }
  cutover.notify(NoticeEvent::kFailure, fmt::format("{}: failed (exit {})", command, static_cast<int>(exit)), headline,
                 next);
}

ExitCode show(const GlobalOptions& global, const Result<PhaseResult>& result, const Clock& clock) {
  if (!result) return tell(result.error());
  print_result(global.output == OutputForm::kText ? phase_as_text(*result, clock.now()) : phase_as_json(*result));
  return result->exit;
}

namespace {

/// For a sentence: a few of the names that the plan changes.
std::vector<std::string> changed_names(const Plan& plan) {
  constexpr std::size_t kShown = 6;
  std::vector<std::string> names;
  for (const ZonePlan& zone : plan.zones)
    for (const PlannedChange& change : zone.changes)
      if (names.size() < kShown && std::find(names.begin(), names.end(), change.name.host()) == names.end())
        names.push_back(change.name.host());
  if (names.size() == kShown) names.back() = "and others";
  return names;
}

}  // namespace

Result<PhaseOptions> phase_options(const WriteFlags& flags, const Plan& plan) {
  PhaseOptions options;
  if (flags.yes) options.consent = PhaseOptions::Consent::kGiven;
  if (flags.wait) options.at_closed_gate = PhaseOptions::AtClosedGate::kWait;
  if (flags.resume) options.unfinished = PhaseOptions::Unfinished::kResume;
  if (flags.skip_drifted) options.drifted = PhaseOptions::Drifted::kSkip;
  options.from_snapshot = flags.from_snapshot;
  if (flags.plan_hash.empty())
    return fail(ErrorCode::kUsage,
                "--plan-hash is empty (a variable that is not set?), so nothing was written; give the hash that "
                "`cutover plan` prints");
  if (flags.plan_hash != WriteFlags::kAnyPlan) options.plan_hash = flags.plan_hash;
  for (const std::string& text : flags.overrides) {
    const auto equals = text.find('=');
    if (equals == std::string::npos)
      return fail(ErrorCode::kUsage,
                  fmt::format("--override '{}' has no reason; write --override {}=\"why this is safe\"",
                              printable(text), printable(text)));
    options.overrides.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  auto timeout = parse_duration(flags.sync_timeout);
  if (!timeout) return within("--sync-timeout", timeout.error());
  options.sync_timeout = *timeout;
  for (const std::string& text : flags.only) {
    // A name of a wave is written as in the plan: absolute, or relative to any zone that has such a change.
    bool found = false;
    for (const ZonePlan& zone : plan.zones) {
      for (const PlannedChange& change : zone.changes) {
        auto name = DomainName::from_text(text, zone.zone);
        auto absolute = DomainName::from_text(text);
        for (const auto& candidate : {name, absolute}) {
          if (!candidate || *candidate != change.name) continue;
          options.only.push_back(*candidate);
          found = true;
        }
      }
    }
    if (!found)
      return fail(ErrorCode::kUsage,
                  fmt::format("--only '{}' is no name that the plan changes, so nothing was written; it changes {}",
                              printable(text), join(changed_names(plan), ", ")));
  }
  return options;
}

}  // namespace cutover
