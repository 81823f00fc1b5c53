#include "cmd/report/checks_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "core/text.h"

namespace cutover {
namespace {

constexpr std::size_t kPlacesShown = 8;

/// What one line says behind the address: the ids that failed, or until when all is well.
std::string in_short(const CheckGroup& group) {
  std::vector<std::string> ids;
  std::string fine;
  for (const auto* check : group.checks) {
    const bool shown = check->verdict == Verdict::kUndecided ||
                       (check->verdict == Verdict::kFail && check->severity != Severity::kNote);
    if (shown) ids.push_back(check->id);
    const bool tells_most = check->id == "tls-expiry" || check->id == "old-side-expiry" || fine.empty();
    if (check->verdict == Verdict::kPass && tells_most) fine = printable(check->summary);
  }
  return ids.empty() ? fine : join(ids, ", ");
}

std::string matrix(const std::vector<CheckGroup>& groups, TextStyle style) {
  std::size_t name_width = 0;
  std::size_t where_width = 0;
  for (const auto& group : groups) {
    name_width = std::max(name_width, group.name.size());
    where_width = std::max(where_width, group.where.size());
  }
  std::string out;
  for (const auto& group : groups)
    out += fmt::format("{} {:<{}}  {:<{}}  {}\n", verdict_word(outlook_of(group.checks), style), group.name, name_width,
                       group.where, where_width, in_short(group));
  return out;
}

/// The same trouble at several places is told once.
struct Trouble {
  const Check* check = nullptr;
  std::vector<std::string> places{};
};

std::vector<Trouble> troubles_of(const std::vector<CheckGroup>& groups) {
  std::vector<Trouble> troubles;
  for (const auto& group : groups) {
    for (const auto* check : group.checks) {
      if (check->verdict != Verdict::kFail && check->verdict != Verdict::kUndecided) continue;
      const auto same = [&](const Trouble& t) {
        return std::tie(t.check->id, t.check->verdict, t.check->severity, t.check->summary, t.check->advice) ==
               std::tie(check->id, check->verdict, check->severity, check->summary, check->advice);
      };
      auto at = std::find_if(troubles.begin(), troubles.end(), same);
      if (at == troubles.end()) at = troubles.insert(troubles.end(), {check, {}});
      at->places.push_back(check->endpoint ? fmt::format("{} at {}", group.name, group.where) : group.name);
    }
  }
  const auto weight = [](const Trouble& t) {
    return std::tuple(outlook_of({t.check}), -static_cast<int>(t.check->severity));
  };
  std::stable_sort(troubles.begin(), troubles.end(),
                   [&](const Trouble& a, const Trouble& b) { return weight(a) < weight(b); });
  return troubles;
}

std::string places_text(const std::vector<std::string>& places) {
  const auto shown = std::min(places.size(), kPlacesShown);
  auto text = join({places.begin(), places.begin() + static_cast<std::ptrdiff_t>(shown)}, ", ");
  if (places.size() > shown) text += fmt::format(" and {} more", places.size() - shown);
  return text;
}

std::string troubles_text(const std::vector<Trouble>& troubles, TextStyle style) {
  std::string out;
  for (const auto& trouble : troubles) {
    const auto& check = *trouble.check;
    const bool note = check.verdict == Verdict::kFail && check.severity == Severity::kNote;
    out += fmt::format("\n{} {}: {}\n", note ? "note     " : verdict_word(outlook_of({&check}), style), check.id,
                       printable(check.summary));
    const auto line = [&](std::string_view what, const std::string& text) {
      if (!text.empty()) out += fmt::format("  {:<6}{}\n", what, printable(text));
    };
    line("where", places_text(trouble.places));
    line("seen", check.evidence);
    line("do", check.advice);
  }
  return out;
}

std::string counts(const std::vector<CheckGroup>& groups) {
  std::vector<std::string> parts;
  for (const auto outlook : {Outlook::kFailed, Outlook::kUndecided, Outlook::kWarned, Outlook::kPassed}) {
    const auto n = std::count_if(groups.begin(), groups.end(),
                                 [&](const CheckGroup& g) { return outlook_of(g.checks) == outlook; });
    if (n > 0) parts.push_back(fmt::format("{} {}", n, to_text(outlook)));
  }
  return parts.empty() ? "nothing was checked" : join(parts, ", ");
}

}  // namespace

std::string verdict_word(Outlook outlook, TextStyle style) {
  std::string word = fmt::format("{:<9}", to_text(outlook));
  if (style == TextStyle::kPlain) return word;
  const auto* colour = "\x1b[32m";
  switch (outlook) {
    case Outlook::kFailed:
      colour = "\x1b[1;31m";
      break;
    case Outlook::kUndecided:
      colour = "\x1b[1;35m";
      break;
    case Outlook::kWarned:
      colour = "\x1b[33m";
      break;
    case Outlook::kPassed:
    case Outlook::kNothing:
      break;
  }
  return fmt::format("{}{}\x1b[0m", colour, word);
}

std::string checks_as_text(const CheckReport& report, TextStyle style) {
  const auto groups = groups_of(report);
  std::string out = fmt::format("{}, {}\n", printable(report.title), format_instant(report.at));
  if (!report.headline.empty()) out += printable(report.headline) + "\n";
  if (!report.root_store.empty()) out += fmt::format("root store {}\n", printable(report.root_store));
  if (!groups.empty()) out += "\n" + matrix(groups, style);
  out += troubles_text(troubles_of(groups), style);
  out += "\n" + counts(groups) + "\n";
  if (!report.next.empty()) out += fmt::format("next: {}\n", printable(report.next));
  return out;
}

}  // namespace cutover
