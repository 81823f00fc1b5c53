#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "tests/cmd/help_text.h"

// Real shells are asked what they would offer; what they should is taken from the program's help.

using namespace cutover;
using namespace cutover::tests;

namespace {

using Words = std::set<std::string>;

/// What a shell offers at the end of each command line.
std::map<std::string, Words> answers(const std::string& output) {
  std::map<std::string, Words> out;
  std::string line;
  for (const std::string& each : lines_of(output))
    if (each.rfind("? ", 0) == 0)
      line = each.substr(2), out[line];
    else if (const std::string word(trim(each.substr(0, each.find('\t')))); !word.empty())
      out[line].insert(word);
  return out;
}

// Each of these reads the command lines from the file `questions`, and prints `? LINE` and then what it would offer.

constexpr const char* kBash = R"(set -u
source ./script
while IFS= read -r line; do
  printf '? %s\n' "$line"
  read -ra COMP_WORDS <<< "${line//=/ = }"
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _cutover cutover
  printf '%s\n' "${COMPREPLY[@]}"
done < questions
)";

constexpr const char* kFish = R"(source ./script
while read -l line
  echo "? $line"
  complete -C "$line"
end < questions
)";

// A zsh with a terminal of its own asks its completion about each line, and keeps what would be added.
constexpr const char* kZsh = R"(zmodload zsh/zpty
cat > setup <<'END'
PS1=''
autoload -Uz compinit
compinit -D -u
source ./script
compadd() {
  local -a offered
  if [[ " ${(j: :)@[1,10]} " != *' -'[a-zA-Z]#[OAD]' '* ]]; then
    builtin compadd -O offered "$@"
    (( $#offered )) && print -rl -- $offered >> answers
  fi
  builtin compadd "$@"
}
setopt extended_glob
ask() {
  local line
  while IFS= read -r line; do
    print -r -- "? $line" >> answers
    BUFFER=$line CURSOR=$#line
    zle complete-word
  done < questions
  touch asked
}
zle -N ask
bindkey '^G' ask
touch ready
END
zpty shell zsh -f -i
zpty -w shell 'source ./setup'
typeset -F SECONDS=0
while [[ ! -e ready ]] && (( SECONDS < 60 )); do zpty -rt shell ignored; done
zpty -w -n shell $'\a'
while [[ ! -e asked ]] && (( SECONDS < 60 )); do zpty -rt shell ignored; done
zpty -d shell
cat answers
)";

std::string program() { return environment("CUTOVER_PROGRAM"); }

std::map<std::string, Words> ask(const std::string& shell, const Lines& questions) {
  const auto script = servers::run_program({program(), "completion", shell});
  REQUIRE(script.status == 0);
  const servers::TempFolder folder;
  folder.write("script", script.output);
  folder.write("questions", join(questions, "\n") + "\n");
  folder.write("move.yaml", "");
  folder.write("how", shell == "bash" ? kBash : shell == "fish" ? kFish : kZsh);
  Lines argv{"env", "HOME=" + folder.path(), "XDG_CONFIG_HOME=" + folder.path(), "TERM=dumb"};
  for (const char* word : shell == "bash"   ? std::initializer_list<const char*>{"bash", "--norc", "how"}
                          : shell == "fish" ? std::initializer_list<const char*>{"fish", "--no-config", "how"}
                                            : std::initializer_list<const char*>{"zsh", "-f", "how"})
    argv.emplace_back(word);
  const auto ran = servers::run_program(argv, {}, std::chrono::seconds(100), folder.path());
  INFO(shell << " said: " << ran.output);
  CHECK(ran.status == 0);
  return answers(ran.output);
}

/// Every command, and every action of those that have some: `swap`, `resolvers`, `resolvers list`.
Lines paths() {
  Lines out;
  for (const std::string& command : commands()) {
    out.push_back(command);
    for (const std::string& action : commands_in(help(command))) out.push_back(command + " " + action);
  }
  return out;
}

Words words(const Lines& lines) { return {lines.begin(), lines.end()}; }

Words provider_types() {
  const auto told = servers::run_program({program(), "providers", "list", "-o", "json"});
  const auto all = nlohmann::json::parse(told.output);
  Words out;
  for (const auto& each : all.at("providers")) out.insert(each.at("type"));
  return out;
}

}  // namespace

TEST_CASE("bash, zsh and fish complete every command and every option") {
  std::map<std::string, Words> wanted{{"cutover ", words(commands())}};
  Words everywhere = options_of_help(help(""));
  everywhere.erase("--version");
  for (const std::string& path : paths()) {
    Words options = options_of_help(help(path));
    options.insert(everywhere.begin(), everywhere.end());
    wanted["cutover " + path + " --"] = options;
    if (const Lines actions = commands_in(help(path)); !actions.empty())
      wanted["cutover " + path + " "] = words(actions);
  }
  REQUIRE(wanted.size() > 20);
  Lines questions;
  for (const auto& [question, unused] : wanted) questions.push_back(question);
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const auto given = ask(shell, questions);
    for (const auto& [question, expected] : wanted) {
      CAPTURE(question);
      REQUIRE(given.count(question) == 1);
      CHECK(given.at(question) == expected);
    }
  }
}

TEST_CASE("bash, zsh and fish complete the words that an option may have, and files where there are some") {
  const std::map<std::string, Words> wanted{
      {"cutover pre", {"preflight"}},
      {"cutover -o json pre", {"preflight"}},
      {"cutover preflight --fail-on ", {"note", "warning", "error"}},
      {"cutover preflight -o ", {"text", "json", "junit", "sarif", "github", "metrics"}},
      {"cutover watch --output ", {"text", "json", "ndjson"}},
      {"cutover --ci resolvers list --transport t", {"tcp", "tls"}},
      {"cutover completion ", {"bash", "fish", "zsh"}},
      {"cutover providers show ", provider_types()},
      {"cutover assess --provider ", provider_types()},
      {"cutover plan m", {"move.yaml"}},
      {"cutover swap --yes --ca-file m", {"move.yaml"}},
      {"cutover rollback --from-snapshot m", {"move.yaml"}},
  };
  Lines questions;
  for (const auto& [question, unused] : wanted) questions.push_back(question);
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const auto given = ask(shell, questions);
    for (const auto& [question, expected] : wanted) {
      CAPTURE(question);
      REQUIRE(given.count(question) == 1);
      CHECK(given.at(question) == expected);
    }
  }
}

TEST_CASE("a value behind `=` is completed as well, as each shell writes it") {
  CHECK(ask("bash", {"cutover swap --output=j"}).at("cutover swap --output=j") == Words{"json"});
  CHECK(ask("fish", {"cutover swap --output=j"}).at("cutover swap --output=j") == Words{"--output=json"});
  CHECK(ask("zsh", {"cutover swap --output=j"}).at("cutover swap --output=j") == Words{"json"});
}
