#include "lab/authority.h"

#include <fmt/format.h>

#include <algorithm>

#include "lab/zone_update.h"

namespace cutover::lab {
namespace {

constexpr std::size_t kPlainUdp = 512;         // RFC 1035 section 4.2.1
constexpr std::size_t kLargestUdp = 1232;      // what fits every path
constexpr std::size_t kTransferChunk = 12000;  // characters of record text per message: far below 64 KB of wire

Instant as_requested(const net::TsigCheck& check, Instant now) { return check.time_signed.value_or(now); }

std::size_t udp_limit(const net::Message& query) {
  if (!query.edns) return kPlainUdp;
  return std::clamp<std::size_t>(query.edns->udp_size, kPlainUdp, kLargestUdp);
}

}  // namespace

/// A request as far as it is known: decoded, and whose signature it carries.
struct Authority::Verified {
  net::Message message;
  const KeyGrant* grant = nullptr;  ///< points into keys_; null: unsigned
  net::TsigCheck check;
};

Result<std::unique_ptr<Authority>> Authority::open(net::Loop& loop, const Clock& clock, AuthoritySpec spec) {
  std::unique_ptr<Authority> authority(new Authority(clock, std::move(spec.keys), spec.open_transfer));
  const std::lock_guard lock(authority->mutex_);
  for (Zone& zone : spec.zones) {
    if (zone.find({zone.origin, RecordType::kSoa}) == nullptr)
      return fail(ErrorCode::kInvalid, fmt::format("the lab cannot serve {}: it has no SOA", zone.origin.text()));
    authority->publish_locked(std::move(zone));
  }
  for (std::size_t i = 0; i < spec.addresses.size(); ++i) {
    auto listener = DnsListener::open(
        loop, spec.addresses[i].where,
        [self = authority.get(), i](const net::Bytes& wire, Transport transport, const DnsListener::Reply& reply) {
          reply(self->handle(i, wire, transport));
        },
        [self = authority.get(), i] {
          const std::lock_guard admission_lock(self->mutex_);
          return self->addresses_[i].following.kind != Following::Kind::kDead;
        });
    if (!listener) return std::move(listener).error();
    authority->addresses_.push_back({std::move(*listener), {}, {}, {}});
  }
  for (std::size_t i = 0; i < spec.addresses.size(); ++i) {
    Address& address = authority->addresses_[i];
    address.following = spec.addresses[i].following;
    if (address.following.kind == Following::Kind::kStuck)
      for (const auto& [origin, versions] : authority->versions_) address.stuck_with[origin] = versions.back().zone;
  }
  return authority;
}

std::vector<Endpoint> Authority::endpoints() const {
  const std::lock_guard lock(mutex_);
  std::vector<Endpoint> endpoints;
  for (const Address& address : addresses_) endpoints.push_back(address.listener->endpoint());
  return endpoints;
}

Result<Zone> Authority::zone(const DomainName& origin) const {
  const std::lock_guard lock(mutex_);
  const PublishedZonePtr current = current_locked(origin);
  if (!current) return fail(ErrorCode::kNotFound, fmt::format("the lab does not serve {}", origin.text()));
  return current->zone;
}

Result<Zone> Authority::zone_at(std::size_t address, const DomainName& origin) const {
  const std::lock_guard lock(mutex_);
  if (versions_.count(origin) == 0 || address >= addresses_.size())
    return fail(ErrorCode::kNotFound, fmt::format("the lab does not serve {} at address {}", origin.text(), address));
  return view_locked(address, origin)->zone;
}

std::optional<RecordSet> Authority::lookup(const RecordKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto origin = origin_of_locked(key.name);
  if (!origin) return std::nullopt;
  const PublishedZonePtr current = current_locked(*origin);
  if (const RecordSet* set = current->zone.find(key)) return *set;
  const RecordSet* alias = current->zone.find({key.name, RecordType::kCname});
  return alias == nullptr ? std::nullopt : std::optional(*alias);
}

Result<void> Authority::set_record_set(const RecordSet& set) {
  const std::lock_guard lock(mutex_);
  auto origin = origin_of_locked(set.name);
  if (!origin) return std::move(origin).error();
  Zone zone = current_locked(*origin)->zone;
  zone.sets[set.key()] = set;
  normalize(zone.sets[set.key()]);
  Soa soa = zone.soa;
  soa.serial = next_serial(soa.serial);
  put_soa(zone, soa);
  publish_locked(std::move(zone));
  return {};
}

Result<void> Authority::remove_record_set(const RecordKey& key) {
  const std::lock_guard lock(mutex_);
  auto origin = origin_of_locked(key.name);
  if (!origin) return std::move(origin).error();
  Zone zone = current_locked(*origin)->zone;
  if (zone.sets.erase(key) == 0) return fail(ErrorCode::kNotFound, fmt::format("the lab's zone has no {}", key.text()));
  Soa soa = zone.soa;
  soa.serial = next_serial(soa.serial);
  put_soa(zone, soa);
  publish_locked(std::move(zone));
  return {};
}

void Authority::set_following(std::size_t address, Following following) {
  const std::lock_guard lock(mutex_);
  Address& changed = addresses_.at(address);
  std::map<DomainName, PublishedZonePtr> held;
  for (const auto& [origin, versions] : versions_) held[origin] = view_locked(address, origin);
  changed.following = following;
  changed.stuck_with = following.kind == Following::Kind::kStuck ? std::move(held) : decltype(held){};
}

void Authority::set_override(std::size_t address, const RecordSet& set) {
  const std::lock_guard lock(mutex_);
  addresses_.at(address).overrides[set.key()] = set;
}

void Authority::lift_override(std::size_t address, const RecordKey& key) {
  const std::lock_guard lock(mutex_);
  addresses_.at(address).overrides.erase(key);
}

Authority::Counters Authority::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

PublishedZonePtr Authority::current_locked(const DomainName& origin) const {
  const auto at = versions_.find(origin);
  return at == versions_.end() ? nullptr : at->second.back().zone;
}

Result<DomainName> Authority::origin_of_locked(const DomainName& name) const {
  const DomainName* best = nullptr;
  for (const auto& [origin, versions] : versions_)
    if (name.is_within(origin) && (best == nullptr || origin.label_count() > best->label_count())) best = &origin;
  if (best == nullptr) return fail(ErrorCode::kNotFound, fmt::format("no zone of the lab holds {}", name.text()));
  return *best;
}

void Authority::publish_locked(Zone zone) {
  std::vector<Version>& versions = versions_[zone.origin];
  const Instant now = clock_.now();
  // What no secondary lags far enough to need any more is dropped.
  Span longest_lag{};
  for (const Address& address : addresses_) longest_lag = std::max(longest_lag, address.following.lag);
  while (versions.size() > 1 && versions[1].since <= now - longest_lag) versions.erase(versions.begin());
  versions.push_back({now, publish(std::move(zone))});
}

PublishedZonePtr Authority::view_locked(std::size_t index, const DomainName& origin) const {
  const Address& address = addresses_[index];
  const std::vector<Version>& versions = versions_.at(origin);
  PublishedZonePtr shown = versions.back().zone;
  if (address.following.kind == Following::Kind::kStuck) {
    const auto held = address.stuck_with.find(origin);
    if (held != address.stuck_with.end()) shown = held->second;
  } else if (address.following.kind == Following::Kind::kLagging) {
    const Instant until = clock_.now() - address.following.lag;
    shown = versions.front().zone;
    for (const Version& version : versions)
      if (version.since <= until) shown = version.zone;
  }
  Zone overridden;
  for (const auto& [key, set] : address.overrides) {
    if (!key.name.is_within(origin)) continue;
    if (overridden.sets.empty()) overridden = shown->zone;
    overridden.sets[key] = set;
  }
  return overridden.sets.empty() ? shown : publish(std::move(overridden));
}

std::vector<net::Bytes> Authority::handle(std::size_t address, const net::Bytes& wire, Transport transport) {
  Verified request;
  std::vector<PublishedZonePtr> zones;
  {
    const std::lock_guard lock(mutex_);
    if (addresses_[address].following.kind == Following::Kind::kDead) return {};
    ++counters_.queries;
    for (const auto& [origin, versions] : versions_) zones.push_back(view_locked(address, origin));
  }
  auto decoded = net::decode(wire);
  // What does not parse cannot be answered in kind; what is itself a reply must not be (loops).
  if (!decoded || decoded->qr) return {};
  request.message = *std::move(decoded);
  if (auto rejected = reject_signature(request, wire)) return *rejected;

  const net::Message& message = request.message;
  if (message.opcode == net::Opcode::kUpdate) return reply_signed(request, update(request, address), transport);
  if (message.opcode != net::Opcode::kQuery)
    return reply_signed(request, reply_to(message, net::Rcode::kNotImp), transport);
  if (message.question.size() == 1 &&
      (message.question[0].type == RecordType::kAxfr || message.question[0].type == RecordType::kIxfr))
    return transfer(request, address, transport);
  net::Message reply = answer_from(zones, message);
  if (message.edns) {
    reply.edns.emplace();
    if (message.edns->want_nsid) reply.edns->nsid = fmt::format("lab-authority-{}", address);
  }
  return reply_signed(request, reply, transport);
}

/// RFC 8945 section 5.2: key, MAC, time, in this order. Empty: unsigned, or signed well.
std::optional<std::vector<net::Bytes>> Authority::reject_signature(Verified& request, const net::Bytes& wire) const {
  const auto name = net::tsig_key_name(wire);
  if (!name) return std::nullopt;
  const Instant now = clock_.now();
  const auto grant = std::find_if(keys_.begin(), keys_.end(), [&](const auto& g) { return g.key.name == *name; });
  if (grant != keys_.end()) {
    request.check = net::tsig_verify(wire, grant->key, now, {});
    request.grant = &*grant;
    if (request.check.status == net::TsigStatus::kGood) return std::nullopt;
  }
  const auto refusal = net::encode(reply_to(request.message, net::Rcode::kNotAuth));
  if (!refusal) return std::vector<net::Bytes>{};
  net::Rcode error = net::Rcode::kBadSig;
  if (grant == keys_.end() || request.check.status == net::TsigStatus::kBadKey) error = net::Rcode::kBadKey;
  if (request.check.status == net::TsigStatus::kBadTime) error = net::Rcode::kBadTime;
  const net::TsigKey key = grant == keys_.end() ? net::TsigKey{*name, net::TsigAlgorithm::kHmacSha256, {}} : grant->key;
  return std::vector<net::Bytes>{
      net::tsig_sign_error(*refusal, key, as_requested(request.check, now), now, request.check.mac, error)};
}

std::vector<net::Bytes> Authority::reply_signed(const Verified& request, const net::Message& reply,
                                                Transport transport) const {
  const auto finish = [&](const net::Message& message) -> std::vector<net::Bytes> {
    auto wire = net::encode(message);
    if (!wire) wire = net::encode(reply_to(request.message, net::Rcode::kServFail));
    if (!wire) return {};
    if (request.grant == nullptr) return {*wire};
    return {net::tsig_sign(*wire, request.grant->key, clock_.now(), request.check.mac, nullptr)};
  };
  std::vector<net::Bytes> whole = finish(reply);
  if (transport == Transport::kTcp || whole.empty() || whole[0].size() <= udp_limit(request.message)) return whole;
  net::Message cut = reply_to(request.message, reply.rcode);
  cut.aa = reply.aa;
  cut.tc = true;
  cut.edns = reply.edns;
  return finish(cut);
}

/// RFC 5936. An IXFR is answered with the whole zone too (RFC 1995 section 4).
std::vector<net::Bytes> Authority::transfer(const Verified& request, std::size_t address, Transport transport) {
  const net::Question& question = request.message.question[0];
  const bool allowed = request.grant == nullptr ? open_transfer_ == AuthoritySpec::OpenTransfer::kAllowed
                                                : request.grant->transfer == KeyGrant::Transfer::kAllowed;
  PublishedZonePtr published;
  {
    const std::lock_guard lock(mutex_);
    if (versions_.count(question.name) != 0) published = view_locked(address, question.name);
    if (published && allowed) ++counters_.transfers;
  }
  const auto refuse = [&](net::Rcode rcode) {
    return reply_signed(request, reply_to(request.message, rcode), transport);
  };
  if (!published) return refuse(net::Rcode::kNotAuth);
  if (!allowed) return refuse(net::Rcode::kRefused);
  if (transport == Transport::kUdp) {
    if (question.type == RecordType::kAxfr) return refuse(net::Rcode::kFormErr);
    net::Message truncated = reply_to(request.message, net::Rcode::kNoError);
    truncated.tc = true;
    return reply_signed(request, truncated, transport);
  }

  // The SOA first, everything else, the SOA again.
  const Zone& zone = published->zone;
  const RecordSet& soa = zone.sets.at({zone.origin, RecordType::kSoa});
  std::vector<net::Record> records = net::to_records(soa);
  for (const auto& [key, set] : zone.sets)
    if (key.type != RecordType::kSoa)
      for (net::Record& record : net::to_records(set)) records.push_back(std::move(record));
  records.push_back(net::to_records(soa)[0]);

  std::vector<net::Bytes> messages;
  net::Bytes mac = request.check.mac;
  std::size_t next = 0;
  while (next < records.size()) {
    net::Message message = reply_to(request.message, net::Rcode::kNoError);
    message.aa = true;
    std::size_t size = 0;
    while (next < records.size() && size < kTransferChunk) {
      size += records[next].rdata.size() + records[next].name.wire().size() + 10;
      message.answer.push_back(records[next++]);
    }
    const auto wire = net::encode(message);
    if (!wire) return refuse(net::Rcode::kServFail);
    if (request.grant == nullptr) {
      messages.push_back(*wire);
      continue;
    }
    // The first message is signed like any reply, the later ones over the timers only (RFC 8945 section 5.3.1).
    const auto sign = messages.empty() ? &net::tsig_sign : &net::tsig_sign_next;
    messages.push_back(sign(*wire, request.grant->key, clock_.now(), mac, &mac));
  }
  return messages;
}

net::Message Authority::update(const Verified& request, std::size_t address) {
  const bool allowed = request.grant != nullptr && request.grant->update == KeyGrant::Update::kAllowed;
  const std::lock_guard lock(mutex_);
  ++counters_.updates;
  net::Rcode rcode = net::Rcode::kRefused;
  // Secondaries do not forward updates (RFC 2136 section 6 lets them refuse).
  if (allowed && address == 0) {
    const bool known = request.message.question.size() == 1 && versions_.count(request.message.question[0].name) != 0;
    rcode = request.message.question.size() == 1 ? net::Rcode::kNotAuth : net::Rcode::kFormErr;
    if (known) {
      UpdateOutcome outcome = apply_update(current_locked(request.message.question[0].name)->zone, request.message);
      if (outcome.zone) publish_locked(*std::move(outcome.zone));
      rcode = outcome.rcode;
    }
  }
  if (rcode != net::Rcode::kNoError) ++counters_.updates_refused;
  // Only header and zone section: what was asked is not repeated (RFC 2136 section 3.8).
  net::Message reply = reply_to(request.message, rcode);
  return reply;
}

}  // namespace cutover::lab
