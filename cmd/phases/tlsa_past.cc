#include "cmd/phases/tlsa_past.h"

#include <algorithm>
#include <charconv>

namespace cutover {
namespace {

/// The TTL in `OWNER TTL 60: RECORDS...`, where owner and records are these; see to_text(PublishedTlsa).
std::optional<Seconds> ttl_of_same(const std::string& evidence, const tlscheck::PublishedTlsa& published) {
  const std::string text = to_text(published);
  const std::string before = published.owner.text() + " TTL ";
  const auto records = text.substr(text.find(": ", before.size()));
  const char* const first = evidence.data() + before.size();
  const char* const last = evidence.data() + evidence.size();
  std::int64_t ttl = 0;
  if (!evidence.starts_with(before)) return std::nullopt;
  const auto read = std::from_chars(first, last, ttl);
  const std::string_view rest(read.ptr, static_cast<std::size_t>(last - read.ptr));
  if (read.ec != std::errc() || !rest.starts_with(records)) return std::nullopt;
  // A judgement may follow behind a semicolon; more records may not.
  const std::string_view more = rest.substr(records.size());
  return more.empty() || more.starts_with(';') ? std::optional(Seconds(ttl)) : std::nullopt;
}

}  // namespace

std::optional<TlsaPast> tlsa_past(const std::vector<CheckRecord>& checks, const tlscheck::PublishedTlsa& published) {
  std::optional<TlsaPast> out;
  for (auto record = checks.rbegin(); record != checks.rend(); ++record)
    for (const Check& check : record->checks) {
      if (check.id != "tls-tlsa" || !check.evidence.starts_with(published.owner.text() + " TTL ")) continue;
      const auto ttl = ttl_of_same(check.evidence, published);
      if (!ttl) return out;
      if (!out) out.emplace();
      out->since = record->at;
      out->ttl = std::max(out->ttl, *ttl);
    }
  return out;
}

}  // namespace cutover
