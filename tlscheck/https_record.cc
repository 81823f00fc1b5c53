#include "tlscheck/https_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace cutover::tlscheck {
namespace {

std::vector<const Sighting*> behind(const HttpsRecord& record, const std::vector<Sighting>& sightings) {
  std::vector<const Sighting*> out;
  for (const auto& sighting : sightings) {
    const auto& target = sighting.target;
    if (target.side == Side::kNew && target.name == record.owner && target.endpoint.port == record.port &&
        target.starttls.empty())
      out.push_back(&sighting);
  }
  return out;
}

/// Hints that lead elsewhere, as text.
std::vector<std::string> strays(const HttpsRecord& record, const std::vector<const Sighting*>& seen) {
  std::vector<std::string> out;
  for (const auto& hint : record.hints)
    if (std::none_of(seen.begin(), seen.end(), [&](const Sighting* s) { return s->target.endpoint.address == hint; }))
      out.push_back(hint.text());
  return out;
}

bool promises(const HttpsRecord& record, std::string_view protocol) {
  return std::find(record.alpn.begin(), record.alpn.end(), protocol) != record.alpn.end();
}

/// Addresses that answer and do not speak HTTP/2, where the record says that they do.
std::vector<std::string> without_http2(const HttpsRecord& record, const std::vector<const Sighting*>& seen) {
  std::vector<std::string> out;
  for (const auto* sighting : seen)
    if (promises(record, "h2") && sighting->usual.done() && sighting->usual.answer.alpn != "h2")
      out.push_back(sighting->target.endpoint.text());
  return out;
}

Check check_record(const HttpsRecord& record, const std::vector<Sighting>& sightings) {
  Check check;
  check.id = "https-record";
  check.name = record.owner;
  check.evidence = fmt::format("{} HTTPS {}", record.owner.text(), printable(record.text));
  const auto seen = behind(record, sightings);
  if (record.priority == 0 || !(record.target.is_root() || record.target == record.owner) || seen.empty()) {
    check.verdict = Verdict::kNotApplicable;
    check.summary =
        seen.empty() ? "nothing behind this HTTPS record was asked" : "this HTTPS record leads to another name";
    return check;
  }
  const auto stray = strays(record, seen);
  const auto slow = without_http2(record, seen);
  if (promises(record, "h3")) check.evidence += "; h3 is spoken over QUIC and was not asked";
  if (!stray.empty()) {
    check.verdict = Verdict::kFail;
    check.summary = fmt::format("the HTTPS record hints at {}, which is no address of the new side", join(stray, ", "));
    check.advice = "write the new addresses into ipv4hint and ipv6hint, in the same change";
    return check;
  }
  if (!slow.empty()) {
    check.verdict = Verdict::kFail;
    check.severity = record.no_default_alpn ? Severity::kError : Severity::kWarning;
    check.summary = fmt::format("the HTTPS record promises h2, which {} does not speak", join(slow, ", "));
    check.advice = "switch HTTP/2 on there, or take h2 out of the record's alpn";
    return check;
  }
  check.summary = "the HTTPS record fits what the new side speaks";
  return check;
}

}  // namespace

std::vector<Check> check_https_records(const std::vector<HttpsRecord>& records,
                                       const std::vector<Sighting>& sightings) {
  std::vector<Check> checks;
  for (const auto& record : records) checks.push_back(check_record(record, sightings));
  return checks;
}

}  // namespace cutover::tlscheck
