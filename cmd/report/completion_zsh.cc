#include <fmt/format.h>

#include "cmd/report/completion.h"
#include "core/text.h"

namespace cutover {
namespace {

/// `text` with a backslash before each of `special`, as _arguments and _describe want it.
std::string escaped(const std::string& text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// `:FILE:_files`, what _arguments offers behind an option or for a word.
std::string value(const OptionText& option, const std::vector<std::string>& providers) {
  const std::string label = ":" + escaped(option.value, "\\:");
  switch (option.takes) {
    case Takes::kNothing:
      return "";
    case Takes::kText:
      return label + ":";
    case Takes::kFile:
      return label + ":_files";
    case Takes::kProvider:
    case Takes::kChoice:
      return fmt::format("{}:({})", label, join(words_of(option, providers), " "));
  }
  return "";
}

/// One specification for each name: `'(-o --output)--output=[Form of the result]:FORM:(text json)'`.
std::string specifications(const OptionText& option, const std::vector<std::string>& providers) {
  std::string out;
  for (const std::string& name : option.names) {
    const std::string once = option.repeats ? "*" : "(" + join(option.names, " ") + ")";
    const std::string_view end = option.takes == Takes::kNothing ? "" : name.rfind("--", 0) == 0 ? "=" : "+";
    out += fmt::format(" \\\n    {}",
                       in_single_quotes(fmt::format("{}{}{}[{}]{}", once, name, end, escaped(option.what, "\\[]"),
                                                    value(option, providers))));
  }
  return out;
}

void add(std::string& out, const CommandText& command, const std::string& function,
         const std::vector<std::string>& providers) {
  std::string specs, commands, calls;
  for (const OptionText& option : command.options) specs += specifications(option, providers);
  if (command.commands.empty()) {
    for (const OptionText& word : command.words)
      specs += " \\\n    " + in_single_quotes((word.repeats ? "*" : "") + value(word, providers));
    out += fmt::format("{}() {{\n  _arguments{}\n}}\n", function, specs);
    return;
  }
  for (const CommandText& each : command.commands) {
    add(out, each, function + "_" + each.name, providers);
    commands += fmt::format("\n      {}", in_single_quotes(each.name + ":" + escaped(each.what, "\\")));
    calls += fmt::format("{}{}", calls.empty() ? "" : "|", each.name);
  }
  out += fmt::format(R"({0}() {{
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a commands
  _arguments -C -A '-*'{1} \
    '1: :->command' '*:: :->words'
  case $state in
    command)
      commands=({2})
      _describe -t commands command commands ;;
    words)
      curcontext="${{curcontext%:*}}-$line[1]:"
      case $line[1] in
        {3}) {0}_$line[1] ;;
      esac ;;
  esac
}}
)",
                     function, specs, commands, calls);
}

}  // namespace

std::string completion_for_zsh(const CommandText& program, const std::vector<std::string>& providers) {
  std::string out = "#compdef cutover\n# Completion of cutover for zsh, made by `cutover completion zsh`.\n";
  add(out, program, "_cutover", providers);
  // As a file on fpath it is called to complete; sourced, it says what completes the program.
  return out + "if [[ $funcstack[1] == _cutover ]]; then\n  _cutover \"$@\"\nelse\n  compdef _cutover cutover\nfi\n";
}

}  // namespace cutover
