#include <fmt/format.h>

#include "cmd/report/completion.h"
#include "core/text.h"

namespace cutover {
namespace {

// The script keeps the commands that were typed so far in `path`, `/resolvers/list`, and looks its cases up by it.

constexpr const char* kBegin = R"(# Completion of cutover for bash 4 and later, made by `cutover completion bash`.
_cutover() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path='' words='' i
  # bash splits --option=value into three words.
  if [[ $word == = ]]; then
    word=''
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/${COMP_WORDS[i]}" in
)";

constexpr const char* kValues = R"() path+=/${COMP_WORDS[i]} ;;
    esac
  done
  case "$path $before" in
)";

constexpr const char* kWords = R"(  esac
  if [[ $word == -* ]]; then
    case "$path" in
)";

constexpr const char* kOther = R"(    esac
  else
    case "$path" in
)";

constexpr const char* kEnd = R"(    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
_cutover_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}
complete -F _cutover cutover
)";

struct Cases {
  std::string paths;    ///< of every command below the program, `/a|/b/c`
  std::string values;   ///< what stands behind an option
  std::string options;  ///< by path
  std::string others;   ///< by path
};

std::string offer(const OptionText& option, const std::vector<std::string>& providers) {
  if (option.takes == Takes::kFile) return "_cutover_files \"$word\"; return";
  const auto words = words_of(option, providers);
  return words.empty() ? "return" : "words=" + in_single_quotes(join(words, " "));
}

void add(Cases& cases, const CommandText& command, const std::string& path, const std::vector<std::string>& providers) {
  std::vector<std::string> options, below;
  for (const OptionText& option : command.options) {
    options.insert(options.end(), option.names.begin(), option.names.end());
    if (option.takes == Takes::kNothing) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : option.names) patterns.push_back(in_single_quotes(path + " " + name));
    // The word behind an option is its value, whatever else could stand there.
    const std::string values = words_of(option, providers).empty()
                                   ? offer(option, providers)
                                   : fmt::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$word\"); return",
                                                 in_single_quotes(join(words_of(option, providers), " ")));
    cases.values += fmt::format("    {}) {} ;;\n", join(patterns, "|"), values);
  }
  cases.options += fmt::format("      '{}') words={} ;;\n", path, in_single_quotes(join(options, " ")));
  for (const CommandText& each : command.commands) below.push_back(each.name);
  if (!below.empty())
    cases.others += fmt::format("      '{}') words={} ;;\n", path, in_single_quotes(join(below, " ")));
  else if (!command.words.empty())
    cases.others += fmt::format("      '{}') {} ;;\n", path, offer(command.words.front(), providers));
  for (const CommandText& each : command.commands) {
    cases.paths += (cases.paths.empty() ? "      " : "|") + path + "/" + each.name;
    add(cases, each, path + "/" + each.name, providers);
  }
}

}  // namespace

std::string completion_for_bash(const CommandText& program, const std::vector<std::string>& providers) {
  Cases cases;
  add(cases, program, "", providers);
  return kBegin + cases.paths + kValues + cases.values + kWords + cases.options + kOther + cases.others + kEnd;
}

std::string in_single_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::vector<std::string> words_of(const OptionText& option, const std::vector<std::string>& providers) {
  switch (option.takes) {
    case Takes::kChoice:
      return option.choices;
    case Takes::kProvider:
      return providers;
    case Takes::kNothing:
    case Takes::kText:
    case Takes::kFile:
      break;
  }
  return {};
}

}  // namespace cutover
