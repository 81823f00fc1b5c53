#include "cmd/report/probe_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace cutover {
namespace {

using dnsprobe::AnswerGroup;
using dnsprobe::AnswerKind;

constexpr std::size_t kNamesShown = 6;
constexpr std::size_t kValuesShown = 8;

std::string words_of(AnswerKind kind) {
  switch (kind) {
    case AnswerKind::kValues:
      return "";
    case AnswerKind::kDanglingAlias:
      return "nothing at the end of the alias";
    case AnswerKind::kNoData:
      return "no record of this type";
    case AnswerKind::kNxDomain:
      return "NXDOMAIN";
    case AnswerKind::kServfail:
      return "SERVFAIL";
    case AnswerKind::kFiltered:
      return "filtered";
    case AnswerKind::kRefused:
      return "refused";
    case AnswerKind::kUnreachable:
      return "no answer";
  }
  return "";
}

template <class Names>
std::string some_of(const Names& names) {
  std::vector<std::string> shown;
  for (const auto& name : names) {
    if (shown.size() == kNamesShown) {
      shown.push_back(fmt::format("{} more", names.size() - kNamesShown));
      break;
    }
    shown.push_back(printable(name));
  }
  return join(shown, ", ");
}

/// `DE 4, US 2, everywhere 3`: most first.
std::string places_of(const AnswerGroup& group) {
  std::vector<std::pair<std::string, std::size_t>> places(group.countries.begin(), group.countries.end());
  std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> shown;
  for (const auto& [country, count] : places)
    shown.push_back(fmt::format("{} {}", country == "-" ? "no single place" : country, count));
  return some_of(shown);
}

std::string ttl_of(const AnswerGroup& group) {
  if (!group.shortest_ttl) return "";
  if (*group.shortest_ttl == *group.longest_ttl) return fmt::format("{} s", group.shortest_ttl->count());
  return fmt::format("{}..{} s", group.shortest_ttl->count(), group.longest_ttl->count());
}

std::string title_of(const RecordKey& key, const ProbeAgreement& agreement) {
  std::string out =
      fmt::format("{} {}: {} of {} answered", key.name.text(), to_text(key.type), agreement.answered, agreement.asked);
  if (!agreement.expected.empty())
    out += fmt::format(", {} gave {}", agreement.agreed, printable(join(agreement.expected, ", ")));
  return out;
}

std::string ending_of(const ProbeResult& result) {
  std::string out = printable(result.headline) + "\n";
  for (const std::string& note : result.notes) out += "  " + printable(note) + "\n";
  return out;
}

/// A bar would end the cell, unless an odd number of backslashes stands before it.
std::string in_a_cell(std::string_view text) {
  std::string out;
  std::size_t backslashes = 0;
  for (const char c : text) {
    if (c == '|') out += backslashes % 2 == 0 ? "\\" : "\\\\";
    backslashes = c == '\\' ? backslashes + 1 : 0;
    out += c;
  }
  return out;
}

/// A code span whose fence is longer than every run of backticks in it (CommonMark section 6.1), so that nothing in it
/// is markup.
std::string as_code(const std::string& text) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  if (longest == 0) return "`" + text + "`";
  const std::string fence(longest + 1, '`');
  return fence + " " + text + " " + fence;
}

/// Running text in which nothing is markup (CommonMark section 2.4).
std::string without_markup(const std::string& text) {
  constexpr std::string_view kMarkup = "\\`*_[]<>|~";
  std::string out;
  for (const char c : printable(text)) {
    if (kMarkup.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string phrase_of(const AnswerGroup& group) {
  std::vector<std::string> values = group.values;
  if (values.size() > kValuesShown) {
    const std::size_t more = values.size() - kValuesShown;
    values.resize(kValuesShown);
    values.push_back(fmt::format("{} more", more));
  }
  std::string end = group.kind == AnswerKind::kValues ? join(values, ", ") : words_of(group.kind);
  if (group.kind == AnswerKind::kFiltered && !values.empty()) end += fmt::format(" ({})", join(values, ", "));
  std::string chain;
  for (const dnsprobe::ChainLink& link : group.chain)
    chain += fmt::format("{} ({} s) -> ", link.target.text(), link.ttl.count());
  return printable(chain + end);
}

std::string probe_as_text(const ProbeOptions& asked, const ProbeResult& result) {
  std::string out;
  for (std::size_t key = 0; key < result.groups.size(); ++key) {
    out += title_of(asked.keys[key], result.agreement[key]) + "\n";
    for (const AnswerGroup& group : result.groups[key]) {
      const std::string ttl = ttl_of(group);
      out += fmt::format("  {:>5}  {}{}\n", group.answers.size(), phrase_of(group), ttl.empty() ? "" : "   TTL " + ttl);
      out += fmt::format("         {}: {}\n", counted(group.operators.size(), "operator"), some_of(group.operators));
      out += fmt::format("         {}\n", places_of(group));
    }
  }
  return out + ending_of(result);
}

std::string probe_as_markdown(const ProbeOptions& asked, const ProbeResult& result) {
  std::string out;
  for (std::size_t key = 0; key < result.groups.size(); ++key) {
    out += fmt::format("**{}**\n\n| answers | what | TTL | operators | places |\n|---:|---|---|---|---|\n",
                       without_markup(title_of(asked.keys[key], result.agreement[key])));
    for (const AnswerGroup& group : result.groups[key])
      out += fmt::format("| {} | {} | {} | {} | {} |\n", group.answers.size(), in_a_cell(as_code(phrase_of(group))),
                         ttl_of(group), in_a_cell(some_of(group.operators)), in_a_cell(places_of(group)));
    out += "\n";
  }
  out += without_markup(result.headline) + "\n";
  for (const std::string& note : result.notes) out += "\n- " + without_markup(note) + "\n";
  return out;
}

}  // namespace cutover
