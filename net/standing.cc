#include "net/standing.h"

#include <algorithm>

namespace cutover::net {

bool is_lame(Standing standing) {
  return standing != Standing::kUnknown && standing != Standing::kServes && standing != Standing::kSilent;
}

std::string_view to_text(Standing standing) {
  switch (standing) {
    case Standing::kUnknown:
      return "was not asked";
    case Standing::kServes:
      return "serves the zone";
    case Standing::kNotAuthoritative:
      return "answers without authority";
    case Standing::kUpwardReferral:
      return "refers upwards, to the servers of a zone above";
    case Standing::kRefused:
      return "refuses to answer";
    case Standing::kServFail:
      return "answers SERVFAIL: it could not load or transfer the zone, or the zone has expired there";
    case Standing::kOtherError:
      return "answers with an error";
    case Standing::kNoRecords:
      return "answers that the zone has no SOA or NS record";
    case Standing::kSilent:
      return "does not answer";
  }
  return "";
}

Standing standing_of(const DnsAnswer& answer, const RecordKey& asked) {
  if (answer.outcome != Outcome::kAnswered) return Standing::kSilent;
  const Message& reply = answer.reply;
  if (reply.rcode == Rcode::kRefused) return Standing::kRefused;
  if (reply.rcode == Rcode::kServFail) return Standing::kServFail;
  if (reply.rcode != Rcode::kNoError) return Standing::kOtherError;
  if (reply.aa) return find_set(reply.answer, asked) ? Standing::kServes : Standing::kNoRecords;
  const bool upward =
      reply.answer.empty() && std::any_of(reply.authority.begin(), reply.authority.end(), [&](const Record& record) {
        return record.type == RecordType::kNs && record.name != asked.name && asked.name.is_within(record.name);
      });
  return upward ? Standing::kUpwardReferral : Standing::kNotAuthoritative;
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
