#include "providers/external/inverse.h"

#include <fmt/format.h>

#include <set>

#include "core/text.h"
#include "providers/file.h"

namespace cutover::providers::external {

InverseScript inverse_script(const ChangeSet& inverse, const std::vector<std::string>& requests,
                             const Setting& setting) {
  const std::string name = fmt::format("rollback-{}.sh", inverse.zone.host());
  std::string text = fmt::format(
      "#!/bin/sh\n# Undoes a change of {} with the program that made it. The program compares before it changes, as "
      "far as it can.\n#\n",
      printable(inverse.zone.text()));
  for (const std::string& line : diff_lines(inverse)) text += "#   " + line + "\n";
  text += fmt::format("set -u\nprogram={}\n", shell_quote(setting.program));
  text +=
      "[ -x \"$program\" ] || program=$(command -v \"${program##*/}\") || { echo \"${program##*/} is not on PATH\" "
      ">&2; "
      "exit 1; }\n";
  for (const std::string& variable : std::set<std::string>(setting.variables.begin(), setting.variables.end()))
    if (!variable.ends_with("_FILE"))
      text += fmt::format(
          "[ -n \"${{{0}:-}}${{{0}_FILE:-}}\" ] || echo \"note: the environment has no {0}, which the plan names\" "
          ">&2\n",
          variable);
  text += fmt::format("cd {} || exit 1\n", shell_quote(setting.folder));
  text += fmt::format(
      "number=0\nfeed() {{\n  number=$((number + 1))\n  answer=$(\"$program\") || {{ echo \"request $number of {0}: "
      "the program failed: whether it was made is not known, look at the zone\" >&2; exit 1; }}\n"
      "  printf '%s\\n' \"$answer\" | tr '\\n' ' ' | grep -q '\"outcome\" *: *\"applied\"' && return\n"
      "  echo \"request $number of {0} was not applied:\" >&2\n  printf '%s\\n' \"$answer\" >&2\n  exit 1\n}}\n",
      requests.size());
  for (const std::string& request : requests) text += "feed <<'END-OF-REQUEST'\n" + request + "END-OF-REQUEST\n";
  text += "echo \"the records are as they were\"\n";
  return InverseScript{name, "sh " + name, text};
}

}  // namespace cutover::providers::external
