#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>

#include "cmd/command.h"
#include "cmd/plan/plan_keys.h"
#include "cmd/report/completion.h"
#include "core/text.h"

// The command line, and nothing else: every command is a function in the file of its name.

namespace {

using cutover::ExitCode;
using cutover::OutputForm;

using Forms = std::vector<OutputForm>;

void add_write_flags(CLI::App& command, cutover::WriteFlags& flags) {
  command.add_flag("--yes", flags.yes, "Agree to the diff that is shown (needed where nobody can be asked)");
  command.add_flag("--resume", flags.resume, "Go on with a partial write");
  command.add_option("--plan-hash", flags.plan_hash, "Refuse unless the plan has this hash (`cutover plan` prints it)");
  command.add_option("--sync-timeout", flags.sync_timeout, "How long the authoritative servers may take to serve it")
      ->capture_default_str();
}

// Not for rollback: it has no gate but drift, and that is skipped record set by record set.
void add_override(CLI::App& command, cutover::WriteFlags& flags) {
  command.add_option("--override", flags.overrides,
                     "Open one closed gate by name, with a reason: GATE=\"REASON\" (journalled)");
}

void add_page_flags(CLI::App& command, cutover::PageFlags& flags) {
  command.add_option("--http", flags.http, "Serve a live page there: ADDRESS:PORT, port 0 for a free one")
      ->type_name("ADDR:PORT");
  command.add_option("--http-token", flags.token, "What visitors of the page must know: env/NAME or file/PATH");
}

void add_metrics(CLI::App& command, std::string& file) {
  command.add_option("--metrics", file, "FILE.prom: kept up to date for node_exporter's textfile collector")
      ->type_name("FILE");
}

void add_report(CLI::App& command, cutover::RehearseFlags& flags) {
  command.add_option("--report", flags.report, "FILE.html, .md, .json or .txt: the whole story")->type_name("FILE");
  add_metrics(command, flags.metrics);
}

std::vector<std::string> long_options(const CLI::App& app) {
  std::vector<std::string> all;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) all.push_back("--" + name);
  return all;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> all;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    all.push_back(command->get_name());
  return all;
}

/// The sentence about a word that no command takes. CLI11 has none of its own for a command that is mistyped ("a
/// subcommand is required"), and would name a required option that is missing before an option that is misspelt.
std::string sentence_about(const CLI::App& app, const std::string& word) {
  const auto chosen = app.get_subcommands();
  const std::string command = chosen.empty() ? "cutover" : "cutover " + chosen.front()->get_name();
  const auto guess = [](const std::string& meant) {
    return meant.empty() ? std::string() : fmt::format(" (did you mean {}?)", meant);
  };
  if (word.rfind('-', 0) == 0) {
    const std::string option = word.substr(0, word.find('='));
    std::vector<std::string> known = long_options(app);
    if (!chosen.empty())
      for (std::string& own : long_options(*chosen.front())) known.push_back(std::move(own));
    return fmt::format("`{}` has no option {}{}", command, cutover::printable(option),
                       guess(cutover::plan_keys::nearest(option, known)));
  }
  if (!chosen.empty()) return fmt::format("`{}` does not know what to do with '{}'", command, cutover::printable(word));
  const std::string meant = cutover::plan_keys::nearest(word, commands_of(app));
  return fmt::format(
      "there is no command '{}'{}", cutover::printable(word),
      meant.empty() ? "; the commands are " + cutover::join(commands_of(app), ", ") : guess("`cutover " + meant + "`"));
}

/// What CLI11 knows of an option. Its value is what help calls it; words that it may have stand behind that in braces.
cutover::OptionText described(const CLI::Option& option) {
  cutover::OptionText text;
  for (const std::string& name : option.get_snames()) text.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) text.names.push_back("--" + name);
  if (option.get_positional()) text.names.push_back(option.get_name());
  text.what = option.get_description();
  text.repeats = option.get_items_expected_max() > 1;
  if (option.get_items_expected_max() == 0) return text;
  const std::string type = option.get_type_name();
  text.value = type.substr(0, type.find(':'));
  text.takes = text.value == "FILE"       ? cutover::Takes::kFile
               : text.value == "PROVIDER" ? cutover::Takes::kProvider
                                          : cutover::Takes::kText;
  const std::size_t open = type.find('{'), shut = type.find('}');
  if (open == std::string::npos || shut == std::string::npos) return text;
  text.takes = cutover::Takes::kChoice;
  text.choices = cutover::split(type.substr(open + 1, shut - open - 1), ',');
  return text;
}

/// The forms of each command's result.
using FormsOf = std::map<const CLI::App*, Forms>;

/// A command with all below it. `above`: options that fall through to it.
cutover::CommandText described(const CLI::App& app, const FormsOf& forms, std::vector<cutover::OptionText> above = {}) {
  cutover::CommandText text{app.get_name(), app.get_description(), {}, {}, {}};
  if (const auto own = forms.find(&app); own != forms.end())
    for (cutover::OptionText& option : above)
      if (option.value == "FORM") {
        option.takes = cutover::Takes::kChoice;
        option.what = "Form of the result: " + listed(own->second);
        for (const OutputForm form : own->second) option.choices.emplace_back(to_text(form));
      }
  std::vector<cutover::OptionText> below = above;
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? text.words : text.options).push_back(described(*option));
    if (!option->get_positional() && option != app.get_help_ptr() && option != app.get_version_ptr())
      below.push_back(text.options.back());
  }
  text.options.insert(text.options.end(), above.begin(), above.end());
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    text.commands.push_back(described(*command, forms, below));
  return text;
}

/// Tells what is wrong with the command line, or prints the help that was asked for.
int leave(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);
  const auto chosen = app.get_subcommands();
  const std::string help = chosen.empty() ? "cutover --help" : "cutover " + chosen.front()->get_name() + " --help";
  std::vector<std::string> left = app.remaining(true);
  left.erase(std::remove(left.begin(), left.end(), "--"), left.end());
  std::string sentence = left.empty() ? error.what() : sentence_about(app, left.front());
  if (left.empty() && chosen.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)
    sentence = "a command is missing; the commands are " + cutover::join(commands_of(app), ", ");
  cutover::log_line(fmt::format("cutover: {}; `{}` shows what there is", sentence, help));
  return static_cast<int>(ExitCode::kError);
}

int run(int argc, char** argv) {
  CLI::App app{
      "cutover moves live names from an old side to a new side without an outage.\n"
      "In the order of a cutover: assess, plan, lower-ttl, preflight, swap, watch, monitor, (rollback,) restore-ttl.",
      "cutover"};
  app.set_version_flag("--version", "cutover " CUTOVER_VERSION);
  app.require_subcommand(1);
  app.fallthrough();

  cutover::GlobalOptions global;
  const Forms usual{OutputForm::kText, OutputForm::kJson};
  const Forms lines{OutputForm::kText, OutputForm::kJson, OutputForm::kNdjson};
  std::string form;
  const CLI::Option* asked =
      app.add_option("-o,--output", form, "Form of the result: text or json; watch also ndjson, preflight also junit")
          ->type_name("FORM");
  app.add_flag("--ci", global.ci, "No live redraw and no questions; implied without a terminal");

  ExitCode exit = ExitCode::kDone;
  FormsOf forms_of;
  const auto footer = [](const Forms& forms) {
    return fmt::format("As everywhere: -o FORM for the result as {}; --ci for no live redraw and no questions\n",
                       listed(forms));
  };
  const auto command_of = [&](CLI::App& parent, const std::string& name, const char* what, const Forms& forms,
                              auto&& run) {
    CLI::App* added = parent.add_subcommand(name, what);
    added->fallthrough();
    added->footer(footer(forms));
    forms_of[added] = forms;
    const std::string called = &parent == &app ? name : parent.get_name() + " " + name;
    added->callback([&exit, &global, &form, asked, called, forms, run] {
      const auto chosen = asked->empty() ? forms.front() : output_form(called, form, forms);
      if (chosen) global.output = *chosen;
      exit = chosen ? run() : tell(chosen.error());
    });
    return added;
  };
  const auto command = [&](const char* name, const char* what, const Forms& forms, auto&& run) {
    return command_of(app, name, what, forms, run);
  };
  const auto plan_file = [&](CLI::App* added) {
    added->add_option("plan", global.plan_file, "The plan file")->type_name("FILE")->capture_default_str();
  };

  cutover::AssessFlags assess;
  CLI::App* added = command("assess", "Read the live zone, find every mention of the old side, write the plan file",
                            usual, [&] { return run_assess(global, assess); });
  added->add_option("plan", global.plan_file, "The plan file to write")->type_name("FILE")->capture_default_str();
  added->add_option("--zone", assess.zones, "Zone to read (may be repeated)")->required();
  added->add_option("--provider", assess.provider, "Where the zone is held")
      ->type_name("PROVIDER")
      ->capture_default_str();
  added->add_option("--option", assess.options, "A provider option, KEY=VALUE");
  added->add_option("--server", assess.server, "Provider option `server`: ADDRESS[:PORT] or a name");
  added->add_option("--key", assess.key, "Provider option `key`: env/NAME or file/PATH");
  added->add_option("--zone-file", assess.zone_file, "Read the zone from this file instead of from the provider")
      ->type_name("FILE");
  added->add_option("--authoritative", assess.authoritative,
                    "Authoritative servers, where the delegation cannot be walked from here");
  added->add_option("--lookup", assess.lookup, "Resolver for the program's own look-ups, instead of the system's");
  added->add_option("--from", assess.from, "Old addresses or targets, paired in order with --to")->allow_extra_args();
  added->add_option("--to", assess.to, "New addresses or targets");
  added->add_option("--map", assess.map, "OLD=NEW, instead of --from and --to");
  added->add_option("--view", assess.view, "Name of the split-horizon view this plan is about");
  added->add_option("--name", assess.name, "Name of the cutover");
  added->add_flag("--force", assess.force, "Overwrite an existing plan file");
  added->add_flag("--offline", assess.offline, "With --zone-file: do not ask the authoritative servers");

  plan_file(command("plan", "Live zone against plan: the diff, the timeline of gates, the risks, the plan's hash",
                    usual, [&] { return run_plan(global); }));
  plan_file(command("status", "Where this cutover stands, what may happen next and when", usual,
                    [&] { return run_status(global); }));

  cutover::WriteFlags writing;
  added = command("lower-ttl", "Lower the TTL of every record set that the swap will change", usual,
                  [&] { return run_lower_ttl(global, writing); });
  plan_file(added);
  add_write_flags(*added, writing);
  add_override(*added, writing);

  cutover::PreflightFlags preflight;
  added = command("preflight", "Certificates and endpoints of the new side, before any DNS change",
                  cutover::check_forms(), [&] { return run_preflight(global, preflight); });
  plan_file(added);
  added->add_option("--ca-file", preflight.ca_file, "Trust these certificates (PEM) instead of the system's store")
      ->type_name("FILE");
  added->add_option("--second-ca-file", preflight.second_ca_file, "Another root store: say where the two do not agree")
      ->type_name("FILE");
  added->add_option("--fail-on", preflight.fail_on, "note, warning or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"note", "warning", "error"}));
  added->add_option("--save", preflight.save, "FORM=FILE: the result in this form too, in a file")
      ->allow_extra_args(false);
  added->add_option("--timeout", preflight.timeout, "How long one connection may take")->capture_default_str();
  added
      ->add_option("--http-01", preflight.http_01,
                   "How much it weighs that the new side could not renew by HTTP-01: off, note, warning or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"off", "note", "warning", "error"}));

  cutover::TlsFlags tls;
  added = command("tls", "The certificate of one host or many, without a plan", cutover::check_forms(),
                  [&] { return run_tls(global, tls); });
  added->add_option("hosts", tls.hosts, "HOST[:PORT], or an address");
  added->add_option("--connect", tls.connect, "Addresses to ask, instead of those that the name has (may be repeated)")
      ->allow_extra_args(false);
  added->add_option("--old", tls.old, "Addresses of an old side to compare with (may be repeated)")
      ->allow_extra_args(false);
  added->add_option("--targets", tls.from, "File with a line `ADDRESS, NAME` for each target; - for stdin")
      ->type_name("FILE");
  added->add_option("--starttls", tls.starttls, "Protocol that turns to TLS with a command: smtp, imap, postgres, ...");
  added->add_option("--ca-file", tls.ca_file, "Trust these certificates (PEM) instead of the system's store")
      ->type_name("FILE");
  added->add_option("--second-ca-file", tls.second_ca_file, "Another root store: say where the two do not agree")
      ->type_name("FILE");
  added->add_option("--fail-on", tls.fail_on, "note, warning or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"note", "warning", "error"}));
  added->add_option("--save", tls.save, "FORM=FILE: the result in this form too, in a file")->allow_extra_args(false);
  added->add_option("--timeout", tls.timeout, "How long one connection may take")->capture_default_str();

  added = command("swap", "The change itself, behind its gates", usual, [&] { return run_swap(global, writing); });
  plan_file(added);
  add_write_flags(*added, writing);
  add_override(*added, writing);
  added->add_flag("--wait", writing.wait, "Wait at a closed time gate instead of exiting with 2");
  added->add_option("--only", writing.only, "Only these names: a first wave");
  added->add_option("--ca-file", writing.ca_file, "As for preflight: targets that are names are checked again")
      ->type_name("FILE");

  cutover::WatchFlags watching;
  added = command("watch", "Authoritative servers first, then the resolvers, until converged or given up", lines,
                  [&] { return run_watch(global, watching); });
  plan_file(added);
  added->add_option("--give-up", watching.give_up, "Give up after this long, instead of the plan's `give-up`");
  added->add_flag("--encrypted", watching.encrypted, "Ask the catalogue's resolvers over TLS or HTTPS");
  add_page_flags(*added, watching.page);
  add_metrics(*added, watching.metrics);

  cutover::BaselineFlags baseline;
  added = command("baseline", "What the old side is like before the swap: status, body, latency", usual,
                  [&] { return run_baseline(global, baseline); });
  plan_file(added);
  added->add_option("--rounds", baseline.rounds, "How often every endpoint is asked")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  added->add_option("--every", baseline.every, "Time from one round to the next")->capture_default_str();
  added->add_option("--ca-file", baseline.ca_file, "Trust these certificates (PEM) instead of the system's store")
      ->type_name("FILE");
  added->add_option("--timeout", baseline.timeout, "How long one answer may take")->capture_default_str();

  cutover::MonitorFlags monitoring;
  added =
      command("monitor", "Keeps checking the new side against the baseline after the swap, and when the old one may go",
              lines, [&] { return run_monitor(global, monitoring); });
  plan_file(added);
  added->add_option("--for", monitoring.at_most, "End after this long at the latest, instead of the plan's `for`");
  added->add_option("--ca-file", monitoring.ca_file, "Trust these certificates (PEM) instead of the system's store")
      ->type_name("FILE");
  added->add_option("--timeout", monitoring.timeout, "How long one answer may take")->capture_default_str();
  add_page_flags(*added, monitoring.page);
  add_metrics(*added, monitoring.metrics);

  added = command("rollback", "Exactly the inverse of what was swapped, at the low TTL", usual,
                  [&] { return run_rollback(global, writing); });
  plan_file(added);
  add_write_flags(*added, writing);
  added
      ->add_option("--from-snapshot", writing.from_snapshot,
                   "Undo what this snapshot-swap-N.json says, where the journal is lost")
      ->type_name("FILE");
  added->add_flag("--skip-drifted", writing.skip_drifted, "Leave record sets alone that somebody else changed");
  added->add_option("--ca-file", writing.ca_file, "As for preflight: the old side is checked and shown")
      ->type_name("FILE");

  added = command("restore-ttl", "Put the original TTLs back", usual, [&] { return run_restore_ttl(global, writing); });
  plan_file(added);
  add_write_flags(*added, writing);
  add_override(*added, writing);
  added->add_flag("--wait", writing.wait, "Wait until standby is over instead of exiting with 2");

  cutover::RunFlags unattended;
  added =
      command("run", "All phases without a person: waits at each gate, swaps, watches, restores the TTLs",
              {OutputForm::kText, OutputForm::kJson, OutputForm::kNdjson}, [&] { return run_run(global, unattended); });
  plan_file(added);
  added->add_flag("--yes", unattended.writing.yes, "Agree to the writes (needed where nobody can be asked)");
  added->add_option("--plan-hash", unattended.writing.plan_hash,
                    "Refuse unless the plan has this hash (`cutover plan` prints it)");
  added
      ->add_option("--sync-timeout", unattended.writing.sync_timeout,
                   "How long the authoritative servers may take to serve it")
      ->capture_default_str();
  add_override(*added, unattended.writing);
  added->add_option("--ca-file", unattended.writing.ca_file, "As for preflight")->type_name("FILE");
  added->add_flag("--encrypted", unattended.encrypted, "Ask the catalogue's resolvers over TLS or HTTPS");
  added->add_option("--look-again", unattended.look_again, "How long between two looks at what others have to open")
      ->capture_default_str();
  add_page_flags(*added, unattended.page);
  add_metrics(*added, unattended.metrics);

  added = command("approve", "Give the word that `run` waits for where the plan says `approve: true`", usual,
                  [&] { return run_approve(global, writing); });
  plan_file(added);
  added->add_option("--plan-hash", writing.plan_hash,
                    "Refuse unless the plan has this hash (`cutover plan` prints it)");

  cutover::ProbeFlags probing;
  added = command("probe", "Ask the world's resolvers for one name, without a plan",
                  {OutputForm::kText, OutputForm::kJson, OutputForm::kNdjson, OutputForm::kMarkdown},
                  [&] { return run_probe(global, probing); });
  added->add_option("words", probing.words, "NAME [TYPE...] [@RESOLVER...]")->required();
  added->add_option("--expect", probing.expect, "A value that everybody shall give (once per value of the set)")
      ->allow_extra_args(false);
  added->add_option("--until", probing.until, "`converged`: ask again until everybody gives what is expected");
  added->add_option("--give-up", probing.give_up, "With --until: give up after this long")->capture_default_str();
  added->add_option("--ecs", probing.views, "Ask as clients of a network or a country do: 203.0.113.0/24, country:DE")
      ->allow_extra_args(false);
  added->add_flag("--dnssec", probing.signatures, "Ask for DNSSEC signatures too");
  added->add_option("--samples", probing.samples, "Questions per resolver: several caches may stand behind one address")
      ->capture_default_str();

  cutover::DoctorFlags examining;
  added = command("doctor", "What works from here, and whether a plan can be carried out: GO or NO-GO",
                  {OutputForm::kText, OutputForm::kJson, OutputForm::kJunit},
                  [&] { return run_doctor(global, examining); });
  added->add_option("plan", examining.plan_file, "The plan file; cutover.yaml where there is one")->type_name("FILE");
  added->add_option("--ca-file", examining.ca_file, "Trust these certificates (PEM) instead of the system's store")
      ->type_name("FILE");

  plan_file(command("report", "The whole story: what was written, gates, how it spread, certificates",
                    {OutputForm::kText, OutputForm::kMarkdown, OutputForm::kJson, OutputForm::kHtml},
                    [&] { return run_report(global); }));

  cutover::RehearseFlags rehearsal;
  added = command("rehearse", "The same plan and the same code against a small Internet on loopback, with a fast clock",
                  usual, [&] { return run_rehearse(global, rehearsal); });
  plan_file(added);
  add_page_flags(*added, rehearsal.page);
  added->add_option("--speed", rehearsal.speed, "Seconds of the rehearsal per real second in the long waits")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1e6));
  add_report(*added, rehearsal);

  cutover::RehearseFlags demonstration;
  demonstration.speed = 2880;
  added = command("demo", "A rehearsal with a built-in plan", usual, [&] { return run_demo(global, demonstration); });
  add_page_flags(*added, demonstration.page);
  added->add_option("--speed", demonstration.speed, "Seconds of the demo per real second in the long waits")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1e6));
  add_report(*added, demonstration);

  cutover::ResolversListFlags listing;
  added =
      app.add_subcommand("resolvers", "The public resolvers that are asked: which there are, your own, their health");
  added->fallthrough()->require_subcommand(1);
  added->footer(footer(lines));
  CLI::App* one = command_of(*added, "list", "The built-in list, or a part of it", lines,
                             [&] { return run_resolvers_list(global, listing); });
  one->add_option("--country", listing.countries, "Two-letter code (may be repeated)");
  one->add_option("--continent", listing.continents, "Name or two letters (may be repeated)");
  one->add_option("--operator", listing.operators, "Who runs it (may be repeated)");
  one->add_option("--transport", listing.transport, "Only those that speak it: udp, tcp, tls, https")
      ->check(CLI::IsMember({"udp", "tcp", "tls", "https"}));
  one->add_option("--filtering", listing.filtering, "What they block: none, malware, family, ads, unknown; or any")
      ->check(CLI::IsMember({"none", "malware", "family", "ads", "unknown", "any"}));
  one->add_option("--tier", listing.tier, "1: the default list; 2: also second addresses and filtering variants")
      ->capture_default_str()
      ->check(CLI::Range(1, 2));
  one->add_flag("--all", listing.all, "The same as --tier 2");
  cutover::ResolversImportFlags importing;
  one = command_of(*added, "import", "Make a list of your own from a public one", usual,
                   [&] { return run_resolvers_import(global, importing); });
  one->add_option("file", importing.file, "CSV, JSON, Markdown or plain text")->type_name("FILE")->required();
  one->add_option("--to", importing.to, "The list to write, which a plan then names as file/PATH")
      ->type_name("FILE")
      ->required();
  one->add_flag("--force", importing.force, "Write over an existing list");
  one->add_flag("--private", importing.private_too, "Take addresses of private networks and of this machine too");
  cutover::ResolversCheckFlags checking;
  one = command_of(*added, "check", "Ask resolvers how they are, and remember it for `watch`", lines,
                   [&] { return run_resolvers_check(global, checking); });
  one->add_option("resolvers", checking.resolvers,
                  "default, full, operators, file/PATH or addresses; default when left out");
  one->add_option("--list", checking.lists, "A list of your own (may be repeated)")->type_name("FILE");
  one->add_option("--samples", checking.samples, "Questions whose median round trip is told")
      ->capture_default_str()
      ->check(CLI::Range(1, 20));
  one->add_option("--timeout", checking.timeout, "How long to wait for an answer; asked twice")->capture_default_str();
  one->add_flag("--forget", checking.forget, "Do not remember what is found");

  std::string provider;
  const Forms tables{OutputForm::kText, OutputForm::kJson, OutputForm::kMarkdown};
  added = app.add_subcommand("providers", "Where zones may be held: what each provider can, and what it needs");
  added->fallthrough()->require_subcommand(1);
  added->footer(footer(tables));
  command_of(*added, "list", "A line for each", tables, [&] { return run_providers_list(global); });
  command_of(*added, "show", "One of them: options, limits with their reasons, credentials, least rights", usual,
             [&] { return run_providers_show(global, provider); })
      ->add_option("name", provider, "As a plan's `type`")
      ->type_name("PROVIDER")
      ->required();

  std::string schema_of = "plan";
  command("schema", "JSON Schema of the plan file, for editors, or of a report's JSON", {OutputForm::kJson},
          [&] { return cutover::run_schema(schema_of); })
      ->add_option("what", schema_of, "plan, or story: what `report -o json` gives")
      ->capture_default_str()
      ->check(CLI::IsMember({"plan", "story"}));

  std::string shell;
  added = command("completion", "What a shell needs to complete commands and options", {OutputForm::kText},
                  [&] { return cutover::run_completion(described(app, forms_of), shell); });
  added->add_option("shell", shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));

  signal(SIGPIPE, SIG_IGN);  // a peer that hangs up is an error of its call, not the end
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return leave(app, error);
  }
  return static_cast<int>(exit);
}

}  // namespace

int main(int argc, char** argv) {
  // Errors are values here: what is thrown comes from a library in trouble (memory, say), and nothing is half written.
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cutover: stopped by an internal error: %s; `cutover status` shows where things stand\n",
                 error.what());
    return static_cast<int>(ExitCode::kError);
  }
}
