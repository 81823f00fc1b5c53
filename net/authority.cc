#include "net/authority.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace cutover::net {
namespace {

constexpr std::chrono::milliseconds kAuthorityTimeout{2000};

/// Why a name does not exist at this server, in the reply's own words: a cut below the zone, or the negative TTL.
void read_negative(const Message& reply, const DomainName& zone, AuthorityReading& reading) {
  for (const RecordSet& set : record_sets(reply.authority)) {
    const bool below_zone = set.name != zone && set.name.is_within(zone) && reading.key.name.is_within(set.name);
    // A referral; or the negative answer of a child zone that the same server has.
    if ((set.type == RecordType::kNs && !reply.aa && below_zone) || (set.type == RecordType::kSoa && below_zone))
      reading.delegated = true;
    if (set.type != RecordType::kSoa) continue;
    if (const auto soa = parse_soa(set)) reading.negative_ttl = soa->negative_ttl();
  }
}

AuthorityReading read_answer(const DnsAnswer& answer, std::size_t server, const RecordKey& key,
                             const DomainName& zone) {
  AuthorityReading reading;
  reading.server = server;
  reading.key = key;
  reading.outcome = answer.outcome;
  reading.received = answer.received;
  reading.detail = answer.detail;
  if (answer.outcome != Outcome::kAnswered) return reading;
  const Message& reply = answer.reply;
  reading.rcode = reply.rcode;
  reading.authoritative = reply.aa;
  if (reply.rcode != Rcode::kNoError && reply.rcode != Rcode::kNxDomain) {
    reading.detail = to_text(reply.rcode);
    if (reply.edns && reply.edns->extended_error)
      reading.detail +=
          fmt::format(" (extended error {}{}{})", *reply.edns->extended_error,
                      reply.edns->extended_error_text.empty() ? "" : ": ", printable(reply.edns->extended_error_text));
    return reading;
  }
  reading.set = find_set(reply.answer, key);
  if (key.type != RecordType::kCname) reading.alias = find_set(reply.answer, {key.name, RecordType::kCname});
  if (!reading.set && !reading.alias) read_negative(reply, zone, reading);
  return reading;
}

}  // namespace

std::string AuthorityServer::label() const {
  const std::string where = address.port == 53 ? address.address.text() : address.text();
  return name.is_root() ? where : fmt::format("{} ({})", name.text(), where);
}

Delegation fixed_delegation(const std::vector<Endpoint>& servers) {
  Delegation delegation;
  for (const Endpoint& server : servers) delegation.servers.push_back({DomainName(), server});
  return delegation;
}

Result<Delegation> find_delegation(Loop& loop, const Clock& clock, const DomainName& zone,
                                   const std::vector<Endpoint>& named, const LookupOptions& options) {
  if (!named.empty()) return fixed_delegation(named);
  return walk_delegation(loop, clock, zone, options);
}

AuthoritySweep sweep_authority(Loop& loop, const Clock& clock, const Delegation& delegation, const DomainName& zone,
                               const std::vector<RecordKey>& keys) {
  AuthoritySweep sweep;
  sweep.started = clock.now();

  // 1. The SOA of every server: who is there at all?
  std::vector<DnsRequest> questions;
  for (const AuthorityServer& server : delegation.servers)
    questions.push_back(authority_question(server.address, {zone, RecordType::kSoa}, kAuthorityTimeout));
  const std::vector<DnsAnswer> soas = exchange_all(loop, clock, questions);

  // 2. Every key to every server that answered.
  std::vector<DnsRequest> requests;
  for (std::size_t s = 0; s < soas.size(); ++s)
    if (soas[s].outcome == Outcome::kAnswered)
      for (const RecordKey& key : keys)
        requests.push_back(authority_question(delegation.servers[s].address, key, kAuthorityTimeout));
  const std::vector<DnsAnswer> answers = exchange_all(loop, clock, requests);

  // 3. Put together, server by server.
  sweep.finished = sweep.started;
  std::size_t next = 0;
  for (std::size_t s = 0; s < soas.size(); ++s) {
    const AuthorityReading soa = read_answer(soas[s], s, {zone, RecordType::kSoa}, zone);
    std::optional<std::uint32_t> serial;
    if (soa.authoritative && soa.set)
      if (const auto parsed = parse_soa(*soa.set)) serial = parsed->serial;
    sweep.serials.push_back(serial);
    sweep.standings.push_back(standing_of(soas[s], {zone, RecordType::kSoa}));
    sweep.soas.push_back(serial ? soa.set : std::nullopt);
    sweep.finished = std::max(sweep.finished, soa.received);
    for (const RecordKey& key : keys) {
      const DnsAnswer& answer = soas[s].outcome == Outcome::kAnswered ? answers[next++] : soas[s];
      sweep.readings.push_back(read_answer(answer, s, key, zone));
      sweep.finished = std::max(sweep.finished, sweep.readings.back().received);
    }
  }
  return sweep;
}

}  // namespace cutover::net
