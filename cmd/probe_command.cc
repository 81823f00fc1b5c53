#include <fmt/format.h>

#include "cmd/command.h"
#include "cmd/phases/probe.h"
#include "cmd/progress.h"
#include "cmd/report/probe_json.h"
#include "cmd/report/probe_text.h"
#include "core/text.h"
#include "dnsprobe/catalogue.h"
#include "dnsprobe/ecs.h"
#include "dnsprobe/resolver_addresses.h"

namespace cutover {
namespace {

/// The words of `probe NAME [TYPE...] [@RESOLVER...]`, in any order.
struct Words {
  std::string name;
  std::vector<RecordType> types;
  std::vector<std::string> resolvers;
};

Result<Words> read_words(const std::vector<std::string>& words) {
  Words out;
  for (const std::string& word : words) {
    if (word.rfind('@', 0) == 0) {
      out.resolvers.push_back(word.substr(1));
    } else if (out.name.empty()) {
      out.name = word;
    } else if (auto type = record_type_from_text(word)) {
      out.types.push_back(*type);
    } else {
      return fail(ErrorCode::kUsage, fmt::format("probe: '{}' is no record type; write `cutover probe NAME [TYPE...] "
                                                 "[@RESOLVER...]`",
                                                 printable(word)));
    }
  }
  if (out.name.empty())
    return fail(ErrorCode::kUsage, "probe: a name is missing; write `cutover probe NAME [TYPE...] [@RESOLVER...]`");
  if (out.types.empty()) out.types = {RecordType::kA};
  if (out.resolvers.empty()) out.resolvers = {"default"};
  return out;
}

Result<ProbeOptions> options_of(const ProbeFlags& flags, net::Loop& loop, const Clock& clock) {
  auto words = read_words(flags.words);
  if (!words) return words.error();
  ProbeOptions options;
  auto name = DomainName::from_text(words->name);
  if (!name) return within("probe", name.error());
  for (const RecordType type : words->types) options.keys.push_back({*name, type});
  auto resolvers = dnsprobe::resolvers_from(words->resolvers);
  if (!resolvers) return within("probe", resolvers.error());
  options.resolvers = *std::move(resolvers);
  dnsprobe::find_addresses(loop, clock, {}, options.resolvers);
  options.expected = flags.expect;
  options.signatures = flags.signatures;
  for (const std::string& text : flags.views) {
    auto subnets = dnsprobe::parse_view(text);
    if (!subnets) return within("--ecs", subnets.error());
    options.views.push_back({text, *std::move(subnets)});
  }
  if (flags.samples < 1 || flags.samples > 100) return fail(ErrorCode::kUsage, "--samples: write 1 to 100");
  options.samples = flags.samples;
  if (!flags.until.empty()) {
    if (flags.until != "converged") return fail(ErrorCode::kUsage, "--until: write `converged`, the only end there is");
    if (flags.expect.empty())
      return fail(ErrorCode::kUsage, "--until converged: say with --expect what everybody shall give in the end");
    auto give_up = parse_duration(flags.give_up);
    if (!give_up) return within("--give-up", give_up.error());
    options.until = *give_up;
  }
  return options;
}

std::string rendered(const GlobalOptions& global, const ProbeOptions& options, const ProbeResult& result) {
  switch (global.output) {
    case OutputForm::kJson:
      return probe_as_json(options, result);
    case OutputForm::kNdjson:
      return probe_as_ndjson(options, result);
    case OutputForm::kMarkdown:
      return probe_as_markdown(options, result);
    case OutputForm::kText:
    case OutputForm::kJunit:
    case OutputForm::kSarif:
    case OutputForm::kGithub:
    case OutputForm::kMetrics:
    case OutputForm::kHtml:
      break;
  }
  return probe_as_text(options, result);
}

}  // namespace

ExitCode run_probe(const GlobalOptions& global, const ProbeFlags& flags) {
  const SystemClock clock;
  net::Loop loop;
  Progress progress(global, loop, "probe");
  auto options = options_of(flags, loop, clock);
  if (!options) {
    progress.finish();
    return tell(options.error());
  }
  heed_signals();
  auto result = probe(
      loop, clock, *options, [&](const std::string& line) { progress.log(line); }, stop_requested);
  progress.finish();
  if (!result) return tell(result.error());
  print_result(rendered(global, *options, *result));
  return result->exit;
}

}  // namespace cutover
