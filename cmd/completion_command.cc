#include "cmd/command.h"
#include "cmd/report/completion.h"
#include "providers/catalog.h"

namespace cutover {

ExitCode run_completion(const CommandText& program, const std::string& shell) {
  std::vector<std::string> providers;
  for (const providers::Entry& each : providers::catalog()) providers.emplace_back(each.type);
  if (shell == "bash")
    print_result(completion_for_bash(program, providers));
  else if (shell == "zsh")
    print_result(completion_for_zsh(program, providers));
  else
    print_result(completion_for_fish(program, providers));
  return ExitCode::kDone;
}

}  // namespace cutover
