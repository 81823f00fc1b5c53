#include "cmd/phases/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cmd/phases/watched_resolvers.h"
#include "core/text.h"

namespace cutover {
namespace {

using dnsprobe::AnswerKind;
using dnsprobe::SweepAnswer;

constexpr Seconds kSoonest{5};
constexpr Seconds kSilence{30};
constexpr int kPatience = 4;  ///< rounds without data

/// The values that were expected, by the type that each fits.
Result<std::vector<std::vector<std::string>>> expected_sets(const ProbeOptions& options) {
  std::vector<std::vector<std::string>> sets(options.keys.size());
  for (const std::string& text : options.expected) {
    bool fits = false;
    std::string why;
    for (std::size_t i = 0; i < options.keys.size(); ++i) {
      auto value = net::canonical_rdata(options.keys[i].type, text, DomainName());
      if (!value) {
        why = value.error().message;
        continue;
      }
      sets[i].push_back(*std::move(value));
      fits = true;
    }
    if (!fits)
      return fail(ErrorCode::kUsage,
                  fmt::format("--expect {}: it is no value of the type asked for: {}", printable(text), why));
  }
  for (std::vector<std::string>& set : sets) {
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
  }
  return sets;
}

/// One resolver and one record set.
struct Track {
  std::size_t resolver = 0;
  std::size_t key = 0;
  std::vector<SweepAnswer> answers{};  ///< of its last round
  std::optional<Instant> next{};       ///< when to ask; empty: not again
  bool answered = false;
  bool agreed = false;
  int silent = 0;
};

class Probe {
 public:
  Probe(net::Loop& loop, const Clock& clock, const ProbeOptions& options,
        std::vector<std::vector<std::string>> expected, const std::function<bool()>& stop)
      : loop_(loop), clock_(clock), options_(options), expected_(std::move(expected)), stop_(stop) {
    for (std::size_t resolver = 0; resolver < options.resolvers.size(); ++resolver)
      for (std::size_t key = 0; key < options.keys.size(); ++key)
        tracks_.push_back({resolver, key, {}, clock.now(), false, false, 0});
  }

  /// Asks everybody who is due, record set by record set.
  void round() {
    const Instant now = clock_.now();
    for (std::size_t key = 0; key < options_.keys.size(); ++key) {
      std::vector<std::size_t> due;
      std::vector<dnsprobe::Resolver> asked;
      for (std::size_t i = 0; i < tracks_.size(); ++i) {
        if (tracks_[i].key != key || !tracks_[i].next || *tracks_[i].next > now) continue;
        due.push_back(i);
        asked.push_back(options_.resolvers[tracks_[i].resolver]);
      }
      if (due.empty()) continue;
      dnsprobe::SweepOptions terms;
      terms.samples = options_.samples;
      auto seen = dnsprobe::sweep(loop_, clock_, {options_.keys[key]}, asked, terms, stop_);
      for (const std::size_t i : due) tracks_[i].answers.clear();
      for (SweepAnswer& answer : seen.answers) {
        Track& track = tracks_[due[answer.resolver]];
        answer.resolver = track.resolver;
        answer.key = key;
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

  std::string progress() const {
    const auto agreed = std::count_if(tracks_.begin(), tracks_.end(), [](const Track& t) { return t.agreed; });
    const auto answered = std::count_if(tracks_.begin(), tracks_.end(), [](const Track& t) { return t.answered; });
    return fmt::format("{} of {} that answer give what is expected", agreed, answered);
  }

  ProbeResult result() {
    ProbeResult out;
    out.at = clock_.now();
    out.seen.started = out.seen.finished = out.at;
    for (std::size_t key = 0; key < options_.keys.size(); ++key) out.agreement.push_back(agreement(key));
    for (Track& track : tracks_)
      for (SweepAnswer& answer : track.answers) out.seen.answers.push_back(std::move(answer));
    for (std::size_t key = 0; key < options_.keys.size(); ++key)
      out.groups.push_back(dnsprobe::group_answers(out.seen, options_.keys, key, options_.resolvers));
    conclude(out);
    return out;
  }

 private:
  void judge(Track& track) const {
    const RecordKey& key = options_.keys[track.key];
    const std::vector<std::string>& expected = expected_[track.key];
    track.answered = false;
    track.agreed = !expected.empty() && !track.answers.empty();
    Instant next = clock_.now() + kSoonest;
    for (const SweepAnswer& answer : track.answers) {
      const dnsprobe::ReadAnswer read = dnsprobe::read_to_the_end(key, answer);
      if (!is_data(read.kind)) {
        track.agreed = false;
        continue;
      }
      track.answered = true;
      if (read.kind == AnswerKind::kValues && read.values == expected) continue;
      track.agreed = false;
      if (read.ttl) next = std::max(next, answer.sample.received + *read.ttl + Seconds(1));
    }
    track.silent = track.answered ? 0 : track.silent + 1;
    if (!track.answered) next = clock_.now() + kSilence;
    const bool over = track.agreed || expected.empty() || track.silent >= kPatience;
    track.next = over ? std::nullopt : std::optional(next);
  }

  ProbeAgreement agreement(std::size_t key) const {
    ProbeAgreement out;
    out.expected = expected_[key];
    for (const Track& track : tracks_) {
      if (track.key != key) continue;
      ++out.asked;
      if (track.answered) ++out.answered;
      if (track.agreed) ++out.agreed;
    }
    return out;
  }

  /// Half of those asked have to answer before anything is said about everybody.
  void conclude(ProbeResult& out) const {
    std::size_t asked = 0, answered = 0, agreed = 0, differing = 0;
    for (const ProbeAgreement& one : out.agreement) {
      asked += one.asked;
      answered += one.answered;
      agreed += one.agreed;
      if (!one.expected.empty()) differing += one.answered - one.agreed;
    }
    out.headline = fmt::format("{} of {} answered", answered, counted(asked, "question"));
    if (answered == 0 || (!options_.expected.empty() && answered * 2 < asked)) {
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
  const std::vector<std::vector<std::string>> expected_;
  const std::function<bool()>& stop_;
  std::vector<Track> tracks_;
};

}  // namespace

Result<ProbeResult> probe(net::Loop& loop, const Clock& clock, const ProbeOptions& options,
                          const std::function<void(const std::string&)>& log, const std::function<bool()>& stop) {
  auto expected = expected_sets(options);
  if (!expected) return expected.error();
  if (std::any_of(options.resolvers.begin(), options.resolvers.end(), can_be_intercepted)) {
    const dnsprobe::PathReport path = dnsprobe::test_path(loop, clock, options.path);
    if (path.udp == dnsprobe::Way::kIntercepted) {
      ProbeResult out;
      out.exit = ExitCode::kGaveUp;
      out.at = clock.now();
      out.headline =
          fmt::format("something on the way answers in the place of every resolver ({}), so no resolver was asked",
                      path.interception);
      out.notes = path.evidence;
      return out;
    }
  }
  // Whoever answers from here on is who it seems to be.

  Probe asking(loop, clock, options, *std::move(expected), stop);
  asking.round();
  const Instant give_up = clock.now() + options.until.value_or(Seconds(0));
  while (options.until && !stop()) {
    const auto next = asking.next();
    if (!next) break;
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
