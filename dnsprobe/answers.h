#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dnsprobe/resolver.h"
#include "dnsprobe/sweep.h"

namespace cutover::dnsprobe {

/// What kind of answer a resolver gave.
enum class AnswerKind {
  kValues,         ///< the record set, at the name or at the end of a chain of aliases
  kDanglingAlias,  ///< an alias, and nothing of the wanted type at its end
  kNoData,         ///< the name exists, not with this type
  kNxDomain,       ///< the name does not exist
  kServfail,       ///< SERVFAIL: data, since users of this resolver see it too
  kFiltered,       ///< blocked by policy: RFC 8914 codes 4, 15, 16, 17, or 0.0.0.0 and ::
  kOtherClients,   ///< what came is not for the client subnet that was sent along: it was dropped; no data
  kRefused,        ///< any other response code: it does not serve us; no data
  kUnreachable,    ///< no usable reply; no data
};
std::string_view to_text(AnswerKind kind);
/// Whether it says anything about what users of this resolver get.
bool is_data(AnswerKind kind);

/// One alias on the way to the answer.
struct ChainLink {
  DomainName name;
  DomainName target;
  Seconds ttl{};  ///< remaining, of this link alone
};

/// One answer, read to the end of its chain (RFC 1034 section 3.6.2).
struct ReadAnswer {
  AnswerKind kind = AnswerKind::kUnreachable;
  std::vector<std::string> values;  ///< canonical, sorted; of the set at the end of the chain
  std::vector<ChainLink> chain;     ///< at most 16 links
  std::optional<Seconds> ttl;       ///< remaining, the least of the chain and the set: how long users get this
};
ReadAnswer read_to_the_end(const RecordKey& key, const SweepAnswer& answer);

/// Everybody who gave the same answer: the same kind, values and aliases.
struct AnswerGroup {
  AnswerKind kind = AnswerKind::kUnreachable;
  std::vector<std::string> values;
  std::vector<ChainLink> chain;      ///< of the first of them
  std::vector<std::size_t> answers;  ///< indices into SweepResult::answers
  std::set<std::string> operators;   ///< who gave it
  double share = 0;                  ///< of the operators that gave data, 0..1: each is one voice (see shares_of())
  std::map<std::string, std::size_t> countries;  ///< answers by country; `-` where it is not known or everywhere
  std::optional<Seconds> shortest_ttl;
  std::optional<Seconds> longest_ttl;
};

/// The answers to question number `key`, those with data first, then by how many gave them.
std::vector<AnswerGroup> group_answers(const SweepResult& seen, const std::vector<RecordKey>& keys, std::size_t key,
                                       const std::vector<Resolver>& resolvers);

}  // namespace cutover::dnsprobe
