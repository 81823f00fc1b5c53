#include "cmd/phases/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/text.h"
#include "dnsprobe/site.h"

namespace cutover {
namespace {

using dnsprobe::AnswerKind;
using dnsprobe::SweepAnswer;

constexpr Seconds kSoonest{5};
constexpr Seconds kSilence{30};
constexpr int kPatience = 4;  ///< rounds without data
/// Rounds without data after which a resolver no longer keeps those waiting who all agree.
constexpr int kEnoughSilence = 2;

/// The record sets of every view.
std::vector<ProbeQuestion> questions_of(const ProbeOptions& options) {
  std::vector<ProbeQuestion> out;
  for (const RecordKey& key : options.keys) {
    ProbeQuestion question;
    question.key = key;
    if (options.views.empty()) out.push_back(question);
    for (std::size_t view = 0; view < options.views.size(); ++view) {
      question.view = view;
      out.push_back(question);
    }
  }
  return out;
}

/// The view that an expectation is for, and the rest of its text: `country:DE=203.0.113.20`. Only what was given as a
/// view is one: values may hold `=` too.
std::pair<std::optional<std::size_t>, std::string_view> view_and_value(const ProbeOptions& options,
                                                                       std::string_view text) {
  const auto equals = text.find('=');
  if (equals != std::string_view::npos)
    for (std::size_t view = 0; view < options.views.size(); ++view)
      if (options.views[view].text == text.substr(0, equals)) return {view, text.substr(equals + 1)};
  return {std::nullopt, text};
}

/// Gives every expected value to the questions that it fits.
Result<void> expect(const ProbeOptions& options, std::vector<ProbeQuestion>& questions) {
  for (const std::string& text : options.expected) {
    const auto [view, value_text] = view_and_value(options, text);
    bool fits = false;
    std::string why;
    for (ProbeQuestion& question : questions) {
      if (view && question.view != view) continue;
      auto value = net::canonical_rdata(question.key.type, value_text, DomainName());
      if (!value) {
        why = value.error().message;
        continue;
      }
      question.expected.push_back(*std::move(value));
      fits = true;
    }
    if (!fits)
      return fail(ErrorCode::kUsage,
                  fmt::format("--expect {}: it is no value of the type asked for: {}", printable(text), why));
  }
  for (ProbeQuestion& question : questions) {
    std::sort(question.expected.begin(), question.expected.end());
    question.expected.erase(std::unique(question.expected.begin(), question.expected.end()), question.expected.end());
  }
  return {};
}

/// One resolver and one question.
struct Track {
  std::size_t resolver = 0;
  std::size_t question = 0;
  std::vector<SweepAnswer> answers{};  ///< of its last round
  std::optional<Instant> next{};       ///< when to ask; empty: not again
  bool answered = false;
  bool agreed = false;
  bool dropped = false;  ///< answers, but not for the clients that were named: it has nothing to say here
  int silent = 0;
  std::optional<Instant> differs_until{};  ///< when its answers that differ have ended
};

class Probe {
 public:
  Probe(net::Loop& loop, const Clock& clock, const ProbeOptions& options, std::vector<ProbeQuestion> questions,
        const std::function<bool()>& stop)
      : loop_(loop), clock_(clock), options_(options), questions_(std::move(questions)), stop_(stop) {
    if (options.views.empty()) add_resolvers(std::nullopt, std::nullopt);
    for (std::size_t view = 0; view < options.views.size(); ++view)
      for (const net::ClientSubnet& subnet : options.views[view].subnets) add_resolvers(view, subnet);
  }

  /// Asks everybody who is due, question by question.
  void round() {
    const Instant now = clock_.now();
    for (std::size_t question = 0; question < questions_.size(); ++question) {
      std::vector<std::size_t> due;
      std::vector<dnsprobe::Resolver> asked;
      for (std::size_t i = 0; i < tracks_.size(); ++i) {
        if (tracks_[i].question != question || !tracks_[i].next || *tracks_[i].next > now) continue;
        due.push_back(i);
        asked.push_back(resolvers_[tracks_[i].resolver]);
      }
      if (due.empty()) continue;
      dnsprobe::SweepOptions terms;
      terms.samples = options_.samples;
      auto seen = dnsprobe::sweep(loop_, clock_, {questions_[question].key}, asked, terms, stop_);
      for (const std::size_t i : due) tracks_[i].answers.clear();
      for (SweepAnswer& answer : seen.answers) {
        Track& track = tracks_[due[answer.resolver]];
        answer.resolver = track.resolver;
        answer.key = question;
        track.answers.push_back(std::move(answer));
      }
      for (const std::size_t i : due) judge(tracks_[i]);
    }
  }

  /// When somebody is to be asked again; empty: never.
  std::optional<Instant> next() const {
    std::optional<Instant> out;
    for (const Track& track : tracks_)
      if (track.next && (!out || *track.next < *out)) out = track.next;
    return out;
  }

  /// Whether half of them answer, all of those agree, and the others were given a second chance.
  bool agreed() const {
    std::size_t asked = 0, answered = 0;
    for (const Track& track : tracks_) {
      if (track.dropped) continue;
      ++asked;
      if (track.answered) ++answered;
      const bool wanted = !questions_[track.question].expected.empty();
      if (wanted && !track.agreed && (track.answered || track.silent < kEnoughSilence)) return false;
    }
    return answered > 0 && answered * 2 >= asked;
  }

  std::string progress() const {
    const auto agreed = std::count_if(tracks_.begin(), tracks_.end(), [](const Track& t) { return t.agreed; });
    const auto answered = std::count_if(tracks_.begin(), tracks_.end(), [](const Track& t) { return t.answered; });
    return fmt::format("{} of {} that answer give what is expected", agreed, answered);
  }

  ProbeResult result() {
    ProbeResult out;
    out.at = clock_.now();
    out.seen.started = out.seen.finished = out.at;
    for (const Track& track : tracks_) count(track);
    for (Track& track : tracks_)
      for (SweepAnswer& answer : track.answers) out.seen.answers.push_back(std::move(answer));
    std::vector<RecordKey> keys;
    for (const ProbeQuestion& question : questions_) keys.push_back(question.key);
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      questions_[i].groups = dnsprobe::group_answers(out.seen, keys, i, resolvers_);
      questions_[i].differing = differing(i);
    }
    out.sites = sites(out.seen);
    out.questions = std::move(questions_);
    out.resolvers = std::move(resolvers_);
    conclude(out);
    return out;
  }

 private:
  void add_resolvers(std::optional<std::size_t> view, const std::optional<net::ClientSubnet>& subnet) {
    for (dnsprobe::Resolver resolver : options_.resolvers) {
      resolver.asking = {subnet, options_.signatures};
      for (std::size_t question = 0; question < questions_.size(); ++question)
        if (questions_[question].view == view)
          tracks_.push_back({resolvers_.size(), question, {}, clock_.now(), false, false, false, 0});
      resolvers_.push_back(std::move(resolver));
    }
  }

  void judge(Track& track) const {
    const ProbeQuestion& question = questions_[track.question];
    const std::vector<std::string>& expected = question.expected;
    track.answered = track.dropped = false;
    track.differs_until.reset();
    track.agreed = !expected.empty() && !track.answers.empty();
    Instant next = clock_.now() + kSoonest;
    for (const SweepAnswer& answer : track.answers) {
      const dnsprobe::ReadAnswer read = dnsprobe::read_to_the_end(question.key, answer);
      if (!is_data(read.kind)) {
        track.agreed = false;
        track.dropped = track.dropped || read.kind == AnswerKind::kOtherClients;
        continue;
      }
      track.answered = true;
      if (read.kind == AnswerKind::kValues && read.values == expected) continue;
      track.agreed = false;
      if (!read.ttl || expected.empty()) continue;
      const Instant ends = answer.sample.received + *read.ttl;
      next = std::max(next, ends + Seconds(1));
      track.differs_until = std::max(track.differs_until.value_or(ends), ends);
    }
    track.silent = track.answered ? 0 : track.silent + 1;
    if (!track.answered) next = clock_.now() + kSilence;
    const bool over = track.agreed || track.dropped || expected.empty() || track.silent >= kPatience;
    track.next = over ? std::nullopt : std::optional(next);
  }

  void count(const Track& track) {
    ProbeQuestion& question = questions_[track.question];
    const auto any = [&](bool dnsprobe::Sample::*claim) {
      return track.answered && std::any_of(track.answers.begin(), track.answers.end(),
                                           [&](const SweepAnswer& each) { return each.sample.*claim; });
    };
    ++question.asked;
    if (track.answered) ++question.answered;
    if (track.agreed) ++question.agreed;
    if (track.dropped) ++question.dropped;
    if (any(&dnsprobe::Sample::authenticated)) ++question.validated;
    if (any(&dnsprobe::Sample::has_signatures)) ++question.with_signatures;
  }

  std::optional<ProbeSpread> differing(std::size_t question) const {
    std::vector<Instant> ends;
    for (const Track& track : tracks_)
      if (track.question == question && track.differs_until) ends.push_back(*track.differs_until);
    return spread_of(std::move(ends));
  }

  /// Of those who answered and did not say where: one question more.
  std::vector<std::string> sites(const dnsprobe::SweepResult& seen) const {
    std::vector<bool> is_asked(resolvers_.size());
    for (const SweepAnswer& answer : seen.answers)
      is_asked[answer.resolver] = is_asked[answer.resolver] || answer.is_data;
    for (const SweepAnswer& answer : seen.answers)
      if (!answer.sample.site.empty()) is_asked[answer.resolver] = false;
    std::vector<std::size_t> asked;
    std::vector<dnsprobe::Resolver> nameless;
    for (std::size_t i = 0; i < resolvers_.size(); ++i) {
      if (!is_asked[i] || stop_()) continue;
      asked.push_back(i);
      nameless.push_back(resolvers_[i]);
    }
    std::vector<std::string> out(resolvers_.size());
    auto found = dnsprobe::find_sites(loop_, clock_, nameless);
    for (std::size_t i = 0; i < asked.size(); ++i) out[asked[i]] = std::move(found[i]);
    return out;
  }

  /// Half of those asked have to answer before anything is said about everybody.
  void conclude(ProbeResult& out) const {
    std::size_t asked = 0, answered = 0, agreed = 0, differing = 0, dropped = 0;
    for (const ProbeQuestion& one : out.questions) {
      asked += one.asked;
      dropped += one.dropped;
      answered += one.answered;
      agreed += one.agreed;
      if (!one.expected.empty()) differing += one.answered - one.agreed;
    }
    out.headline = fmt::format("{} of {} answered", answered, counted(asked, "question"));
    if (dropped > 0) out.headline += fmt::format(", {} came back without the client subnet", dropped);
    if (answered == 0 || (!options_.expected.empty() && answered * 2 < asked - dropped)) {
      out.exit = ExitCode::kGaveUp;
      out.headline += ": too few to say anything";
    } else if (!options_.expected.empty()) {
      out.exit = differing > 0 ? ExitCode::kFailed : ExitCode::kDone;
      out.headline += differing > 0 ? fmt::format("; {} gave what is expected, {} did not", agreed, differing)
                                    : "; every one of them gave what is expected";
    }
  }

  net::Loop& loop_;
  const Clock& clock_;
  const ProbeOptions& options_;
  std::vector<ProbeQuestion> questions_;
  std::vector<dnsprobe::Resolver> resolvers_;
  const std::function<bool()>& stop_;
  std::vector<Track> tracks_;
};

}  // namespace

std::optional<ProbeSpread> spread_of(std::vector<Instant> ends) {
  if (ends.empty()) return std::nullopt;
  std::sort(ends.begin(), ends.end());
  const auto by_share = [&ends](std::size_t parts, std::size_t of) {
    return ends[(ends.size() * parts + of - 1) / of - 1];
  };
  return ProbeSpread{ends.size(), by_share(1, 2), by_share(9, 10), ends.back()};
}

Result<ProbeResult> probe(net::Loop& loop, const Clock& clock, const ProbeOptions& options,
                          const std::function<void(const std::string&)>& log, const std::function<bool()>& stop) {
  std::vector<ProbeQuestion> questions = questions_of(options);
  if (auto fits = expect(options, questions); !fits) return fits.error();
  if (std::any_of(options.resolvers.begin(), options.resolvers.end(), dnsprobe::can_be_intercepted)) {
    const dnsprobe::PathReport path = dnsprobe::test_path(loop, clock, options.path);
    if (const std::string why = dnsprobe::interception_of(path, options.resolvers); !why.empty()) {
      ProbeResult out;
      out.exit = ExitCode::kGaveUp;
      out.at = clock.now();
      out.headline = fmt::format(
          "something on the way answers in the place of every resolver ({}), so no resolver was asked", why);
      out.notes = path.evidence;
      return out;
    }
  }
  // Whoever answers from here on is who it seems to be.

  Probe asking(loop, clock, options, std::move(questions), stop);
  asking.round();
  const Instant give_up = clock.now() + options.until.value_or(Seconds(0));
  while (options.until && !stop()) {
    const auto next = asking.next();
    if (!next || asking.agreed()) break;
    log(fmt::format("{}; the next question is due at {}", asking.progress(), format_instant(*next)));
    if (*next > give_up) break;
    loop.wait_until(clock, *next, stop);
    asking.round();
  }
  ProbeResult out = asking.result();
  if (options.until && out.exit == ExitCode::kFailed) {
    out.exit = ExitCode::kGaveUp;
    out.headline += stop() ? "; stopped" : "; gave up waiting";
  }
  return out;
}

}  // namespace cutover
