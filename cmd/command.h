#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cmd/exit_code.h"
#include "cmd/output_form.h"
#include "cmd/page/open_page.h"
#include "cmd/phases/cutover.h"
#include "cmd/phases/phase.h"
#include "cmd/report/checks_text.h"

namespace cutover {

struct CommandText;

/// What every command understands.
struct GlobalOptions {
  std::string plan_file = "cutover.yaml";
  OutputForm output = OutputForm::kText;
  bool ci = false;  ///< no live redraw, no colour; implied where stdout is no terminal
};

/// Tells an error on stderr and gives the exit code that goes with it.
ExitCode tell(const Error& error);
/// One line for stderr.
void log_line(const std::string& line);
/// stdout as it is; the last newline is added where it is missing.
void print_result(const std::string& text);
/// Whether a person sits at both ends.
bool is_interactive(const GlobalOptions& global);

/// Whether one picture may be drawn over the other: a person looks, and the terminal says that it can.
bool can_redraw(const GlobalOptions& global);

/// `note`, `warning`, `error`; every other word is `error`.
Severity severity_from(const std::string& word);
/// The value of --timeout. kUsage says what is wrong with it.
Result<Seconds> connection_timeout(const std::string& text);

/// Colour on a terminal, unless NO_COLOR or --ci says otherwise.
TextStyle text_style(const GlobalOptions& global);

using ChecksAsText = std::string (*)(const CheckReport&, TextStyle);
/// The forms in which checks are told.
const std::vector<OutputForm>& check_forms();
/// Checks in the form asked for; `as_text` makes the text.
std::string checks_in_form(const GlobalOptions& global, const CheckReport& report, ChecksAsText as_text);

/// A result that is also wanted in a file.
struct SavedForm {
  OutputForm form = OutputForm::kJson;
  std::string file;
};
/// Reads `--save FORM=FILE`, one of check_forms() each. kUsage.
Result<std::vector<SavedForm>> saved_forms(std::string_view command, const std::vector<std::string>& texts);
/// Writes each; kIo.
Result<void> save_checks(const std::vector<SavedForm>& wanted, const CheckReport& report, ChecksAsText as_text);
/// Writes a result to a file that a person named, over what is there; kIo.
Result<void> write_result(const std::string& file, const std::string& text);

/// True once SIGINT or SIGTERM came after heed_signals(): what is being written is finished first. The second one ends
/// the program at once.
bool stop_requested();
/// For a command that asks stop_requested() in its waits; any other is simply ended by the first signal.
void heed_signals();

/// Reads the plan, opens its journal (taking the writer's lock) and its zones, and calls `work`.
/// Every error on the way is told; the exit code is `work`'s own or the error's.
ExitCode with_cutover(const GlobalOptions& global, const std::function<ExitCode(Cutover&)>& work);

/// Tells people elsewhere how a command ended; a closed gate is told to nobody.
void notify_end(const Cutover& cutover, std::string_view command, ExitCode exit, const std::string& headline,
                const std::string& next);
void notify_end(const Cutover& cutover, std::string_view command, const Error& error);

/// Shows a writing phase's result in the form asked for and gives its exit code.
ExitCode show(const GlobalOptions& global, const Result<PhaseResult>& result, const Clock& clock);

// One function per command; each lives in the file of its name.

struct WriteFlags {
  static constexpr const char* kAnyPlan = "any";
  bool yes = false;
  bool wait = false;
  bool resume = false;
  bool skip_drifted = false;
  std::vector<std::string> overrides;  ///< gate=reason
  /// kAnyPlan: not bound to a reviewed plan. Empty is an error: an unset shell variable must not unbind a write.
  std::string plan_hash = kAnyPlan;
  std::vector<std::string> only;
  std::string sync_timeout = "2m";
  std::string ca_file;
  std::string from_snapshot;
};
ExitCode run_lower_ttl(const GlobalOptions& global, const WriteFlags& flags);
ExitCode run_swap(const GlobalOptions& global, const WriteFlags& flags);
ExitCode run_rollback(const GlobalOptions& global, const WriteFlags& flags);
ExitCode run_restore_ttl(const GlobalOptions& global, const WriteFlags& flags);
struct RunFlags {
  WriteFlags writing;
  bool encrypted = false;
  std::string look_again = "30s";
  PageFlags page;
  std::string metrics;  ///< a node_exporter textfile; empty: none
};
/// All phases without a person.
ExitCode run_run(const GlobalOptions& global, const RunFlags& flags);
/// A person's word for the swap that `run` waits with.
ExitCode run_approve(const GlobalOptions& global, const WriteFlags& flags);
/// The flags as the phases want them. kUsage names the flag that cannot be read.
Result<PhaseOptions> phase_options(const WriteFlags& flags, const Plan& plan);

ExitCode run_plan(const GlobalOptions& global);
ExitCode run_status(const GlobalOptions& global);
ExitCode run_report(const GlobalOptions& global);

struct PreflightFlags {
  std::string ca_file;
  std::string second_ca_file;
  std::string fail_on = "error";
  std::vector<std::string> save;  ///< FORM=FILE
  std::string timeout = "10s";
  std::string http_01 = "note";
};
ExitCode run_preflight(const GlobalOptions& global, const PreflightFlags& flags);

struct TlsFlags {
  std::vector<std::string> hosts;    ///< HOST[:PORT]
  std::vector<std::string> connect;  ///< addresses; empty: those that the name has now
  std::vector<std::string> old;      ///< addresses of the side to compare with
  std::string from;                  ///< file with `ADDRESS, NAME` lines; `-`: stdin
  std::string starttls;
  std::string ca_file;
  std::string second_ca_file;
  std::string fail_on = "error";
  std::string timeout = "10s";
  std::vector<std::string> save;  ///< FORM=FILE
};
ExitCode run_tls(const GlobalOptions& global, const TlsFlags& flags);

struct WatchFlags {
  std::string give_up;
  bool encrypted = false;  ///< ask over TLS or HTTPS
  PageFlags page;
  std::string metrics;  ///< a node_exporter textfile; empty: none
};
ExitCode run_watch(const GlobalOptions& global, const WatchFlags& flags);

struct BaselineFlags {
  int rounds = 20;
  std::string every = "1s";
  std::string ca_file;
  std::string timeout = "10s";
};
ExitCode run_baseline(const GlobalOptions& global, const BaselineFlags& flags);

struct MonitorFlags {
  std::string at_most;  ///< --for; empty: the plan's
  std::string ca_file;
  std::string timeout = "10s";
  PageFlags page;
  std::string metrics;  ///< a node_exporter textfile; empty: none
};
ExitCode run_monitor(const GlobalOptions& global, const MonitorFlags& flags);

struct AssessFlags {
  std::vector<std::string> zones;
  std::string provider = "rfc2136";
  std::vector<std::string> options;  ///< provider options as key=value
  std::string server;
  std::string key;
  std::string zone_file;
  std::vector<std::string> authoritative;
  std::vector<std::string> lookup;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::vector<std::string> map;
  std::string view;
  std::string name;
  bool force = false;
  bool offline = false;  ///< with zone_file: do not compare with the authoritative servers
};
ExitCode run_assess(const GlobalOptions& global, const AssessFlags& flags);

struct DoctorFlags {
  std::string plan_file;  ///< empty: cutover.yaml where there is one
  std::string ca_file;
};
ExitCode run_doctor(const GlobalOptions& global, const DoctorFlags& flags);

struct ProbeFlags {
  std::vector<std::string> words;  ///< NAME [TYPE...] [@RESOLVER...]
  std::vector<std::string> expect;
  std::vector<std::string> views;
  bool signatures = false;
  std::string until;
  std::string give_up = "2h";
  int samples = 1;
};
ExitCode run_probe(const GlobalOptions& global, const ProbeFlags& flags);

struct ResolversListFlags {
  std::vector<std::string> countries;
  std::vector<std::string> continents;
  std::vector<std::string> operators;
  std::string transport;
  std::string filtering;
  int tier = 1;
  bool all = false;  ///< as tier 2
};
ExitCode run_resolvers_list(const GlobalOptions& global, const ResolversListFlags& flags);

struct ResolversImportFlags {
  std::string file;
  std::string to;            ///< the list to write
  bool force = false;        ///< write over an existing one
  bool private_too = false;  ///< take addresses of private networks and of this machine
};
ExitCode run_resolvers_import(const GlobalOptions& global, const ResolversImportFlags& flags);

struct ResolversCheckFlags {
  std::vector<std::string> resolvers;  ///< as in a plan's `watch:`
  std::vector<std::string> lists;      ///< files
  std::string timeout = "2s";
  int samples = 3;
  bool forget = false;  ///< do not remember what is found
};
ExitCode run_resolvers_check(const GlobalOptions& global, const ResolversCheckFlags& flags);

ExitCode run_providers_list(const GlobalOptions& global);
/// `name` is a plan's `type`.
ExitCode run_providers_show(const GlobalOptions& global, const std::string& name);

struct RehearseFlags {
  double speed = 1440;
  PageFlags page;
  std::string report;   ///< a file for the whole story; empty: none
  std::string metrics;  ///< a node_exporter textfile; empty: none
};
ExitCode run_rehearse(const GlobalOptions& global, const RehearseFlags& flags);
ExitCode run_demo(const GlobalOptions& global, const RehearseFlags& flags);
/// `plan` or `story`.
ExitCode run_schema(const std::string& what);
/// `program` is the whole command table; `shell` is bash, zsh or fish.
ExitCode run_completion(const CommandText& program, const std::string& shell);

}  // namespace cutover
