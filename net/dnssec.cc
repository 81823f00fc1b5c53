#include "net/dnssec.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "net/signed_set.h"

namespace cutover::net {
namespace {

constexpr std::chrono::milliseconds kTimeout{2000};
// --- the keys ---------------------------------------------------------------------------------------------------

/// The DS records that count (RFC 4035 section 5.2; RFC 4509 section 3: SHA-1 only where there is nothing better).
std::vector<DelegationSigner> usable(const TrustAnchor& anchor) {
  std::vector<DelegationSigner> out;
  for (const std::string& text : anchor.ds)
    if (const auto ds = read_delegation_signer(text); ds && can_verify(ds->algorithm) && can_digest(ds->digest_type))
      out.push_back(*ds);
  const bool better = std::any_of(out.begin(), out.end(), [](const auto& ds) { return ds.digest_type != 1; });
  if (better) std::erase_if(out, [](const auto& ds) { return ds.digest_type == 1; });
  return out;
}

std::string tags_of(const std::vector<Record>& keys) {
  std::vector<std::string> texts;
  for (const Record& key : keys)
    if (const auto fields = read_public_key(key))
      texts.push_back(fmt::format("{} (algorithm {})", fields->tag, fields->algorithm));
  return texts.empty() ? "none" : join(texts, ", ");
}

std::string tags_of(const std::vector<DelegationSigner>& signers) {
  std::vector<std::string> texts;
  for (const DelegationSigner& ds : signers)
    texts.push_back(fmt::format("{} (algorithm {}, digest type {})", ds.key_tag, ds.algorithm, ds.digest_type));
  return join(texts, ", ");
}

bool is_usable_answer(const Message& reply) {
  return reply.aa && (reply.rcode == Rcode::kNoError || reply.rcode == Rcode::kNxDomain);
}

/// Which keys may vouch for the whole set.
std::vector<Record> entry_keys(const ZoneKeys& zone, const std::vector<DelegationSigner>& signers) {
  std::vector<Record> out;
  for (const Record& key : zone.keys) {
    const bool named = std::any_of(signers.begin(), signers.end(), [&](const auto& ds) { return names_key(ds, key); });
    if (zone.anchor == TrustAnchor::Kind::kOwnKeys || named) out.push_back(key);
  }
  return out;
}

// --- the answers ------------------------------------------------------------------------------------------------

/// One answer. The steps stand in the order of RFC 4035 section 5.
class AnswerJudge {
 public:
  AnswerJudge(const ZoneKeys& keys, const RecordKey& key, const Message& reply, Instant now)
      : keys_(keys), key_(key), reply_(reply), now_(now) {
    out_.key = key;
    out_.is_signed = !keys.keys.empty();
  }

  Judgement run() {
    out_.trust = keys_.trust;
    out_.fault = keys_.fault;
    out_.evidence = keys_.evidence;
    out_.expires = keys_.expires;
    // 1. Without keys to trust there is nothing more to find out.
    if (keys_.trust != Trust::kSecure) return std::move(out_);
    if (!is_usable_answer(reply_)) return undecided("its answer is " + to_text(reply_.rcode) + without_authority());
    out_.evidence.clear();
    open(keys_.anchor == TrustAnchor::Kind::kDs ? Unproven::kParentChain : Unproven::kOwnKeys);
    // 2. What was answered: the set, an alias, or that there is none.
    if (const auto at = answered_set())
      positive(*at);
    else if (is_below_cut())
      return undecided("it lies below a zone cut");
    else
      negative();
    return std::move(out_);
  }

 private:
  std::string without_authority() const { return reply_.aa ? "" : ", without authority"; }

  void open(Unproven what) {
    if (std::find(out_.unproven.begin(), out_.unproven.end(), what) == out_.unproven.end())
      out_.unproven.push_back(what);
  }

  Judgement undecided(std::string why) {
    out_.trust = Trust::kUndecided;
    out_.expires.reset();
    out_.unproven.clear();
    out_.evidence = std::move(why);
    return std::move(out_);
  }

  void bogus(SignatureFault fault, std::string evidence) {
    out_.trust = Trust::kBogus;
    out_.fault = fault;
    out_.evidence = std::move(evidence);
  }

  /// Which set of the answer carries the signature. A CNAME that a DNAME gave rise to has none (RFC 6672
  /// section 5.3.1).
  std::optional<RecordKey> answered_set() const {
    for (const RecordType type : {key_.type, RecordType::kCname}) {
      const RecordKey at{key_.name, type};
      if (records_of(reply_.answer, at).empty()) continue;
      if (type == RecordType::kCname && signatures_over(reply_.answer, at).empty())
        for (const Record& record : reply_.answer)
          if (record.type == RecordType::kDname && key_.name.is_within(record.name) && key_.name != record.name)
            return RecordKey{record.name, RecordType::kDname};
      return at;
    }
    return std::nullopt;
  }

  /// A child zone below, on the same server (its SOA, or a referral).
  bool is_below_cut() const {
    return std::any_of(reply_.authority.begin(), reply_.authority.end(), [&](const Record& record) {
      return (record.type == RecordType::kNs || record.type == RecordType::kSoa) && record.name != keys_.zone &&
             record.name.is_within(keys_.zone) && key_.name.is_within(record.name);
    });
  }

  /// False when it does not verify; the judgement says so then.
  bool verified(const std::vector<Record>& section, const RecordKey& at) {
    const VerifiedSet found = verify_set(section, at, keys_.zone, keys_.keys, now_);
    if (found.fault != SignatureFault::kNone) {
      const std::string which = at == key_ ? "" : at.text() + (found.evidence.empty() ? "" : " ");
      bogus(found.fault, which + found.evidence);
      out_.expires = found.fault == SignatureFault::kExpired ? found.expires : std::nullopt;
      return false;
    }
    if (!out_.expires || *found.expires < *out_.expires) out_.expires = found.expires;
    if (out_.evidence.empty()) out_.evidence = found.evidence;
    from_wildcard_ = from_wildcard_ || found.from_wildcard;
    return true;
  }

  void positive(const RecordKey& at) {
    // A child zone on the same server answers with signatures of its own keys.
    for (const SetSignature& signature : signatures_over(reply_.answer, at))
      if (signature.fields.signer != keys_.zone && signature.fields.signer.is_within(keys_.zone) &&
          at.name.is_within(signature.fields.signer)) {
        undecided("it lies below a zone cut");
        return;
      }
    if (!verified(reply_.answer, at) || !from_wildcard_) return;
    // Section 5.3.4: a wildcard answers only where no closer name exists.
    open(Unproven::kWildcard);
    denial();
  }

  /// Section 5.4.
  void negative() {
    open(Unproven::kDenial);
    const RecordKey soa{keys_.zone, RecordType::kSoa};
    if (!records_of(reply_.authority, soa).empty() && !verified(reply_.authority, soa)) return;
    denial();
  }

  void denial() {
    std::set<RecordKey> sets;
    for (const Record& record : reply_.authority)
      if (record.type == RecordType::kNsec || record.type == RecordType::kNsec3)
        sets.insert({record.name, record.type});
    if (sets.empty()) return bogus(SignatureFault::kNoDenial, "no NSEC or NSEC3 record came with the answer");
    for (const RecordKey& at : sets)
      if (!verified(reply_.authority, at)) return;
  }

  const ZoneKeys& keys_;
  const RecordKey& key_;
  const Message& reply_;
  Instant now_;
  bool from_wildcard_ = false;
  Judgement out_;
};

// --- asking -----------------------------------------------------------------------------------------------------

DnsRequest signed_question(const Endpoint& server, const RecordKey& key) {
  Message message = make_query({key.name, key.type, RecordClass::kIn}, Recursion::kNotDesired);
  message.edns->dnssec_ok = true;
  return {
      .server = server, .message = std::move(message), .key = {}, .timeout = kTimeout, .tries = 2, .before_send = {}};
}

std::string trouble_of(const DnsAnswer& answer) {
  return answer.detail.empty() ? std::string(to_text(answer.outcome)) : answer.detail;
}

ZoneKeys keys_from(const DomainName& zone, const DnsAnswer& answer, const TrustAnchor& anchor) {
  if (answer.outcome == Outcome::kAnswered) return judge_keys(zone, answer.reply, anchor, answer.received);
  ZoneKeys silent;
  silent.zone = zone;
  silent.anchor = anchor.kind;
  silent.evidence = trouble_of(answer);
  return silent;
}

}  // namespace

std::string_view to_text(Trust trust) {
  switch (trust) {
    case Trust::kSecure:
      return "secure";
    case Trust::kInsecure:
      return "insecure";
    case Trust::kBogus:
      return "bogus";
    case Trust::kUndecided:
      return "undecided";
  }
  return "";
}

std::string_view to_text(Unproven unproven) {
  switch (unproven) {
    case Unproven::kParentChain:
      return "the chain from the root down to the parent's DS records";
    case Unproven::kOwnKeys:
      return "the zone's keys, since no parent was asked for DS records";
    case Unproven::kDenial:
      return "that the NSEC or NSEC3 records cover the name that does not exist";
    case Unproven::kWildcard:
      return "that no closer name exists than the wildcard";
  }
  return "";
}

TrustAnchor anchor_of(const Delegation& delegation) {
  if (delegation.ds) return {TrustAnchor::Kind::kDs, delegation.ds->rdata};
  return {delegation.asked_for_ds ? TrustAnchor::Kind::kNone : TrustAnchor::Kind::kOwnKeys, {}};
}

ZoneKeys judge_keys(const DomainName& zone, const Message& reply, const TrustAnchor& anchor, Instant now) {
  ZoneKeys out;
  out.zone = zone;
  out.anchor = anchor.kind;
  if (!is_usable_answer(reply)) {
    out.evidence =
        fmt::format("its answer for DNSKEY is {}{}", to_text(reply.rcode), reply.aa ? "" : ", without authority");
    return out;
  }
  const RecordKey key{zone, RecordType::kDnskey};
  for (const Record& record : records_of(reply.answer, key))
    if (const auto fields = read_public_key(record); fields && fields->signs_zone() && !fields->is_revoked())
      out.keys.push_back(record);
  const std::vector<DelegationSigner> signers = usable(anchor);
  const auto end_as = [&](Trust trust, SignatureFault fault, std::string evidence) {
    out.trust = trust;
    out.fault = fault;
    out.evidence = std::move(evidence);
    return out;
  };
  // 1. Does anybody look at all?
  if (anchor.kind == TrustAnchor::Kind::kNone)
    return end_as(Trust::kInsecure, SignatureFault::kNone, "the parent has no DS record");
  if (anchor.kind == TrustAnchor::Kind::kDs && signers.empty())
    return end_as(Trust::kInsecure, SignatureFault::kUnsupportedAlgorithm,
                  "no DS record is of a kind that can be used");
  if (out.keys.empty() && anchor.kind == TrustAnchor::Kind::kOwnKeys)
    return end_as(Trust::kInsecure, SignatureFault::kNone, "the zone shows no key");
  // 2. The keys that the parent names.
  if (out.keys.empty())
    return end_as(Trust::kBogus, SignatureFault::kNoKey,
                  fmt::format("the parent has DS records ({}), the zone shows no DNSKEY", tags_of(signers)));
  const std::vector<Record> entries = entry_keys(out, signers);
  if (entries.empty())
    return end_as(Trust::kBogus, SignatureFault::kDsMismatch,
                  fmt::format("the parent's DS names {}, the zone's keys are {}", tags_of(signers), tags_of(out.keys)));
  // 3. One of them signs the whole set.
  const VerifiedSet found = verify_set(reply.answer, key, zone, entries, now);
  out.expires = found.expires;
  if (found.fault != SignatureFault::kNone)
    return end_as(Trust::kBogus, found.fault, "the DNSKEY set" + (found.evidence.empty() ? "" : " " + found.evidence));
  return end_as(Trust::kSecure, SignatureFault::kNone, "keys " + tags_of(out.keys));
}

Judgement judge_answer(const ZoneKeys& keys, const RecordKey& key, const Message& reply, Instant now) {
  return AnswerJudge(keys, key, reply, now).run();
}

std::vector<Judgement> validate_authority(Loop& loop, const Clock& clock, const Delegation& delegation,
                                          const DomainName& zone, const std::vector<RecordKey>& keys) {
  // 1. Every server's keys.
  const TrustAnchor anchor = anchor_of(delegation);
  std::vector<DnsRequest> questions;
  for (const AuthorityServer& server : delegation.servers)
    questions.push_back(signed_question(server.address, {zone, RecordType::kDnskey}));
  const std::vector<DnsAnswer> answers = exchange_all(loop, clock, questions);
  std::vector<ZoneKeys> zone_keys;
  for (const DnsAnswer& answer : answers) zone_keys.push_back(keys_from(zone, answer, anchor));

  // 2. The sets, from servers whose keys can be trusted.
  std::vector<DnsRequest> requests;
  for (std::size_t s = 0; s < zone_keys.size(); ++s)
    if (zone_keys[s].trust == Trust::kSecure)
      for (const RecordKey& key : keys) requests.push_back(signed_question(delegation.servers[s].address, key));
  const std::vector<DnsAnswer> sets = exchange_all(loop, clock, requests);

  // 3. Put together, server by server.
  std::vector<Judgement> out;
  std::size_t next = 0;
  for (std::size_t s = 0; s < zone_keys.size(); ++s) {
    for (const RecordKey& key : keys) {
      const DnsAnswer& answer = zone_keys[s].trust == Trust::kSecure ? sets[next++] : answers[s];
      Judgement judgement = judge_answer(zone_keys[s], key, answer.reply, answer.received);
      if (answer.outcome != Outcome::kAnswered) {
        judgement.trust = Trust::kUndecided;
        judgement.evidence = trouble_of(answer);
      }
      judgement.server = s;
      out.push_back(std::move(judgement));
    }
  }
  return out;
}

}  // namespace cutover::net
