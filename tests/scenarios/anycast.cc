#include "tests/scenarios/anycast.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "core/text.h"
#include "net/exchange.h"
#include "net/message.h"
#include "tests/support/socket_address.h"

namespace cutover::stage {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kProgram = INADDR_LOOPBACK;

net::Descriptor opened(int type) {
  net::Descriptor out(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const timeval patience{1, 0};
  ::setsockopt(out.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return out;
}

net::Descriptor bound(int type, const Endpoint& where) {
  net::Descriptor out = opened(type);
  const sockaddr_in at = test::socket_address(where);
  if (::bind(out.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    throw std::runtime_error("nobody can listen on " + where.text() + ": " + std::strerror(errno));
  return out;
}

bool connect_to(const net::Descriptor& fd, const Endpoint& where) {
  const sockaddr_in at = test::socket_address(where);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
}

std::string hear_datagram(int fd) {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
  return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

/// One message with its length before it (RFC 1035 section 4.2.2), and that length with it; empty: none came.
std::string hear_framed(int fd) {
  std::string out(2, '\0');
  if (::recv(fd, out.data(), 2, MSG_WAITALL) != 2) return {};
  const std::size_t length = static_cast<unsigned char>(out[0]) * 256U + static_cast<unsigned char>(out[1]);
  out.resize(2 + length);
  return ::recv(fd, out.data() + 2, length, MSG_WAITALL) == static_cast<ssize_t>(length) ? out : std::string();
}

std::int64_t ticks(Instant at) { return at.time_since_epoch().count(); }

}  // namespace

// ---- the address

AnycastAddress::AnycastAddress(Endpoint near, Endpoint far)
    : near_(std::move(near)), far_(std::move(far)), here_(*Endpoint::from_text(servers::own_address(), 1)) {
  here_.port = servers::free_port(here_.address.text());
  udp_ = bound(SOCK_DGRAM, here_);
  tcp_ = bound(SOCK_STREAM, here_);
  if (::listen(tcp_.get(), 16) != 0) throw std::runtime_error("an anycast address cannot listen");
  end_ = net::Descriptor(::eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] { work(); });
}

AnycastAddress::~AnycastAddress() {
  ::eventfd_write(end_.get(), 1);
  thread_.join();
}

std::vector<AnycastAddress::Question> AnycastAddress::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void AnycastAddress::work() {
  while (true) {
    std::array<pollfd, 3> waiting = {pollfd{end_.get(), POLLIN, 0}, {udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 || waiting[0].revents != 0) return;
    if (waiting[1].revents != 0) pass_datagram();
    if (waiting[2].revents != 0) pass_stream();
  }
}

const Endpoint& AnycastAddress::site_for(std::uint32_t client, const std::string& query) {
  const in_addr address{client};
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address, text.data(), text.size());
  if (const auto message = net::decode(query); message && !message->question.empty()) {
    const std::lock_guard lock(mutex_);
    asked_.push_back({now(), text.data(), {message->question.front().name, message->question.front().type}});
  }
  return ntohl(client) == kProgram ? near_ : far_;
}

void AnycastAddress::pass_datagram() {
  std::array<char, 4096> buffer{};
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const ssize_t got =
      ::recvfrom(udp_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  if (got <= 0) return;
  const std::string query(buffer.data(), static_cast<std::size_t>(got));
  const net::Descriptor site = opened(SOCK_DGRAM);
  if (!connect_to(site, site_for(from.sin_addr.s_addr, query))) return;
  ::send(site.get(), query.data(), query.size(), MSG_NOSIGNAL);
  const std::string reply = hear_datagram(site.get());
  if (!reply.empty())
    ::sendto(udp_.get(), reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
}

void AnycastAddress::pass_stream() {
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const net::Descriptor client(::accept4(tcp_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC));
  const timeval patience{1, 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string query = hear_framed(client.get());
  if (query.empty()) return;
  const net::Descriptor site = opened(SOCK_STREAM);
  if (!connect_to(site, site_for(from.sin_addr.s_addr, query.substr(2)))) return;
  ::send(site.get(), query.data(), query.size(), MSG_NOSIGNAL);
  const std::string reply = hear_framed(site.get());
  ::send(client.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
}

// ---- the far site

LaggingSite::LaggingSite(const servers::Authority& near, const servers::Authority& far, std::string zone,
                         std::vector<RecordKey> keys, std::chrono::seconds lag)
    : near_(near), far_(far), zone_(std::move(zone)), keys_(std::move(keys)), lag_(lag), thread_([this] { work(); }) {}

LaggingSite::~LaggingSite() {
  over_ = true;
  thread_.join();
}

std::vector<LaggingSite::Turn> LaggingSite::turns() const {
  const std::lock_guard lock(mutex_);
  return turns_;
}

bool LaggingSite::wait_for(std::size_t turns, std::chrono::seconds limit) const {
  return servers::wait_until(limit, [&] { return this->turns().size() >= turns; });
}

void LaggingSite::work() {
  std::vector<std::pair<Instant, std::string>> pending;  // when the near site changed, and the update that follows it
  auto serial = near_.serial(zone_);
  for (; !over_; std::this_thread::sleep_for(20ms)) {
    if (const auto seen = near_.serial(zone_); seen && seen != serial) {
      serial = seen;
      std::string script = "zone " + zone_;
      for (const RecordKey& key : keys_) {
        script += "\nupdate delete " + key.text();
        const Answer there = look_up_authority(near_.endpoint(), key.name.text(), std::string(to_text(key.type)));
        for (const std::string& value : there.rdata)
          script += fmt::format("\nupdate add {} {} {} {}", key.name.text(), there.ttl_s, to_text(key.type), value);
      }
      pending.emplace_back(now(), script);
    }
    if (pending.empty() || now() < pending.front().first + lag_) continue;
    const servers::Finished done = nsupdate(far_.endpoint(), far_.key(), pending.front().second);
    const std::lock_guard lock(mutex_);
    if (done.status == 0) turns_.push_back({pending.front().first, now()});
    pending.erase(pending.begin());
  }
}

// ---- the users

CacheUsers::CacheUsers(const Clock& clock, std::vector<Endpoint> caches, std::vector<Wish> wishes,
                       std::chrono::seconds high_above)
    : clock_(clock),
      caches_(std::move(caches)),
      wishes_(std::move(wishes)),
      high_above_(high_above),
      address_(servers::own_address()),
      thread_([this] { work(); }) {}

CacheUsers::~CacheUsers() {
  over_ = true;
  thread_.join();
}

void CacheUsers::work() {
  for (; !over_; std::this_thread::sleep_for(250ms))
    for (const Endpoint& cache : caches_)
      for (const Wish& wish : wishes_) ask(cache, wish);
}

void CacheUsers::ask(const Endpoint& cache, const Wish& wish) {
  const net::Descriptor socket = bound(SOCK_DGRAM, *Endpoint::from_text(address_, 0));
  const auto query =
      net::encode(net::make_query({wish.key.name, wish.key.type, net::RecordClass::kIn}, net::Recursion::kDesired));
  if (!query || !connect_to(socket, cache)) return;
  ::send(socket.get(), query->data(), query->size(), MSG_NOSIGNAL);
  const auto reply = net::decode(hear_datagram(socket.get()));
  const Instant at = clock_.now();
  if (!reply || (reply->rcode != net::Rcode::kNoError && reply->rcode != net::Rcode::kNxDomain)) return;
  ++served_;
  const auto set = net::find_set(reply->answer, wish.key);
  if ((set ? set->rdata : std::vector<std::string>()) == wish.old_values) last_old_ = ticks(at);
  if (set && set->ttl > high_above_) high_until_ = std::max(high_until_.load(), ticks(at + set->ttl));
}

// ---- what Unbound wrote down

std::vector<LoggedQuestion> logged_questions(const servers::Unbound& resolver, const RecordKey& key) {
  // [1763820000] unbound[4711:0] info: 127.0.0.1 www.example.com. AAAA IN
  std::vector<LoggedQuestion> out;
  std::istringstream lines(resolver.log());
  const std::string wanted = " " + to_lower(key.text()) + " in";
  for (std::string logged; std::getline(lines, logged);) {
    const std::string line = to_lower(logged);  // the program asks in letters of any case
    const auto info = line.find(" info: "), question = line.find(wanted);
    if (line.empty() || line[0] != '[' || info == std::string::npos || question == std::string::npos) continue;
    const std::string from = line.substr(info + 7, question - info - 7);
    if (from.find(' ') == std::string::npos) out.push_back({Instant(Seconds(std::stoll(line.substr(1)))), from});
  }
  return out;
}

}  // namespace cutover::stage
