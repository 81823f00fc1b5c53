#include "dnsprobe/pending.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "dnsprobe/query_template.h"
#include "dnsprobe/reply.h"

namespace cutover::dnsprobe {
namespace {

/// Why this is no reply to the question; empty: it is one.
std::string_view mismatch(const net::Message& reply, const net::Question& question, std::uint16_t id) {
  if (!reply.qr || reply.opcode != net::Opcode::kQuery) return "what came is not a reply";
  if (reply.id != id) return "reply had another id";
  const bool refuses_without_question = reply.question.empty() && reply.rcode != net::Rcode::kNoError;
  if (!refuses_without_question && (reply.question.size() != 1 || reply.question.front() != question))
    return "reply had another question";
  if (reply.tc) return "the reply is cut off (TC) where there is room for 64 KB";
  return "";
}

void lessen(std::vector<net::Record>& section, std::uint32_t age) {
  for (net::Record& record : section) record.ttl -= std::min(record.ttl, age);
}

}  // namespace

Pending::Pending(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key, std::string_view transport,
                 const Clock& clock)
    : ticket_(ticket),
      question_{key.name, key.type, net::RecordClass::kIn},
      asking_(resolver.asking),
      transport_(transport),
      asked_(clock.now()),
      started_(std::chrono::steady_clock::now()) {}

Result<net::Bytes> Pending::query(std::uint16_t id, const Clock& clock) {
  net::Message message = probe_query({question_.name, question_.type}, asking_);
  message.id = id;
  asked_ = clock.now();
  started_ = std::chrono::steady_clock::now();
  return net::encode(message);
}

Sample Pending::reply(std::string_view wire, std::uint16_t id, std::uint32_t age, const Clock& clock) const {
  const auto garbage = [&](const std::string& why) {
    return failure(net::Outcome::kGarbage, fmt::format("over {}: {}", transport_, why), clock);
  };
  auto message = net::decode(wire);
  if (!message) return garbage("malformed reply: " + printable(message.error().message));
  if (const std::string_view why = mismatch(*message, question_, id); !why.empty()) return garbage(std::string(why));
  lessen(message->answer, age);
  lessen(message->authority, age);
  net::DnsAnswer answer = ending(net::Outcome::kAnswered, clock);
  answer.reply = *std::move(message);
  Sample sample = sample_of(answer, asked_);
  return is_for(asking_, sample) ? sample : garbage("the reply is for another client subnet");
}

Sample Pending::failure(net::Outcome outcome, const std::string& detail, const Clock& clock) const {
  net::DnsAnswer answer = ending(outcome, clock);
  answer.detail = detail;
  return sample_of(answer, asked_);
}

void Refusals::add(const Pending& pending, const std::string& why) {
  const std::uint64_t ticket = pending.ticket();
  under_way_[ticket] = loop_.after(std::chrono::nanoseconds::zero(), [this, pending, why] {
    const std::uint64_t done = pending.ticket();
    Sample sample = pending.failure(net::Outcome::kUnreachable, why, clock_);
    const net::Loop::Handle self = std::move(under_way_[done]);
    under_way_.erase(done);
    answered_(done, std::move(sample));
  });
}

net::DnsAnswer Pending::ending(net::Outcome outcome, const Clock& clock) const {
  net::DnsAnswer out;
  out.outcome = outcome;
  out.received = clock.now();
  out.rtt = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started_);
  out.over_tcp = true;
  return out;
}

}  // namespace cutover::dnsprobe
