#include "cmd/report/providers_text.h"

#include <fmt/format.h>

#include "cmd/report/columns.h"
#include "core/text.h"

namespace cutover {
namespace {

using providers::Entry;

std::string seconds_or(std::string_view zero, Seconds span) {
  return span == Seconds(0) ? std::string(zero) : fmt::format("{} s", span.count());
}

std::string sets(const providers::Capabilities& can) {
  if (can.atomic.value == providers::AtomicScope::kNone) return "";
  return std::to_string(can.atomic_limit.value);
}

std::string types_text(const std::vector<RecordType>& types) {
  std::vector<std::string> names;
  for (const RecordType type : types) names.push_back(to_text(type));
  return names.empty() ? "all" : join(names, " ");
}

std::string ttl_steps_text(const std::vector<Seconds>& steps) {
  std::vector<std::string> texts;
  for (const Seconds step : steps) texts.push_back(std::to_string(step.count()));
  return texts.empty() ? "any" : join(texts, " ") + " s";
}

std::string budget_text(const providers::Budget& budget) {
  return budget.calls == 0 ? "not known" : fmt::format("{} in {} s", budget.calls, budget.per.count());
}

std::string value_of(const std::vector<ProviderTrait>& traits, std::string_view key) {
  for (const ProviderTrait& each : traits)
    if (each.key == key) return each.value;
  return traits.empty() ? "see the program" : "";
}

/// For a line of a list, where there is no room for their names.
std::string how_many_types(const Entry& entry) {
  if (entry.capabilities == nullptr) return "see the program";
  const std::size_t types = entry.capabilities().types.value.size();
  return types == 0 ? "all" : std::to_string(types);
}

/// A cell of a Markdown table.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out.empty() ? "-" : out;
}

/// What a plan needs at least, where the environment gives nothing.
std::string example(const Entry& entry) {
  std::string text = fmt::format("provider: {{ type: {}", entry.type);
  for (const providers::OptionSpec& option : entry.options) {
    if (!option.required) continue;
    const std::string name = option.variables.empty() ? "NAME" : std::string(option.variables.front());
    text += fmt::format(", {}: {}", option.name, option.is_credential ? "env/" + name : "...");
  }
  return text + " }";
}

std::vector<std::string> names_of(const providers::OptionSpec& option) {
  return {option.variables.begin(), option.variables.end()};
}

std::string need(const providers::OptionSpec& option) {
  return fmt::format("{}{}", option.required ? "needed" : "optional", option.is_credential ? ", secret" : "");
}

}  // namespace

std::vector<ProviderTrait> traits_of(const Entry& entry) {
  if (entry.capabilities == nullptr) return {};
  const providers::Capabilities& can = entry.capabilities();
  const auto text = [](auto value) { return std::string(to_text(value)); };
  std::vector<ProviderTrait> traits;
  // What nobody has stated is not told.
  const auto tell = [&](std::string_view key, std::string_view name, std::string value, const auto& declared) {
    if (!declared.why.empty()) traits.push_back({key, name, std::move(value), declared.why, declared.verified});
  };
  tell("unit", "one edit", text(can.unit.value), can.unit);
  tell("atomic", "all or nothing", text(can.atomic.value), can.atomic);
  tell("atomic_limit", "sets a call", sets(can), can.atomic_limit);
  tell("compare_and_swap", "compare and swap", text(can.compare_and_swap.value), can.compare_and_swap);
  tell("ttl_floor", "lowest TTL", seconds_or("any", can.ttl_floor.value), can.ttl_floor);
  tell("ttl_ceiling", "highest TTL", seconds_or("any", can.ttl_ceiling.value), can.ttl_ceiling);
  tell("ttl_steps", "TTLs", ttl_steps_text(can.ttl_steps.value), can.ttl_steps);
  tell("signal", "signal", text(can.signal.value), can.signal);
  tell("commit_step", "commit step", std::string(can.commit_step.value), can.commit_step);
  tell("settle_time", "settle time", seconds_or("none", can.settle_time.value), can.settle_time);
  tell("budget", "calls", budget_text(can.budget.value), can.budget);
  tell("types", "types", types_text(can.types.value), can.types);
  return traits;
}

std::string providers_as_text(std::span<const Entry> entries) {
  Columns columns({"PROVIDER", "ONE EDIT", "ALL OR NOTHING", "SETS A CALL", "COMPARE AND SWAP", "LOWEST TTL", "SIGNAL",
                   "COMMIT STEP", "SETTLE TIME", "TYPES", "WHAT IT IS"});
  for (const Entry& entry : entries) {
    const auto traits = traits_of(entry);
    const auto of = [&](std::string_view key) { return value_of(traits, key); };
    columns.add({std::string(entry.type), of("unit"), of("atomic"), of("atomic_limit"), of("compare_and_swap"),
                 of("ttl_floor"), of("signal"), of("commit_step"), of("settle_time"), how_many_types(entry),
                 std::string(entry.title)});
  }
  return columns.text() + fmt::format("\n{}; `cutover providers show NAME` says why, and what it needs\n",
                                      counted(entries.size(), "provider"));
}

std::string providers_as_markdown(std::span<const Entry> entries) {
  std::string out =
      "| provider | what it is | one edit | all or nothing | compare and swap | lowest TTL | signal | commit step "
      "| settle time |\n|---|---|---|---|---|---|---|---|---|\n";
  for (const Entry& entry : entries) {
    const auto traits = traits_of(entry);
    const auto of = [&](std::string_view key) { return cell(value_of(traits, key)); };
    out += fmt::format("| [{0}](providers/{0}/README.md) | {1} | {2} | {3} | {4} | {5} | {6} | {7} | {8} |\n",
                       entry.type, cell(std::string(entry.title)), of("unit"), of("atomic"), of("compare_and_swap"),
                       of("ttl_floor"), of("signal"), of("commit_step"), of("settle_time"));
  }
  return out;
}

std::string provider_as_text(const Entry& entry) {
  std::string out = fmt::format("{}: {}\n\n    {}\n\n", entry.type, entry.title, example(entry));
  for (const providers::OptionSpec& option : entry.options) {
    out += fmt::format("{} ({}): {}\n", option.name, need(option), option.what);
    if (option.variables.empty()) continue;
    out += fmt::format("    not in the plan: {}{}\n", join(names_of(option), ", "),
                       option.is_credential ? "; each also with _FILE" : "");
  }
  if (!entry.options.empty()) out += "\n";
  if (const auto traits = traits_of(entry); !traits.empty()) {
    Columns columns({"WHAT IT CAN", "VALUE", "LAST SEEN", "WHY"});
    for (const ProviderTrait& each : traits)
      columns.add({std::string(each.name), each.value, std::string(each.verified), std::string(each.why)});
    out += columns.text() + "\n";
  } else {
    out += "What it can is said by the program that it runs.\n\n";
  }
  out += fmt::format("Credentials: {}\nLeast rights: {}\n", printable(entry.credentials), printable(entry.rights));
  return out;
}

}  // namespace cutover
