// Questions over real sockets. One Conversation is one question to one resolver; its member functions stand in the
// order in which they happen:
//
//   start_try -> (UDP) send_datagram -> read_datagrams -> finish
//                                        truncated  -> start_stream
//             -> (TCP) start_stream -> send_stream -> read_stream -> finish
//
// A try that runs out of time starts the next one with a fresh socket, hence a fresh port and a fresh id, so that a
// reply always belongs to the try that is under way. A finished conversation is destroyed by finish(): every function
// returns right after it.

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "core/text.h"
#include "dnsprobe/transport.h"
#include "net/message.h"

namespace cutover::dnsprobe {

namespace {

using Steady = std::chrono::steady_clock;

std::string reason_of(int error) { return std::error_code(error, std::generic_category()).message(); }

/// A socket address and how long it is.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  int family = AF_INET;
};

SocketAddress socket_address(const Endpoint& endpoint) {
  SocketAddress out;
  const std::string bytes = endpoint.address.bytes();
  if (endpoint.address.family() == Family::kV4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, bytes.data(), 4);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.length = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    out.family = AF_INET6;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, bytes.data(), 16);
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.length = sizeof v6;
  }
  return out;
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

class SocketTransport;

class Conversation {
 public:
  Conversation(SocketTransport& owner, net::Loop& loop, const Clock& clock, const TryOptions& options,
               std::uint64_t ticket, const Resolver& resolver, const RecordKey& key)
      : owner_(owner),
        loop_(loop),
        clock_(clock),
        options_(options),
        ticket_(ticket),
        transport_(resolver.transport),
        endpoint_(resolver.endpoint),
        question_{key.name, key.type, net::RecordClass::kIn} {
    // The first step too runs from the loop: nothing may finish inside ask().
    if (!endpoint_) {
      timer_ = loop_.after(std::chrono::nanoseconds::zero(),
                           [this] { finish(net::Outcome::kUnreachable, "its address is not known"); });
      return;
    }
    timer_ = loop_.after(std::chrono::nanoseconds::zero(), [this] { start_try(); });
  }

 private:
  void start_try() {
    ++tries_;
    stream_ = transport_ == Transport::kTcp;
    net::Message query = net::make_query(question_, net::Recursion::kDesired);
    if (query.edns) query.edns->want_nsid = true;
    auto wire = net::encode(query);
    if (!wire) return finish(net::Outcome::kUnreachable, wire.error().message);
    id_ = query.id;
    query_ = *std::move(wire);
    asked_ = clock_.now();
    started_ = Steady::now();
    timer_ = loop_.after(options_.timeout, [this] { out_of_time(); });
    return stream_ ? start_stream() : send_datagram();
  }

  void out_of_time() {
    readiness_.cancel();
    socket_ = net::Descriptor();
    if (tries_ < options_.tries) return start_try();
    if (!garbage_.empty()) return finish(net::Outcome::kGarbage, garbage_);
    finish(net::Outcome::kTimeout, "no answer in time");
  }

  /// A connected socket: the kernel then drops datagrams of others and reports what ICMP says.
  bool open(int type) {
    const SocketAddress to = socket_address(*endpoint_);
    socket_ = net::Descriptor(::socket(to.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) return false;
    return ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.length) == 0 ||
           errno == EINPROGRESS;
  }

  void send_datagram() {
    if (!open(SOCK_DGRAM)) return finish(net::Outcome::kUnreachable, reason_of(errno));
    const ssize_t sent = ::send(socket_.get(), query_.data(), query_.size(), MSG_NOSIGNAL);
    // A full buffer loses this datagram as the network might: the time out takes care of it.
    if (sent < 0 && !would_block(errno)) return finish(net::Outcome::kUnreachable, reason_of(errno));
    await_datagram();
  }

  void await_datagram() {
    readiness_ = loop_.on_readable(socket_.get(), [this] { read_datagrams(); });
  }

  void read_datagrams() {
    static thread_local std::string buffer(65535, '\0');
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (got < 0 && would_block(errno)) return await_datagram();
      if (got < 0) return finish(net::Outcome::kUnreachable, reason_of(errno));
      auto reply = read_reply(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
      if (!reply) continue;
      if (!reply->tc) return finish_with(*std::move(reply));
      readiness_.cancel();
      socket_ = net::Descriptor();
      return start_stream();
    }
  }

  /// nullopt: not the reply to this question; it goes on waiting for that, and remembers what came.
  std::optional<net::Message> read_reply(std::string_view wire) {
    auto reply = net::decode(wire);
    if (!reply) {
      garbage_ = "malformed reply: " + printable(reply.error().message);
      return std::nullopt;
    }
    const bool refuses_without_question = reply->question.empty() && reply->rcode != net::Rcode::kNoError;
    if (!reply->qr || reply->opcode != net::Opcode::kQuery)
      garbage_ = "what came is not a reply";
    else if (reply->id != id_)
      garbage_ = "reply had another id";
    else if (!refuses_without_question && (reply->question.size() != 1 || reply->question.front() != question_))
      garbage_ = "reply had another question";
    else
      return *std::move(reply);
    return std::nullopt;
  }

  void start_stream() {
    stream_ = true;
    asked_ = clock_.now();
    if (!open(SOCK_STREAM)) return finish(net::Outcome::kUnreachable, "over TCP: " + reason_of(errno));
    const int on = 1;
    (void)::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // RFC 1035 section 4.2.2: two octets of length before the message.
    outgoing_ = {static_cast<char>(query_.size() >> 8), static_cast<char>(query_.size() & 0xff)};
    outgoing_ += query_;
    incoming_.clear();
    readiness_ = loop_.on_writable(socket_.get(), [this] { send_stream(); });
  }

  void send_stream() {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error != 0)
      return finish(net::Outcome::kUnreachable, "over TCP: " + reason_of(error));
    while (!outgoing_.empty()) {
      const ssize_t sent = ::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
      if (sent < 0 && would_block(errno)) {
        readiness_ = loop_.on_writable(socket_.get(), [this] { send_stream(); });
        return;
      }
      if (sent < 0) return finish(net::Outcome::kUnreachable, "over TCP: " + reason_of(errno));
      outgoing_.erase(0, static_cast<std::size_t>(sent));
    }
    await_stream();
  }

  void await_stream() {
    readiness_ = loop_.on_readable(socket_.get(), [this] { read_stream(); });
  }

  void read_stream() {
    char buffer[4096];
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (got < 0 && would_block(errno)) return await_stream();
      if (got < 0) return finish(net::Outcome::kUnreachable, "over TCP: " + reason_of(errno));
      if (got == 0)
        return finish(net::Outcome::kUnreachable, "over TCP: closed the connection before the reply was complete");
      incoming_.append(buffer, static_cast<std::size_t>(got));
      if (incoming_.size() < 2) continue;
      const std::size_t length =
          static_cast<unsigned char>(incoming_[0]) * 256U + static_cast<unsigned char>(incoming_[1]);
      if (incoming_.size() < length + 2) continue;
      auto reply = read_reply(std::string_view(incoming_).substr(2, length));
      // A stream has one reply to one question: what is wrong in it will not get better by waiting.
      if (!reply) return finish(net::Outcome::kGarbage, "over TCP: " + garbage_);
      // Cut off where there is room for 64 KB: what it leaves out is not absent, so it says nothing.
      if (reply->tc) return finish(net::Outcome::kGarbage, "over TCP: the reply is cut off (TC) even so");
      return finish_with(*std::move(reply));
    }
  }

  void finish_with(net::Message reply);
  void finish(net::Outcome outcome, const std::string& detail);
  net::DnsAnswer ending(net::Outcome outcome) const {
    net::DnsAnswer out;
    out.outcome = outcome;
    out.received = clock_.now();
    out.rtt = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - started_);
    out.over_tcp = stream_;
    return out;
  }

  SocketTransport& owner_;
  net::Loop& loop_;
  const Clock& clock_;
  const TryOptions& options_;
  const std::uint64_t ticket_;
  const Transport transport_;
  const std::optional<Endpoint> endpoint_;
  const net::Question question_;
  int tries_ = 0;
  bool stream_ = false;
  std::uint16_t id_ = 0;
  net::Bytes query_, outgoing_, incoming_;
  std::string garbage_;
  Instant asked_ = clock_.now();
  Steady::time_point started_ = Steady::now();
  net::Descriptor socket_;
  net::Loop::Handle readiness_;  ///< after socket_: goes before the descriptor closes
  net::Loop::Handle timer_;
};

class SocketTransport final : public ProbeTransport {
 public:
  SocketTransport(net::Loop& loop, const Clock& clock, TryOptions options, Answered answered)
      : loop_(loop), clock_(clock), options_(options), answered_(std::move(answered)) {}

  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) override {
    under_way_[ticket] = std::make_unique<Conversation>(*this, loop_, clock_, options_, ticket, resolver, key);
  }

  /// Destroys the conversation that calls it.
  void finished(std::uint64_t ticket, Sample sample) {
    under_way_.erase(ticket);
    answered_(ticket, std::move(sample));
  }

 private:
  net::Loop& loop_;
  const Clock& clock_;
  const TryOptions options_;
  const Answered answered_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Conversation>> under_way_;
};

void Conversation::finish_with(net::Message reply) {
  net::DnsAnswer answer = ending(net::Outcome::kAnswered);
  answer.reply = std::move(reply);
  owner_.finished(ticket_, sample_of(answer, asked_));
}

void Conversation::finish(net::Outcome outcome, const std::string& detail) {
  net::DnsAnswer answer = ending(outcome);
  answer.detail = detail;
  owner_.finished(ticket_, sample_of(answer, asked_));
}

}  // namespace

TransportFactory socket_transport(net::Loop& loop, const Clock& clock, TryOptions options) {
  return [&loop, &clock, options](ProbeTransport::Answered answered) -> std::unique_ptr<ProbeTransport> {
    return std::make_unique<SocketTransport>(loop, clock, options, std::move(answered));
  };
}

}  // namespace cutover::dnsprobe
