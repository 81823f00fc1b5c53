#include <ares.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "core/text.h"
#include "net/lookup.h"

namespace cutover::net {
namespace {

constexpr std::size_t kMaxChain = 16;

// --- through resolvers given by address -----------------------------------------------------------------------

/// The addresses at the end of the CNAME chain that starts at `host`.
std::vector<IpAddress> addresses_in(const Message& reply, const DomainName& host, RecordType type) {
  DomainName owner = host;
  for (std::size_t links = 0; links < kMaxChain; ++links) {
    const auto alias = find_set(reply.answer, {owner, RecordType::kCname});
    if (!alias) break;
    const auto target = DomainName::from_text(alias->rdata[0]);
    if (!target) break;
    owner = *target;
  }
  std::vector<IpAddress> addresses;
  if (const auto set = find_set(reply.answer, {owner, type}))
    for (const std::string& text : set->rdata)
      if (const auto address = IpAddress::from_text(text)) addresses.push_back(*address);
  return addresses;
}

Error no_addresses(const DomainName& host) {
  return fail(ErrorCode::kNotFound, fmt::format("{} has no address: no A or AAAA record was found", host.text()));
}

void sort_unique(std::vector<IpAddress>& addresses) {
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
}

// --- through the system, with c-ares --------------------------------------------------------------------------

struct FreeChannel {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<std::remove_pointer_t<ares_channel>, FreeChannel>;

/// One look-up of one host by the system's rules (hosts file, resolv.conf), on our loop.
class SystemLookup {
 public:
  explicit SystemLookup(Loop& loop) : loop_(loop) {}
  ~SystemLookup() {
    // Destroying the channel still calls back: while the members those callbacks use are alive.
    channel_.reset();
  }
  SystemLookup(const SystemLookup&) = delete;
  SystemLookup& operator=(const SystemLookup&) = delete;

  Result<std::vector<IpAddress>> run(const DomainName& host, std::chrono::milliseconds timeout) {
    ares_options options{};
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<SystemLookup*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    ares_channel raw = nullptr;
    if (const int status = ares_init_options(&raw, &options, ARES_OPT_SOCK_STATE_CB); status != ARES_SUCCESS)
      return fail(ErrorCode::kIo,
                  fmt::format("the system's resolver settings cannot be read: {}", ares_strerror(status)));
    channel_.reset(raw);
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(
        channel_.get(), host.host().c_str(), nullptr, &hints,
        [](void* self, int status, int, ares_addrinfo* found) {
          static_cast<SystemLookup*>(self)->finish(status, found);
        },
        this);
    arm_timer();
    const auto deadline = loop_.after(timeout, [this] { done_ = true; });
    loop_.run_until([this] { return done_; });
    if (!answered_)
      return fail(ErrorCode::kTimeout,
                  fmt::format("the system's resolver did not find {} within {} ms", host.text(), timeout.count()));
    if (status_ == ARES_ENOTFOUND || status_ == ARES_ENODATA || (status_ == ARES_SUCCESS && addresses_.empty()))
      return no_addresses(host);
    if (status_ != ARES_SUCCESS)
      return fail(ErrorCode::kNetwork, fmt::format("the system's resolver did not find {}: {}", host.text(),
                                                   to_lower(ares_strerror(status_))));
    sort_unique(addresses_);
    return addresses_;
  }

 private:
  void watch(ares_socket_t fd, bool readable, bool writable) {
    Waits& waits = waits_[fd];
    waits.readable = readable ? loop_.on_readable(fd, [this, fd] { process(fd, ARES_SOCKET_BAD); }) : Loop::Handle();
    waits.writable = writable ? loop_.on_writable(fd, [this, fd] { process(ARES_SOCKET_BAD, fd); }) : Loop::Handle();
    waits.want_read = readable;
    waits.want_write = writable;
    if (!readable && !writable) waits_.erase(fd);
  }

  void process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel_.get(), readable, writable);
    // c-ares says what it waits for when that changes; a wait of ours is over after one event.
    for (auto& [fd, waits] : waits_) {
      if (waits.want_read && !waits.readable.pending())
        waits.readable = loop_.on_readable(fd, [this, fd = fd] { process(fd, ARES_SOCKET_BAD); });
      if (waits.want_write && !waits.writable.pending())
        waits.writable = loop_.on_writable(fd, [this, fd = fd] { process(ARES_SOCKET_BAD, fd); });
    }
    arm_timer();
  }

  void arm_timer() {
    timeval span{};
    if (answered_ || ares_timeout(channel_.get(), nullptr, &span) == nullptr) return;
    timer_ = loop_.after(std::chrono::seconds(span.tv_sec) + std::chrono::microseconds(span.tv_usec),
                         [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
  }

  void finish(int status, ares_addrinfo* found) {
    const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owner(found, ares_freeaddrinfo);
    if (status == ARES_EDESTRUCTION) return;
    status_ = status;
    answered_ = done_ = true;
    for (const ares_addrinfo_node* node = found != nullptr ? found->nodes : nullptr; node != nullptr;
         node = node->ai_next) {
      std::string bytes;
      if (node->ai_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(node->ai_addr);
        bytes.assign(reinterpret_cast<const char*>(&v4->sin_addr), sizeof v4->sin_addr);
      } else if (node->ai_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(node->ai_addr);
        bytes.assign(reinterpret_cast<const char*>(&v6->sin6_addr), sizeof v6->sin6_addr);
      }
      if (const auto address = IpAddress::from_bytes(bytes)) addresses_.push_back(*address);
    }
  }

  struct Waits {
    Loop::Handle readable, writable;
    bool want_read = false, want_write = false;
  };

  Loop& loop_;
  std::map<ares_socket_t, Waits> waits_;
  Loop::Handle timer_;
  bool done_ = false;
  bool answered_ = false;
  int status_ = ARES_SUCCESS;
  std::vector<IpAddress> addresses_;
  Channel channel_;
};

}  // namespace

std::vector<Endpoint> system_resolvers() {
  std::vector<Endpoint> endpoints;
  ares_channel raw = nullptr;
  if (ares_init(&raw) != ARES_SUCCESS) return endpoints;
  const Channel channel(raw);
  ares_addr_port_node* servers = nullptr;
  if (ares_get_servers_ports(raw, &servers) != ARES_SUCCESS) return endpoints;
  const std::unique_ptr<void, void (*)(void*)> owner(servers, ares_free_data);
  for (const ares_addr_port_node* server = servers; server != nullptr; server = server->next) {
    const bool v4 = server->family == AF_INET;
    const char* from =
        v4 ? reinterpret_cast<const char*>(&server->addr.addr4) : reinterpret_cast<const char*>(&server->addr.addr6);
    const auto address = IpAddress::from_bytes({from, v4 ? 4U : 16U});
    const int port = server->udp_port != 0 ? server->udp_port : 53;
    if (address) endpoints.push_back({*address, static_cast<std::uint16_t>(port)});
  }
  return endpoints;
}

std::vector<Endpoint> lookup_servers(const LookupOptions& options) {
  return options.servers.empty() ? system_resolvers() : options.servers;
}

std::vector<Result<Message>> ask_resolvers(Loop& loop, const Clock& clock, const std::vector<Question>& questions,
                                           const LookupOptions& options) {
  const std::vector<Endpoint> servers = lookup_servers(options);
  const Error nobody =
      fail(ErrorCode::kNetwork, "no resolver is configured on this machine; name one with `lookup:` in the plan");
  std::vector<Result<Message>> replies(questions.size(), nobody);
  for (const Endpoint& server : servers) {
    std::vector<DnsRequest> requests;
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (replies[i]) continue;
      open.push_back(i);
      Message query = make_query(questions[i], Recursion::kDesired);
      query.ad = true;  // RFC 6840 section 5.7: AD in the reply is wanted
      requests.push_back({.server = server,
                          .message = std::move(query),
                          .key = {},
                          .timeout = options.timeout,
                          .tries = 2,
                          .before_send = {}});
    }
    if (open.empty()) break;
    // All at once: a resolver that is silent then costs one wait, and not one for every few questions.
    const std::vector<DnsAnswer> answers = exchange_all(loop, clock, requests, requests.size());
    for (std::size_t i = 0; i < open.size(); ++i) {
      const DnsAnswer& answer = answers[i];
      const Rcode rcode = answer.reply.rcode;
      const std::string what = fmt::format("the look-up resolver {} did not answer for {} {}", server.text(),
                                           questions[open[i]].name.text(), to_text(questions[open[i]].type));
      if (answer.outcome != Outcome::kAnswered)
        replies[open[i]] = fail(answer.outcome == Outcome::kTimeout ? ErrorCode::kTimeout : ErrorCode::kNetwork,
                                what + ": " + answer.detail);
      else if (rcode != Rcode::kNoError && rcode != Rcode::kNxDomain)
        replies[open[i]] = fail(ErrorCode::kNetwork, what + ": " + to_text(rcode));
      else
        replies[open[i]] = answer.reply;
    }
  }
  return replies;
}

std::vector<Result<std::vector<IpAddress>>> lookup_hosts(Loop& loop, const Clock& clock,
                                                         const std::vector<DomainName>& hosts,
                                                         const LookupOptions& options) {
  std::vector<Question> questions;
  for (const DomainName& host : hosts)
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa})
      questions.push_back({host, type, RecordClass::kIn});
  const std::vector<Result<Message>> replies = ask_resolvers(loop, clock, questions, options);
  std::vector<Result<std::vector<IpAddress>>> found;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    std::vector<IpAddress> addresses;
    std::optional<Error> trouble;
    for (std::size_t q = 2 * i; q < 2 * i + 2; ++q) {
      if (!replies[q]) {
        trouble = replies[q].error();
        continue;
      }
      for (const IpAddress& address : addresses_in(*replies[q], hosts[i], questions[q].type))
        addresses.push_back(address);
    }
    sort_unique(addresses);
    if (!addresses.empty())
      found.emplace_back(std::move(addresses));
    else
      found.emplace_back(trouble ? *trouble : no_addresses(hosts[i]));
  }
  return found;
}

Result<std::vector<IpAddress>> lookup_host(Loop& loop, const Clock& clock, const DomainName& host,
                                           const LookupOptions& options) {
  if (options.servers.empty()) return SystemLookup(loop).run(host, options.timeout);
  return std::move(lookup_hosts(loop, clock, {host}, options).front());
}

}  // namespace cutover::net
