#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/record_set.h"
#include "dnsprobe/catalogue.h"
#include "dnsprobe/observation.h"
#include "dnsprobe/resolver.h"

namespace cutover::dnsprobe {

/// A name whose answer is known beforehand.
struct KnownAnswer {
  RecordKey key;
  std::vector<std::string> values;  ///< canonical, sorted; empty: whatever most operators say
};

/// What a resolver is asked to know its health. The defaults are names on the Internet that were made for it or do not
/// change; tests put their own here.
struct HealthQuestions {
  KnownAnswer known;                ///< a name that nobody has a reason to block; asked `samples` times
  int samples = 3;                  ///< the median of so many round trips is told
  std::vector<RecordKey> suspects;  ///< names that filtering resolvers block, each with one answer elsewhere
  DomainName absent_below;          ///< a random label below it does not exist
  std::optional<RecordKey> bogus;   ///< its signatures are wrong on purpose: a validating resolver says SERVFAIL
  std::optional<RecordKey> brief;   ///< served with a short TTL
  Seconds brief_ttl{};              ///< that TTL
};
/// a.root-servers.net (its address is in every resolver's hints); test names of Quad9, Cloudflare and OpenDNS for their
/// filters; dnssec-failed.org; o-o.myaddr.l.google.com, whose TTL is 60 s.
HealthQuestions public_questions();

/// One reply, as far as it matters for health.
struct HealthReply {
  net::Outcome outcome = net::Outcome::kTimeout;
  net::Rcode rcode = net::Rcode::kNoError;
  std::vector<std::string> values;  ///< of the type asked for, wherever in the answer (behind aliases too); sorted
  std::optional<Seconds> ttl;       ///< the smallest of the answer
  std::optional<std::uint16_t> extended_error;
  std::chrono::microseconds rtt{};
};
HealthReply health_reply(const Sample& sample, RecordType type);

/// Everything one resolver said. What was not asked is empty.
struct HealthReplies {
  std::vector<HealthReply> known;
  std::vector<HealthReply> suspects;  ///< in the order of the questions
  std::optional<HealthReply> absent, bogus, brief;
};

enum class Condition {
  kAnswers,   ///< it can be asked
  kMisleads,  ///< it gives a wrong answer to a name that everybody knows, or none where there is one
  kRefuses,   ///< it does not serve us
  kSilent     ///< nothing came back, or nothing that is DNS
};
std::string_view to_text(Condition condition);

/// What is known of one resolver since it was checked.
struct Health {
  Instant checked{};
  Condition condition = Condition::kSilent;
  std::optional<std::chrono::microseconds> rtt;  ///< median
  Known filters = Known::kUnknown;               ///< blocks a name that others resolve
  Known rewrites = Known::kUnknown;              ///< gives an address for a name that does not exist
  Known validates = Known::kUnknown;
  std::optional<Seconds> ttl_floor;  ///< keeps what lives shorter for so long at least, as far as was seen
  std::string detail;                ///< one clause for people; printable
};

/// A check older than this says nothing about today: half of a public list is dead within six months.
inline constexpr Seconds kHealthLasts = std::chrono::hours(24 * 7);
bool is_fresh(const Health& health, Instant now);

/// Judges all resolvers together, since some things show only by comparison: what a name's answer is, is what the most
/// operators say (one voice each), where it is not known beforehand. Pure. One Health per resolver, in their order.
std::vector<Health> judge_health(const HealthQuestions& questions, const std::vector<Resolver>& resolvers,
                                 const std::vector<HealthReplies>& replies, Instant now);

}  // namespace cutover::dnsprobe
