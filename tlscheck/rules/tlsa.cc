#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "tlscheck/dane.h"

namespace cutover::tlscheck {
namespace {

Check check_of(Verdict verdict, Severity severity, std::string summary, std::string evidence, std::string advice) {
  Check check;
  check.id = "tls-tlsa";
  check.severity = severity;
  check.verdict = verdict;
  check.summary = std::move(summary);
  check.evidence = std::move(evidence);
  check.advice = std::move(advice);
  return check;
}

/// Between mail servers usages 0 and 1 are as good as absent (RFC 7672 section 3.1.3).
std::vector<TlsaRecord> counted_records(const PublishedTlsa& published) {
  auto records = published.records;
  const auto labels = published.owner.labels();
  if (labels.empty() || labels.front() != "_25") return records;
  records.erase(std::remove_if(records.begin(), records.end(), [](const TlsaRecord& one) { return one.usage < 2; }),
                records.end());
  return records;
}

/// What has to be added for the chain to verify: the key of the leaf, as RFC 7671 section 5.1 recommends.
std::string missing_text(const PublishedTlsa& published, const std::vector<std::string>& chain) {
  const auto leaf = chain.empty() ? std::nullopt : Certificate::from_der(chain.front());
  if (!leaf) return "show a certificate there first";
  return fmt::format(
      "publish `{} TLSA {}` beside the present records, wait two TTLs ({}), then swap; take the old record away after "
      "standby",
      published.owner.text(), to_text(tlsa_for(*leaf)), format_duration(2 * published.ttl));
}

/// A set that verifies, and since when.
Check judge_age(const PublishedTlsa& published, const Times& times, std::string evidence) {
  const auto by = times.swap - 2 * published.ttl;
  if (!published.since)
    return check_of(Verdict::kUndecided, Severity::kNote,
                    "the published TLSA records fit the new side; since when they do is not known", std::move(evidence),
                    fmt::format("make sure that they have been there since {}", format_instant(by)));
  evidence += fmt::format("; served since {}", format_instant(*published.since));
  if (*published.since <= by)
    return check_of(Verdict::kPass, Severity::kError,
                    "the published TLSA records fit the new side, and have for two TTLs when the swap is made",
                    std::move(evidence), "");
  return check_of(Verdict::kFail, Severity::kError,
                  fmt::format("the TLSA records for the new side are too young: caches may hold the set without them "
                              "until {}, and refuse the new side",
                              format_opening(*published.since + 2 * published.ttl)),
                  std::move(evidence), "swap later (RFC 7671 section 8.1: two TTLs)");
}

}  // namespace

std::string to_text(const TlsaRecord& record) {
  return fmt::format("{} {} {} {}", record.usage, record.selector, record.matching, to_hex(record.data));
}

std::string to_text(const PublishedTlsa& published) {
  std::vector<std::string> records;
  for (const auto& one : published.records) records.push_back(to_text(one));
  return fmt::format("{} TTL {}: {}", published.owner.text(), published.ttl.count(), join(records, ", "));
}

Check judge_tlsa(const PublishedTlsa& published, const std::vector<std::string>& chain, const Anchors& anchors,
                 const std::vector<DomainName>& names, const Times& times) {
  if (published.records.empty() && published.dnssec != Dnssec::kBogus)
    return check_of(Verdict::kNotApplicable, Severity::kError,
                    fmt::format("there are no TLSA records at {}", published.owner.text()), "", "");
  const auto evidence = to_text(published);
  if (published.dnssec == Dnssec::kBogus)
    return check_of(Verdict::kFail, Severity::kError,
                    fmt::format("the TLSA records at {} fail DNSSEC validation: senders that use DANE do not deliver",
                                published.owner.text()),
                    evidence, "mend the zone's signatures before anything else");
  if (published.dnssec == Dnssec::kInsecure)
    return check_of(
        Verdict::kFail, Severity::kNote,
        fmt::format("the TLSA records at {} are in an unsigned zone: nobody believes them", published.owner.text()),
        evidence, "sign the zone, or take the records away");
  bool usable = false;
  for (const auto at : moments_of(times)) {
    const auto facts = verify_dane(counted_records(published), chain, anchors, names, at);
    usable = usable || facts.status != DaneStatus::kNothingUsable;
    if (facts.status == DaneStatus::kRefused)
      return check_of(Verdict::kFail, Severity::kError,
                      fmt::format("clients that use DANE refuse the new side at {}: {}", format_instant(at), facts.why),
                      evidence, missing_text(published, chain));
  }
  if (!usable)
    return check_of(Verdict::kFail, Severity::kWarning,
                    fmt::format("no TLSA record at {} can be used by anybody", published.owner.text()), evidence,
                    missing_text(published, chain));
  return judge_age(published, times, evidence);
}

}  // namespace cutover::tlscheck
