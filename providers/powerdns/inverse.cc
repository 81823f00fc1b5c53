#include "providers/powerdns/inverse.h"

#include <fmt/format.h>

#include "core/text.h"
#include "providers/file.h"
#include "providers/powerdns/zone_json.h"

// The script has to read JSON with what every Unix has. grep breaks the reply into strings, keys (a string and its
// colon) and brackets, one a line; awk counts brackets to know where a record set ends. Values are compared without
// quotes, backslashes and spaces: PowerDNS writes some of them otherwise than they were sent (alpn="h2" is alpn=h2).

namespace cutover::providers::powerdns {
namespace {

constexpr std::string_view kReading =
    R"SH(# NAME TYPE VALUE, a record a line, of the record sets that the change is about
values() {
  grep -o -e '"\([^"\\]\|\\.\)*" *:\{0,1\}' -e '[][{}]' | awk '
    FNR == NR { wanted[$0]; next }
    /: *$/ { key = $0; next }
    $0 == "{" || $0 == "[" { depth++; if (depth == 4) list = key; next }
    $0 == "]" { depth--; next }
    $0 == "}" {
      depth--
      if (depth == 2) { if ((name " " type) in wanted) for (i = 1; i <= n; i++) print name, type, value[i]; n = 0 }
      next
    }
    key ~ /^"name"/ && depth == 3 { name = tolower($0); gsub(/"/, "", name) }
    key ~ /^"type"/ && depth == 3 { type = $0; gsub(/"/, "", type) }
    key ~ /^"content"/ && list ~ /^"records"/ { n++; value[n] = tolower($0); gsub(/["\\ ]/, "", value[n]) }
  ' "$work/sets" - | LC_ALL=C sort
}
)SH";

std::string plain(std::string_view value) {
  std::string text;
  for (const char c : to_lower(value))
    if (c != '"' && c != '\\' && c != ' ') text += c;
  return text;
}

std::string here(std::string_view file, const std::string& text) {
  return fmt::format("cat > \"$work/{}\" <<'END-OF-TEXT'\n{}END-OF-TEXT\n", file, text);
}

/// Shell text that leaves the key in $key. It is never a word of a command that others could see.
std::string key_reading(const std::string& reference) {
  if (reference.starts_with("file/")) return fmt::format("key=$(cat {})\n", shell_quote(reference.substr(5)));
  const std::string name = reference.substr(4);
  return fmt::format("if [ -n \"${{{0}_FILE:-}}\" ]; then key=$(cat \"${0}_FILE\"); else key=${{{0}:?}}; fi\n", name);
}

}  // namespace

InverseScript inverse_script(const ChangeSet& inverse, const Door& door) {
  const std::string name = fmt::format("rollback-{}.sh", inverse.zone.host());
  std::string sets, expected;
  for (const Change& change : inverse.changes) {
    sets += change.key.text() + "\n";
    if (!change.before) continue;
    for (const std::string& value : change.before->rdata) expected += change.key.text() + " " + plain(value) + "\n";
  }
  std::string text = fmt::format(
      "#!/bin/sh\n# Undoes a change of {} through PowerDNS's HTTP API. Needs sh, curl, grep, awk and sort; changes\n"
      "# nothing when the values are no longer as that change left them. Nobody should edit the zone meanwhile: the\n"
      "# API cannot compare and change in one call.\n#\n",
      printable(inverse.zone.text()));
  for (const std::string& line : diff_lines(inverse)) text += "#   " + line + "\n";
  text += fmt::format(
      "set -eu\numask 077\nurl={}\nwork=$(mktemp -d)\ntrap 'rm -rf \"$work\"' EXIT\n"
      "stop() {{ echo \"$1; nothing was changed\" >&2; exit 1; }}\n"
      "{}printf 'X-API-Key: %s\\n' \"$key\" > \"$work/header\"\n"
      "call() {{ curl -sS --noproxy '*' --fail -m 30{} -H @\"$work/header\" \"$@\"; }}\n\n",
      shell_quote(door.zone_url), key_reading(door.key),
      door.ca_file.empty() ? "" : " --cacert " + shell_quote(door.ca_file));
  text += kReading;
  text += "\n" + here("sets", sets) + here("expected", expected) + here("body", patch_body(inverse) + "\n");
  text +=
      "call \"$url\" > \"$work/zone\" || stop \"the zone could not be read\"\n"
      "values < \"$work/zone\" > \"$work/found\"\n"
      "LC_ALL=C sort \"$work/expected\" > \"$work/wanted\"\n"
      "cmp -s \"$work/found\" \"$work/wanted\" || stop \"the records are not as the change left them\"\n"
      "call -X PATCH -H 'Content-Type: application/json' --data-binary @\"$work/body\" \"$url\" || {\n"
      "  echo \"the call failed: whether it was made is not known, look at the zone\" >&2; exit 1; }\n"
      "# Secondaries hear of it now and not within a minute. A body of nothing has a length, which proxies wait for.\n"
      "call -X PUT --data-binary '' \"$url/notify\" > /dev/null 2>&1 || :\n"
      "echo \"the records are as they were\"\n";
  return InverseScript{name, "sh " + name, text};
}

}  // namespace cutover::providers::powerdns
