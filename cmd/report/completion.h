#pragma once
#include <string>
#include <vector>

namespace cutover {

/// What stands behind an option, as far as a shell can help with it.
enum class Takes { kNothing, kText, kFile, kProvider, kChoice };

/// An option, or a word that is no option (`plan` of `cutover swap plan`).
struct OptionText {
  std::vector<std::string> names;  ///< `-o`, `--output`; of a word its name alone: `plan`
  std::string what;                ///< one line
  std::string value;               ///< what help calls its value: `FILE`
  Takes takes = Takes::kNothing;
  std::vector<std::string> choices;  ///< with kChoice
  bool repeats = false;
};

/// A command with everything that may be typed behind it. The program itself is one, too: its commands are those of the
/// command line.
struct CommandText {
  std::string name;
  std::string what;
  std::vector<OptionText> options;  ///< its own, and those of the commands above it
  std::vector<OptionText> words;    ///< in their order
  std::vector<CommandText> commands;
};

// Scripts for the shells, made of the command table alone. `providers` are the words for Takes::kProvider.

/// For bash 4 and later; bash-completion is not needed.
std::string completion_for_bash(const CommandText& program, const std::vector<std::string>& providers);
/// For zsh with compinit, as a file `_cutover` on fpath, or sourced.
std::string completion_for_zsh(const CommandText& program, const std::vector<std::string>& providers);
std::string completion_for_fish(const CommandText& program, const std::vector<std::string>& providers);

/// The text between single quotes, for a shell of the Bourne family.
std::string in_single_quotes(const std::string& text);
/// The words that may stand there; empty where any text or file may.
std::vector<std::string> words_of(const OptionText& option, const std::vector<std::string>& providers);

}  // namespace cutover
