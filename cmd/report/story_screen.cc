#include "cmd/report/story_screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/report/monitor_text.h"
#include "cmd/report/story_digest.h"
#include "cmd/report/wrapped.h"
#include "core/text.h"

// From top to bottom, most wanted first: the phase line, the answer, what to do next; closed gates; how far each record
// set has come; how the change spreads, where, with the two estimates; who is slow. Each part takes what room it needs
// of what is left, and the last ones get what remains. A low screen leaves out what it can, so that the estimates and
// the slow ones are seen; a wide one shows places and operators beside the rest.

namespace cutover {
namespace {

constexpr std::size_t kMostGates = 4;
/// Below so many lines and columns a screen tells only what everybody asks.
constexpr std::size_t kLow = 20, kNarrow = 66;
/// With so many lines left there is room for bars; with fewer, groups share a line.
constexpr std::size_t kTall = 20;
/// So many columns hold two parts side by side.
constexpr std::size_t kWide = 150, kBeside = 76, kBetween = 3;

constexpr std::string_view kGreen = "\x1b[32m", kYellow = "\x1b[33m", kRed = "\x1b[31m", kBold = "\x1b[1m",
                           kPlain = "\x1b[0m";

std::string clock_time(Instant at) { return format_instant(at).substr(11); }

/// With its day, unless that is today.
std::string time_of(Instant at, Instant now) {
  const std::string text = format_instant(at);
  return text.substr(0, 11) == format_instant(now).substr(0, 11) ? text.substr(11) : text;
}

std::string distance(Instant now, Instant then) {
  return then > now ? "in " + format_duration(then - now) : format_duration(now - then) + " ago";
}

std::string_view sign_of(StoryPhase::State state) {
  switch (state) {
    case StoryPhase::State::kDone:
      return "[x]";
    case StoryPhase::State::kNow:
      return "[>]";
    case StoryPhase::State::kPartial:
      return "[!]";
    case StoryPhase::State::kAhead:
      break;
  }
  return "[ ]";
}

struct Line {
  std::string text;
  std::string_view colour;
};

class Screen {
 public:
  Screen(const Story& story, const WatchView* watch, Instant now, ScreenSize size, const std::string& next)
      : story_(story), watch_(watch), now_(now), size_(size), next_(next) {}

  std::vector<Line> lines() && {
    title();
    phase_line();
    answer();
    gates();
    if (story_.monitor)
      for (const std::string& line : monitor_screen(*story_.monitor, now_, size_.width)) add(line);
    if (story_.propagation.empty()) {
      timeline();
      return std::move(lines_);
    }
    const Propagation& spreading = story_.propagation.back();
    if (size_.width < kWide || room() < kTall) {
      below(spreading);
      return std::move(lines_);
    }
    const ScreenSize left{size_.width - kBeside - kBetween, room()}, right{kBeside, room()};
    Screen one(story_, watch_, now_, left, next_), other(story_, watch_, now_, right, next_);
    one.sets();
    one.bar_of(spreading);
    one.estimates(spreading, one.room(), WatchView::Detail::kAll);
    other.bars(spreading, other.room());
    stand_beside(one.lines_, other.lines_);
    return std::move(lines_);
  }

 private:
  std::size_t room() const { return size_.height - lines_.size(); }
  bool is_low() const { return size_.height < kLow; }

  void add(const std::string& line, std::string_view colour = {}) {
    if (room() == 0) return;
    std::string out = cut_to_width(line, size_.width);
    out.erase(out.find_last_not_of(' ') + 1);
    lines_.push_back({std::move(out), colour});
  }
  void add_wrapped(const std::string& head, const std::string& text, std::string_view colour = {}) {
    for (const std::string& line : wrapped(head, printable(text), size_.width)) add(line, colour);
  }
  void stand_beside(const std::vector<Line>& left, const std::vector<Line>& right) {
    const std::size_t width = size_.width - kBeside - kBetween;
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
      const Line none, &one = i < left.size() ? left[i] : none, &other = i < right.size() ? right[i] : none;
      add(padded(one.text, width + kBetween) + other.text, one.colour.empty() ? other.colour : one.colour);
    }
  }

  void title() {
    const std::string time = format_instant(now_);
    std::string name = printable(story_.plan_name);
    if (story_.rehearsal)
      for (const char* word : {"  (a rehearsal: it goes on by itself)", "  (a rehearsal)"})
        if (columns_of(name) + std::string_view(word).size() + 2 + time.size() <= size_.width) {
          name += word;
          break;
        }
    name = cut_to_width(name, size_.width > time.size() ? size_.width - time.size() - 1 : size_.width);
    const std::size_t used = columns_of(name) + time.size();
    add(name + std::string(used < size_.width ? size_.width - used : 1, ' ') + time, kBold);
  }

  void phase_line() {
    std::string line;
    for (const StoryPhase& phase : story_.phases) {
      const std::string one = fmt::format("{} {}", sign_of(phase.state), to_text(phase.phase));
      if (!line.empty() && line.size() + 2 + one.size() > size_.width) {
        add(line);
        line.clear();
      }
      line += (line.empty() ? "" : "  ") + one;
    }
    if (!line.empty()) add(line);
  }

  void answer() {
    const StoryAnswer& answer = story_.answer;
    const bool waits = !answer.go && answer.opens_at && *answer.opens_at > now_;
    const std::string when =
        waits ? fmt::format("not before {} ({}): ", time_of(*answer.opens_at, now_), distance(now_, *answer.opens_at))
              : "";
    add_wrapped(answer.go ? "GO        " : "NOT YET   ", when + headline(), answer.go ? kGreen : kYellow);
    const std::string& next = next_.empty() ? answer.next : next_;
    if (!next.empty()) add_wrapped("next      ", next, kBold);
  }

  /// While a watch goes on, who is slow stands further down by name: here they are only counted.
  std::string headline() const {
    if (watch_ == nullptr || story_.propagation.empty()) return story_.answer.headline;
    const Propagation& spreading = story_.propagation.back();
    const SideCounts counts = counts_of(spreading);
    if (spreading.converged_at || counts.old == 0) return story_.answer.headline;
    return fmt::format("the {} is spreading, {} of {} still {} the {} answer", to_text(spreading.of), counts.old,
                       counted(counts.all(), "resolver"), counts.old == 1 ? "gives" : "give",
                       spreading.of == Phase::kSwap ? "old" : "swapped");
  }

  void gates() {
    std::vector<std::string> open;
    std::size_t closed = 0;
    for (const Gate& gate : story_.gates) {
      if (gate.open || gate.overridden) {
        open.push_back(gate.name + (gate.overridden ? " (overridden)" : ""));
        continue;
      }
      if (++closed > kMostGates) continue;
      // Gates are as they were when somebody last looked.
      const bool is_due = gate.opens_at && *gate.opens_at <= now_;
      const std::string when = is_due          ? fmt::format(", to open since {}", time_of(*gate.opens_at, now_))
                               : gate.opens_at ? fmt::format(", opens {}", distance(now_, *gate.opens_at))
                                               : "";
      add_wrapped(is_due ? "due       " : "CLOSED    ", fmt::format("{}{}: {}", gate.name, when, gate.why),
                  is_due ? kYellow : kRed);
    }
    if (closed > kMostGates) add(fmt::format("          and {} more closed", closed - kMostGates), kRed);
    if (open.empty() || closed == 0) return;
    if (room() > 2 * open.size())
      add_wrapped("open      ", join(open, ", "));
    else
      add(fmt::format("open      {}", counted(open.size(), "gate")));
  }

  /// As long as nothing spreads there is room for what came when, and what comes.
  void timeline() {
    if (room() < story_.phases.size() + 1) return;
    add("");
    for (const StoryPhase& phase : story_.phases) {
      const auto at = phase.ended ? phase.ended : phase.started;
      const std::string when = at ? time_of(*at, now_) : phase.state == StoryPhase::State::kAhead ? "ahead" : "";
      add_wrapped(fmt::format("{} {:<12} {:<20}  ", sign_of(phase.state), to_text(phase.phase), when), phase.text);
    }
  }

  // ---- record sets

  std::string level(const std::optional<Instant>& reached, Instant expected = Instant::min()) const {
    if (reached && *reached <= now_) return clock_time(*reached);
    return expected > now_ ? distance(now_, expected) : "-";
  }

  static int reached(const StorySet& set) {
    return (set.accepted ? 1 : 0) + (set.authoritative ? 1 : 0) + (set.sampled ? 1 : 0) + (set.bounded ? 1 : 0);
  }

  /// The furthest level of a set, where there is no room for a table.
  std::string furthest(const StorySet& set) const {
    if (set.bounded && *set.bounded <= now_) return "bounded " + clock_time(*set.bounded);
    if (set.sampled) return "sampled " + clock_time(*set.sampled);
    if (set.authoritative) return "authoritative " + clock_time(*set.authoritative);
    return set.accepted ? "accepted " + clock_time(*set.accepted) : "not yet accepted";
  }

  void sets() {
    const auto& sets = story_.sets;
    const bool any =
        std::any_of(sets.begin(), sets.end(), [](const StorySet& set) { return set.accepted.has_value(); });
    if (!any || is_low()) return;
    const bool is_table = size_.width >= kNarrow;
    const Instant bound = story_.propagation.empty() ? Instant::min() : story_.propagation.back().bound;
    const std::size_t beside = is_table ? 52 : 26;
    const std::size_t name_width = size_.width > beside + 14 ? std::min<std::size_t>(size_.width - beside, 44) : 14;
    if (is_table)
      add(fmt::format("{:<{}}  {:<9}  {:<13}  {:<9}  {}", "record set", name_width, "accepted", "authoritative",
                      "sampled", "bounded"));
    // What is furthest behind stands first.
    std::vector<const StorySet*> order;
    for (const StorySet& set : sets) order.push_back(&set);
    std::stable_sort(order.begin(), order.end(),
                     [](const StorySet* a, const StorySet* b) { return reached(*a) < reached(*b); });
    const std::size_t most = std::max<std::size_t>(room() / 4, 3);
    const std::size_t shown = order.size() > most ? most - 1 : order.size();
    for (std::size_t i = 0; i < shown; ++i) {
      const StorySet& set = *order[i];
      const std::string name =
          padded(fmt::format("{} {}", cutover::to_text(set.key.type), printable(set.key.name.host())), name_width);
      add(is_table ? fmt::format("{}  {:<9}  {:<13}  {:<9}  {}", name, level(set.accepted), level(set.authoritative),
                                 level(set.sampled), level(set.bounded, bound))
                   : name + "  " + furthest(set),
          reached(set) == 4 ? kGreen : std::string_view());
    }
    if (order.size() > shown) add(fmt::format("and {}", counted(order.size() - shown, "more record set")));
  }

  // ---- spreading

  /// `####oo??..`: new, old, other, silent. At least one sign for what there is.
  static std::string bar(const SideCounts& counts, std::size_t width) {
    const std::size_t all = counts.all();
    if (all == 0 || width == 0) return std::string(width, ' ');
    const std::pair<std::size_t, char> parts[] = {
        {counts.fresh, '#'}, {counts.old, 'o'}, {counts.other, '?'}, {counts.silent, '.'}};
    std::string out;
    std::size_t seen = 0;
    for (const auto& [count, sign] : parts) {
      seen += count;
      std::size_t end = seen * width / all;
      if (count > 0 && end <= out.size()) end = std::min(out.size() + 1, width);
      out.resize(std::max(end, out.size()), sign);
    }
    out.resize(width, out.empty() ? ' ' : out.back());
    return out;
  }

  static std::string percent(std::size_t part, std::size_t all) {
    return all == 0 ? "0 %" : fmt::format("{:.0f} %", 100.0 * static_cast<double>(part) / static_cast<double>(all));
  }

  /// One below the other, as far as there is room.
  void below(const Propagation& spreading) {
    sets();
    bar_of(spreading);
    if (is_low()) return estimates(spreading, room(), WatchView::Detail::kLeast);
    if (room() < kTall) {
      in_a_line("places    ", by_continent(spreading));
      in_a_line("operators ", by_operator(spreading));
      return estimates(spreading, room(), WatchView::Detail::kBrief);
    }
    const std::size_t wanted = by_continent(spreading).size() + by_operator(spreading).size() + 2;
    const std::size_t most = room() - std::min(wanted, room() / 2);
    estimates(spreading, most, most >= kTall ? WatchView::Detail::kAll : WatchView::Detail::kBrief);
    bars(spreading, room());
  }

  void bar_of(const Propagation& spreading) {
    const bool back = spreading.of == Phase::kRollback;
    const SideCounts all = counts_of(spreading);
    const std::string counts =
        fmt::format("{}  # {} {}  o {} {}  ? other {}  . silent {}", back ? "rollback" : "swap    ",
                    back ? "back" : "new", percent(all.fresh, all.all()), back ? "not yet" : "old",
                    percent(all.old, all.all()), percent(all.other, all.all()), percent(all.silent, all.all()));
    const std::string of = "  of " + counted(spreading.resolvers.size(), "resolver");
    add(counts.size() + of.size() <= size_.width ? counts + of : counts,
        spreading.converged_at ? kGreen : std::string_view());
    add(bar(all, std::min<std::size_t>(size_.width, 100)));
  }

  void bars(const Propagation& spreading, std::size_t most) {
    const auto continents = by_continent(spreading);
    groups("by continent, the slowest first", continents, continents.size());
    if (lines_.size() < most) groups("by operator, the slowest first", by_operator(spreading), room() - 1);
  }

  /// The two estimates and who is slow: by the watch, or, when it is over, what is left of it.
  void estimates(const Propagation& spreading, std::size_t most, WatchView::Detail detail) {
    if (watch_ != nullptr) {
      for (const std::string& line : watch_->spreading_lines(now_, size_.width, most, detail)) add(line);
      return;
    }
    add(fmt::format("bound     {}  {}: no honest cache holds the old answer after it", clock_time(spreading.bound),
                    distance(now_, spreading.bound)));
    if (!spreading.converged_at && !spreading.why.empty()) add_wrapped("          ", spreading.why);
  }

  /// `places    Europe 12/20  Asia 3/9`: how many have turned, the slowest first, as many as a line holds.
  void in_a_line(const std::string& head, const std::vector<GroupCounts>& groups) {
    std::string line = head;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const std::string one =
          fmt::format("{} {}/{}", printable(groups[i].name), groups[i].now.fresh, groups[i].now.all());
      const std::string rest = fmt::format("and {} more", groups.size() - i);
      if (columns_of(line) + columns_of(one) + 2 + (i + 1 < groups.size() ? rest.size() : 0) > size_.width) {
        line += rest;
        break;
      }
      line += one + "  ";
    }
    add(line);
  }

  void groups(std::string_view title, const std::vector<GroupCounts>& groups, std::size_t most) {
    constexpr std::size_t kName = 26, kNumbers = 20;
    const std::size_t width = size_.width > kName + kNumbers + 10 ? size_.width - kName - kNumbers : 10;
    if (groups.empty() || most == 0) return;
    add(std::string(title), kBold);
    for (std::size_t i = 0; i < std::min(groups.size(), most); ++i) {
      const GroupCounts& group = groups[i];
      add(fmt::format("{}  {}  {} of {}", padded(printable(group.name), kName - 2),
                      bar(group.now, std::min<std::size_t>(width, 60)), group.now.fresh, group.now.all()));
    }
  }

  const Story& story_;
  const WatchView* watch_;
  const Instant now_;
  const ScreenSize size_;
  const std::string& next_;
  std::vector<Line> lines_;
};

}  // namespace

std::vector<std::string> story_screen(const Story& story, const WatchView* watch, Instant now, ScreenSize size,
                                      TextStyle style, const std::string& next) {
  std::vector<std::string> out;
  // Colour goes on after the line was cut: it takes no columns.
  for (const Line& line : Screen(story, watch, now, size, next).lines())
    out.push_back(style == TextStyle::kColour && !line.colour.empty()
                      ? fmt::format("{}{}{}", line.colour, line.text, kPlain)
                      : line.text);
  return out;
}

std::vector<std::string> log_lines(const std::deque<std::string>& logged, std::size_t width, std::size_t height) {
  std::vector<std::string> out;
  if (height < 2) return out;
  for (auto line = logged.rbegin(); line != logged.rend(); ++line) {
    const std::vector<std::string> parts = wrapped("", printable(*line), width);
    if (out.size() + parts.size() + 1 > height) break;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) out.push_back(cut_to_width(*part, width));
  }
  if (!out.empty()) out.emplace_back();
  return {out.rbegin(), out.rend()};
}

}  // namespace cutover
