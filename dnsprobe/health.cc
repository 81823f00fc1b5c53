#include "dnsprobe/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "core/text.h"

namespace cutover::dnsprobe {

namespace {

using Values = std::vector<std::string>;

bool is_answered(const HealthReply& reply) { return reply.outcome == net::Outcome::kAnswered; }
bool has_values(const HealthReply& reply) {
  return is_answered(reply) && reply.rcode == net::Rcode::kNoError && !reply.values.empty();
}
/// It says that there is nothing: NXDOMAIN, or no record of that type.
bool is_negative(const HealthReply& reply) {
  return is_answered(reply) &&
         (reply.rcode == net::Rcode::kNxDomain || (reply.rcode == net::Rcode::kNoError && reply.values.empty()));
}
bool is_servfail(const HealthReply& reply) { return is_answered(reply) && reply.rcode == net::Rcode::kServFail; }
bool is_refusal(const HealthReply& reply) {
  return is_answered(reply) && !has_values(reply) && !is_negative(reply) && !is_servfail(reply);
}

bool share_a_value(const Values& a, const Values& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& value) { return std::find(b.begin(), b.end(), value) != b.end(); });
}

/// What more than half of the operators say that say anything, at least two of them. An empty answer means that there
/// is nothing; nullopt, that nobody knows.
std::optional<Values> most_say(const std::vector<Resolver>& resolvers, const std::vector<HealthReplies>& replies,
                               const std::function<const HealthReply*(const HealthReplies&)>& reply_of) {
  std::map<Values, std::set<std::string>> voices;
  std::set<std::string> operators;
  for (std::size_t i = 0; i < resolvers.size(); ++i) {
    const HealthReply* reply = reply_of(replies[i]);
    if (reply == nullptr || (!has_values(*reply) && !is_negative(*reply))) continue;
    const std::string name = to_lower(resolvers[i].operator_name);
    voices[reply->values].insert(name);
    operators.insert(name);
  }
  for (const auto& [values, names] : voices)
    if (names.size() >= 2 && names.size() * 2 > operators.size()) return values;
  return std::nullopt;
}

/// What is usual, to hold each resolver against.
struct Usual {
  std::optional<Values> known;
  std::vector<std::optional<Values>> suspects;
  Seconds brief_ttl{};
};

/// The TTL that half of the resolvers stay at or below, where enough of them showed one: the name's owner may have
/// raised it since this was written.
Seconds usual_brief_ttl(const std::vector<HealthReplies>& replies, Seconds said) {
  std::vector<Seconds> shown;
  for (const HealthReplies& each : replies)
    if (each.brief && has_values(*each.brief) && each.brief->ttl) shown.push_back(*each.brief->ttl);
  if (shown.size() < 3) return said;
  const auto middle = shown.begin() + static_cast<std::ptrdiff_t>(shown.size() / 2);
  std::nth_element(shown.begin(), middle, shown.end());
  return std::max(said, *middle);
}

Usual usual(const HealthQuestions& questions, const std::vector<Resolver>& resolvers,
            const std::vector<HealthReplies>& replies) {
  Usual out;
  out.known = questions.known.values;
  if (out.known->empty())
    out.known = most_say(resolvers, replies,
                         [](const HealthReplies& each) { return each.known.empty() ? nullptr : &each.known.front(); });
  for (std::size_t i = 0; i < questions.suspects.size(); ++i)
    out.suspects.push_back(most_say(resolvers, replies, [i](const HealthReplies& each) {
      return i < each.suspects.size() ? &each.suspects[i] : nullptr;
    }));
  out.brief_ttl = usual_brief_ttl(replies, questions.brief_ttl);
  return out;
}

std::string list_of(const Values& values) {
  Values shown(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(3, values.size())));
  return printable(join(shown, ", ")) + (values.size() > shown.size() ? ", ..." : "");
}

void judge_known(Health& out, const std::vector<HealthReply>& known, const std::optional<Values>& expected,
                 const RecordKey& key) {
  const HealthReply* wrong = nullptr;
  const HealthReply* refusal = nullptr;
  const HealthReply* broken = nullptr;
  std::vector<std::chrono::microseconds> times;
  for (const HealthReply& reply : known) {
    if (is_answered(reply)) times.push_back(reply.rtt);
    const bool fits = !expected || expected->empty() || share_a_value(*expected, reply.values);
    if (has_values(reply) && fits) out.condition = Condition::kAnswers;
    if ((has_values(reply) && !fits) || is_negative(reply)) wrong = &reply;
    if (is_refusal(reply)) refusal = &reply;
    if (is_servfail(reply)) broken = &reply;
  }
  if (!times.empty()) {
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    out.rtt = *middle;
  }
  if (out.condition == Condition::kAnswers) return;
  if (wrong != nullptr || broken != nullptr) {
    out.condition = Condition::kMisleads;
    out.detail = wrong == nullptr        ? fmt::format("SERVFAIL for {}", key.text())
                 : wrong->values.empty() ? fmt::format("says that there is no {}", key.text())
                                         : fmt::format("{} is {} here", key.text(), list_of(wrong->values));
  } else if (refusal != nullptr) {
    out.condition = Condition::kRefuses;
    out.detail = net::to_text(refusal->rcode);
  } else {
    out.condition = Condition::kSilent;
    out.detail = known.empty() ? "not asked" : std::string(net::to_text(known.back().outcome));
  }
}

bool is_blocked(const HealthReply& reply, const std::optional<Values>& elsewhere) {
  if (!is_answered(reply)) return false;
  if (marks_filtered(reply.extended_error) || (has_values(reply) && is_sinkhole(reply.values))) return true;
  if (!elsewhere || elsewhere->empty()) return false;  // there is nothing that could be blocked
  return is_negative(reply) || reply.rcode == net::Rcode::kRefused ||
         (has_values(reply) && !share_a_value(*elsewhere, reply.values));
}

Known judge_filters(const HealthReplies& replies, const Usual& usual) {
  Known out = Known::kUnknown;
  for (std::size_t i = 0; i < replies.suspects.size(); ++i) {
    const HealthReply& reply = replies.suspects[i];
    if (is_blocked(reply, usual.suspects[i])) return Known::kYes;
    if (usual.suspects[i] && has_values(reply)) out = Known::kNo;
  }
  return out;
}

Known judge_rewrites(const std::optional<HealthReply>& absent) {
  if (!absent) return Known::kUnknown;
  if (has_values(*absent)) return Known::kYes;
  return is_negative(*absent) ? Known::kNo : Known::kUnknown;
}

/// Only of a resolver that answers otherwise: SERVFAIL alone may have any reason.
Known judge_validates(const std::optional<HealthReply>& bogus) {
  if (!bogus) return Known::kUnknown;
  if (is_servfail(*bogus)) return Known::kYes;
  return has_values(*bogus) ? Known::kNo : Known::kUnknown;
}

std::optional<Seconds> judge_floor(const std::optional<HealthReply>& brief, Seconds usual_ttl) {
  if (!brief || !has_values(*brief) || !brief->ttl || usual_ttl <= Seconds::zero()) return std::nullopt;
  if (*brief->ttl <= usual_ttl + Seconds(1)) return std::nullopt;
  return *brief->ttl;
}

}  // namespace

std::string_view to_text(Condition condition) {
  switch (condition) {
    case Condition::kAnswers:
      return "answers";
    case Condition::kMisleads:
      return "misleads";
    case Condition::kRefuses:
      return "refuses";
    case Condition::kSilent:
      return "silent";
  }
  return "?";
}

HealthQuestions public_questions() {
  const auto name = [](const char* text) { return *DomainName::from_text(text); };
  HealthQuestions out;
  out.known = {{name("a.root-servers.net"), RecordType::kA}, {"198.41.0.4"}};
  out.suspects = {{name("isitblocked.org"), RecordType::kA},
                  {name("malware.testcategory.com"), RecordType::kA},
                  {name("nudity.testcategory.com"), RecordType::kA},
                  {name("internetbadguys.com"), RecordType::kA}};
  out.absent_below = name("example.com");
  out.bogus = RecordKey{name("dnssec-failed.org"), RecordType::kA};
  out.brief = RecordKey{name("o-o.myaddr.l.google.com"), RecordType::kTxt};
  out.brief_ttl = Seconds(60);
  return out;
}

HealthReply health_reply(const Sample& sample, RecordType type) {
  HealthReply out;
  out.outcome = sample.outcome;
  out.rcode = sample.rcode;
  out.extended_error = sample.extended_error;
  out.rtt = sample.rtt;
  for (const RecordSet& set : sample.answer) {
    if (set.type != type && set.type != RecordType::kCname) continue;
    out.ttl = out.ttl ? std::min(*out.ttl, set.ttl) : set.ttl;
    if (set.type == type) out.values.insert(out.values.end(), set.rdata.begin(), set.rdata.end());
  }
  std::sort(out.values.begin(), out.values.end());
  if (out.values.size() > kKeptValues) out.values.resize(kKeptValues);
  return out;
}

bool is_fresh(const Health& health, Instant now) {
  return health.checked <= now + Seconds(300) && now - health.checked <= kHealthLasts;
}

std::vector<Health> judge_health(const HealthQuestions& questions, const std::vector<Resolver>& resolvers,
                                 const std::vector<HealthReplies>& replies, Instant now) {
  const Usual held_against = usual(questions, resolvers, replies);
  std::vector<Health> out;
  for (const HealthReplies& each : replies) {
    Health health;
    health.checked = now;
    judge_known(health, each.known, held_against.known, questions.known.key);
    if (health.condition == Condition::kAnswers) {
      health.filters = judge_filters(each, held_against);
      health.rewrites = judge_rewrites(each.absent);
      health.validates = judge_validates(each.bogus);
      health.ttl_floor = judge_floor(each.brief, held_against.brief_ttl);
    }
    out.push_back(std::move(health));
  }
  return out;
}

}  // namespace cutover::dnsprobe
