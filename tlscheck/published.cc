#include "tlscheck/published.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/lookup.h"
#include "net/rdata.h"

namespace cutover::tlscheck {
namespace {

/// Many questions at once, each asked once however often it is wanted.
class Answers {
 public:
  void want(const DomainName& name, RecordType type) {
    const RecordKey key{name, type};
    if (numbers_.emplace(key, questions_.size()).second) questions_.push_back({name, type, net::RecordClass::kIn});
  }
  void ask(net::Loop& loop, const Clock& clock, const net::LookupOptions& lookup) {
    replies_ = net::ask_resolvers(loop, clock, questions_, lookup);
  }
  const Result<net::Message>& of(const DomainName& name, RecordType type) const {
    return replies_[numbers_.at({name, type})];
  }

 private:
  std::map<RecordKey, std::size_t> numbers_;
  std::vector<net::Question> questions_;
  std::vector<Result<net::Message>> replies_;
};

/// Whose record set counts at this step of the climb; nullopt: nobody's, since the swap ends an alias there.
std::optional<DomainName> asked_at(const DomainName& name, const PlannedAliases& planned) {
  const auto change = planned.find(name);
  return change == planned.end() ? std::optional(name) : change->second;
}

/// Records of the type in the answer, at whatever end of an alias chain, in wire format.
std::vector<std::string> rdata_in(const net::Message& reply, RecordType type) {
  std::vector<std::string> out;
  for (const net::Record& record : reply.answer)
    if (record.type == type)
      if (auto wire = net::rdata_to_wire(type, record.rdata, DomainName())) out.push_back(*std::move(wire));
  return out;
}

Result<ClimbedCaa> climbed(const DomainName& name, const Answers& answers, const PlannedAliases& planned) {
  for (DomainName at = name; !at.is_root(); at = at.parent()) {
    const auto asked = asked_at(at, planned);
    if (!asked) continue;
    const auto& reply = answers.of(*asked, RecordType::kCaa);
    if (!reply) return within(fmt::format("looking for the CAA records of {}", asked->host()), reply.error());
    ClimbedCaa out;
    out.owner = *asked;
    for (const std::string& rdata : rdata_in(*reply, RecordType::kCaa))
      if (auto record = parse_caa(rdata)) out.records.push_back(*std::move(record));
    if (!out.records.empty()) return out;
  }
  return ClimbedCaa{};
}

DomainName tlsa_owner(const DomainName& name, std::uint16_t port) {
  const auto owner = DomainName::from_text(fmt::format("_{}._tcp.{}", port, name.text()));
  return owner ? *owner : name;  // too long: there can be none
}

/// Where the records may stand, the place that counts first.
std::vector<DomainName> tlsa_owners(const TlsaQuestion& question, const PlannedAliases& planned) {
  std::vector<DomainName> out;
  const auto change = planned.find(question.name);
  if (change != planned.end() && change->second) out.push_back(tlsa_owner(*change->second, question.port));
  out.push_back(tlsa_owner(question.name, question.port));
  return out;
}

PublishedTlsa published(const DomainName& owner, const net::Message& reply) {
  PublishedTlsa out;
  out.owner = owner;
  for (const std::string& rdata : rdata_in(reply, RecordType::kTlsa))
    if (auto record = parse_tlsa(rdata)) out.records.push_back(*std::move(record));
  out.dnssec = reply.ad ? Dnssec::kSecure : Dnssec::kInsecure;
  for (const net::Record& record : reply.answer)
    if (record.type == RecordType::kTlsa) out.ttl = Seconds(record.ttl);
  return out;
}

}  // namespace

std::vector<Result<ClimbedCaa>> climb_caa(net::Loop& loop, const Clock& clock, const net::LookupOptions& lookup,
                                          const std::vector<DomainName>& names, const PlannedAliases& planned) {
  Answers answers;
  for (const DomainName& name : names)
    for (DomainName at = name; !at.is_root(); at = at.parent())
      if (const auto asked = asked_at(at, planned)) answers.want(*asked, RecordType::kCaa);
  answers.ask(loop, clock, lookup);
  std::vector<Result<ClimbedCaa>> out;
  for (const DomainName& name : names) out.push_back(climbed(name, answers, planned));
  return out;
}

std::vector<Result<PublishedTlsa>> find_tlsa(net::Loop& loop, const Clock& clock, const net::LookupOptions& lookup,
                                             const std::vector<TlsaQuestion>& questions,
                                             const PlannedAliases& planned) {
  Answers answers;
  for (const TlsaQuestion& question : questions)
    for (const DomainName& owner : tlsa_owners(question, planned)) answers.want(owner, RecordType::kTlsa);
  answers.ask(loop, clock, lookup);
  std::vector<Result<PublishedTlsa>> out;
  for (const TlsaQuestion& question : questions) {
    const auto owners = tlsa_owners(question, planned);
    Result<PublishedTlsa> found = PublishedTlsa{.owner = owners.front()};
    for (const DomainName& owner : owners) {
      const auto& reply = answers.of(owner, RecordType::kTlsa);
      if (!reply) {
        found = within(fmt::format("looking for the TLSA records of {}", owner.host()), reply.error());
        break;
      }
      PublishedTlsa here = published(owner, *reply);
      if (here.records.empty()) continue;
      found = std::move(here);
      break;
    }
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace cutover::tlscheck
