#include "providers/external/inverse.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/text.h"
#include "providers/external/protocol.h"
#include "providers/file.h"

namespace cutover::providers::external {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPython = R"PY(

def stop(why):
    sys.exit(why + "; nothing was changed")


def run(request):
    done = subprocess.run([program], input=json.dumps(request).encode(), stdout=subprocess.PIPE, cwd=FOLDER)
    if done.returncode != 0:
        raise OSError("the program ended with status %d" % done.returncode)
    return json.loads(done.stdout)


def plain(values):  # quotes, spaces and the last dot are written as one likes
    return {re.sub(r'["\\ ]', "", value.lower()).rstrip(".") for value in values}


def key(one):
    return one["name"].lower().rstrip("."), one["type"]


def holds(change, side):
    wanted, there = change[side], found.get(key(change))
    if wanted is None or there is None:
        return wanted is None and there is None
    same = plain(wanted["rdata"]) == plain(there["rdata"])
    return same and (side == "before" or wanted["ttl_s"] == there["ttl_s"])


program = PROGRAM if os.access(PROGRAM, os.X_OK) else shutil.which(os.path.basename(PROGRAM))
if program is None:
    stop(os.path.basename(PROGRAM) + " is not on PATH")
for name in VARIABLES:
    if not os.environ.get(name) and not os.environ.get(name + "_FILE"):
        print("note: the environment has no %s, which the plan names" % name, file=sys.stderr)
try:
    answer = run(READ)
    if answer["outcome"] != "ok":
        stop("the zone could not be read: " + answer.get("message", answer["outcome"]))
    found = {key(one): one for one in answer["record_sets"]}
except (OSError, ValueError, LookupError) as error:
    stop("the zone could not be read: " + str(error))
changes = [change for request in REQUESTS for change in request["changes"]]
if all(holds(change, "after") for change in changes):
    stop("the records are as they were before the change already")
for change in changes:
    if not holds(change, "before") and not holds(change, "after"):
        stop("%s %s is not as the change left it" % (change["name"], change["type"]))
for number, request in enumerate(REQUESTS, 1):
    request["changes"] = [change for change in request["changes"] if not holds(change, "after")]
    if not request["changes"]:
        continue
    try:
        answer = run(request)
    except (OSError, ValueError) as error:
        sys.exit("request %d of %d: %s: whether it was made is not known, look at the zone" % (number, len(REQUESTS), error))
    if answer.get("outcome") != "applied":
        sys.exit("request %d of %d was not applied: %s" % (number, len(REQUESTS), json.dumps(answer)))
print("the records are as they were")
)PY";

/// A Python literal: JSON in a string cannot be broken out of by what it holds.
std::string literal(const Json& json) {
  const auto text = [](const Json& of) { return of.dump(-1, ' ', true, Json::error_handler_t::replace); };
  return fmt::format("json.loads({})", text(text(json)));
}

std::set<std::string> variables_of(const Setting& setting) {
  std::set<std::string> names;
  for (const std::string& variable : setting.variables)
    if (!variable.ends_with("_FILE")) names.insert(variable);
  return names;
}

InverseScript in_python(const ChangeSet& inverse, const std::vector<std::string>& requests, const Setting& setting) {
  const std::string name = fmt::format("rollback-{}.py", inverse.zone.host());
  std::string text = fmt::format(
      "#!/usr/bin/env python3\n# Undoes a change of {} with the program that made it. Changes nothing when the values "
      "are no longer as\n# that change left them. Nobody should edit the zone meanwhile.\n#\n",
      printable(inverse.zone.text()));
  for (const std::string& line : diff_lines(inverse)) text += "#   " + line + "\n";
  Json calls = Json::array();
  for (const std::string& call : requests) calls.push_back(Json::parse(call));
  text += "import json, os, re, shutil, subprocess, sys\n\n";
  text += fmt::format("PROGRAM = {}\nFOLDER = {}\n", literal(setting.program), literal(setting.folder));
  text += fmt::format("VARIABLES = {}\n", literal(variables_of(setting)));
  text +=
      fmt::format("READ = {}\n",
                  literal(Json::parse(request("read", setting.options, Json{{"zone", inverse.zone.text()}}.dump()))));
  text += fmt::format("REQUESTS = {}\n", literal(calls));
  return InverseScript{name, "python3 " + name, text + std::string(kPython)};
}

InverseScript in_shell(const ChangeSet& inverse, const std::string& request, const Setting& setting) {
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
  for (const std::string& variable : variables_of(setting))
    text += fmt::format(
        "[ -n \"${{{0}:-}}${{{0}_FILE:-}}\" ] || echo \"note: the environment has no {0}, which the plan names\" "
        ">&2\n",
        variable);
  text += fmt::format("cd {} || exit 1\n", shell_quote(setting.folder));
  text += "answer=$(\"$program\" <<'END-OF-REQUEST'\n" + request +
          "END-OF-REQUEST\n) || { echo \"the program failed: whether it was made is not known, look at the zone\" >&2; "
          "exit "
          "1; }\n"
          "if printf '%s\\n' \"$answer\" | tr '\\n' ' ' | grep -q '\"outcome\" *: *\"applied\"'; then\n"
          "  echo \"the records are as they were\"\nelse\n"
          "  echo \"it was not applied:\" >&2\n  printf '%s\\n' \"$answer\" >&2\n  exit 1\nfi\n";
  return InverseScript{name, "sh " + name, text};
}

}  // namespace

InverseScript inverse_script(const ChangeSet& inverse, const std::vector<std::string>& requests, const Setting& setting,
                             Comparison comparison) {
  if (requests.size() == 1 && comparison == Comparison::kByProgram) return in_shell(inverse, requests[0], setting);
  return in_python(inverse, requests, setting);
}

}  // namespace cutover::providers::external
