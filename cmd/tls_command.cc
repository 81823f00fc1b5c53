#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "cmd/command.h"
#include "cmd/phases/tls.h"
#include "cmd/progress.h"
#include "cmd/report/checks_text.h"
#include "core/text.h"
#include "net/starttls.h"

namespace cutover {
namespace {

Result<std::vector<IpAddress>> read_addresses(const std::string& flag, const std::vector<std::string>& words) {
  std::vector<IpAddress> addresses;
  for (const std::string& word : words) {
    auto address = IpAddress::from_text(word);
    if (!address) return within(flag, address.error());
    addresses.push_back(*address);
  }
  return addresses;
}

Result<std::string> read_lines(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(file);
  if (!in) return fail(ErrorCode::kIo, fmt::format("--targets: {} cannot be read", printable(file)));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<std::vector<TlsTarget>> targets_of(const TlsFlags& flags) {
  if (!flags.starttls.empty() && !net::Starttls::known(flags.starttls)) {
    const auto known = net::Starttls::protocols();
    return fail(ErrorCode::kUsage, fmt::format("--starttls: '{}' is not known; write {}", printable(flags.starttls),
                                               fmt::join(known.begin(), known.end(), ", ")));
  }
  const std::uint16_t port = usual_port(flags.starttls);
  const auto connect = read_addresses("--connect", flags.connect);
  if (!connect) return connect.error();
  const auto old = read_addresses("--old", flags.old);
  if (!old) return old.error();
  std::vector<TlsTarget> targets;
  for (const std::string& host : flags.hosts) {
    auto target = read_tls_target(host, port);
    if (!target) return within("tls", target.error());
    if (!connect->empty()) target->at = *connect;
    target->old = *old;
    targets.push_back(*std::move(target));
  }
  if (!flags.from.empty()) {
    const auto text = read_lines(flags.from);
    if (!text) return text.error();
    const auto lines = read_tls_lines(*text, flags.from == "-" ? "stdin" : flags.from, port);
    if (!lines) return lines.error();
    targets.insert(targets.end(), lines->begin(), lines->end());
  }
  if (targets.empty())
    return fail(ErrorCode::kUsage, "tls: there is no target; write `cutover tls HOST[:PORT]` or give --targets FILE");
  return targets;
}

/// The lines that findings are shown at, where a file names the targets.
std::vector<CheckPlace> places_of(const std::vector<TlsTarget>& targets) {
  std::vector<CheckPlace> out;
  for (const TlsTarget& target : targets) {
    if (target.line == 0) continue;
    if (target.at.empty()) out.push_back({target.name, std::nullopt, target.line});
    for (const IpAddress& address : target.at)
      out.push_back({target.name, Endpoint{address, target.port}, target.line});
  }
  return out;
}

}  // namespace

ExitCode run_tls(const GlobalOptions& global, const TlsFlags& flags) {
  const auto saved = saved_forms("tls", flags.save);
  if (!saved) return tell(saved.error());
  const auto targets = targets_of(flags);
  if (!targets) return tell(targets.error());
  const auto timeout = connection_timeout(flags.timeout);
  if (!timeout) return tell(timeout.error());
  PreflightOptions options;
  options.ca_file = flags.ca_file;
  options.second_ca_file = flags.second_ca_file;
  options.fail_on = severity_from(flags.fail_on);
  options.timeout = *timeout;
  const SystemClock clock;
  net::Loop loop;
  Progress progress(global, loop, "tls");
  const auto result = check_tls(*targets, flags.starttls, loop, clock, options);
  progress.finish();
  if (!result) return tell(result.error());
  const bool from_file = !flags.from.empty() && flags.from != "-";
  const CheckReport report{"certificates",
                           clock.now(),
                           result->checks,
                           result->root_store,
                           result->headline,
                           result->next,
                           from_file ? flags.from : std::string(),
                           places_of(*targets),
                           result->endpoints};
  print_result(checks_in_form(global, report, checks_as_text));
  if (auto written = save_checks(*saved, report, checks_as_text); !written) return tell(written.error());
  return result->exit;
}

}  // namespace cutover
