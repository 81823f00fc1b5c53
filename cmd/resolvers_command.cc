#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "cmd/command.h"
#include "cmd/plan/user_state.h"
#include "cmd/progress.h"
#include "cmd/report/resolvers_json.h"
#include "cmd/report/resolvers_text.h"
#include "core/text.h"
#include "dnsprobe/catalogue.h"
#include "dnsprobe/health_check.h"
#include "dnsprobe/health_file.h"
#include "dnsprobe/import.h"
#include "dnsprobe/resolver_addresses.h"
#include "dnsprobe/resolver_list.h"

namespace cutover {
namespace {

std::string to_upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

Result<dnsprobe::CatalogueFilter> filter_of(const ResolversListFlags& flags) {
  dnsprobe::CatalogueFilter out;
  out.tier = flags.all || flags.tier == 2 ? dnsprobe::Tier::kFull : dnsprobe::Tier::kDefault;
  for (const std::string& text : flags.countries) {
    const std::string country = to_upper(text);
    if (!dnsprobe::is_country(country))
      return fail(ErrorCode::kUsage, fmt::format("--country '{}' is no two-letter country code", printable(text)));
    out.countries.push_back(country);
  }
  for (const std::string& text : flags.continents) {
    const auto continent = dnsprobe::continent_from_text(text);
    if (!continent)
      return fail(ErrorCode::kUsage,
                  fmt::format("--continent '{}' is none; write Africa, Asia, Europe, North-America, Oceania or "
                              "South-America, or AF, AS, EU, NA, OC or SA",
                              printable(text)));
    out.continents.push_back(*continent);
  }
  out.operators = flags.operators;
  for (const auto transport :
       {dnsprobe::Transport::kUdp, dnsprobe::Transport::kTcp, dnsprobe::Transport::kTls, dnsprobe::Transport::kHttps})
    if (flags.transport == to_text(transport)) out.transport = transport;
  out.filtering = flags.filtering;
  return out;
}

std::string import_header(const std::string& file, const dnsprobe::ImportedList& list, Instant now) {
  return fmt::format(
      "# Imported from {} ({}) on {}. A row with a source counts once `cutover resolvers check` has seen it "
      "answer.\n",
      printable(file), list.form, format_instant(now));
}

/// The resolvers that the person named; the default list where none was.
Result<std::vector<dnsprobe::Resolver>> resolvers_of(const ResolversCheckFlags& flags) {
  std::vector<std::string> texts = flags.resolvers;
  for (const std::string& list : flags.lists) texts.push_back("file/" + list);
  if (texts.empty()) texts.emplace_back("default");
  return dnsprobe::resolvers_from(texts);
}

/// Puts what was found into the user's book, beside what is known of others. An answer by nobody says something about
/// this machine's network and nothing about them.
void remember(HealthReport& report, const ResolversCheckFlags& flags, Instant now) {
  if (flags.forget) return;
  const auto answers = [](const dnsprobe::Health& each) { return each.condition == dnsprobe::Condition::kAnswers; };
  if (std::none_of(report.health.begin(), report.health.end(), answers)) {
    report.notes.push_back("nobody answers: this machine's network may be the reason, so nothing is remembered");
    return;
  }
  const auto file = resolver_health_file();
  if (file.empty()) {
    report.notes.push_back("nothing is remembered: neither XDG_STATE_HOME nor HOME names a folder");
    return;
  }
  auto book = dnsprobe::read_health(file);
  if (!book) report.notes.push_back(book.error().message + "; it is made anew");
  dnsprobe::HealthBook all = book ? *std::move(book) : dnsprobe::HealthBook();
  for (std::size_t i = 0; i < report.resolvers.size(); ++i)
    all.insert_or_assign(dnsprobe::resolver_text(report.resolvers[i]), report.health[i]);
  if (auto written = dnsprobe::write_health(file, std::move(all), now); !written)
    report.notes.push_back(written.error().message);
  else
    report.remembered = file.string();
}

/// Asks them all. A resolver that is known by its name alone is looked up first, and remembered by that name.
HealthReport health_of(const GlobalOptions& global, std::vector<dnsprobe::Resolver> resolvers,
                       const dnsprobe::HealthCheckOptions& options, const Clock& clock) {
  HealthReport report;
  heed_signals();
  net::Loop loop;
  Progress progress(global, loop, "resolvers check");
  std::vector<dnsprobe::Resolver> pinned = resolvers;
  dnsprobe::find_addresses(loop, clock, {}, pinned);
  auto seen = dnsprobe::check_health(
      loop, clock, pinned, options, [&](std::size_t done) { progress.take("resolvers", done, pinned.size()); },
      stop_requested);
  std::size_t not_asked = 0;
  for (std::size_t i = 0; i < resolvers.size(); ++i) {
    if (!seen.asked[i]) {
      ++not_asked;
      continue;
    }
    report.resolvers.push_back(std::move(resolvers[i]));
    report.health.push_back(std::move(seen.health[i]));
  }
  if (not_asked > 0)
    report.notes.push_back(fmt::format("stopped before {} had answered", counted(not_asked, "resolver")));
  return report;
}

}  // namespace

ExitCode run_resolvers_list(const GlobalOptions& global, const ResolversListFlags& flags) {
  const auto filter = filter_of(flags);
  if (!filter) return tell(filter.error());
  std::vector<dnsprobe::CatalogueEntry> wanted;
  std::copy_if(dnsprobe::catalogue().begin(), dnsprobe::catalogue().end(), std::back_inserter(wanted),
               [&](const dnsprobe::CatalogueEntry& entry) { return dnsprobe::matches(entry, *filter); });
  switch (global.output) {
    case OutputForm::kJson:
      print_result(catalogue_as_json(wanted));
      return ExitCode::kDone;
    case OutputForm::kNdjson:
      if (!wanted.empty()) print_result(catalogue_as_ndjson(wanted));
      return ExitCode::kDone;
    case OutputForm::kText:
    case OutputForm::kJunit:
    case OutputForm::kSarif:
    case OutputForm::kGithub:
    case OutputForm::kMetrics:
    case OutputForm::kHtml:
    case OutputForm::kMarkdown:
      break;
  }
  print_result(catalogue_as_text(wanted));
  return ExitCode::kDone;
}

ExitCode run_resolvers_import(const GlobalOptions& global, const ResolversImportFlags& flags) {
  std::error_code ignored;
  if (!flags.force && std::filesystem::exists(flags.to, ignored))
    return tell(
        fail(ErrorCode::kUsage, fmt::format("{}: is there already; --force writes over it", printable(flags.to))));
  const auto text = dnsprobe::read_list_file(flags.file);
  if (!text) return tell(text.error());
  const std::string source = std::filesystem::path(flags.file).filename().string();
  Progress progress(global, "resolvers import " + source);
  const auto lines = static_cast<std::size_t>(std::count(text->begin(), text->end(), '\n')) + 1;
  const auto list = dnsprobe::import_list(
      *text, flags.private_too ? dnsprobe::ImportAddresses::kAny : dnsprobe::ImportAddresses::kPublic,
      [&](int line) { progress.take("lines", static_cast<std::size_t>(line), lines); });
  progress.finish();
  if (!list) return tell(within(printable(flags.file), list.error()));
  if (auto written = write_result(flags.to, import_header(flags.file, *list, SystemClock().now()) +
                                                dnsprobe::resolver_list_text(list->resolvers, source));
      !written)
    return tell(written.error());
  // The list is on disk. What is left is to tell.
  if (global.output == OutputForm::kJson || global.output == OutputForm::kNdjson) {
    print_result(import_as_json(*list, flags.to));
    return ExitCode::kDone;
  }
  for (const dnsprobe::BadRow& row : list->bad)
    log_line(fmt::format("{}:{}: {}", printable(flags.file), row.line, row.why));
  if (list->bad_rows > list->bad.size())
    log_line(fmt::format("{}: and {} more", printable(flags.file), list->bad_rows - list->bad.size()));
  print_result(import_as_text(*list, flags.to));
  return ExitCode::kDone;
}

ExitCode run_resolvers_check(const GlobalOptions& global, const ResolversCheckFlags& flags) {
  auto resolvers = resolvers_of(flags);
  if (!resolvers) return tell(resolvers.error());
  const auto timeout = parse_duration(flags.timeout);
  if (!timeout) return tell(within("--timeout", timeout.error()));
  if (*timeout < Seconds(1)) return tell(fail(ErrorCode::kUsage, "--timeout: wait one second at least"));
  dnsprobe::HealthCheckOptions options;
  options.questions = dnsprobe::public_questions();
  options.questions.samples = flags.samples;
  options.tries.timeout = *timeout;
  options.seed = std::random_device()();
  const SystemClock clock;
  log_line(fmt::format("asking {} how they are", counted(resolvers->size(), "resolver")));
  HealthReport report = health_of(global, *std::move(resolvers), options, clock);
  remember(report, flags, clock.now());
  switch (global.output) {
    case OutputForm::kJson:
      print_result(health_as_json(report));
      break;
    case OutputForm::kNdjson:
      print_result(health_as_ndjson(report));
      break;
    case OutputForm::kText:
    case OutputForm::kJunit:
    case OutputForm::kSarif:
    case OutputForm::kGithub:
    case OutputForm::kMetrics:
    case OutputForm::kHtml:
    case OutputForm::kMarkdown:
      print_result(health_as_text(report));
      break;
  }
  const auto answers = [](const dnsprobe::Health& each) { return each.condition == dnsprobe::Condition::kAnswers; };
  const bool somebody = std::any_of(report.health.begin(), report.health.end(), answers);
  return somebody ? ExitCode::kDone : ExitCode::kGaveUp;
}

}  // namespace cutover
