#include "providers/rfc2136/primary_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "core/boundary.h"
#include "core/text.h"

namespace cutover::providers::rfc2136 {
namespace {

constexpr std::uint16_t kUsualPort = 53;
constexpr std::chrono::milliseconds kUpdateTimeout{10000};
constexpr std::chrono::milliseconds kQueryTimeout{2000};
constexpr std::chrono::milliseconds kTransferTimeout{60000};
// From so many record sets on, one transfer is less work for both sides than a question for each, unless the zone is
// that many times larger. Then it is not waited for as long as where nothing else will do.
constexpr std::size_t kSetsWorthATransfer = 50;
constexpr std::size_t kZoneTooLarge = 20;
constexpr std::chrono::milliseconds kBriefTransferTimeout{4000};

/// The wildcards that could have made up an answer for `key`, from its parent to the zone's apex.
std::vector<RecordKey> wildcards_above(const RecordKey& key, const DomainName& zone) {
  std::vector<RecordKey> wildcards;
  for (DomainName name = key.name; name != zone && !name.is_root();) {
    name = name.parent();
    if (auto wildcard = DomainName::from_text("*", name); wildcard && *wildcard != key.name)
      wildcards.push_back({*wildcard, key.type});
  }
  return wildcards;
}

bool nothing_came(const std::vector<net::DnsAnswer>& replies) {
  return std::all_of(replies.begin(), replies.end(), [](const net::DnsAnswer& answer) {
    return answer.outcome == net::Outcome::kTimeout || answer.outcome == net::Outcome::kUnreachable;
  });
}

bool answers(const net::DnsAnswer& answer) { return !answer.reply.answer.empty(); }

}  // namespace

std::string ServerName::text() const {
  return endpoint ? endpoint->text() : port == kUsualPort ? host : fmt::format("{}:{}", host, port);
}

Result<ServerName> parse_server_name(const std::string& text) {
  ServerName server;
  if (auto endpoint = Endpoint::from_text(text, kUsualPort)) {
    server.host = endpoint->address.text();
    server.port = endpoint->port;
    server.endpoint = *endpoint;
    return server;
  }
  server.host = text;
  if (const auto colon = text.rfind(':'); colon != std::string::npos) {
    server.host = text.substr(0, colon);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, server.port);
    if (error != std::errc{} || stop != end || server.port == 0)
      return fail(ErrorCode::kUsage,
                  fmt::format("'{}' is no server: write ns1.example.com, ns1.example.com:5353, 192.0.2.53 or "
                              "\"[2001:db8::53]:5353\"",
                              printable(text)));
  }
  auto name = DomainName::from_text(server.host);
  if (!name || name->is_root())
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is no server: write ns1.example.com, ns1.example.com:5353, 192.0.2.53 or "
                            "\"[2001:db8::53]:5353\"",
                            printable(text)));
  server.host = name->host();
  return server;
}

/// Where the server is: one endpoint, or every address of its name.
Result<std::vector<Endpoint>> PrimaryServer::endpoints() {
  if (settings_.server.endpoint) return std::vector<Endpoint>{*settings_.server.endpoint};
  if (!looked_up_.empty()) return looked_up_;
  auto name = DomainName::from_text(settings_.server.host);
  if (!name) return name.error();
  auto addresses = net::lookup_host(context_.loop, context_.clock, *name, context_.lookup);
  if (!addresses) return within("looking up the server of the zone", addresses.error());
  if (addresses->empty())
    return fail(ErrorCode::kNetwork, fmt::format("the server {} has no address", printable(settings_.server.host)));
  for (const IpAddress& address : *addresses) looked_up_.push_back({address, settings_.server.port});
  return looked_up_;
}

/// From now on this address of the server's name is the last to be asked.
void PrimaryServer::prefer_others_to(const Endpoint& silent) {
  if (looked_up_.size() < 2) return;
  looked_up_.erase(std::remove(looked_up_.begin(), looked_up_.end(), silent), looked_up_.end());
  looked_up_.push_back(silent);
  ask_by_ = net::DnsTransport::kUdpThenTcp;
}

Result<Zone> PrimaryServer::transfer(const DomainName& zone) {
  auto addresses = endpoints();
  if (!addresses) return addresses.error();
  for (std::size_t i = 0;; ++i) {
    const Endpoint& server = (*addresses)[i];
    auto read = transfer_from(server, zone, kTransferTimeout);
    const bool silent = !read && (read.error().code == ErrorCode::kNetwork || read.error().code == ErrorCode::kTimeout);
    if (silent) prefer_others_to(server);
    if (!silent || i + 1 == addresses->size()) return read;
  }
}

/// One question per key. UDP first: a server takes hundreds of questions a second, but not as many connections.
std::vector<net::DnsAnswer> PrimaryServer::ask_at(const Endpoint& server, const std::vector<RecordKey>& keys) {
  std::vector<net::DnsRequest> requests;
  for (const RecordKey& key : keys) {
    net::DnsRequest request;
    request.server = server;
    request.message = net::make_query({key.name, key.type, net::RecordClass::kIn}, net::Recursion::kNotDesired);
    request.transport = ask_by_;
    request.key = settings_.key;
    request.timeout = kQueryTimeout;
    request.tries = 2;
    requests.push_back(std::move(request));
  }
  return net::exchange_all(context_.loop, context_.clock, requests);
}

/// Over TCP where UDP brings nothing (a firewall may let only TCP through), and at the next address of the server's
/// name where neither does. What the last of them said, when all are silent.
Result<std::vector<net::DnsAnswer>> PrimaryServer::ask(const std::vector<RecordKey>& keys) {
  auto addresses = endpoints();
  if (!addresses) return addresses.error();
  std::vector<net::DnsAnswer> replies;
  for (const Endpoint& server : *addresses) {
    replies = ask_at(server, keys);
    if (nothing_came(replies) && ask_by_ == net::DnsTransport::kUdpThenTcp) {
      ask_by_ = net::DnsTransport::kTcp;
      replies = ask_at(server, keys);
    }
    if (!nothing_came(replies)) break;
    prefer_others_to(server);
  }
  return replies;
}

Result<Zone> PrimaryServer::transfer_from(const Endpoint& server, const DomainName& zone,
                                          std::chrono::milliseconds timeout) {
  auto whole = net::transfer_zone(context_.loop, context_.clock, server, zone, settings_.key, timeout);
  if (whole) {
    transferred_[zone] = {false, whole->sets.size()};
  } else if (whole.error().code == ErrorCode::kRefused) {
    transferred_[zone].refused = true;
  }
  return whole;
}

Result<std::optional<Provider::Sets>> PrimaryServer::read_sets(const DomainName& zone,
                                                               const std::vector<RecordKey>& keys) {
  auto sets = transfer_sets(zone, keys);
  if (!sets || *sets) return sets;
  return ask_sets(zone, keys);
}

/// Many record sets out of one transfer; nullopt where asking for each is better, or the only way.
Result<std::optional<Provider::Sets>> PrimaryServer::transfer_sets(const DomainName& zone,
                                                                   const std::vector<RecordKey>& keys) {
  if (keys.size() < kSetsWorthATransfer) return std::optional<Provider::Sets>();
  const auto known = transferred_.find(zone);
  if (known != transferred_.end() && (known->second.refused || known->second.sets > kZoneTooLarge * keys.size()))
    return std::optional<Provider::Sets>();
  // A transfer does not tell what the server's clock says: one question does, and which of its addresses answers.
  const auto soa = ask({{zone, RecordType::kSoa}});
  if (!soa) return soa.error();
  note_clock(soa->front());
  const auto addresses = endpoints();
  if (!addresses || verdict_on_query(talk(zone), soa->front()) || !soa->front().reply.aa)
    return std::optional<Provider::Sets>();
  const auto whole = transfer_from(addresses->front(), zone, kBriefTransferTimeout);
  if (!whole) return std::optional<Provider::Sets>();
  return std::optional<Provider::Sets>(sets_of(*whole, keys));
}

/// The sets of `keys`, each asked for.
Result<std::optional<Provider::Sets>> PrimaryServer::ask_sets(const DomainName& zone,
                                                              const std::vector<RecordKey>& keys) {
  std::vector<RecordKey> asked{{zone, RecordType::kSoa}};
  asked.insert(asked.end(), keys.begin(), keys.end());
  std::set<RecordKey> wildcards;
  for (const RecordKey& key : keys)
    for (const RecordKey& wildcard : wildcards_above(key, zone)) wildcards.insert(wildcard);
  const std::size_t first_wildcard = asked.size();
  asked.insert(asked.end(), wildcards.begin(), wildcards.end());

  auto answered = ask(asked);
  if (!answered) return answered.error();
  const std::vector<net::DnsAnswer>& replies = *answered;
  Provider::Sets found;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    note_clock(replies[i]);
    if (auto error = verdict_on_query(talk(zone), replies[i])) return *error;
    // An answer that a wildcard or a DNAME made up, or a referral, cannot be told from a real set by asking:
    // the zone itself has to be looked at.
    const bool made_up =
        (i >= first_wildcard && answers(replies[i])) || !replies[i].reply.aa ||
        std::any_of(replies[i].reply.answer.begin(), replies[i].reply.answer.end(), [&](const net::Record& record) {
          return record.type == RecordType::kDname && asked[i].type != RecordType::kDname;
        });
    if (made_up && i > 0) return std::optional<Provider::Sets>();
    if (auto set = net::find_set(replies[i].reply.answer, asked[i]); set && i < first_wildcard)
      found.sets[asked[i]] = std::move(*set);
  }
  const auto soa_set = found.sets.find(asked[0]);
  if (soa_set == found.sets.end() || !replies[0].reply.aa)
    return fail(ErrorCode::kNotFound, fmt::format("{} is not authoritative for {}", talk(zone).server, zone.text()));
  auto soa = parse_soa(soa_set->second);
  if (!soa) return soa.error();
  found.soa = *soa;
  return std::optional(std::move(found));
}

net::DnsAnswer PrimaryServer::send_at(const Endpoint& server, const net::Message& update) {
  net::DnsRequest request;
  request.server = server;
  request.message = update;
  request.transport = settings_.transport;
  request.key = settings_.key;
  request.timeout = kUpdateTimeout;
  request.tries = 1;
  request.before_send = [] { boundary("provider-before-send"); };
  net::DnsAnswer answer = net::exchange(context_.loop, context_.clock, request);
  boundary("provider-after-reply");
  note_clock(answer);
  return answer;
}

Result<net::DnsAnswer> PrimaryServer::send(const net::Message& update,
                                           const std::function<std::optional<net::Message>()>& loosened) {
  auto addresses = endpoints();
  if (!addresses) return addresses.error();
  net::DnsAnswer answer;
  for (const Endpoint& server : *addresses) {
    answer = send_at(server, update);
    if (answer.outcome == net::Outcome::kAnswered && answer.reply.rcode == net::Rcode::kNxRrset)
      if (const auto loose = loosened()) answer = send_at(server, *loose);
    if (answer.outcome == net::Outcome::kAnswered || answer.sent) break;
    prefer_others_to(server);
  }
  return answer;
}

}  // namespace cutover::providers::rfc2136
