#include "dnsprobe/answers.h"

#include <algorithm>
#include <tuple>

#include "dnsprobe/share.h"

namespace cutover::dnsprobe {
namespace {

constexpr std::size_t kLongestChain = 16;

const RecordSet* find(const std::vector<RecordSet>& answer, const DomainName& name, RecordType type) {
  const auto at = std::find_if(answer.begin(), answer.end(),
                               [&](const RecordSet& set) { return set.name == name && set.type == type; });
  return at == answer.end() ? nullptr : &*at;
}

AnswerKind kind_of(const SweepAnswer& answer, const ReadAnswer& read, bool found) {
  const Sample& sample = answer.sample;
  if (sample.outcome != net::Outcome::kAnswered) return AnswerKind::kUnreachable;
  if (marks_filtered(sample.extended_error) || is_sinkhole(read.values)) return AnswerKind::kFiltered;
  if (answer.subnet_dropped) return AnswerKind::kOtherClients;
  switch (sample.rcode) {
    case net::Rcode::kServFail:
      return AnswerKind::kServfail;
    case net::Rcode::kNxDomain:
      return read.chain.empty() ? AnswerKind::kNxDomain : AnswerKind::kDanglingAlias;
    case net::Rcode::kNoError:
      if (found) return AnswerKind::kValues;
      return read.chain.empty() ? AnswerKind::kNoData : AnswerKind::kDanglingAlias;
    default:
      return AnswerKind::kRefused;
  }
}

/// What makes two answers the same. TTLs count down and do not.
auto identity_of(const ReadAnswer& read) {
  std::vector<std::string> aliases;
  for (const ChainLink& link : read.chain) aliases.push_back(link.target.text());
  return std::tuple(read.kind, read.values, aliases);
}

void add(AnswerGroup& group, const ReadAnswer& read, std::size_t index, const Resolver& resolver) {
  group.answers.push_back(index);
  group.operators.insert(resolver.operator_name);
  ++group.countries[resolver.country.empty() ? "-" : resolver.country];
  if (!read.ttl) return;
  group.shortest_ttl = std::min(group.shortest_ttl.value_or(*read.ttl), *read.ttl);
  group.longest_ttl = std::max(group.longest_ttl.value_or(*read.ttl), *read.ttl);
}

}  // namespace

std::string_view to_text(AnswerKind kind) {
  switch (kind) {
    case AnswerKind::kValues:
      return "values";
    case AnswerKind::kDanglingAlias:
      return "dangling-alias";
    case AnswerKind::kNoData:
      return "no-data";
    case AnswerKind::kNxDomain:
      return "nxdomain";
    case AnswerKind::kServfail:
      return "servfail";
    case AnswerKind::kFiltered:
      return "filtered";
    case AnswerKind::kOtherClients:
      return "other-clients";
    case AnswerKind::kRefused:
      return "refused";
    case AnswerKind::kUnreachable:
      return "unreachable";
  }
  return "?";
}

bool is_data(AnswerKind kind) { return kind <= AnswerKind::kServfail; }

ReadAnswer read_to_the_end(const RecordKey& key, const SweepAnswer& answer) {
  ReadAnswer out;
  const std::vector<RecordSet>& sets = answer.sample.answer;
  DomainName at = key.name;
  const RecordSet* found = find(sets, at, key.type);
  while (found == nullptr && out.chain.size() < kLongestChain) {
    const RecordSet* alias = find(sets, at, RecordType::kCname);
    if (alias == nullptr || alias->rdata.empty()) break;
    const auto target = DomainName::from_text(alias->rdata.front());
    if (!target) break;
    out.chain.push_back({at, *target, alias->ttl});
    at = *target;
    found = find(sets, at, key.type);
  }
  if (found != nullptr) {
    out.values = found->rdata;
    out.ttl = found->ttl;
  } else {
    out.ttl = answer.sample.negative_ttl;
  }
  for (const ChainLink& link : out.chain) out.ttl = std::min(out.ttl.value_or(link.ttl), link.ttl);
  out.kind = kind_of(answer, out, found != nullptr);
  return out;
}

std::vector<AnswerGroup> group_answers(const SweepResult& seen, const std::vector<RecordKey>& keys, std::size_t key,
                                       const std::vector<Resolver>& resolvers) {
  std::vector<AnswerGroup> groups;
  std::map<decltype(identity_of({})), std::size_t> known;
  for (std::size_t i = 0; i < seen.answers.size(); ++i) {
    const SweepAnswer& answer = seen.answers[i];
    if (answer.key != key) continue;
    const ReadAnswer read = read_to_the_end(keys[key], answer);
    const auto entry = known.try_emplace(identity_of(read), groups.size());
    if (entry.second) groups.push_back({read.kind, read.values, read.chain, {}, {}, 0, {}, {}, {}});
    add(groups[entry.first->second], read, i, resolvers[answer.resolver]);
  }
  std::vector<Opinion> opinions;
  for (std::size_t group = 0; group < groups.size(); ++group)
    if (is_data(groups[group].kind))
      for (const std::size_t i : groups[group].answers) opinions.push_back({seen.answers[i].resolver, group});
  const std::vector<double> shares = shares_of(resolvers, opinions, groups.size()).everybody.weight;
  for (std::size_t group = 0; group < groups.size(); ++group) groups[group].share = shares[group];
  std::stable_sort(groups.begin(), groups.end(), [](const AnswerGroup& a, const AnswerGroup& b) {
    return std::tuple(!is_data(a.kind), b.answers.size()) < std::tuple(!is_data(b.kind), a.answers.size());
  });
  return groups;
}

}  // namespace cutover::dnsprobe
