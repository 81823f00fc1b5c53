#include "cmd/report/story_screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/report/monitor_text.h"
#include "cmd/report/story_digest.h"
#include "cmd/report/wrapped.h"
#include "core/text.h"

// From top to bottom, most wanted first: the phase line, the answer, what to do next; closed gates; how far each record
// set has come; how the change spreads, where, with the two estimates; who is slow. Each part takes what room it needs
// of what is left, and the last ones get what remains.

namespace cutover {
namespace {

constexpr std::size_t kMostGates = 4;
constexpr std::size_t kMostSets = 4;
/// With so many lines left there is room for bars; with fewer, groups share a line.
constexpr std::size_t kTall = 20;

constexpr std::string_view kGreen = "\x1b[32m", kYellow = "\x1b[33m", kRed = "\x1b[31m", kBold = "\x1b[1m",
                           kPlain = "\x1b[0m";

std::string clock_time(Instant at) { return format_instant(at).substr(11); }

std::string distance(Instant now, Instant then) {
  return then > now ? "in " + format_duration(then - now) : format_duration(now - then) + " ago";
}

class Screen {
 public:
  Screen(const Story& story, const WatchView* watch, Instant now, ScreenSize size, TextStyle style)
      : story_(story), watch_(watch), now_(now), size_(size), style_(style) {}

  std::vector<std::string> lines() && {
    title();
    phase_line();
    answer();
    gates();
    if (story_.monitor)
      for (const std::string& line : monitor_screen(*story_.monitor, now_)) add(line);
    sets();
    if (!story_.propagation.empty()) spreading(story_.propagation.back());
    return std::move(lines_);
  }

 private:
  std::size_t room() const { return size_.height - lines_.size(); }

  /// Colour goes on after the line was cut: it takes no columns.
  void add(const std::string& line, std::string_view colour = {}) {
    if (room() == 0) return;
    std::string out = cut_to_width(line, size_.width);
    out.erase(out.find_last_not_of(' ') + 1);
    if (style_ == TextStyle::kColour && !colour.empty()) out = fmt::format("{}{}{}", colour, out, kPlain);
    lines_.push_back(std::move(out));
  }
  void add_wrapped(const std::string& head, const std::string& text, std::string_view colour = {}) {
    for (const std::string& line : wrapped(head, printable(text), size_.width)) add(line, colour);
  }

  void title() {
    const std::string name = printable(story_.plan_name) + (story_.rehearsal ? "  (a rehearsal)" : "");
    const std::string time = format_instant(now_);
    const std::size_t used = columns_of(name) + time.size();
    add(name + std::string(used < size_.width ? size_.width - used : 1, ' ') + time, kBold);
  }

  void phase_line() {
    std::string line;
    for (const StoryPhase& phase : story_.phases) {
      std::string_view sign;
      switch (phase.state) {
        case StoryPhase::State::kDone:
          sign = "[x]";
          break;
        case StoryPhase::State::kNow:
          sign = "[>]";
          break;
        case StoryPhase::State::kPartial:
          sign = "[!]";
          break;
        case StoryPhase::State::kAhead:
          sign = "[ ]";
          break;
      }
      const std::string one = fmt::format("{} {}", sign, to_text(phase.phase));
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
    const std::string when = answer.opens_at && !answer.go ? fmt::format(" ({} {})", clock_time(*answer.opens_at),
                                                                         distance(now_, *answer.opens_at))
                                                           : "";
    add_wrapped(answer.go ? "GO        " : "NOT YET   ", answer.headline + when, answer.go ? kGreen : kYellow);
    if (!answer.next.empty()) add_wrapped("next      ", answer.next, kBold);
  }

  void gates() {
    std::size_t open = 0, shown = 0, closed = 0;
    for (const Gate& gate : story_.gates) {
      if (gate.open || gate.overridden) {
        ++open;
        continue;
      }
      ++closed;
      if (shown++ >= kMostGates) continue;
      const std::string when = gate.opens_at ? fmt::format("opens {}: ", distance(now_, *gate.opens_at)) : "";
      add(fmt::format("CLOSED    {}  {}{}", printable(gate.name), when, printable(gate.why)), kRed);
    }
    if (closed > kMostGates) add(fmt::format("          and {} more closed", closed - kMostGates), kRed);
    if (open > 0 && closed > 0) add(fmt::format("          {} open", counted(open, "gate")));
  }

  // ---- record sets

  std::string level(const std::optional<Instant>& reached, Instant expected = Instant::min()) const {
    if (reached && *reached <= now_) return clock_time(*reached);
    return expected > now_ ? distance(now_, expected) : "-";
  }

  void sets() {
    const auto& sets = story_.sets;
    const bool any =
        std::any_of(sets.begin(), sets.end(), [](const StorySet& set) { return set.accepted.has_value(); });
    if (!any) return;
    const Instant bound = story_.propagation.empty() ? Instant::min() : story_.propagation.back().bound;
    const std::size_t name_width = size_.width > 56 ? std::min<std::size_t>(size_.width - 56, 44) : 12;
    add(fmt::format("{:<{}}  {:<9}  {:<13}  {:<9}  {}", "record set", name_width, "accepted", "authoritative",
                    "sampled", "bounded"));
    // What is furthest behind stands first.
    std::vector<const StorySet*> order;
    for (const StorySet& set : sets) order.push_back(&set);
    const auto reached = [](const StorySet* set) {
      return (set->accepted ? 1 : 0) + (set->authoritative ? 1 : 0) + (set->sampled ? 1 : 0) + (set->bounded ? 1 : 0);
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](const StorySet* a, const StorySet* b) { return reached(a) < reached(b); });
    for (std::size_t i = 0; i < std::min(order.size(), kMostSets); ++i) {
      const StorySet& set = *order[i];
      const std::string name = fmt::format("{} {}", cutover::to_text(set.key.type), printable(set.key.name.host()));
      add(fmt::format("{}  {:<9}  {:<13}  {:<9}  {}", padded(name, name_width), level(set.accepted),
                      level(set.authoritative), level(set.sampled), level(set.bounded, bound)),
          reached(&set) == 4 ? kGreen : std::string_view());
    }
    if (order.size() > kMostSets) add(fmt::format("and {}", counted(order.size() - kMostSets, "more record set")));
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

  void spreading(const Propagation& spreading) {
    const SideCounts all = counts_of(spreading);
    add(fmt::format("{}  # {} {}  o {} {}  ? other {}  . silent {}  of {}",
                    spreading.of == Phase::kRollback ? "rollback" : "swap    ",
                    spreading.of == Phase::kRollback ? "back" : "new", percent(all.fresh, all.all()),
                    spreading.of == Phase::kRollback ? "not yet" : "old", percent(all.old, all.all()),
                    percent(all.other, all.all()), percent(all.silent, all.all()),
                    counted(spreading.resolvers.size(), "resolver")),
        spreading.converged_at ? kGreen : std::string_view());
    add(bar(all, std::min<std::size_t>(size_.width, 100)));
    const auto continents = by_continent(spreading), operators = by_operator(spreading);
    const bool is_tall = room() >= kTall;
    if (!is_tall) in_a_line("places    ", continents);
    if (!is_tall) in_a_line("operators ", operators);
    const std::size_t bars = is_tall ? std::min(continents.size() + operators.size() + 2, room() / 2) : 0;
    estimates(spreading, room() - bars);
    if (!is_tall) return;
    groups("by continent", continents, continents.size());
    groups("by operator, the slowest first", operators, room() - 1);
  }

  /// The two estimates and who is slow: by the watch, or, when it is over, what is left of it.
  void estimates(const Propagation& spreading, std::size_t most) {
    if (watch_ != nullptr) {
      const auto detail = most >= kTall ? WatchView::Detail::kAll : WatchView::Detail::kBrief;
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
  const TextStyle style_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> story_screen(const Story& story, const WatchView* watch, Instant now, ScreenSize size,
                                      TextStyle style) {
  return Screen(story, watch, now, size, style).lines();
}

}  // namespace cutover
