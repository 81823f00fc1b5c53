#include "lab/zone_answer.h"

#include <fmt/format.h>

#include <algorithm>

namespace cutover::lab {
namespace {

constexpr int kMaxChain = 12;

void append(std::vector<net::Record>& section, const RecordSet& set) {
  for (net::Record& record : net::to_records(set)) section.push_back(std::move(record));
}

void append_owned_by(std::vector<net::Record>& section, RecordSet set, const DomainName& owner) {
  set.name = owner;
  append(section, set);
}

/// The zone that answers for a name: the longest origin, but the parent's for DS (RFC 4035 section 3.1.4.1).
const PublishedZone* zone_for(const std::vector<PublishedZonePtr>& zones, const net::Question& question) {
  const PublishedZone* best = nullptr;
  for (const PublishedZonePtr& candidate : zones) {
    const DomainName& origin = candidate->zone.origin;
    if (!question.name.is_within(origin)) continue;
    if (best != nullptr && best->zone.origin.label_count() >= origin.label_count()) {
      // A DS at its own apex gives way to the zone above it.
      if (question.type == RecordType::kDs && best->zone.origin == question.name) best = candidate.get();
      continue;
    }
    if (best != nullptr && question.type == RecordType::kDs && origin == question.name) continue;
    best = candidate.get();
  }
  return best;
}

/// The NS set of the topmost zone cut at or above `name`, or nullptr when `name` lies in the zone itself.
const RecordSet* cut_above(const Zone& zone, const net::Question& question) {
  const RecordSet* cut = nullptr;
  for (DomainName name = question.name; name.label_count() > zone.origin.label_count(); name = name.parent()) {
    const RecordSet* found = zone.find({name, RecordType::kNs});
    if (found != nullptr && !(question.type == RecordType::kDs && name == question.name)) cut = found;
  }
  return cut;
}

void refer(const Zone& zone, const RecordSet& cut, net::Message& reply) {
  append(reply.authority, cut);
  for (const std::string& target : cut.rdata) {
    const auto host = DomainName::from_text(target);
    if (!host) continue;
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa})
      if (const RecordSet* glue = zone.find({*host, type})) append(reply.additional, *glue);
  }
}

/// RFC 2308 section 3: the SOA of a negative answer carries the TTL of the negative answer.
void deny(const Zone& zone, net::Rcode rcode, net::Message& reply) {
  reply.rcode = rcode;
  const RecordSet* soa = zone.find({zone.origin, RecordType::kSoa});
  if (soa == nullptr) return;
  RecordSet shown = *soa;
  shown.ttl = zone.soa.negative_ttl();
  append(reply.authority, shown);
}

/// The wildcard name that covers `name`, which does not exist (RFC 4592 section 3.3.1), or nullopt.
std::optional<DomainName> covering_wildcard(const PublishedZone& published, const DomainName& name) {
  for (DomainName encloser = name.parent(); encloser.is_within(published.zone.origin); encloser = encloser.parent()) {
    if (published.names.count(encloser) != 0) {
      auto wildcard = DomainName::from_text("*", encloser);
      if (wildcard && published.names.count(*wildcard) != 0) return *wildcard;
      return std::nullopt;
    }
    if (encloser.is_root()) break;
  }
  return std::nullopt;
}

}  // namespace

PublishedZonePtr publish(Zone zone) {
  auto published = std::make_shared<PublishedZone>();
  for (const auto& [key, set] : zone.sets) {
    for (DomainName name = key.name; published->names.insert(name).second; name = name.parent())
      if (name == zone.origin || !name.is_within(zone.origin)) break;
  }
  published->zone = std::move(zone);
  return published;
}

void put_soa(Zone& zone, const Soa& soa) {
  zone.soa = soa;
  RecordSet set{zone.origin, RecordType::kSoa, soa.ttl, {}};
  set.rdata.push_back(fmt::format("{} {} {} {} {} {} {}", soa.mname.text(), soa.rname.text(), soa.serial,
                                  soa.refresh.count(), soa.retry.count(), soa.expire.count(), soa.minimum.count()));
  zone.sets[set.key()] = std::move(set);
}

std::uint32_t next_serial(std::uint32_t serial) {
  const std::uint32_t next = serial + 1;
  return next == 0 ? 1 : next;
}

net::Message reply_to(const net::Message& query, net::Rcode rcode) {
  net::Message reply;
  reply.id = query.id;
  reply.qr = true;
  reply.opcode = query.opcode;
  reply.rd = query.rd;
  reply.rcode = rcode;
  reply.question = query.question;
  return reply;
}

net::Message answer_from(const std::vector<PublishedZonePtr>& zones, const net::Message& query) {
  net::Message reply = reply_to(query, net::Rcode::kNoError);
  if (query.question.size() != 1) {
    reply.rcode = net::Rcode::kFormErr;
    return reply;
  }
  net::Question question = query.question[0];
  const PublishedZone* published = zone_for(zones, question);
  if (published == nullptr || question.record_class != net::RecordClass::kIn) {
    reply.rcode = net::Rcode::kRefused;
    return reply;
  }
  const Zone& zone = published->zone;

  for (int link = 0; link < kMaxChain; ++link) {
    // 1. Below a zone cut: the child's servers know. AA belongs to the first name (RFC 1035 section 4.1.1).
    if (const RecordSet* cut = cut_above(zone, question)) {
      refer(zone, *cut, reply);
      return reply;
    }
    reply.aa = true;

    // 2. The name itself, or the wildcard that stands for it.
    DomainName source = question.name;
    if (published->names.count(source) == 0) {
      const auto wildcard = covering_wildcard(*published, source);
      if (!wildcard) {
        deny(zone, net::Rcode::kNxDomain, reply);
        return reply;
      }
      source = *wildcard;
    }

    // 3. Everything there is, where that was asked for.
    if (question.type == RecordType::kAny) {
      for (const auto& [key, set] : zone.sets)
        if (key.name == source) append_owned_by(reply.answer, set, question.name);
      return reply;
    }

    // 4. The set asked for.
    if (const RecordSet* set = zone.find({source, question.type})) {
      append_owned_by(reply.answer, *set, question.name);
      return reply;
    }

    // 5. An alias: follow it as far as this zone goes.
    const RecordSet* alias = zone.find({source, RecordType::kCname});
    if (alias == nullptr) {
      deny(zone, net::Rcode::kNoError, reply);
      return reply;
    }
    append_owned_by(reply.answer, *alias, question.name);
    const auto target = DomainName::from_text(alias->rdata.at(0));
    if (!target || !target->is_within(zone.origin)) return reply;
    question.name = *target;
  }
  return reply;
}

}  // namespace cutover::lab
