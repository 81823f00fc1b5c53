#include "dnsprobe/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text.h"

namespace cutover::dnsprobe {

namespace {

/// After this many questions in a row without data nobody knows what a resolver says today.
constexpr int kLapsed = 3;

/// One resolver over all record sets.
struct Tally {
  std::size_t keys = 0;
  std::size_t keys_answered = 0;
  std::size_t keys_settled = 0;
  std::size_t keys_confirmed = 0;
  bool holding = false;

  bool answered(std::size_t of) const { return keys_answered == of; }
  bool settled(std::size_t of) const { return keys_settled == of; }
};

bool has_lapsed(const Standing& standing) { return standing.consecutive_no_data >= kLapsed && !standing.old_until; }

void count(Tally& tally, const Standing& standing, int samples) {
  if (standing.recent.empty() || has_lapsed(standing)) return;
  ++tally.keys_answered;
  const auto is_new = [](Verdict verdict) { return verdict == Verdict::kNew; };
  if (std::any_of(standing.recent.begin(), standing.recent.end(), is_old)) tally.holding = true;
  if (standing.recent.size() >= static_cast<std::size_t>(samples) &&
      std::all_of(standing.recent.begin(), standing.recent.end(), is_new)) {
    ++tally.keys_settled;
    if (standing.stage == Stage::kConfirmed) ++tally.keys_confirmed;
  }
}

struct OperatorTally {
  bool answered = false;
  bool settled = false;
  bool holding = false;
};

bool is_met(std::size_t have, std::size_t of, double share) {
  return have > 0 && static_cast<double>(have) + 1e-9 >= share * static_cast<double>(of);
}

/// A `must` entry agrees when one of the resolvers it names is settled and none of those that answered is not.
bool agrees(const std::string& entry, const std::vector<Resolver>& resolvers, const std::vector<Tally>& tallies,
            std::size_t keys) {
  bool settled = false;
  for (std::size_t i = 0; i < resolvers.size(); ++i) {
    if (!is_named_by(resolvers[i], entry)) continue;
    if (tallies[i].settled(keys))
      settled = true;
    else if (tallies[i].keys_answered > 0)
      return false;
  }
  return settled;
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
  const auto percent = [](double share) { return static_cast<int>(share * 100 + 0.5); };
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

Forecast forecast(const std::vector<Expectation>& expectations, const std::vector<Resolver>& resolvers,
                  const std::vector<Standing>& standings, const Terms& terms, Instant now) {
  Forecast out;
  out.at = now;
  for (const Expectation& expectation : expectations) out.bound = std::max(out.bound, bound_of(expectation));
  out.bounded = now >= out.bound + kTtlRounding;

  std::vector<Tally> tallies(resolvers.size());
  bool rounds_open = false;
  for (const Standing& standing : standings) {
    if (standing.stage == Stage::kSampling) rounds_open = true;
    count(tallies[standing.resolver], standing, terms.samples);
    if (standing.asked > 0) ++out.counts[static_cast<std::size_t>(standing.current)];
    if (standing.old_until && *standing.old_until > now && (!out.observed || *standing.old_until > *out.observed))
      out.observed = standing.old_until;
  }

  std::map<std::string, OperatorTally> operators;
  const std::size_t keys = expectations.size();
  bool all_confirmed = true;
  for (std::size_t i = 0; i < resolvers.size(); ++i) {
    const Tally& tally = tallies[i];
    OperatorTally& runs_it = operators[to_lower(resolvers[i].operator_name)];
    if (tally.holding) {
      out.holding.push_back(i);
      runs_it.holding = true;
    }
    if (keys > 0 && tally.answered(keys)) {
      ++out.answered;
      runs_it.answered = true;
    }
    if (keys > 0 && tally.settled(keys)) {
      ++out.settled;
      runs_it.settled = true;
      if (tally.keys_confirmed != keys) all_confirmed = false;
    }
  }
  out.resolvers = resolvers.size();
  out.operators = operators.size();
  for (const auto& [name, tally] : operators) {
    if (tally.answered) ++out.operators_answered;
    if (tally.settled && !tally.holding) ++out.operators_settled;
  }
  for (const std::string& entry : terms.must)
    if (!agrees(entry, resolvers, tallies, keys)) out.must_missing.push_back(entry);

  out.quorum_answered = is_met(out.answered, out.resolvers, terms.quorum_resolvers) &&
                        is_met(out.operators_answered, out.operators, terms.quorum_operators);
  const bool quorum_settled = is_met(out.settled, out.resolvers, terms.quorum_resolvers) &&
                              is_met(out.operators_settled, out.operators, terms.quorum_operators);
  out.sampled = out.quorum_answered && quorum_settled && out.holding.empty() && out.must_missing.empty();
  out.converged = out.sampled && out.bounded && all_confirmed && !rounds_open;
  out.level = out.converged ? Level::kBounded : out.sampled ? Level::kSampled : Level::kAuthoritative;
  out.why = reason(out, resolvers, terms, quorum_settled);
  return out;
}

}  // namespace cutover::dnsprobe
