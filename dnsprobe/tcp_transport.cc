// Questions over TCP. One Conversation is one question to one resolver; its member functions stand in the order in
// which they happen:
//
//   start_try -> send_stream -> read_stream -> finish
//
// A try that runs out of time starts the next one with a fresh connection and a fresh id, so that a reply always
// belongs to the try that is under way. A finished conversation is destroyed by finish(): every function returns right
// after it.

#include "dnsprobe/tcp_transport.h"

#include <sys/socket.h>

#include <cerrno>
#include <unordered_map>
#include <utility>

#include "core/text.h"
#include "net/message.h"
#include "net/socket.h"
#include "net/wire.h"

namespace cutover::dnsprobe {

namespace {

using Steady = std::chrono::steady_clock;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

class TcpTransport;

class Conversation {
 public:
  Conversation(TcpTransport& owner, net::Loop& loop, const Clock& clock, const TryOptions& options,
               std::uint64_t ticket, const Resolver& resolver, const RecordKey& key)
      : owner_(owner),
        loop_(loop),
        clock_(clock),
        options_(options),
        ticket_(ticket),
        endpoint_(resolver.endpoint),
        question_{key.name, key.type, net::RecordClass::kIn} {
    // The first step too runs from the loop: nothing may finish inside ask().
    timer_ = loop_.after(std::chrono::nanoseconds::zero(), [this] {
      if (!endpoint_) return finish(net::Outcome::kUnreachable, "its address is not known");
      start_try();
    });
  }

 private:
  void start_try() {
    ++tries_;
    net::Message query = net::make_query(question_, net::Recursion::kDesired);
    if (query.edns) query.edns->want_nsid = true;
    auto wire = net::encode(query);
    if (!wire) return finish(net::Outcome::kUnreachable, wire.error().message);
    id_ = query.id;
    outgoing_.clear();
    net::put_u16(outgoing_, static_cast<unsigned>(wire->size()));
    outgoing_ += *wire;
    incoming_.clear();
    asked_ = clock_.now();
    started_ = Steady::now();
    timer_ = loop_.after(options_.timeout, [this] { out_of_time(); });
    auto socket = net::connect_socket(net::SocketKind::kTcp, *endpoint_);
    if (!socket) return finish(net::Outcome::kUnreachable, "over TCP: " + socket.error().message);
    socket_ = *std::move(socket);
    readiness_ = loop_.on_writable(socket_.get(), [this] { send_stream(); });
  }

  void out_of_time() {
    readiness_.cancel();
    socket_ = net::Descriptor();
    if (tries_ < options_.tries) return start_try();
    finish(net::Outcome::kTimeout, "no answer in time");
  }

  void send_stream() {
    if (const std::string error = net::connect_error(socket_); !error.empty())
      return finish(net::Outcome::kUnreachable, "over TCP: " + error);
    while (!outgoing_.empty()) {
      const ssize_t sent = ::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
      if (sent < 0 && would_block(errno)) {
        readiness_ = loop_.on_writable(socket_.get(), [this] { send_stream(); });
        return;
      }
      if (sent < 0) return finish(net::Outcome::kUnreachable, "over TCP: " + net::errno_clause(errno));
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
      if (got < 0) return finish(net::Outcome::kUnreachable, "over TCP: " + net::errno_clause(errno));
      if (got == 0)
        return finish(net::Outcome::kUnreachable, "over TCP: closed the connection before the reply was complete");
      incoming_.append(buffer, static_cast<std::size_t>(got));
      if (incoming_.size() < 2) continue;
      const std::size_t length =
          static_cast<unsigned char>(incoming_[0]) * 256U + static_cast<unsigned char>(incoming_[1]);
      if (incoming_.size() < length + 2) continue;
      return take_reply(std::string_view(incoming_).substr(2, length));
    }
  }

  /// A stream has one reply to one question: what is wrong in it will not get better by waiting.
  void take_reply(std::string_view wire) {
    auto reply = net::decode(wire);
    if (!reply) return finish(net::Outcome::kGarbage, "over TCP: malformed reply: " + printable(reply.error().message));
    const bool refuses_without_question = reply->question.empty() && reply->rcode != net::Rcode::kNoError;
    if (!reply->qr || reply->opcode != net::Opcode::kQuery)
      return finish(net::Outcome::kGarbage, "over TCP: what came is not a reply");
    if (reply->id != id_) return finish(net::Outcome::kGarbage, "over TCP: reply had another id");
    if (!refuses_without_question && (reply->question.size() != 1 || reply->question.front() != question_))
      return finish(net::Outcome::kGarbage, "over TCP: reply had another question");
    // Cut off where there is room for 64 KB: what it leaves out is not absent, so it says nothing.
    if (reply->tc) return finish(net::Outcome::kGarbage, "over TCP: the reply is cut off (TC) even so");
    net::DnsAnswer answer = ending(net::Outcome::kAnswered);
    answer.reply = *std::move(reply);
    hand_over(answer);
  }

  void finish(net::Outcome outcome, const std::string& detail) {
    net::DnsAnswer answer = ending(outcome);
    answer.detail = detail;
    hand_over(answer);
  }

  net::DnsAnswer ending(net::Outcome outcome) const {
    net::DnsAnswer out;
    out.outcome = outcome;
    out.received = clock_.now();
    out.rtt = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - started_);
    out.over_tcp = true;
    return out;
  }

  /// Destroys this conversation.
  void hand_over(const net::DnsAnswer& answer);

  TcpTransport& owner_;
  net::Loop& loop_;
  const Clock& clock_;
  const TryOptions& options_;
  const std::uint64_t ticket_;
  const std::optional<Endpoint> endpoint_;
  const net::Question question_;
  int tries_ = 0;
  std::uint16_t id_ = 0;
  net::Bytes outgoing_, incoming_;
  Instant asked_ = clock_.now();
  Steady::time_point started_ = Steady::now();
  net::Descriptor socket_;
  net::Loop::Handle readiness_;  ///< after socket_: goes before the descriptor closes
  net::Loop::Handle timer_;
};

class TcpTransport final : public ProbeTransport {
 public:
  TcpTransport(net::Loop& loop, const Clock& clock, const TryOptions& options, Answered answered)
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

void Conversation::hand_over(const net::DnsAnswer& answer) { owner_.finished(ticket_, sample_of(answer, asked_)); }

}  // namespace

std::unique_ptr<ProbeTransport> tcp_transport(net::Loop& loop, const Clock& clock, const TryOptions& options,
                                              ProbeTransport::Answered answered) {
  return std::make_unique<TcpTransport>(loop, clock, options, std::move(answered));
}

}  // namespace cutover::dnsprobe
