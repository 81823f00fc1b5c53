#include <fmt/format.h>

#include "cmd/report/completion.h"
#include "core/text.h"

namespace cutover {
namespace {

constexpr const char* kBegin = R"(# Completion of cutover for fish, made by `cutover completion fish`.
# Holds where the commands typed so far are exactly those of the path: `__cutover_at /resolvers/list`.
function __cutover_at
  set -l path ''
  for word in (commandline -opc)[2..-1]
    switch $path/$word
      case {}
        set path $path/$word
    end
  end
  test "$path" = "$argv[1]"
end
complete -c cutover -f
)";

/// fish knows `\\` and `\'` between single quotes.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

std::string values(const OptionText& option, const std::vector<std::string>& providers) {
  switch (option.takes) {
    case Takes::kNothing:
      return "";
    case Takes::kText:
      return " -x";
    case Takes::kFile:
      return " -r -F";
    case Takes::kProvider:
    case Takes::kChoice:
      return " -x -a " + quoted(join(words_of(option, providers), " "));
  }
  return "";
}

void add(std::string& out, const CommandText& command, const std::string& path,
         const std::vector<std::string>& providers) {
  const std::string here = fmt::format("complete -c cutover -n '__cutover_at {}'", path.empty() ? "\"\"" : path);
  for (const CommandText& each : command.commands)
    out += fmt::format("{} -a {} -d {}\n", here, each.name, quoted(each.what));
  for (const OptionText& word : command.words)
    if (word.takes == Takes::kFile)
      out += here + " -F\n";
    else if (const auto words = words_of(word, providers); !words.empty())
      out += fmt::format("{} -a {}\n", here, quoted(join(words, " ")));
  for (const OptionText& option : command.options) {
    std::string names;
    for (const std::string& name : option.names)
      names += name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1);
    out += fmt::format("{}{}{} -d {}\n", here, names, values(option, providers), quoted(option.what));
  }
  for (const CommandText& each : command.commands) add(out, each, path + "/" + each.name, providers);
}

void add_paths(std::vector<std::string>& out, const CommandText& command, const std::string& path) {
  for (const CommandText& each : command.commands) {
    out.push_back(path + "/" + each.name);
    add_paths(out, each, path + "/" + each.name);
  }
}

}  // namespace

std::string completion_for_fish(const CommandText& program, const std::vector<std::string>& providers) {
  std::vector<std::string> paths;
  add_paths(paths, program, "");
  std::string out = fmt::format(kBegin, join(paths, " "));
  add(out, program, "", providers);
  return out;
}

}  // namespace cutover
