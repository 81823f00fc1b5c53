// Questions over UDP, many at a time. The life of one, from top to bottom:
//
//   ask -> enqueue -> write, left -> came -> take_reply -> finish
//             ^                       |
//             +------ ask_again <-----+--- expire (its time is up)
//
// There is no socket, timer or callback per question: a few sockets send and receive in batches (UdpPorts), one list in
// the order of sending tells whose time is up, and one alarm covers everything that waits for time.

#include "dnsprobe/udp_transport.h"

#include <functional>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/text.h"
#include "dnsprobe/datagram_socket.h"
#include "dnsprobe/in_flight.h"
#include "dnsprobe/query_template.h"
#include "dnsprobe/rate_limit.h"
#include "dnsprobe/reply.h"
#include "dnsprobe/udp_ports.h"

namespace cutover::dnsprobe {

namespace {

using Steady = std::chrono::steady_clock;

/// The burst that the limits allow, in seconds of their rate.
constexpr double kBurstSeconds = 1;
constexpr std::size_t kHeader = 12;

unsigned u16_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) * 256U + static_cast<unsigned char>(bytes[at + 1]);
}

RateLimit limit_of(double per_second) {
  return {per_second, std::max(1, static_cast<int>(per_second * kBurstSeconds))};
}

/// Of something that is no reply to a question: malformed where it is that, else `otherwise`.
std::string what_is_wrong(std::string_view wire, std::string_view otherwise) {
  Sample sample;
  const auto read = read_reply(wire, sample);
  return read ? std::string(otherwise) : "malformed reply: " + printable(read.error().message);
}

class UdpTransport final : public ProbeTransport, private UdpPorts::Owner {
 public:
  UdpTransport(net::Loop& loop, const Clock& clock, const TryOptions& options, Answered answered, ProbeTransport& tcp)
      : loop_(loop),
        clock_(clock),
        options_(options),
        answered_(std::move(answered)),
        tcp_(tcp),
        limit_(limit_of(options.most_per_second)),
        resolver_limits_(limit_of(options.most_per_resolver_per_second)),
        ports_(loop, clock, limit_, *this) {}

  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) override {
    const std::uint32_t number = table_.add();
    InFlight& slot = table_[number];
    slot.ticket = ticket;
    slot.state = InFlight::State::kQueued;
    flush_soon();
    if (!resolver.endpoint) return refuse(number, "its address is not known");
    slot.peer = PeerAddress(*resolver.endpoint);
    const auto query = queries_.number_of(key, resolver.asking);
    if (!query) return refuse(number, query.error().message);
    slot.query = *query;
    if (folding_.empty() || !folding_.contains(slot.peer)) slot.letter_case = ports_.random().next<std::uint64_t>();
    const Steady::time_point at = resolver_limits_.take(slot.peer);
    if (at == Steady::time_point()) {
      enqueue(number);
      held_back_ = ports_.backlog();
    } else {
      held_.push({at, number});
      held_back_ = at - Steady::now();
    }
  }

  std::chrono::nanoseconds held_back() const override { return held_back_; }

 private:
  struct Held {
    Steady::time_point at;
    std::uint32_t number;
    friend bool operator>(const Held& a, const Held& b) { return a.at > b.at; }
  };
  /// Why a question has no answer yet, where more is known than silence.
  struct Note {
    net::Outcome outcome = net::Outcome::kGarbage;
    std::string detail;
    std::uint32_t wrong_replies = 0;
  };

  // --- what is to be sent -----------------------------------------------------------------------------------------

  void enqueue(std::uint32_t number) {
    const InFlight& slot = table_[number];
    if (const auto queued = ports_.enqueue(number, slot.peer.family(), slot.latest.place.port); !queued)
      refuse(number, queued.error().message);
  }

  /// Ends a question that cannot be asked; told from the loop, never from inside ask().
  void refuse(std::uint32_t number, std::string why) {
    notes_[number] = {net::Outcome::kUnreachable, std::move(why)};
    refused_.push_back(number);
  }

  void flush_soon() {
    if (flush_is_posted_) return;
    flush_is_posted_ = true;
    loop_.post([this, alive = std::weak_ptr<char>(alive_)] {
      if (!alive.expired()) flush();
    });
  }

  void flush() {
    flush_is_posted_ = false;
    std::vector<std::uint32_t> refused;
    refused.swap(refused_);
    for (const std::uint32_t number : refused) give_up(number);
    ports_.flush();
    set_alarm();
  }

  void turn_is_over() override { flush(); }

  DatagramSocket::Outgoing write(std::uint32_t number, std::uint16_t id, QueryTemplate::Buffer& buffer) override {
    const InFlight& slot = table_[number];
    const auto extensions = slot.plain ? QueryTemplate::Extensions::kNone : QueryTemplate::Extensions::kEdns;
    return {&slot.peer, queries_[slot.query].write(buffer, id, slot.letter_case, extensions)};
  }

  void left(std::uint32_t number, UdpPorts::Place place, Instant at, Steady::time_point now) override {
    InFlight& slot = table_[number];
    if (slot.latest.place.port != UdpPorts::kNoPort) {
      ports_.free(slot.before.place);
      slot.before = slot.latest;
    }
    slot.latest = {place, at, now};
    ++slot.tries;
    table_.start_waiting(number);
  }

  void stuck(std::uint32_t number, std::string why) override {
    notes_[number] = {net::Outcome::kUnreachable, std::move(why)};
    give_up(number);
  }

  // --- what comes back --------------------------------------------------------------------------------------------

  void came(std::uint8_t port, const DatagramSocket::Incoming& datagram, Instant at, Steady::time_point now) override {
    received_ = at;
    received_at_ = now;
    const std::string_view bytes = datagram.bytes;
    if (bytes.size() < kHeader) return take_stray(port, datagram);
    const UdpPorts::Place place{port, static_cast<std::uint16_t>(u16_at(bytes, 0))};
    const std::uint32_t number = ports_.holder(place);
    if (number == InFlightTable::kNobody) return take_stray(port, datagram);
    InFlight& slot = table_[number];
    if (!(slot.peer == datagram.from)) return take_stray(port, datagram);
    if (slot.state != InFlight::State::kWaiting) return;  // it is about to be asked again
    if (datagram.cut_off) return note_wrong(number, "malformed reply: it is longer than what was asked for");
    take_reply(number, slot.latest.place == place ? slot.latest : slot.before, bytes);
  }

  /// Id, socket and sender are right: what does it say?
  void take_reply(std::uint32_t number, const InFlight::Try& which, std::string_view wire) {
    InFlight& slot = table_[number];
    const unsigned flags = u16_at(wire, 2);
    const unsigned rcode = flags & 0xfU;
    if ((flags & 0x8000U) == 0 || (flags & 0x7800U) != 0) return note_wrong(number, "what came is not a reply");
    const QueryTemplate& query = queries_[slot.query];
    const DomainName* question = nullptr;
    switch (query.compare(wire, slot.letter_case)) {
      case QueryTemplate::Echo::kExact:
        question = &query.key().name;
        break;
      case QueryTemplate::Echo::kOtherCase:
        if (slot.letter_case != 0) return take_other_case(number);
        break;  // asked in small letters already: this one has its own idea of letters
      case QueryTemplate::Echo::kMissing:
        if (rcode != 0) break;
        [[fallthrough]];
      case QueryTemplate::Echo::kOther:
        return note_wrong(number, what_is_wrong(wire, "reply had another question"));
    }
    if ((flags & 0x0200U) != 0) return over_tcp(number);  // whatever it holds, it is not all
    Sample sample;
    if (const auto read = read_reply(wire, sample, question); !read)
      return note_wrong(number, "malformed reply: " + printable(read.error().message));
    if (!is_for(query.asking(), sample)) return note_wrong(number, "the reply is for another client subnet");
    // RFC 6891 section 7: a server from before EDNS.
    if (sample.rcode == net::Rcode::kFormErr && !slot.plain && u16_at(wire, 10) == 0) {
      slot.plain = true;
      return ask_again(number);
    }
    sample.outcome = net::Outcome::kAnswered;
    sample.asked = which.asked;
    sample.rtt = std::chrono::duration_cast<std::chrono::microseconds>(received_at_ - which.sent);
    finish(number, std::move(sample));
  }

  /// The letters did not come back as they went out. Most likely this resolver folds them; then nothing but id and port
  /// protects the next answer, as everywhere before 0x20. A forger who came this far knew both already, and has to
  /// guess them again.
  void take_other_case(std::uint32_t number) {
    InFlight& slot = table_[number];
    folding_.insert(slot.peer);
    slot.letter_case = 0;
    ask_again(number);
  }

  /// Nobody's reply. Where it comes from somebody who was asked, it speaks against that answer.
  void take_stray(std::uint8_t port, const DatagramSocket::Incoming& datagram) {
    std::string why;
    for (std::uint32_t number = table_.first_waiting(); number != InFlightTable::kNobody;
         number = table_[number].next) {
      const InFlight& slot = table_[number];
      if (slot.latest.place.port != port || !(slot.peer == datagram.from)) continue;
      if (why.empty()) why = what_is_wrong(datagram.bytes, "reply had another id");
      note_wrong(number, why);
    }
  }

  void bounced(std::uint8_t port, const DatagramSocket::Bounce& bounce) override {
    if (bounce.start.size() < 2) return;  // too little was quoted to tell which it was
    const std::uint32_t number = ports_.holder({port, static_cast<std::uint16_t>(u16_at(bounce.start, 0))});
    if (number == InFlightTable::kNobody) return;
    if (!(table_[number].peer == bounce.to) || table_[number].state != InFlight::State::kWaiting) return;
    Note& note = notes_[number];
    note.outcome = net::Outcome::kUnreachable;
    note.detail = bounce.reason;
    if (bounce.is_final) give_up(number);
  }

  void note_wrong(std::uint32_t number, std::string why) {
    Note& note = notes_[number];
    note.outcome = net::Outcome::kGarbage;
    note.detail = std::move(why);
    ++note.wrong_replies;
  }

  // --- how it ends ------------------------------------------------------------------------------------------------

  /// At once, in another way, and without counting as a try; replies to the earlier ways no longer count.
  void ask_again(std::uint32_t number) {
    InFlight& slot = table_[number];
    table_.stop_waiting(number);
    --slot.tries;
    const std::uint8_t port = slot.latest.place.port;
    ports_.free(slot.before.place);
    ports_.free(slot.latest.place);
    if (const auto queued = ports_.enqueue(number, slot.peer.family(), port); !queued)
      refuse(number, queued.error().message);
  }

  void over_tcp(std::uint32_t number) {
    InFlight& slot = table_[number];
    Resolver resolver;
    resolver.endpoint = slot.peer.endpoint();
    resolver.transport = Transport::kTcp;
    resolver.asking = queries_[slot.query].asking();
    const std::uint64_t ticket = slot.ticket;
    const RecordKey key = queries_[slot.query].key();
    remove(number);
    tcp_.ask(ticket, resolver, key);
  }

  void expire(Steady::time_point now) {
    for (std::uint32_t first = table_.first_waiting(); first != InFlightTable::kNobody;
         first = table_.first_waiting()) {
      InFlight& slot = table_[first];
      if (slot.latest.sent + options_.timeout > now) return;
      if (slot.tries >= options_.tries) {
        give_up(first);
        continue;
      }
      table_.stop_waiting(first);
      enqueue(first);
    }
  }

  void give_up(std::uint32_t number) {
    received_ = clock_.now();
    received_at_ = Steady::now();
    Sample sample;
    const InFlight::Try& latest = table_[number].latest;
    const bool was_sent = table_[number].tries > 0;
    sample.asked = was_sent ? latest.asked : received_;
    if (was_sent) sample.rtt = std::chrono::duration_cast<std::chrono::microseconds>(received_at_ - latest.sent);
    sample.outcome = net::Outcome::kTimeout;
    sample.detail = "no answer in time";
    if (const auto note = notes_.find(number); note != notes_.end()) {
      sample.outcome = note->second.outcome;
      sample.detail = note->second.detail;
    }
    finish(number, std::move(sample));
  }

  void finish(std::uint32_t number, Sample sample) {
    InFlight& slot = table_[number];
    sample.received = received_;
    if (!folding_.empty()) sample.folds_case = folding_.contains(slot.peer);
    if (!notes_.empty())
      if (const auto note = notes_.find(number); note != notes_.end())
        sample.wrong_replies = note->second.wrong_replies;
    const std::uint64_t ticket = slot.ticket;
    remove(number);
    answered_(ticket, std::move(sample));
  }

  void remove(std::uint32_t number) {
    InFlight& slot = table_[number];
    if (slot.state == InFlight::State::kWaiting) table_.stop_waiting(number);
    ports_.free(slot.latest.place);
    ports_.free(slot.before.place);
    if (!notes_.empty()) notes_.erase(number);
    table_.remove(number);
  }

  // --- time -------------------------------------------------------------------------------------------------------

  /// One alarm, for whatever comes first. It may ring too early, never too late.
  void set_alarm() {
    auto at = Steady::time_point::max();
    if (table_.first_waiting() != InFlightTable::kNobody)
      at = table_[table_.first_waiting()].latest.sent + options_.timeout;
    if (!held_.empty()) at = std::min(at, held_.top().at);
    at = std::min(at, ports_.wants_flush_at());
    if (at == Steady::time_point::max() || (alarm_.pending() && alarm_at_ <= at)) return;
    alarm_at_ = at;
    alarm_ = loop_.after(at - Steady::now(), [this] { on_alarm(); });
  }

  void on_alarm() {
    const auto now = Steady::now();
    // Where this process stood still for a while, answers lie there that came in time.
    ports_.receive();
    expire(now);
    for (; !held_.empty() && held_.top().at <= now; held_.pop()) enqueue(held_.top().number);
    flush();
  }

  net::Loop& loop_;
  const Clock& clock_;
  const TryOptions options_;
  const Answered answered_;
  ProbeTransport& tcp_;
  const RateLimit limit_;
  RateLimits<PeerAddress, PeerAddress::Hash> resolver_limits_;

  QueryTemplates queries_;
  InFlightTable table_;
  UdpPorts ports_;
  std::unordered_map<std::uint32_t, Note> notes_;
  std::vector<std::uint32_t> refused_;
  std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
  std::unordered_set<PeerAddress, PeerAddress::Hash> folding_;
  Instant received_{};
  Steady::time_point received_at_{}, alarm_at_{};
  std::chrono::nanoseconds held_back_{};
  bool flush_is_posted_ = false;
  net::Loop::Handle alarm_;
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace

std::unique_ptr<ProbeTransport> udp_transport(net::Loop& loop, const Clock& clock, const TryOptions& options,
                                              ProbeTransport::Answered answered, ProbeTransport& tcp) {
  return std::make_unique<UdpTransport>(loop, clock, options, std::move(answered), tcp);
}

}  // namespace cutover::dnsprobe
