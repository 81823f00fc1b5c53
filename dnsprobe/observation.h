#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/record_set.h"
#include "core/result.h"
#include "net/exchange.h"
#include "net/message.h"

namespace cutover::dnsprobe {

/// What one answer of one resolver means. Never decided by majority: always against the expected value.
enum class Verdict : std::uint8_t {
  kNew,          ///< exactly the new answer
  kOld,          ///< the old answer (or a part of it), within a lifetime it may have
  kOldPastTtl,   ///< the old answer, kept beyond the expiry that was first seen for it
  kBehind,       ///< the old answer, freshly fetched: an authoritative server still serves it
  kStale,        ///< the old answer, marked stale by the resolver itself (RFC 8914 codes 3 and 19, RFC 8767)
  kMixed,        ///< part of the old answer together with something else
  kOther,        ///< neither: some third value
  kNegative,     ///< NXDOMAIN or no data, where something is expected
  kServfail,     ///< SERVFAIL: data, since users of this resolver see it too
  kRefused,      ///< REFUSED, NOTIMP, FORMERR, NOTAUTH: it does not serve us; no data
  kFiltered,     ///< blocked by policy (RFC 8914 codes 4, 15, 16, 17; 0.0.0.0 or ::; a known block page); no data
  kUnreachable,  ///< no usable reply; no data
};
inline constexpr std::size_t kVerdictCount = 12;
/// `new`, `old`, `old-past-ttl`, ...
std::string_view to_text(Verdict verdict);
Result<Verdict> verdict_from_text(std::string_view text);

/// Whether a reply says itself that it was filtered: RFC 8914 section 4, forged, blocked, censored, filtered.
/// Prohibited (18) is about who asks, not about the name.
bool marks_filtered(std::optional<std::uint16_t> extended_error);
/// Whether an answer leads nowhere on purpose: nothing but 0.0.0.0 and ::.
bool is_sinkhole(const std::vector<std::string>& values);

/// Whether the answer says anything about what this resolver's users get.
bool is_data(Verdict verdict);
/// Whether users of this resolver may still be sent to the old side: old, old-past-ttl, behind, stale, mixed.
bool is_old(Verdict verdict);

/// So many values of an answer are kept for people and for the journal: one resolver that sends 64 KB of them in every
/// answer must not flood either. Judged is the whole answer.
inline constexpr std::size_t kKeptValues = 32;

/// What is asked, and which answers are the old and the new one. Rdata in canonical form.
struct Expectation {
  RecordKey key;
  std::optional<RecordSet> old_set;  ///< empty: it did not exist before
  std::optional<RecordSet> new_set;  ///< empty: it is to be gone
  Seconds low_ttl{};                 ///< the TTL that the authorities served for the old answer right before the change
  Instant new_since{};               ///< from here on every authoritative server gave the new answer
  Seconds negative_ttl{};            ///< how long "does not exist" may be cached (RFC 2308), for sets that were created
};
/// How long an honest cache may hold the old answer: low_ttl; where there was no old set, the larger of
/// negative_ttl and low_ttl (a CNAME that stood in its place).
Seconds held_ttl(const Expectation& expectation);
/// new_since + held_ttl.
Instant bound_of(const Expectation& expectation);
/// From when on resolvers may be asked. What was created: from new_since on, since a question that reaches a name
/// server's site where it does not exist yet plants "does not exist" (RFC 2308). What existed: at any time.
Instant ask_from(const Expectation& expectation);

/// What came back to one question. `received - asked` is in clock time, `rtt` in real time.
struct Sample {
  Instant asked{};
  Instant received{};
  std::chrono::microseconds rtt{};
  net::Outcome outcome = net::Outcome::kTimeout;
  net::Rcode rcode = net::Rcode::kNoError;
  std::vector<RecordSet> answer;                ///< the answer section, set by set
  std::optional<Seconds> negative_ttl;          ///< remaining, from the SOA of a negative answer
  std::optional<std::uint16_t> extended_error;  ///< RFC 8914
  std::string extended_error_text;
  std::string site;             ///< NSID (RFC 5001), printable
  bool authenticated = false;   ///< AD: the resolver has validated it (RFC 6840 section 5.8)
  bool has_signatures = false;  ///< RRSIG among the answer
  /// What it gave back of the client subnet that it was sent; empty: nothing, it does not know the option or drops it.
  std::optional<net::SubnetOption> client_subnet;
  bool over_tcp = false;
  /// Its replies over UDP come with the question in other letters than it was asked in: it is asked in small ones.
  bool folds_case = false;
  std::uint32_t wrong_replies = 0;  ///< what came meanwhile and was no reply to this question
  std::string detail;               ///< one clause about a failed exchange
};
/// Takes a reply message apart. `asked` is when the question left, by the clock.
Sample sample_of(const net::DnsAnswer& answer, Instant asked);

/// One cache entry seen behind a resolver's address. Two samples show the same entry when their expiry instants
/// agree within 2 s (a counting-down TTL fixes the expiry; independent caches filled at different times differ).
struct CacheView {
  Instant expires{};   ///< as first seen, at the latest; it does not creep with later samples
  Span slack{};        ///< it may be this much earlier: how long that answer was on its way
  Instant earliest{};  ///< its TTL reads 0 at this moment at the earliest, and
  Instant latest{};    ///< at this one at the latest: what all answers from it have in common
  Instant first_seen{};
  Instant last_seen{};
  Verdict verdict = Verdict::kOld;
  std::string site;
};

/// What is remembered of one resolver about one record set.
struct ResolverHistory {
  std::vector<CacheView> caches;  ///< the latest ones with an expiry, bounded in number
  Seconds largest_ttl{};          ///< the largest TTL it ever showed for the old answer: reveals a minimum-TTL clamp
  std::size_t entries_seen = 0;   ///< distinct ones, also those no longer remembered
  bool filters = false;           ///< Resolver::filtering
};

/// A judged sample.
struct Observation {
  Verdict verdict = Verdict::kUnreachable;
  Instant at{};                    ///< receipt
  std::optional<Seconds> ttl;      ///< remaining, of the judged link (negative answers: of the SOA)
  std::optional<Instant> expires;  ///< latest instant at which that entry ends: at + ttl
  Span slack{};                    ///< received - asked: it may end this much earlier
  std::vector<std::string> rdata;  ///< of the judged link, at most kKeptValues; empty when there is none
  std::string site;
  std::chrono::microseconds rtt{};
  bool over_tcp = false;
  bool known_cache = false;  ///< an entry that was seen before
  std::string detail;        ///< one clause for people; printable
};

/// Judges one sample. Pure. The set at exactly the expectation's name and type is compared as a set; where the
/// answer is an alias instead, the set counts as not existing and the alias's TTL is the judged one.
///
/// Old answers are told apart by time. An honest cache got its entry before new_since, so the entry ends no later
/// than bound_of(): such an answer is `old`, whatever other entries behind the same address do. One that ends
/// later was either fetched from an authority that still serves the old answer (it then shows the full TTL, within
/// 1 s, the first time it is seen: `behind`), or is kept too long: `old-past-ttl` once an entry seen earlier from this
/// address has passed its own expiry, `old` until then (a minimum-TTL clamp counts down from its own larger value).
/// Where there was no old set, an absence after bound_of() is `negative` and not old (but for `behind`).
/// An entry keeps the verdict it was first given while it counts down. All comparisons allow 2 s, and take the
/// time between `asked` and `received` as unknown.
Observation judge(const Expectation& expectation, const Sample& sample, const ResolverHistory& history);

/// Notes an observation in the history it was judged with.
void remember(ResolverHistory& history, const Observation& observation);

/// The latest expiry among entries that hold the old answer at `now` and count for the estimate (verdicts old,
/// mixed and behind); nullopt when no such entry is alive.
std::optional<Instant> old_until(const ResolverHistory& history, Instant now);

/// When an entry ends, as far as its answers tell. A TTL is a whole number of seconds and was on its way for some
/// time, so one answer leaves more than a second open.
struct Ending {
  Instant earliest{};
  Instant latest{};
  /// The middle: off by half the width at most, for a cache that drops what has TTL 0.
  Instant likely() const { return earliest + (latest - earliest) / 2; }
};
/// The ending of the entry that old_until() speaks of.
std::optional<Ending> old_ending(const ResolverHistory& history, Instant now);

/// What a resolver was seen to do to TTLs.
enum class TtlHabit {
  kNone,           ///< nothing that an honest cache would not do
  kHoldsLonger,    ///< showed more than the authorities served: it has a minimum of its own
  kKeepsPast,      ///< gave the old answer past the expiry that it had shown
  kServesExpired,  ///< marked an old answer as stale (RFC 8767)
};
std::string_view to_text(TtlHabit habit);
struct TtlFinding {
  TtlHabit habit = TtlHabit::kNone;
  Seconds ttl{};  ///< the largest TTL that it showed for the old answer
};
/// What `seen` adds to what is known; the graver habit stays.
TtlFinding ttl_finding(const Expectation& expectation, const TtlFinding& known, const Observation& seen);

}  // namespace cutover::dnsprobe
