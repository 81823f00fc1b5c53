#include "net/server_standing.h"

#include <algorithm>

namespace cutover::net {

bool is_lame(ServerStanding standing) {
  return standing != ServerStanding::kUnknown && standing != ServerStanding::kServes &&
         standing != ServerStanding::kSilent;
}

std::string_view to_text(ServerStanding standing) {
  switch (standing) {
    case ServerStanding::kUnknown:
      return "was not asked";
    case ServerStanding::kServes:
      return "serves the zone";
    case ServerStanding::kNotAuthoritative:
      return "answers without authority";
    case ServerStanding::kUpwardReferral:
      return "refers upwards, to the servers of a zone above";
    case ServerStanding::kRefused:
      return "refuses to answer";
    case ServerStanding::kServFail:
      return "answers SERVFAIL: it could not load or transfer the zone, or the zone has expired there";
    case ServerStanding::kOtherError:
      return "answers with an error";
    case ServerStanding::kNoRecords:
      return "answers that the zone has no SOA or NS record";
    case ServerStanding::kSilent:
      return "does not answer";
  }
  return "";
}

ServerStanding standing_of(const DnsAnswer& answer, const RecordKey& asked) {
  if (answer.outcome != Outcome::kAnswered) return ServerStanding::kSilent;
  const Message& reply = answer.reply;
  if (reply.rcode == Rcode::kRefused) return ServerStanding::kRefused;
  if (reply.rcode == Rcode::kServFail) return ServerStanding::kServFail;
  if (reply.rcode != Rcode::kNoError) return ServerStanding::kOtherError;
  if (reply.aa) return find_set(reply.answer, asked) ? ServerStanding::kServes : ServerStanding::kNoRecords;
  const bool upward =
      reply.answer.empty() && std::any_of(reply.authority.begin(), reply.authority.end(), [&](const Record& record) {
        return record.type == RecordType::kNs && record.name != asked.name && asked.name.is_within(record.name);
      });
  return upward ? ServerStanding::kUpwardReferral : ServerStanding::kNotAuthoritative;
}

DnsRequest authority_question(const Endpoint& server, const RecordKey& key, std::chrono::milliseconds timeout) {
  return {.server = server,
          .message = make_query({key.name, key.type, RecordClass::kIn}, Recursion::kNotDesired),
          .key = {},
          .timeout = timeout,
          .tries = 2,
          .before_send = {}};
}

}  // namespace cutover::net
