#include "providers/zonefile/inverse.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/text.h"
#include "providers/file.h"
#include "providers/zonefile/edit.h"
#include "providers/zonefile/unified_diff.h"

// The script is written before the change is made and run at some later hour, when the serial is another one. So the
// diff is made between texts whose serial is 0, and the script gives the file's copy the serial 0, patches it, and then
// writes the real one. awk finds the serial by the lines that the SOA record has now: the line where the record
// begins, how many lines further down the serial stands, and what stands around it there.

namespace cutover::providers::zonefile {
namespace {

constexpr std::string_view kSerialProgram = R"(awk_serial='
  { line[NR] = $0 }
  END {
    for (i = 1; i + where <= NR; i++) {
      if (where > 0 && line[i] != ENVIRON["SOA_LINE"]) continue
      text = line[i + where]; before = ENVIRON["BEFORE"]; after = ENVIRON["AFTER"]
      n = length(text) - length(before) - length(after)
      if (n < 1 || substr(text, 1, length(before)) != before || substr(text, length(before) + n + 1) != after) continue
      serial = substr(text, length(before) + 1, n)
      if (serial ~ /[^0-9]/) continue
      hits++; at = i + where; old = serial
    }
    if (hits != 1) exit 3
    if (new == "?") { print old; exit 0 }
    for (i = 1; i <= NR; i++) print ((i == at) ? ENVIRON["BEFORE"] new ENVIRON["AFTER"] : line[i])
  }'
)";

struct SerialPlace {
  std::string soa_line;   ///< the physical line where the SOA record begins
  std::size_t where = 0;  ///< physical lines from there to the serial
  std::string before, after;
};

SerialPlace place_of_serial(const ZoneText& zone, const FileRecord& soa) {
  const std::string& text = zone.text;
  const Line& line = zone.lines[soa.line];
  const Span serial = line.words.at(soa.first_rdata_word + 2).at;
  const auto line_begin = [&](std::size_t at) {
    const std::size_t before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
    return before == std::string::npos ? 0 : before + 1;
  };
  const auto line_end = [&](std::size_t at) { return std::min(text.find('\n', at), text.size()); };
  SerialPlace place;
  place.soa_line = text.substr(line.at.begin, line_end(line.at.begin) - line.at.begin);
  place.where = static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(line.at.begin),
                                                    text.begin() + static_cast<std::ptrdiff_t>(serial.begin), '\n'));
  place.before = text.substr(line_begin(serial.begin), serial.begin - line_begin(serial.begin));
  place.after = text.substr(serial.end, line_end(serial.end) - serial.end);
  return place;
}

bool is_in_force(const Zone& zone, const ChangeSet& changes) {
  return std::all_of(changes.changes.begin(), changes.changes.end(),
                     [&](const Change& change) { return after_holds(change, zone.find(change.key)); });
}

struct BothTexts {
  std::string changed, back;  ///< with serial 0
};

Result<BothTexts> both_texts(const ZoneText& now, const ChangeSet& inverse, const Places& places) {
  BothTexts texts;
  auto changed = edited(now, inverse_of(inverse), 0, places.folder);
  if (!changed) return changed.error();
  texts.changed = *changed;
  auto zone = now.zone();
  if (!zone) return zone.error();
  if (is_in_force(*zone, inverse)) {
    // The usual case: the way back leads to exactly today's text.
    auto same = edited(now, ChangeSet{inverse.zone, {}, std::nullopt, std::nullopt}, 0, places.folder);
    if (!same) return same.error();
    texts.back = *same;
    return texts;
  }
  auto parsed = parse(texts.changed, now.origin, places.folder);
  if (!parsed) return parsed.error();
  auto back = edited(*parsed, inverse, 0, places.folder);
  if (!back) return back.error();
  texts.back = *back;
  return texts;
}

}  // namespace

Result<InverseScript> inverse_script(const ZoneText& now, const ChangeSet& inverse, const Places& places) {
  const FileRecord* soa = now.soa();
  auto texts = both_texts(now, inverse, places);
  if (!texts || soa == nullptr || !soa->elsewhere.empty())
    return within(
        "no script for the way back of " + inverse.zone.text(),
        texts ? fail(ErrorCode::kUnsupported, "its SOA record does not stand in the file itself") : texts.error());
  const SerialPlace place = place_of_serial(now, *soa);
  const std::string name = fmt::format("rollback-{}.sh", inverse.zone.host());
  const std::string zone_name = inverse.zone.host();
  // awk ends its last line in any case.
  for (std::string* side : {&texts->changed, &texts->back})
    if (!side->ends_with('\n')) *side += '\n';
  const std::string diff = unified_diff(texts->changed, texts->back, zone_name);

  std::string text = fmt::format(
      "#!/bin/sh\n# Undoes a change of {} in its zone file. Needs sh, awk and patch, changes nothing when the\n"
      "# records are no longer as that change left them.\n#\n",
      printable(inverse.zone.text()));
  for (const std::string& line : diff_lines(inverse)) text += "#   " + line + "\n";
  text += fmt::format(
      "set -eu\nfile=$(readlink -f {})\nwork=$(mktemp \"$file.XXXXXX\")\ntrap 'rm -f \"$work\" \"$work.1\" \"$work.2\" "
      "\"$work.1.rej\" "
      "\"$work.1.orig\"' EXIT\n",
      shell_quote(std::filesystem::absolute(places.file).string()));
  text += "stop() { echo \"$1; nothing was changed\" >&2; exit 1; }\n\n";
  text += fmt::format("export SOA_LINE={} BEFORE={} AFTER={}\n{}", shell_quote(place.soa_line),
                      shell_quote(place.before), shell_quote(place.after), kSerialProgram);
  text += fmt::format(
      "old=$(awk -v where={0} -v new='?' \"$awk_serial\" \"$file\") || stop \"the SOA record does not look as it "
      "did\"\n"
      "awk -v where={0} -v new=0 \"$awk_serial\" \"$file\" > \"$work.1\"\n",
      place.where);
  text += "patch -s -N -F0 \"$work.1\" <<'END-OF-DIFF' || stop \"the records are not as the change left them\"\n" +
          diff + "END-OF-DIFF\n";
  text += "new=$(awk -v old=\"$old\" 'BEGIN { printf \"%.0f\", (old >= 4294967295) ? 1 : old + 1 }')\n";
  if (const auto zone = now.zone(); zone && is_date_serial(zone->soa.serial))
    text += "today=$(date -u +%Y%m%d)01\nif [ \"$today\" -gt \"$new\" ]; then new=$today; fi\n";
  text += fmt::format("awk -v where={} -v new=\"$new\" \"$awk_serial\" \"$work.1\" > \"$work.2\"\n", place.where);
  text +=
      "cp -p \"$file\" \"$work\"\ncat \"$work.2\" > \"$work\"\nmv \"$work\" \"$file\"\necho \"$file is as it was, "
      "serial $new\"\n";
  if (!places.publish.empty())
    text += fmt::format(
        "cd {}\n{}\n",
        shell_quote(std::filesystem::absolute(places.base_folder.empty() ? "." : places.base_folder).string()),
        places.publish);
  return InverseScript{name, "sh " + name, text};
}

}  // namespace cutover::providers::zonefile
