#include "tests/dnsprobe/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <queue>
#include <random>

#include "core/text.h"
#include "core/zone.h"
#include "dnsprobe/survey.h"
#include "lab/cache.h"

namespace cutover::dnsprobe::simulated {

namespace {

using namespace std::chrono_literals;
using lab::Cache;
using lab::CacheHabits;

const Instant kChange = *parse_instant("2026-10-06T09:00:00Z");
constexpr std::size_t kMostResolvers = 40;
constexpr std::chrono::milliseconds kTimeout = 2000ms;
constexpr int kTries = 2;
constexpr Span kSlow = 1s;
/// From the moment an authority answers until its answer is in the cache.
constexpr std::chrono::milliseconds kLongestFetch = 400ms;

double seconds_of(Span span) { return std::chrono::duration<double>(span).count(); }
Span span_of(double seconds) { return std::chrono::duration_cast<Span>(std::chrono::duration<double>(seconds)); }

RecordSet set_of(const char* name, RecordType type, Seconds ttl, const char* value) {
  return RecordSet{*DomainName::from_text(name), type, ttl, {value}};
}

const std::vector<Resolver>& all_resolvers() {
  static const std::vector<Resolver> resolvers = [] {
    std::vector<Resolver> out;
    for (std::size_t i = 0; i < kMostResolvers; ++i)
      out.push_back(*parse_resolver(fmt::format("op{}=192.0.2.{}", i * 7 % 17, i + 1)));
    return out;
  }();
  return resolvers;
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  double share() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  double between(double from, double to) { return from + (to - from) * share(); }
  bool chance(double of) { return share() < of; }
  std::size_t index(std::size_t size) { return static_cast<std::size_t>(random_() % size); }
  double exponential(double mean) { return -mean * std::log(1.0 - share()); }
  Span way(std::chrono::milliseconds longest) { return span_of(between(0.001, seconds_of(longest))); }

 private:
  std::mt19937_64 random_;
};

/// What one cache holds of one record set, beyond what lab::Cache tells.
struct Slot {
  Instant next_user{};
  double mean_gap_s = 0;  ///< between its users' questions
  bool is_old = false;    ///< what it holds now
  bool is_late = false;   ///< and that was fetched after all authorities were taken to have turned
  bool is_kept = false;   ///< and that is held longer than the authority said
  Instant ends{};         ///< from then on it does not answer with that, or only as stale
  Instant old_ends{};     ///< the latest such moment of an old answer
};

struct OneCache {
  Cache cache;
  Span phase{};  ///< of its clock's seconds
  bool to_zero = false;
  bool at_late_site = false;
  std::vector<Slot> slots;  ///< by record set
};

struct OneResolver {
  Nature nature = Nature::kHonest;
  std::vector<OneCache> caches;
  bool marks_stale = true;
  bool lies_nxdomain = false;
  int patience = 0;  ///< of a bored one: questions that it will answer
  Instant fixed{};   ///< of one that keeps the old answer
  bool is_unsure = false;
};

/// What is true of an answer.
struct Truth {
  bool is_old = false;
  bool is_late = false;
  bool is_kept = false;
  bool is_stale = false;
};

class World {
 public:
  World(const Mix& mix, std::uint64_t seed) : mix_(mix), dice_(seed) {
    low_ = Seconds(static_cast<long>(std::exp(dice_.between(std::log(2), std::log(1800)))));
    soa_ = set_of("example.com.", RecordType::kSoa, 3600s, "ns1.example.com. host.example.com. 1 7200 900 1209600 0");
    negative_ = Seconds(static_cast<long>(dice_.between(5, 3600)));
    for (std::size_t i = 1 + dice_.index(4); i > 0; --i) turns_.push_back(kChange + span_of(dice_.between(0, 5)));
    last_turn_ = *std::max_element(turns_.begin(), turns_.end());
    if (mix.lag != Mix::Lag::kNone) late_turn_ = last_turn_ + span_of(dice_.between(1, 300));
    // The sweep that found all of them turned: a pause between two sweeps, and its answer on the way.
    served_at_ = last_turn_ + span_of(dice_.between(0, 0.2)) + dice_.way(100ms);
    new_since_ = served_at_ + (mix.lag == Mix::Lag::kDeclared ? Span(300s) : Span());
    make_expectations();
    make_resolvers();
  }

  Instant started() const { return served_at_; }
  Seconds held() const {
    Seconds most{};
    for (const Expectation& each : expectations_) most = std::max(most, held_ttl(each));
    return most;
  }
  const std::vector<Expectation>& expectations() const { return expectations_; }
  const std::vector<Resolver>& resolvers() const { return resolvers_; }
  OneResolver& resolver(std::size_t number) { return worlds_[number]; }
  Dice& dice() { return dice_; }
  const Mix& mix() const { return mix_; }

  /// A question that meets the resolver at `at`; its answer leaves at `left`. nullopt: it is silent.
  std::optional<Sample> ask(std::size_t number, std::size_t key, Instant at, Instant& left, Truth& truth);

  /// Lets the users of one cache ask until `until`.
  void advance(OneResolver& resolver, OneCache& cache, std::size_t key, Instant until) {
    Slot& slot = cache.slots[key];
    while (slot.next_user <= until) {
      Truth nobody_looks;
      Instant left{};
      const Instant at = slot.next_user;
      answer_of(resolver, cache, key, at, left, nobody_looks, By::kUser);
      // While it holds something, its users change nothing: go to the first one after that.
      slot.next_user = std::max(left, slot.ends) + span_of(dice_.exponential(slot.mean_gap_s));
    }
  }

  /// Whether a question at `at` could still be answered with the old values.
  bool can_be_old(OneResolver& resolver, Instant at) {
    for (OneCache& cache : resolver.caches) {
      if (cache.at_late_site && at < late_turn_) return true;
      for (std::size_t key = 0; key < expectations_.size(); ++key) {
        advance(resolver, cache, key, at);
        if (cache.slots[key].is_old && cache.slots[key].ends > at) return true;
      }
    }
    return false;
  }

  std::size_t planted() const { return planted_; }

 private:
  enum class By { kUser, kUs };

  void make_expectations() {
    const std::size_t kinds = dice_.index(6);
    add({"www.example.com.", RecordType::kA}, set_of("www.example.com.", RecordType::kA, low_, "192.0.2.1"),
        set_of("www.example.com.", RecordType::kA, low_, "203.0.113.1"));
    if (kinds == 1 || kinds == 3)
      add({"www.example.com.", RecordType::kAaaa}, std::nullopt,
          set_of("www.example.com.", RecordType::kAaaa, low_, "2001:db8:2::1"));
    if (kinds == 2 || kinds == 3)
      add({"shop.example.com.", RecordType::kCname},
          set_of("shop.example.com.", RecordType::kCname, low_, "lb.old.example.net."),
          set_of("shop.example.com.", RecordType::kCname, low_, "lb.new.example.net."));
    if (kinds == 4)
      add({"gone.example.com.", RecordType::kA}, set_of("gone.example.com.", RecordType::kA, low_, "192.0.2.9"),
          std::nullopt);
  }
  struct Asked {
    const char* name;
    RecordType type;
  };
  void add(Asked asked, std::optional<RecordSet> before, std::optional<RecordSet> after) {
    Expectation out;
    out.key = {*DomainName::from_text(asked.name), asked.type};
    out.old_set = std::move(before);
    out.new_set = std::move(after);
    out.low_ttl = low_;
    out.negative_ttl = negative_;
    out.new_since = new_since_;
    expectations_.push_back(std::move(out));
  }

  void make_resolvers() {
    int sum = 0;
    for (const int share : mix_.shares) sum += share;
    const std::size_t count = 3 + dice_.index(kMostResolvers - 2);
    for (std::size_t i = 0; i < count; ++i) {
      int drawn = static_cast<int>(dice_.index(static_cast<std::size_t>(sum)));
      std::size_t nature = 0;
      while (drawn >= mix_.shares[nature]) drawn -= mix_.shares[nature++];
      resolvers_.push_back(all_resolvers()[i]);
      worlds_.push_back(made(static_cast<Nature>(nature)));
      resolvers_.back().filtering = worlds_.back().nature == Nature::kFilters;
    }
  }

  OneResolver made(Nature nature) {
    OneResolver out;
    out.nature = nature;
    out.marks_stale = dice_.chance(0.7);
    out.lies_nxdomain = dice_.chance(0.5);
    out.patience = 1 + static_cast<int>(dice_.index(6));
    CacheHabits habits;
    const double low = static_cast<double>(low_.count());
    if (nature == Nature::kLongMinimum) habits.min_ttl = Seconds(static_cast<long>(low * dice_.between(1.5, 10)) + 3);
    if (nature == Nature::kShortMaximum)
      habits.max_ttl = std::max(Seconds(1), Seconds(static_cast<long>(low * dice_.between(0.1, 0.9))));
    if (nature == Nature::kServesExpired) {
      habits.stale = CacheHabits::Stale::kThenRefresh;
      habits.stale_limit = Seconds(static_cast<long>(low * dice_.between(0.5, 5)));
    }
    out.fixed = kChange + span_of(low * dice_.between(1, 4));
    const std::size_t caches = nature == Nature::kSeveral ? 2 + dice_.index(4) : 1;
    for (std::size_t i = 0; i < caches; ++i) {
      OneCache cache{Cache(habits), span_of(dice_.share()), nature == Nature::kToZero, false, {}};
      if (nature == Nature::kSeveral || nature == Nature::kBored) cache.to_zero = dice_.chance(0.5);
      cache.at_late_site = late_turn_ > kChange && dice_.chance(0.3);
      for (std::size_t key = 0; key < expectations_.size(); ++key) {
        Slot slot;
        slot.mean_gap_s = low * std::pow(10, dice_.between(-1.5, 1));
        slot.next_user = kChange - 2 * held() + span_of(dice_.exponential(slot.mean_gap_s));
        cache.slots.push_back(slot);
      }
      out.caches.push_back(std::move(cache));
    }
    return out;
  }

  bool serves_old(const OneCache& cache, Instant at) {
    const Instant turn = cache.at_late_site ? late_turn_ : turns_[dice_.index(turns_.size())];
    return at < turn;
  }

  /// Gets it from a name server. The answer is in the cache at the returned moment.
  Instant fetch(OneResolver& resolver, OneCache& cache, std::size_t key, Instant at, By by) {
    const Expectation& expectation = expectations_[key];
    Slot& slot = cache.slots[key];
    const Span under_way = dice_.way(kLongestFetch);
    const Instant answered = at + dice_.way(100ms), stored = answered + under_way;
    slot.is_old = serves_old(cache, answered);
    slot.is_late = slot.is_old && answered >= new_since_;
    slot.is_kept = false;
    const auto& set = slot.is_old ? expectation.old_set : expectation.new_set;
    if (set)
      cache.cache.store(*set, stored + cache.phase);
    else
      cache.cache.store_negative(expectation.key, net::Rcode::kNoError, soa_, negative_, stored + cache.phase);
    if (by == By::kUs && slot.is_old && !expectation.old_set && mix_.lag != Mix::Lag::kUndeclared) ++planted_;
    note_end(resolver, cache, key);
    return stored;
  }

  void note_end(const OneResolver& resolver, OneCache& cache, std::size_t key) {
    Slot& slot = cache.slots[key];
    slot.ends = cache.cache.peek(expectations_[key].key)->expires - cache.phase + (cache.to_zero ? Span(1s) : Span());
    if (slot.is_old) slot.old_ends = std::max(slot.old_ends, slot.ends);
    if (slot.is_old && resolver.nature == Nature::kLongMinimum) slot.is_kept = true;
  }

  /// What it answers with, from its cache or freshly fetched.
  Cache::Hit answer_of(OneResolver& resolver, OneCache& cache, std::size_t key, Instant at, Instant& left, Truth& truth,
                       By by) {
    const RecordKey& asked = expectations_[key].key;
    Slot& slot = cache.slots[key];
    const auto accept = cache.to_zero                               ? Cache::Accept::kJustFetched
                        : resolver.nature == Nature::kServesExpired ? Cache::Accept::kStaleToo
                                                                    : Cache::Accept::kFreshOnly;
    left = at;
    auto hit = cache.cache.find(asked, at + cache.phase, accept);
    if (!hit && resolver.nature == Nature::kKeepsPast && slot.is_old && expectations_[key].old_set &&
        at < resolver.fixed) {
      cache.cache.prefill(*expectations_[key].old_set, 30s, at + cache.phase);
      slot.ends = cache.cache.peek(asked)->expires - cache.phase;
      slot.is_kept = true;
      hit = cache.cache.find(asked, at + cache.phase, accept);
    }
    if (!hit) {
      left = fetch(resolver, cache, key, at, by);
      hit = cache.cache.find(asked, left + cache.phase, Cache::Accept::kJustFetched);
    }
    const bool is_stale = hit->freshness == Cache::Hit::Freshness::kStale;
    truth = {slot.is_old, slot.is_late, slot.is_kept || is_stale, is_stale};
    if (is_stale) fetch(resolver, cache, key, at, By::kUser);
    return *hit;
  }

  Sample lie(const OneResolver& resolver, std::size_t key) const {
    const RecordKey& asked = expectations_[key].key;
    Sample out;
    out.outcome = net::Outcome::kAnswered;
    if (expectations_[key].old_set && expectations_[key].new_set && resolver.lies_nxdomain) {
      out.rcode = net::Rcode::kNxDomain;
      return out;
    }
    if (asked.type == RecordType::kCname) {
      out.rcode = net::Rcode::kNxDomain;
      out.extended_error = 15;
      return out;
    }
    out.answer = {RecordSet{asked.name, asked.type, 30s, {asked.type == RecordType::kA ? "0.0.0.0" : "::"}}};
    return out;
  }

  const Mix mix_;
  Dice dice_;
  Seconds low_{}, negative_{};
  RecordSet soa_;
  std::vector<Instant> turns_;  ///< of the name-server addresses, as we see them
  Instant last_turn_{}, late_turn_{}, served_at_{}, new_since_{};
  std::vector<Expectation> expectations_;
  std::vector<Resolver> resolvers_;
  std::vector<OneResolver> worlds_;
  std::size_t planted_ = 0;
};

std::optional<Sample> World::ask(std::size_t number, std::size_t key, Instant at, Instant& left, Truth& truth) {
  OneResolver& resolver = worlds_[number];
  left = at;
  Sample out;
  out.outcome = net::Outcome::kAnswered;
  switch (resolver.nature) {
    case Nature::kSilent:
      return std::nullopt;
    case Nature::kFails:
      out.rcode = net::Rcode::kServFail;
      return out;
    case Nature::kRefuses:
      out.rcode = net::Rcode::kRefused;
      return out;
    case Nature::kFilters:
      return lie(resolver, key);
    case Nature::kBored:
      if (resolver.patience-- <= 0) {
        out.rcode = net::Rcode::kRefused;
        return out;
      }
      break;
    case Nature::kHonest:
    case Nature::kToZero:
    case Nature::kSeveral:
    case Nature::kShortMaximum:
    case Nature::kLongMinimum:
    case Nature::kServesExpired:
    case Nature::kKeepsPast:
      break;
  }
  OneCache& cache = resolver.caches[dice_.index(resolver.caches.size())];
  advance(resolver, cache, key, at);
  const Cache::Hit hit = answer_of(resolver, cache, key, at, left, truth, By::kUs);
  if (hit.entry.set) {
    out.answer = {*hit.entry.set};
    out.answer.front().ttl = hit.remaining;
  } else {
    out.rcode = hit.entry.rcode;
    out.negative_ttl = hit.remaining;
  }
  if (truth.is_stale && resolver.marks_stale) out.extended_error = 3;
  return out;
}

/// One question under way, or the moment from which it counts as slow.
struct Coming {
  Instant at{};
  std::uint64_t ticket = 0;
  std::uint32_t nth = 0;
  bool is_answer = false;
  Sample sample;
  Truth truth;
  friend bool operator<(const Coming& a, const Coming& b) { return a.at > b.at; }
};

/// What was asked of one resolver about one record set, as somebody who keeps count sees it.
struct Ledger {
  Instant last_asked = Instant::min();
  int in_a_row = 0;
  Instant not_before{};
  int before_expiry = 0;
  bool answered_first = false;
  std::optional<Instant> first_old_expiry;
};

class Play {
 public:
  Play(const Mix& mix, std::uint64_t seed)
      : world_(mix, seed),
        survey_(world_.expectations(), world_.resolvers(), Terms{2 + static_cast<int>(seed % 2), 0.3, 0.3, {}},
                static_cast<std::uint32_t>(seed), world_.started()),
        samples_(2 + static_cast<int>(seed % 2)),
        now_(world_.started()),
        give_up_(now_ + 300s + 12 * world_.held() + 600s),
        ledgers_(world_.resolvers().size() * world_.expectations().size()) {
    for (const Expectation& each : world_.expectations()) bound_ = std::max(bound_, bound_of(each));
  }

  Outcome run() {
    while (!ended()) {
      ask_what_is_due();
      wait();
      take_answers();
    }
    conclude();
    return std::move(out_);
  }

 private:
  bool ended() {
    const Tally::Outlook seen = survey_.outlook(now_);
    if (seen.converged) {
      out_.end = WatchEnd::kConverged;
      return true;
    }
    if (now_ < give_up_ && !survey_.exhausted()) return false;
    out_.end = seen.quorum_answered ? WatchEnd::kGaveUp : WatchEnd::kUndecided;
    return true;
  }

  void ask_what_is_due() {
    while (const auto question = survey_.take(now_)) {
      ++out_.questions;
      keep_count(*question);
      const std::uint32_t nth = survey_.asked(question->ticket);
      coming_.push(sent(*question, nth));
      coming_.push({now_ + kSlow, question->ticket, nth, false, {}, {}});
    }
  }

  Coming sent(const Survey::Question& question, std::uint32_t nth) {
    Coming out{now_, question.ticket, nth, true, {}, {}};
    const Mix& mix = world_.mix();
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const Instant left_us = now_ + attempt * kTimeout;
      Instant left{};
      if (world_.dice().chance(mix.loss)) continue;
      auto sample =
          world_.ask(question.resolver, question.key, left_us + world_.dice().way(mix.longest_way), left, out.truth);
      if (!sample || world_.dice().chance(mix.loss)) continue;
      out.at = left + world_.dice().way(mix.longest_way);
      out.sample = std::move(*sample);
      out.sample.asked = now_;
      out.sample.received = out.at;
      return out;
    }
    out.at = now_ + kTries * kTimeout;
    out.sample.asked = now_;
    out.sample.received = out.at;
    return out;
  }

  void wait() {
    Instant next = now_ + std::max<Span>(1s, world_.held() / 200);
    if (!coming_.empty()) next = std::min(next, coming_.top().at);
    if (const auto due = survey_.next_due()) next = std::min(next, *due);
    for (const Instant moment : {bound_ + kBoundMargin, give_up_})
      if (moment > now_) next = std::min(next, moment);
    now_ = std::max(now_, next);
  }

  void take_answers() {
    while (!coming_.empty() && coming_.top().at <= now_) {
      const Coming coming = coming_.top();
      coming_.pop();
      if (coming.is_answer)
        take(coming);
      else if (survey_.asked(coming.ticket) == coming.nth)
        survey_.mark_slow(coming.ticket);
    }
  }

  void take(const Coming& coming) {
    const WatchEvent event = survey_.answered(coming.ticket, coming.sample);
    Ledger& ledger = ledgers_[coming.ticket];
    const Observation& seen = event.observation;
    if (coming.nth == 0 && is_data(seen.verdict) && seen.verdict != Verdict::kServfail) ledger.answered_first = true;
    check_verdict(event, coming);
    if (is_old(seen.verdict) && seen.expires) {
      if (!ledger.first_old_expiry) ledger.first_old_expiry = seen.expires;
      if ((seen.verdict == Verdict::kOld || seen.verdict == Verdict::kBehind) && *seen.expires > seen.at)
        ledger.not_before = std::max(ledger.not_before, *seen.expires - 2s);  // what ends within 2 s is one entry
    }
    if (!first_round_over_ && survey_.everyone_asked()) {
      first_round_over_ = true;
      first_round_ = survey_.forecast(now_);
    }
  }

  void fault(const std::string& what) {
    if (out_.faults.size() < 10) out_.faults.push_back(fmt::format("{:+.3f} s: {}", seconds_of(now_ - kChange), what));
  }

  // Politeness: K questions in a row at most, none before an old answer that was seen must have expired, none for
  // what is created before it is everywhere.
  void keep_count(const Survey::Question& question) {
    Ledger& ledger = ledgers_[question.ticket];
    const bool in_a_row = ledger.last_asked != Instant::min() && now_ - ledger.last_asked < 900ms;
    ledger.in_a_row = in_a_row ? ledger.in_a_row + 1 : 1;
    ledger.last_asked = now_;
    if (ledger.in_a_row > samples_) fault(fmt::format("resolver {} asked too often in a row", question.resolver));
    ledger.before_expiry = now_ < ledger.not_before ? ledger.before_expiry + 1 : 0;
    if (ledger.before_expiry >= samples_)
      fault(fmt::format("resolver {} asked again before what it holds has expired", question.resolver));
    const Expectation& expectation = world_.expectations()[question.key];
    if (!expectation.old_set && now_ < expectation.new_since)
      fault(fmt::format("resolver {} asked for what may not exist everywhere yet", question.resolver));
  }

  void check_verdict(const WatchEvent& event, const Coming& coming) {
    OneResolver& resolver = world_.resolver(event.resolver);
    const Observation& seen = event.observation;
    const Truth& truth = coming.truth;
    const Expectation& expectation = world_.expectations()[event.key];
    const bool came = coming.sample.outcome == net::Outcome::kAnswered;
    const bool has_cache = came && coming.sample.rcode != net::Rcode::kServFail &&
                           coming.sample.rcode != net::Rcode::kRefused && resolver.nature != Nature::kFilters;
    const bool old_given = has_cache && truth.is_old;
    const std::optional<Instant>& first = ledgers_[coming.ticket].first_old_expiry;
    bool is_right = false;
    switch (seen.verdict) {
      case Verdict::kNew:
        is_right = has_cache && !truth.is_old;
        break;
      case Verdict::kOld:
        is_right = old_given;
        break;
      case Verdict::kOldPastTtl:
        is_right = old_given && first && *first < seen.at && (truth.is_kept || truth.is_late);
        break;
      case Verdict::kBehind:
        is_right = old_given && truth.is_late;
        // A TTL kept too long that happens to be the full one when it is first seen: nobody could tell.
        if (!is_right && old_given && truth.is_kept) resolver.is_unsure = true;
        break;
      case Verdict::kStale:
        is_right = old_given && truth.is_stale;
        break;
      case Verdict::kNegative:
        is_right = old_given && !expectation.old_set && seen.at > bound_of(expectation);
        break;
      case Verdict::kServfail:
        is_right = resolver.nature == Nature::kFails;
        break;
      case Verdict::kRefused:
        is_right = resolver.nature == Nature::kRefuses || resolver.nature == Nature::kBored;
        break;
      case Verdict::kFiltered:
        is_right = resolver.nature == Nature::kFilters;
        break;
      case Verdict::kUnreachable:
        is_right = !came;
        break;
      case Verdict::kMixed:
      case Verdict::kOther:
        break;
    }
    if (!is_right && resolver.is_unsure)
      ++out_.unsure;
    else if (!is_right)
      fault(fmt::format("resolver {} (nature {}) judged {}: old {}, late {}, kept {}, stale {}, ttl {}, held {}",
                        event.resolver, static_cast<int>(resolver.nature), to_text(seen.verdict), truth.is_old,
                        truth.is_late, truth.is_kept, truth.is_stale, seen.ttl ? seen.ttl->count() : -1,
                        held_ttl(expectation).count()));
  }

  void conclude() {
    const std::size_t cache_keys = world_.expectations().size();
    if (out_.end == WatchEnd::kConverged)
      for (std::size_t i = 0; i < world_.resolvers().size(); ++i) {
        OneResolver& resolver = world_.resolver(i);
        const Nature nature = resolver.nature;
        if (nature == Nature::kFilters || nature == Nature::kSilent || nature == Nature::kRefuses ||
            nature == Nature::kFails || (nature == Nature::kBored && resolver.patience <= 0))
          continue;
        if (world_.can_be_old(resolver, now_)) (honours_ttls(nature) ? out_.is_false : out_.others_are_old) = true;
      }
    const Instant end = std::max(now_, bound_ + kBoundMargin) + 5s;
    Instant last_old{};   // of caches that honour TTLs
    Instant last_seen{};  // of resolvers that answered: what the estimate is about
    for (std::size_t i = 0; i < world_.resolvers().size(); ++i) {
      OneResolver& resolver = world_.resolver(i);
      for (OneCache& cache : resolver.caches)
        for (std::size_t key = 0; key < cache.slots.size(); ++key) {
          world_.advance(resolver, cache, key, end);
          if (honours_ttls(resolver.nature)) last_old = std::max(last_old, cache.slots[key].old_ends);
          if (ledgers_[i * cache_keys + key].answered_first) last_seen = std::max(last_seen, cache.slots[key].old_ends);
        }
    }
    out_.after_bound_s = seconds_of(last_old - bound_);
    if (out_.end == WatchEnd::kConverged) out_.late_s = seconds_of(now_ - std::max(bound_, last_seen));
    // What a late site goes on handing out cannot be foretold from the caches of the first round.
    const bool foretold = world_.mix().lag == Mix::Lag::kNone && first_round_over_ && last_seen != Instant{};
    if (foretold) compare_estimate(last_seen);
    if (world_.planted() > 0) fault(fmt::format("our questions planted \"does not exist\" {} times", world_.planted()));
  }

  void compare_estimate(Instant truth) {
    if (!first_round_.observed && truth <= first_round_.at) return;  // nobody held anything old, and that was said
    const Instant said = first_round_.observed.value_or(first_round_.at);
    out_.error_s = seconds_of(said - truth);
    // What shows TTL 0 may be given for the rest of that second.
    out_.is_within_spread = !first_round_.observed
                                ? truth <= first_round_.at + kTtlRounding
                                : truth >= first_round_.spread.earliest && truth <= first_round_.spread.latest;
  }

  World world_;
  Survey survey_;
  const int samples_;
  Instant now_;
  const Instant give_up_;
  Instant bound_{};
  std::vector<Ledger> ledgers_;
  std::priority_queue<Coming> coming_;
  Forecast first_round_;
  bool first_round_over_ = false;
  Outcome out_;
};

}  // namespace

bool honours_ttls(Nature nature) {
  switch (nature) {
    case Nature::kHonest:
    case Nature::kToZero:
    case Nature::kSeveral:
    case Nature::kShortMaximum:
    case Nature::kFails:
    case Nature::kRefuses:
    case Nature::kFilters:
    case Nature::kSilent:
    case Nature::kBored:
      return true;
    case Nature::kLongMinimum:
    case Nature::kServesExpired:
    case Nature::kKeepsPast:
      return false;
  }
  return false;
}

std::vector<Mix> mixes() {
  //                                     one zero many short long stale past fails ref filt sil bored
  return {
      {"honest, one cache each", {1}, 0, 60ms, Mix::Lag::kNone},
      {"answers through second zero", {1, 1}, 0, 60ms, Mix::Lag::kNone},
      {"maximum TTLs of their own", {1, 0, 0, 1}, 0, 60ms, Mix::Lag::kNone},
      {"30 % loss, 200 ms", {3, 1}, 0.3, 200ms, Mix::Lag::kNone},
      {"minimum TTLs of their own", {3, 0, 0, 0, 1}, 0, 60ms, Mix::Lag::kNone},
      {"several caches behind an address", {1, 1, 2}, 0, 60ms, Mix::Lag::kNone},
      {"keep or serve what has expired", {4, 0, 0, 0, 0, 1, 1}, 0, 60ms, Mix::Lag::kNone},
      {"fail, refuse, filter, fall silent", {12, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2}, 0.02, 60ms, Mix::Lag::kNone},
      {"a late site, settle time declared", {4, 1, 2}, 0, 60ms, Mix::Lag::kDeclared},
      {"a late site nobody declared", {4, 1, 0}, 0, 60ms, Mix::Lag::kUndeclared},
      {"everything at once", {12, 4, 6, 2, 2, 2, 2, 1, 1, 1, 1, 2}, 0.05, 150ms, Mix::Lag::kNone},
  };
}

Outcome play(const Mix& mix, std::uint64_t seed) { return Play(mix, seed).run(); }

}  // namespace cutover::dnsprobe::simulated
