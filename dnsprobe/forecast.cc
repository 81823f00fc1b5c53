#include "dnsprobe/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "core/text.h"

namespace cutover::dnsprobe {

namespace {

/// After this many questions in a row without data nobody knows what a resolver says today.
constexpr int kLapsed = 3;

bool is_met(std::size_t have, std::size_t of, double share) {
  return have > 0 && static_cast<double>(have) + 1e-9 >= share * static_cast<double>(of);
}

std::string named(const std::vector<std::size_t>& indices, const std::vector<Resolver>& resolvers) {
  std::vector<std::string> names;
  for (const std::size_t index : indices) {
    if (names.size() == 3) {
      names.push_back(fmt::format("{} more", indices.size() - 3));
      break;
    }
    names.push_back(printable(resolvers[index].id));
  }
  return join(names, ", ");
}

std::string reason(const Forecast& seen, const std::vector<Resolver>& resolvers, const Terms& terms,
                   bool quorum_settled) {
  const auto percent = [](double share) { return std::lround(share * 100); };
  if (seen.converged)
    return fmt::format("converged: {} of {} resolvers settled on the new answer and the bound has passed", seen.settled,
                       seen.resolvers);
  if (!seen.holding.empty())
    return fmt::format("{} gave the old answer lately: {}", counted(seen.holding.size(), "resolver"),
                       named(seen.holding, resolvers));
  if (!seen.must_missing.empty())
    return fmt::format("{} {} not agree yet", printable(join(seen.must_missing, ", ")),
                       seen.must_missing.size() == 1 ? "does" : "do");
  if (!seen.quorum_answered)
    return fmt::format("too few answers: {} of {} resolvers and {} of {} operators, wanted are {} % and {} %",
                       seen.answered, seen.resolvers, seen.operators_answered, seen.operators,
                       percent(terms.quorum_resolvers), percent(terms.quorum_operators));
  if (!quorum_settled)
    return fmt::format(
        "too few gave the new answer: {} of {} resolvers and {} of {} operators, wanted are {} % and {} %",
        seen.settled, seen.resolvers, seen.operators_settled, seen.operators, percent(terms.quorum_resolvers),
        percent(terms.quorum_operators));
  if (!seen.bounded) return fmt::format("everyone asked agrees; the bound passes at {}", format_instant(seen.bound));
  return "the bound has passed; the last answers are on their way";
}

}  // namespace

std::string_view to_text(Level level) {
  switch (level) {
    case Level::kNone:
      return "none";
    case Level::kAccepted:
      return "accepted";
    case Level::kInSync:
      return "in-sync";
    case Level::kAuthoritative:
      return "authoritative";
    case Level::kSampled:
      return "sampled";
    case Level::kBounded:
      return "bounded";
  }
  return "?";
}

Tally::Tally(const std::vector<Expectation>& expectations, const std::vector<Resolver>& resolvers, Terms terms)
    : resolvers_(resolvers),
      terms_(std::move(terms)),
      keys_(expectations.size()),
      shares_(resolvers.size() * expectations.size()),
      of_resolvers_(resolvers.size()),
      named_by_must_(terms_.must.size()) {
  for (const Expectation& expectation : expectations) bound_ = std::max(bound_, bound_of(expectation));
  std::unordered_map<std::string, std::uint32_t> operators;
  operator_of_.reserve(resolvers.size());
  for (const Resolver& resolver : resolvers) {
    const auto number = static_cast<std::uint32_t>(operators.size());
    operator_of_.push_back(operators.emplace(to_lower(resolver.operator_name), number).first->second);
  }
  of_operators_.resize(operators.size());
  for (std::size_t entry = 0; entry < terms_.must.size(); ++entry)
    for (std::size_t i = 0; i < resolvers.size(); ++i)
      if (is_named_by(resolvers[i], terms_.must[entry])) named_by_must_[entry].push_back(i);
}

Tally::Share Tally::share_of(const Standing& standing) const {
  Share out;
  out.old_until = standing.old_until.value_or(Instant());
  out.old_ending = standing.old_ending.value_or(Ending{out.old_until, out.old_until});
  out.current = standing.current;
  out.asked = standing.asked > 0;
  out.sampling = standing.stage == Stage::kSampling;
  out.lapsing = standing.consecutive_no_data >= kLapsed;
  if (standing.recent.empty() || (out.lapsing && !standing.old_until)) return out;
  const auto is_new = [](Verdict verdict) { return verdict == Verdict::kNew; };
  out.answered = true;
  out.holding = std::any_of(standing.recent.begin(), standing.recent.end(), is_old);
  out.settled = standing.recent.size() >= static_cast<std::size_t>(terms_.samples) &&
                std::all_of(standing.recent.begin(), standing.recent.end(), is_new);
  out.confirmed = out.settled && standing.stage == Stage::kConfirmed;
  return out;
}

void Tally::update(const Standing& standing) {
  const Share share = share_of(standing);
  if (share.lapsing && share.answered) next_lapse_ = std::min(next_lapse_, share.old_until);
  replace(standing.resolver * keys_ + standing.key, share);
}

void Tally::replace(std::size_t track, const Share& share) {
  const std::size_t resolver = track / keys_;
  count_resolver(resolver, Sign::kTakeAway);
  count(track, Sign::kTakeAway);
  shares_[track] = share;
  count(track, Sign::kAdd);
  count_resolver(resolver, Sign::kAdd);
}

void Tally::count(std::size_t track, Sign sign) {
  const Share& share = shares_[track];
  OfResolver& resolver = of_resolvers_[track / keys_];
  const auto add = [sign](auto& number, bool is_one) {
    if (is_one) sign == Sign::kAdd ? ++number : --number;
  };
  add(counts_[static_cast<std::size_t>(share.current)], share.asked);
  add(sampling_, share.sampling);
  add(resolver.answered, share.answered);
  add(resolver.settled, share.settled);
  add(resolver.confirmed, share.confirmed);
  add(resolver.holding, share.holding);
}

void Tally::count_resolver(std::size_t number, Sign sign) {
  const OfResolver& resolver = of_resolvers_[number];
  OfOperator& runs_it = of_operators_[operator_of_[number]];
  const auto add = [sign](auto& total, bool is_one) {
    if (is_one) sign == Sign::kAdd ? ++total : --total;
  };
  const bool answered = resolver.answered == keys_, settled = resolver.settled == keys_, holding = resolver.holding > 0;
  count_operator(number, Sign::kTakeAway);
  add(answered_, answered);
  add(settled_, settled);
  add(unconfirmed_, settled && resolver.confirmed != keys_);
  add(holding_, holding);
  add(runs_it.answered, answered);
  add(runs_it.settled, settled);
  add(runs_it.holding, holding);
  count_operator(number, Sign::kAdd);
}

void Tally::count_operator(std::size_t resolver, Sign sign) {
  const OfOperator& runs_it = of_operators_[operator_of_[resolver]];
  if (runs_it.answered > 0) sign == Sign::kAdd ? ++operators_answered_ : --operators_answered_;
  if (runs_it.settled > 0 && runs_it.holding == 0) sign == Sign::kAdd ? ++operators_settled_ : --operators_settled_;
}

/// The answers of those who have fallen silent end with the last old entry that was seen there.
void Tally::let_lapse(Instant now) {
  if (now < next_lapse_) return;
  next_lapse_ = Instant::max();
  for (std::size_t track = 0; track < shares_.size(); ++track) {
    Share share = shares_[track];
    if (!share.lapsing || !share.answered) continue;
    if (share.old_until > now) {
      next_lapse_ = std::min(next_lapse_, share.old_until);
      continue;
    }
    share.answered = share.settled = share.confirmed = share.holding = false;
    replace(track, share);
  }
}

/// A `must` entry agrees when one of the resolvers it names is settled and none of those that answered is not.
bool Tally::agrees(const std::vector<std::size_t>& named) const {
  bool settled = false;
  for (const std::size_t resolver : named) {
    if (of_resolvers_[resolver].settled == keys_)
      settled = true;
    else if (of_resolvers_[resolver].answered > 0)
      return false;
  }
  return settled;
}

bool Tally::quorum_answered() const {
  return is_met(answered_, resolvers_.size(), terms_.quorum_resolvers) &&
         is_met(operators_answered_, of_operators_.size(), terms_.quorum_operators);
}

bool Tally::quorum_settled() const {
  return is_met(settled_, resolvers_.size(), terms_.quorum_resolvers) &&
         is_met(operators_settled_, of_operators_.size(), terms_.quorum_operators);
}

bool Tally::is_sampled() const {
  return holding_ == 0 && quorum_answered() && quorum_settled() &&
         std::all_of(named_by_must_.begin(), named_by_must_.end(),
                     [this](const std::vector<std::size_t>& named) { return agrees(named); });
}

Tally::Outlook Tally::outlook(Instant now) {
  let_lapse(now);
  Outlook out;
  out.quorum_answered = quorum_answered();
  out.converged = is_bounded(now) && unconfirmed_ == 0 && sampling_ == 0 && is_sampled();
  return out;
}

void Tally::estimate(Instant now, Forecast& out) const {
  std::vector<Instant> ends;
  Ending last;  // of all of them together: not before any of them has, and not after all of them must have
  for (const Share& share : shares_) {
    if (share.old_until <= now) continue;
    ends.push_back(share.old_ending.likely());
    last.earliest = std::max(last.earliest, share.old_ending.earliest);
    last.latest = std::max(last.latest, share.old_ending.latest);
  }
  out.retire_from = bound_ + kBoundMargin;
  if (ends.empty()) return;
  const auto end_of_share = [&ends](std::size_t parts, std::size_t of) {
    const auto at = ends.begin() + static_cast<std::ptrdiff_t>((ends.size() * parts + of - 1) / of - 1);
    std::nth_element(ends.begin(), at, ends.end());
    return *at;
  };
  out.observed = last.likely();
  out.spread.entries = ends.size();
  out.spread.half = end_of_share(1, 2);
  out.spread.most = end_of_share(9, 10);
  out.spread.earliest = last.earliest;
  out.spread.latest = last.latest + kTtlRounding;
  out.retire_from = std::max(out.retire_from, out.spread.latest);
}

Forecast Tally::at(Instant now) {
  const Outlook seen = outlook(now);
  Forecast out;
  out.at = now;
  out.bound = bound_;
  out.bounded = is_bounded(now);
  estimate(now, out);
  out.resolvers = resolvers_.size();
  out.answered = answered_;
  out.settled = settled_;
  out.operators = of_operators_.size();
  out.operators_answered = operators_answered_;
  out.operators_settled = operators_settled_;
  out.counts = counts_;
  for (std::size_t i = 0; i < of_resolvers_.size() && out.holding.size() < holding_; ++i)
    if (of_resolvers_[i].holding > 0) out.holding.push_back(i);
  for (std::size_t entry = 0; entry < terms_.must.size(); ++entry)
    if (!agrees(named_by_must_[entry])) out.must_missing.push_back(terms_.must[entry]);
  out.quorum_answered = seen.quorum_answered;
  out.sampled = is_sampled();
  out.converged = seen.converged;
  out.level = out.converged ? Level::kBounded : out.sampled ? Level::kSampled : Level::kAuthoritative;
  out.why = reason(out, resolvers_, terms_, quorum_settled());
  return out;
}

Forecast forecast(const std::vector<Expectation>& expectations, const std::vector<Resolver>& resolvers,
                  const std::vector<Standing>& standings, const Terms& terms, Instant now) {
  Tally tally(expectations, resolvers, terms);
  for (const Standing& standing : standings) tally.update(standing);
  return tally.at(now);
}

}  // namespace cutover::dnsprobe
