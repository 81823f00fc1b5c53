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
    case AnswerKind::kOtherClients:
      return "not for these clients, the client subnet was dropped";
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

/// `, 40 % of those that answered`.
std::string share_of(const AnswerGroup& group) {
  return dnsprobe::is_data(group.kind) ? fmt::format(", {:.0f} % of those that answered", group.share * 100) : "";
}

std::string ttl_of(const AnswerGroup& group) {
  if (!group.shortest_ttl) return "";
  if (*group.shortest_ttl == *group.longest_ttl) return fmt::format("{} s", group.shortest_ttl->count());
  return fmt::format("{}..{} s", group.shortest_ttl->count(), group.longest_ttl->count());
}

std::string title_of(const ProbeOptions& asked, const ProbeQuestion& question) {
  std::string out = fmt::format("{} {}", question.key.name.text(), to_text(question.key.type));
  if (question.view) out += " for clients in " + printable(asked.views[*question.view].text);
  out += fmt::format(": {} of {} answered", question.answered, question.asked);
  if (!question.expected.empty())
    out += fmt::format(", {} gave {}", question.agreed, printable(join(question.expected, ", ")));
  return out;
}

/// What DNSSEC says of the answers; empty: nothing.
std::string signatures_of(const ProbeQuestion& question) {
  std::vector<std::string> parts;
  if (question.with_signatures > 0) parts.push_back(fmt::format("{} came with signatures", question.with_signatures));
  if (question.validated > 0) parts.push_back(fmt::format("{} say that they validated it (AD)", question.validated));
  return join(parts, ", ");
}

/// Where the answers came from, as far as it is known: the sites of one address are different caches.
std::string sites_of(const ProbeResult& result, const AnswerGroup& group) {
  std::vector<std::string> sites;
  for (const std::size_t i : group.answers) {
    const dnsprobe::SweepAnswer& answer = result.seen.answers[i];
    const std::string& site = answer.sample.site.empty() ? result.sites[answer.resolver] : answer.sample.site;
    if (!site.empty() && std::find(sites.begin(), sites.end(), site) == sites.end()) sites.push_back(site);
  }
  return some_of(sites);
}

/// `what differs runs out: half of 40 in 20s, 9 in 10 in 50s, all in 1m 10s`
std::string differing_text(const ProbeSpread& spread, Instant now) {
  const auto in = [now](Instant end) { return format_duration(std::max<Span>(Span(), end - now)); };
  if (spread.entries == 1) return fmt::format("what differs runs out in {}", in(spread.all));
  return fmt::format("what differs runs out: half of {} in {}, 9 in 10 in {}, all in {}", spread.entries,
                     in(spread.half), in(spread.most), in(spread.all));
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
  const bool has_values = group.kind == AnswerKind::kFiltered || group.kind == AnswerKind::kOtherClients;
  if (has_values && !values.empty()) end += fmt::format(" ({})", join(values, ", "));
  std::string chain;
  for (const dnsprobe::ChainLink& link : group.chain)
    chain += fmt::format("{} ({} s) -> ", link.target.text(), link.ttl.count());
  return printable(chain + end);
}

std::string probe_as_text(const ProbeOptions& asked, const ProbeResult& result) {
  std::string out;
  for (const ProbeQuestion& question : result.questions) {
    out += title_of(asked, question) + "\n";
    if (question.differing) out += "  " + differing_text(*question.differing, result.at) + "\n";
    for (const AnswerGroup& group : question.groups) {
      const std::string ttl = ttl_of(group);
      out += fmt::format("  {:>5}  {}{}\n", group.answers.size(), phrase_of(group), ttl.empty() ? "" : "   TTL " + ttl);
      out += fmt::format("         {}{}: {}\n", counted(group.operators.size(), "operator"), share_of(group),
                         some_of(group.operators));
      out += fmt::format("         {}\n", places_of(group));
      if (const std::string sites = sites_of(result, group); !sites.empty()) out += "         sites: " + sites + "\n";
    }
    if (const std::string signatures = signatures_of(question); !signatures.empty()) out += "  " + signatures + "\n";
  }
  return out + ending_of(result);
}

std::string probe_as_markdown(const ProbeOptions& asked, const ProbeResult& result) {
  std::string out;
  for (const ProbeQuestion& question : result.questions) {
    out += fmt::format("**{}**\n\n| answers | what | TTL | operators | places |\n|---:|---|---|---|---|\n",
                       without_markup(title_of(asked, question)));
    for (const AnswerGroup& group : question.groups)
      out += fmt::format("| {} | {} | {} | {} | {} |\n", group.answers.size(), in_a_cell(as_code(phrase_of(group))),
                         ttl_of(group), in_a_cell(some_of(group.operators)), in_a_cell(places_of(group)));
    out += "\n";
    if (const std::string signatures = signatures_of(question); !signatures.empty()) out += signatures + "\n\n";
  }
  out += without_markup(result.headline) + "\n";
  for (const std::string& note : result.notes) out += "\n- " + without_markup(note) + "\n";
  return out;
}

}  // namespace cutover
