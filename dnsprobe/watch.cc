#include "dnsprobe/watch.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "dnsprobe/survey.h"

namespace cutover::dnsprobe {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSlice{20};
constexpr std::chrono::milliseconds kNoTime{0};
/// Summaries are not told more often than this, in real time.
constexpr std::chrono::milliseconds kSummaryGap{50};
/// From so many resolvers and record sets on, questions that fall due within this much real time leave together: a wake
/// per question would cost more than the question.
constexpr std::size_t kMany = 1000;
constexpr std::chrono::milliseconds kGather{1};
/// A question that is under way for longer no longer holds up convergence, in real time.
constexpr std::chrono::seconds kSlow{1};
/// Slow questions may be under way beside the others, so many times as many.
constexpr std::size_t kRoomForTheSlow = 16;

/// One watch under way. run() is the story; the rest are its verbs.
class Watch {
 public:
  Watch(net::Loop& loop, const Clock& clock, const std::vector<Expectation>& expectations,
        const std::vector<Resolver>& resolvers, const WatchOptions& options,
        const std::function<void(const WatchEvent&)>& sink, const std::function<bool()>& stop)
      : loop_(loop),
        clock_(clock),
        expectations_(expectations),
        resolvers_(resolvers),
        options_(options),
        sink_(sink),
        stop_(stop),
        survey_(expectations, resolvers,
                Terms{options.samples, options.quorum_resolvers, options.quorum_operators, options.must}, options.seed,
                clock.now()) {
    const TransportFactory factory =
        options.transport ? options.transport : socket_transport(loop, clock, options.tries);
    transport_ = factory([this](std::uint64_t ticket, Sample sample) {
      inbox_.push_back({ticket, std::move(sample)});
    });
  }

  WatchResult run() {
    result_.started = clock_.now();
    while (!ended()) {
      ask_what_is_due();
      wait_for_something();
      take_answers();
      mark_slow_questions();
      tell_summary_when_due();
    }
    return conclude();
  }

 private:
  struct Answer {
    std::uint64_t ticket;
    Sample sample;
  };

  struct Pending {
    std::uint64_t ticket;
    std::uint32_t nth;
    Steady::time_point since;
  };

  /// The silent must not keep those who answer from being asked.
  bool may_ask() const {
    const std::size_t room = std::max<std::size_t>(1, options_.in_flight);
    return survey_.quick_under_way() < room && survey_.under_way() < kRoomForTheSlow * room;
  }

  void ask_what_is_due() {
    while (may_ask()) {
      const auto question = survey_.take(clock_.now());
      if (!question) return;
      ++result_.questions;
      transport_->ask(question->ticket, resolvers_[question->resolver], expectations_[question->key].key);
      pending_.push_back({question->ticket, survey_.asked(question->ticket), Steady::now() + transport_->held_back()});
    }
  }

  /// Until an answer is in, a question or a summary is due, or a slice of real time is over.
  void wait_for_something() {
    const Instant now = clock_.now();
    Instant until = options_.give_up_at;
    if (next_summary_at_ > now) until = std::min(until, next_summary_at_);
    if (const auto due = survey_.next_due(); due && may_ask()) until = std::min(until, *due);
    bool rang = false;
    const std::chrono::nanoseconds pause = std::clamp<std::chrono::nanoseconds>(
        clock_.real(until - now), survey_.size() < kMany ? kNoTime : kGather, kSlice);
    const net::Loop::Handle alarm = loop_.after(pause, [&rang] { rang = true; });
    loop_.run_until([&] { return rang || !inbox_.empty(); });
  }

  void take_answers() {
    while (!inbox_.empty()) {
      std::vector<Answer> answers;
      answers.swap(inbox_);
      for (const Answer& answer : answers) take(answer);
    }
  }

  void take(const Answer& answer) {
    const WatchEvent event = survey_.answered(answer.ticket, answer.sample);
    if (sink_) sink_(event);
    if (!result_.observed_after_first_round && !first_round_over_ && survey_.everyone_asked()) {
      first_round_over_ = true;
      result_.observed_after_first_round = survey_.forecast(clock_.now()).observed;
    }
  }

  void mark_slow_questions() {
    const auto since = Steady::now() - kSlow;
    for (; !pending_.empty() && pending_.front().since <= since; pending_.pop_front()) {
      if (survey_.asked(pending_.front().ticket) != pending_.front().nth) continue;
      survey_.mark_slow(pending_.front().ticket);
    }
  }

  bool ended() {
    const Instant now = clock_.now();
    const Tally::Outlook outlook = survey_.outlook(now);
    if (outlook.converged) {
      forecast_ = survey_.forecast(now);
      return end(WatchEnd::kConverged);
    }
    if (stop_ && stop_()) return end(WatchEnd::kStopped);
    if (now >= options_.give_up_at || survey_.exhausted())
      return end(outlook.quorum_answered ? WatchEnd::kGaveUp : WatchEnd::kUndecided);
    return false;
  }

  bool end(WatchEnd how) {
    result_.end = how;
    return true;
  }

  void tell_summary_when_due() {
    const Instant now = clock_.now();
    const auto real_now = Steady::now();
    if (now < next_summary_at_ || real_now - summary_told_ < kSummaryGap) return;
    next_summary_at_ = now + options_.tick;
    summary_told_ = real_now;
    tell_summary(survey_.forecast(now));
  }

  void tell_summary(const Forecast& forecast) {
    if (!sink_) return;
    WatchEvent event;
    event.kind = WatchEvent::Kind::kSummary;
    event.at = forecast.at;
    event.forecast = forecast;
    sink_(event);
  }

  WatchResult conclude() {
    transport_.reset();
    result_.ended = clock_.now();
    // What was decided on stays what is reported, even where time has gone on since.
    result_.forecast = result_.end == WatchEnd::kConverged ? forecast_ : survey_.forecast(result_.ended);
    if (result_.end == WatchEnd::kConverged) result_.converged_at = forecast_.at;
    result_.last_old_seen_at = survey_.last_old_seen_at();
    result_.tracks = survey_.results();
    tell_summary(result_.forecast);
    return std::move(result_);
  }

  net::Loop& loop_;
  const Clock& clock_;
  const std::vector<Expectation>& expectations_;
  const std::vector<Resolver>& resolvers_;
  const WatchOptions& options_;
  const std::function<void(const WatchEvent&)>& sink_;
  const std::function<bool()>& stop_;
  Survey survey_;
  std::vector<Answer> inbox_;
  std::deque<Pending> pending_;                ///< in the order of asking; answered ones among them
  std::unique_ptr<ProbeTransport> transport_;  ///< after inbox_: its callback fills it
  WatchResult result_;
  Forecast forecast_;  ///< the one that it ended with, where it converged
  bool first_round_over_ = false;
  Steady::time_point summary_told_{};
  Instant next_summary_at_{};
};

}  // namespace

std::string_view to_text(WatchEnd end) {
  switch (end) {
    case WatchEnd::kConverged:
      return "converged";
    case WatchEnd::kGaveUp:
      return "gave-up";
    case WatchEnd::kUndecided:
      return "undecided";
    case WatchEnd::kStopped:
      return "stopped";
  }
  return "?";
}

WatchResult watch(net::Loop& loop, const Clock& clock, const std::vector<Expectation>& expectations,
                  const std::vector<Resolver>& resolvers, const WatchOptions& options,
                  const std::function<void(const WatchEvent&)>& sink, const std::function<bool()>& stop) {
  return Watch(loop, clock, expectations, resolvers, options, sink, stop).run();
}

}  // namespace cutover::dnsprobe
