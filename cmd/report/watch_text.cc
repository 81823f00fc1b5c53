#include "cmd/report/watch_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "cmd/report/wrapped.h"
#include "core/text.h"
#include "dnsprobe/share.h"

namespace cutover {
namespace {

std::string clock_time(Instant at) { return format_instant(at).substr(11); }

/// The type first: names are long, and a line may be cut.
std::string short_key(const RecordKey& key) {
  return fmt::format("{} {}", to_text(key.type), printable(key.name.host()));
}

std::string values_text(const std::optional<RecordSet>& set) {
  return set ? printable(join(set->rdata, ", ")) : "(nothing)";
}

std::string distance(Instant now, Instant then) {
  return then > now ? "in " + format_duration(then - now) : format_duration(now - then) + " ago";
}

/// `new 120  old 40  servfail 2`: only what there is.
std::string counts_text(const dnsprobe::Forecast& forecast) {
  std::string out;
  for (std::size_t i = 0; i < forecast.counts.size(); ++i)
    if (forecast.counts[i] > 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : "   ", dnsprobe::to_text(static_cast<dnsprobe::Verdict>(i)),
                         forecast.counts[i]);
  return out.empty() ? "no answer yet" : out;
}

/// When the old entries that were seen end: `half of 40 by 09:00:20Z, 9 in 10 by 09:00:35Z, all by 09:00:42Z`.
std::string spread_text(const dnsprobe::Spread& spread) {
  if (spread.entries == 1)
    return fmt::format("the only one known ends between {} and {}", clock_time(spread.earliest),
                       clock_time(spread.latest));
  return fmt::format("half of {} by {}, 9 in 10 by {}, all by {}", spread.entries, clock_time(spread.half),
                     clock_time(spread.most), clock_time(spread.latest));
}

std::string answer_text(const dnsprobe::Observation& seen) {
  std::string out(dnsprobe::to_text(seen.verdict));
  if (!seen.rdata.empty()) out += "  " + printable(join(seen.rdata, ", "));
  if (seen.ttl) out += fmt::format("  ttl {}", format_duration(*seen.ttl));
  if (!seen.detail.empty()) out += "  (" + seen.detail + ")";
  return out;
}

/// With what follows where there is room for all of it.
std::string with_room(const std::string& text, const std::string& more, std::size_t width) {
  return columns_of(text) + columns_of(more) <= width ? text + more : text;
}

std::vector<std::string> fitted(std::vector<std::string> lines, std::size_t width, std::size_t height) {
  if (lines.size() > height) lines.resize(height);
  for (std::string& line : lines) {
    line = cut_to_width(line, width);
    line.erase(line.find_last_not_of(' ') + 1);
  }
  return lines;
}

}  // namespace

WatchView::WatchView(WatchQuestions questions) : questions_(std::move(questions)) {
  for (std::size_t i = 0; i < questions_.resolvers.size(); ++i)
    for (std::size_t k = 0; k < questions_.expectations.size(); ++k) rows_.push_back({i, k, {}, {}});
}

void WatchView::take(const dnsprobe::WatchEvent& event) {
  switch (event.kind) {
    case dnsprobe::WatchEvent::Kind::kSample: {
      Row& row = rows_[event.resolver * questions_.expectations.size() + event.key];
      row.before = row.last ? std::optional(row.last->verdict) : std::nullopt;
      row.last = event.observation;
      return;
    }
    case dnsprobe::WatchEvent::Kind::kSummary:
      forecast_ = event.forecast;
      if (!has_forecast_ || event.at - voices_at_ >= std::chrono::seconds(1)) {
        voices_ = voices_text();
        voices_at_ = event.at;
      }
      has_forecast_ = true;
      return;
  }
}

void WatchView::take(const AuthorityLook& look) { look_ = look; }

/// `new 83 %   old 17 %`: an operator is one voice, however many resolvers it runs.
std::string WatchView::voices_text() const {
  std::vector<dnsprobe::Opinion> opinions;
  for (const Row& row : rows_)
    if (row.last && dnsprobe::is_data(row.last->verdict))
      opinions.push_back({row.resolver, static_cast<std::size_t>(row.last->verdict)});
  const auto share = dnsprobe::shares_of(questions_.resolvers, opinions, dnsprobe::kVerdictCount).everybody;
  std::string out;
  for (std::size_t i = 0; i < share.weight.size(); ++i)
    if (share.weight[i] > 0)
      out += fmt::format("{} {:.0f} %   ", dnsprobe::to_text(static_cast<dnsprobe::Verdict>(i)), share.weight[i] * 100);
  return out.empty() ? "nobody answers yet" : out + "of " + counted(share.operators, "operator");
}

std::vector<std::string> WatchView::opening() const {
  std::vector<std::string> out;
  for (const dnsprobe::Expectation& each : questions_.expectations)
    out.push_back(fmt::format("{} {}  {} -> {}  bound {}", printable(each.key.name.host()), to_text(each.key.type),
                              values_text(each.old_set), values_text(each.new_set),
                              clock_time(dnsprobe::bound_of(each))));
  out.push_back(fmt::format("asking {} until all agree; giving up at {}",
                            counted(questions_.resolvers.size(), "resolver"), format_instant(questions_.give_up_at)));
  return out;
}

std::vector<std::string> WatchView::holding_lines(Instant now, std::size_t width, std::size_t most) const {
  // One line per resolver: the record set that it holds longest, and how many others.
  struct Held {
    const Row* row;
    Instant ends;
    std::size_t sets = 1;
  };
  std::vector<Held> held;
  for (const Row& row : rows_) {
    if (!row.last || !dnsprobe::is_old(row.last->verdict)) continue;
    const Held one{&row, row.last->expires.value_or(row.last->at)};
    if (held.empty() || held.back().row->resolver != row.resolver) {
      held.push_back(one);
      continue;
    }
    Held& known = held.back();
    ++known.sets;
    if (one.ends > known.ends) std::tie(known.row, known.ends) = std::pair(one.row, one.ends);
  }
  // The one that is waited for longest stands first; equal ones keep the order of the list.
  std::stable_sort(held.begin(), held.end(), [](const Held& a, const Held& b) { return a.ends > b.ends; });
  const std::size_t shown = held.size() > most ? most - std::min<std::size_t>(most, 1) : held.size();
  std::size_t name_width = 0;
  for (std::size_t i = 0; i < shown; ++i)
    name_width = std::max(name_width, columns_of(printable(questions_.resolvers[held[i].row->resolver].id)));
  name_width = std::min(name_width, width / 2);
  std::vector<std::string> out;
  const auto add = [&](const std::string& text) {
    out.push_back((out.empty() ? "slowest   " : std::string(10, ' ')) + text);
  };
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& [row, until, sets] = held[i];
    const dnsprobe::Resolver& resolver = questions_.resolvers[row->resolver];
    const std::string left = until > now ? format_duration(until - now) + " left" : "due";
    std::string line = fmt::format("{}  {:<12}  {:<4}", padded(printable(resolver.id), name_width), left,
                                   dnsprobe::to_text(row->last->verdict));
    const std::string key = short_key(questions_.expectations[row->key].key) +
                            (sets > 1 ? fmt::format(" and {} more", sets - 1) : std::string());
    // What does not fit is left out, not cut.
    for (const std::string& more : {printable(resolver.place.empty() ? row->last->site : resolver.place),
                                    questions_.expectations.size() > 1 ? key : std::string()})
      if (!more.empty() && 10 + columns_of(line) + 2 + columns_of(more) <= width) line += "  " + more;
    add(line);
  }
  if (shown < held.size() && most > 0) add(fmt::format("and {} more", held.size() - shown));
  return out;
}

/// Who is behind, as long as resolvers say that somebody is.
std::vector<std::string> WatchView::lag_lines(std::size_t width) const {
  constexpr std::size_t kShown = 3;
  std::vector<std::string> out;
  if (!look_ || forecast_.counts[static_cast<std::size_t>(dnsprobe::Verdict::kBehind)] == 0) return out;
  std::vector<std::string> told;
  for (const LaggingServer& each : look_->lagging) told.push_back(sentence(each));
  for (const UnseenSite& each : look_->unseen)
    told.push_back(fmt::format("a site that is not seen from here, for the {} of {}; see `settle:` of zone {}",
                               to_text(each.key.type), printable(each.key.name.host()), printable(each.zone.host())));
  for (std::size_t i = 0; i < std::min(kShown, told.size()); ++i)
    for (std::string& line : wrapped("behind    ", told[i], width)) out.push_back(std::move(line));
  if (told.size() > kShown) out.push_back(fmt::format("          and {} more", told.size() - kShown));
  return out;
}

std::vector<std::string> WatchView::lines(Instant now, std::size_t width, std::size_t height) const {
  std::vector<std::string> out = opening();
  if (out.size() > 4) {
    const std::size_t hidden = out.size() - 4;
    out.erase(out.begin() + 3, out.end() - 1);
    out.insert(out.end() - 1, fmt::format("and {}", counted(hidden, "more record set")));
  }
  if (out.size() < height)
    for (std::string& line : spreading_lines(now, width, height - out.size(), Detail::kAll))
      out.push_back(std::move(line));
  return fitted(std::move(out), width, height);
}

std::vector<std::string> WatchView::spreading_lines(Instant now, std::size_t width, std::size_t height,
                                                    Detail detail) const {
  std::vector<std::string> out;
  if (!has_forecast_) return {"asking the resolvers for the first time"};
  out.push_back(with_room("bound     " + clock_time(forecast_.bound) + "  " + distance(now, forecast_.bound),
                          ": no honest cache holds the old answer after it", width));
  out.push_back(forecast_.observed ? with_room("observed  " + clock_time(*forecast_.observed) + "  " +
                                                   distance(now, *forecast_.observed),
                                               ": the longest-lived old entry seen", width)
                                   : "observed  no old entry is known to be alive");
  if (detail == Detail::kAll) {
    if (forecast_.observed && forecast_.spread.entries > 0) out.push_back("spread    " + spread_text(forecast_.spread));
    out.push_back("answers   " + counts_text(forecast_));
    out.push_back("voices    " + voices_);
  }
  const auto tell = [&](const std::string& head, const std::string& sentence) {
    for (std::string& line : wrapped(head, sentence, width)) out.push_back(std::move(line));
  };
  if (detail != Detail::kLeast)
    tell("settled   ", fmt::format("resolvers {}/{} ({} answered), operators {}/{}, level {}", forecast_.settled,
                                   forecast_.resolvers, forecast_.answered, forecast_.operators_settled,
                                   forecast_.operators, dnsprobe::to_text(forecast_.level)));
  // The answer at the top of a small screen says why already.
  if (detail == Detail::kAll) tell("          ", forecast_.why);
  for (std::string& line : lag_lines(width)) out.push_back(std::move(line));
  if (out.size() < height)
    for (std::string& line : holding_lines(now, width, height - out.size())) out.push_back(std::move(line));
  return fitted(std::move(out), width, height);
}

std::vector<std::string> WatchView::change_lines(const AuthorityLook& look) {
  std::vector<std::string> out;
  if (look.changed)
    for (const std::string& each : sentences(look)) out.push_back(clock_time(look.at) + "  " + each);
  return out;
}

std::optional<std::string> WatchView::change_line(const dnsprobe::WatchEvent& event) {
  switch (event.kind) {
    case dnsprobe::WatchEvent::Kind::kSample: {
      if (!event.verdict_changed) return std::nullopt;
      const Row& row = rows_[event.resolver * questions_.expectations.size() + event.key];
      const std::string before = row.before ? std::string(dnsprobe::to_text(*row.before)) + " -> " : "";
      return fmt::format("{}  {}  {}  {}{}", clock_time(event.at), printable(questions_.resolvers[event.resolver].id),
                         printable(questions_.expectations[event.key].key.text()), before,
                         answer_text(event.observation));
    }
    case dnsprobe::WatchEvent::Kind::kSummary:
      break;
  }
  const std::string level = fmt::format("{}{}", dnsprobe::to_text(event.forecast.level),
                                        event.forecast.bounded && !event.forecast.sampled ? ", bound passed" : "");
  if (level == told_level_) return std::nullopt;
  told_level_ = level;
  return fmt::format("{}  level {}: {}", clock_time(event.at), level, event.forecast.why);
}

}  // namespace cutover
