#include "net/exchange.h"

#include <fmt/format.h>

#include <memory>

#include "core/text.h"
#include "net/dns_stream.h"
#include "net/random_numbers.h"
#include "net/udp_sockets.h"

namespace cutover::net {
namespace {

/// RFC 1035 section 4.2.1: what every server takes over UDP. A query that is longer has EDNS and is an exception.
constexpr std::size_t kPlainUdp = 512;
constexpr std::size_t kUdpLimit = 1232;

using Steady = std::chrono::steady_clock;

/// Why a well-formed message is no reply to the request; empty when it is one.
std::string mismatch(const Message& request, const Message& reply) {
  if (!reply.qr) return "a question came back instead of a reply";
  if (reply.id != request.id) return "the reply has another id";
  if (reply.opcode != request.opcode) return "the reply is to another kind of request";
  // A reply to an UPDATE may leave the zone section out (RFC 2136 section 3.8); so do servers that did not
  // understand the question.
  const bool may_be_empty = request.opcode == Opcode::kUpdate || reply.rcode == Rcode::kFormErr ||
                            reply.rcode == Rcode::kNotImp || reply.rcode == Rcode::kServFail ||
                            reply.rcode == Rcode::kRefused;
  if (reply.question.empty() && may_be_empty) return {};
  if (reply.question != request.question) return "the reply has another question";
  return {};
}

/// One conversation, from the first byte to the answer. The steps stand in the order in which they happen.
class Conversation final : public UdpSockets::Waiter {
 public:
  Conversation(Loop& loop, UdpSockets& sockets, const Clock& clock, const DnsRequest& request, std::size_t* finished)
      : loop_(loop),
        sockets_(sockets),
        clock_(clock),
        request_(request),
        message_(request.message),
        finished_(finished),
        stream_(loop, {[this] { about_to_send(); }, [this](std::string_view wire) { on_tcp_message(wire); },
                       [this](const std::string& why) { on_tcp_failure(why); }}) {
    message_.id = random_id();
  }

  void start() {
    const auto wire = encode(message_);
    if (!wire) return finish(Outcome::kUnreachable, "the request cannot be written: " + wire.error().message);
    wire_ = *wire;
    const std::size_t limit = is_update() ? kPlainUdp : kUdpLimit;
    if (request_.transport == DnsTransport::kTcp || signed_wire().size() > limit) return ask_tcp();
    ask_udp();
  }

  DnsAnswer take_answer() { return std::move(answer_); }

 private:
  bool is_update() const { return message_.opcode == Opcode::kUpdate; }

  /// Signed anew for every try: under a fast clock the time of the first try is soon outside the fudge. A reply to
  /// any of the tries is welcome, so every MAC is kept.
  Bytes signed_wire() {
    if (!request_.key) return wire_;
    macs_.emplace_back();
    return tsig_sign(wire_, *request_.key, clock_.now(), {}, &macs_.back());
  }

  void about_to_send() {
    if (!answer_.sent && request_.before_send) request_.before_send();
    answer_.sent = true;
    sent_at_ = Steady::now();
  }

  // 1. Over UDP: one socket for all tries, so that a late reply to an early one still counts.
  void ask_udp() {
    auto seat = sockets_.join(request_.server, message_.id, *this);
    if (!seat) return finish(Outcome::kUnreachable, seat.error().message);
    seat_ = std::move(*seat);
    send_udp();
  }

  void send_udp() {
    ++tries_;
    const Bytes wire = signed_wire();
    about_to_send();
    timer_ = loop_.after(request_.timeout, [this] { on_udp_timeout(); });
    seat_.send(wire);
  }

  void on_udp_timeout() {
    // An UPDATE is never repeated: the first one may have been applied, and its prerequisites then fail.
    if (tries_ < request_.tries && !is_update()) return send_udp();
    give_up();
  }

  // 2. Listen until something answers the question. Anything else is noted, and waiting goes on: an attacker who
  //    guesses must not be able to end the conversation.
  void on_datagram(std::string_view wire) override {
    auto reply = accept(wire);
    if (!reply) return;
    // A truncated reply to an UPDATE still says what became of it; sending it again would not be the same.
    if (reply->tc && !is_update()) return ask_tcp();
    if (edns_refused(*reply)) return ask_without_edns();
    judge(wire, std::move(*reply));
  }

  void on_noise(const std::string& what) override { garbage_ = what; }

  void on_trouble(const std::string& why) override { finish(Outcome::kUnreachable, why); }

  std::optional<Message> accept(std::string_view wire) {
    auto reply = decode(wire);
    garbage_ = reply ? mismatch(message_, *reply) : reply.error().message;
    if (!garbage_.empty()) return std::nullopt;
    return std::move(*reply);
  }

  bool edns_refused(const Message& reply) const {
    return reply.rcode == Rcode::kFormErr && !reply.edns && message_.edns && !is_update();
  }

  void ask_without_edns() {
    message_.edns.reset();
    message_.id = random_id();
    macs_.clear();
    seat_.leave();
    start();
  }

  // 3. Over TCP, once.
  void ask_tcp() {
    seat_.leave();
    answer_.over_tcp = true;
    timer_ = loop_.after(request_.timeout, [this] { give_up(); });
    stream_.start(request_.server, signed_wire());
  }

  void on_tcp_message(std::string_view wire) {
    auto reply = accept(wire);
    if (!reply) return;
    // Cut off where there is room for 64 KB: what it leaves out is not absent, so it says nothing.
    if (reply->tc && !is_update()) return finish(Outcome::kGarbage, "the reply is cut off (TC) even over TCP");
    judge(wire, std::move(*reply));
  }

  void on_tcp_failure(const std::string& why) {
    if (!garbage_.empty()) return finish(Outcome::kGarbage, garbage_);
    finish(Outcome::kUnreachable, why);
  }

  // 4. It is the reply. Is it signed as it should be?
  void judge(std::string_view wire, Message reply) {
    answer_.reply = std::move(reply);
    if (!request_.key) return finish(Outcome::kAnswered, {});
    const Instant now = clock_.now();
    TsigCheck check;
    for (auto mac = macs_.rbegin(); mac != macs_.rend(); ++mac) {
      check = tsig_verify(wire, *request_.key, now, *mac);
      if (check.status != TsigStatus::kBadSig) break;
    }
    answer_.tsig = check.status;
    answer_.peer_time = check.time_signed;
    if (check.status == TsigStatus::kGood) return finish(Outcome::kAnswered, {});
    finish(Outcome::kTsigFailed, tsig_error(check.status, *request_.key, check.time_signed, now).message);
  }

  void give_up() {
    if (!garbage_.empty()) return finish(Outcome::kGarbage, garbage_);
    finish(Outcome::kTimeout, fmt::format("no answer within {} ms", request_.timeout.count() * std::max(tries_, 1)));
  }

  // 5. Exactly once, last.
  void finish(Outcome outcome, std::string detail) {
    answer_.outcome = outcome;
    answer_.detail = std::move(detail);
    answer_.received = clock_.now();
    if (answer_.sent) answer_.rtt = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - sent_at_);
    timer_.cancel();
    stream_.close();
    seat_.leave();
    ++*finished_;
  }

  Loop& loop_;
  UdpSockets& sockets_;
  const Clock& clock_;
  const DnsRequest& request_;
  Message message_;
  std::size_t* finished_;
  Bytes wire_;
  std::vector<Bytes> macs_;
  int tries_ = 0;
  std::string garbage_;
  Steady::time_point sent_at_{};
  DnsAnswer answer_;
  UdpSockets::Seat seat_;
  DnsStream stream_;
  Loop::Handle timer_;
};

}  // namespace

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAnswered:
      return "answered";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kUnreachable:
      return "unreachable";
    case Outcome::kGarbage:
      return "garbage";
    case Outcome::kTsigFailed:
      return "tsig-failed";
  }
  return "unknown";
}

Error tsig_error(TsigStatus status, const TsigKey& key, std::optional<Instant> peer_time, Instant now) {
  const std::string name = key.name.text();
  const auto clocks = [&] {
    if (!peer_time) return std::string("set the clock of this machine or of the server");
    const Span apart = *peer_time > now ? *peer_time - now : now - *peer_time;
    return fmt::format("its clock says {}, ours {}, {} apart: set the one that is wrong", format_instant(*peer_time),
                       format_instant(now), format_duration(apart));
  };
  switch (status) {
    case TsigStatus::kGood:
      break;
    case TsigStatus::kUnsigned:
      return fail(ErrorCode::kAuth,
                  fmt::format("the reply is not signed with the key {}: the server does not know the key, has "
                              "another secret for it, or the clocks disagree",
                              name));
    case TsigStatus::kBadKey:
      return fail(ErrorCode::kAuth, fmt::format("the reply is signed with another key than {}", name));
    case TsigStatus::kBadSig:
      return fail(ErrorCode::kAuth,
                  fmt::format("the signature of the reply does not fit the key {}: the secrets differ, or "
                              "somebody on the way changed the reply",
                              name));
    case TsigStatus::kBadTime:
      return fail(ErrorCode::kClock, "the reply was signed at a wrong time: " + clocks());
    case TsigStatus::kPeerBadKey:
      return fail(ErrorCode::kAuth,
                  fmt::format("the server does not know the key {} with this algorithm (BADKEY)", name));
    case TsigStatus::kPeerBadSig:
      return fail(ErrorCode::kAuth,
                  fmt::format("the server knows the key {}, but its secret is another one (BADSIG)", name));
    case TsigStatus::kPeerBadTime:
      return fail(ErrorCode::kClock, "the server finds our clock wrong (BADTIME): " + clocks());
  }
  return fail(ErrorCode::kInternal, "a good signature was reported as an error");
}

std::vector<DnsAnswer> exchange_all(Loop& loop, const Clock& clock, const std::vector<DnsRequest>& requests,
                                    std::size_t in_flight) {
  UdpSockets sockets(loop);
  std::vector<std::unique_ptr<Conversation>> conversations;
  std::size_t finished = 0;
  std::optional<std::size_t> told;
  // The loop asks this between any two callbacks: the place to start what there is room for.
  loop.run_until([&] {
    while (conversations.size() < requests.size() &&
           conversations.size() - finished < std::max<std::size_t>(in_flight, 1)) {
      conversations.push_back(
          std::make_unique<Conversation>(loop, sockets, clock, requests[conversations.size()], &finished));
      conversations.back()->start();
    }
    if (told != finished) loop.advance({Advance::Of::kQuestions, finished, requests.size()});
    told = finished;
    return finished == requests.size();
  });
  std::vector<DnsAnswer> answers;
  for (const auto& conversation : conversations) answers.push_back(conversation->take_answer());
  return answers;
}

DnsAnswer exchange(Loop& loop, const Clock& clock, const DnsRequest& request) {
  return std::move(exchange_all(loop, clock, {request}).front());
}

}  // namespace cutover::net
