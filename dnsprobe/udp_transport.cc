// Questions over UDP, many at a time. The life of one, from top to bottom:
//
//   ask -> enqueue -> send_from -> receive_on -> take_reply -> finish
//              ^                        |
//              +---- ask_again <--------+--- expire (its time is up)
//
// There is no socket, timer or callback per question: a few sockets send and receive in batches, one list in the order
// of sending tells whose time is up, and one alarm covers everything that waits for time.

#include "dnsprobe/udp_transport.h"

#include <sys/random.h>

#include <array>
#include <deque>
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

namespace cutover::dnsprobe {

namespace {

constexpr std::size_t kPortsPerFamily = 4;
/// Half of the ids of a socket stay free, so that guessing at random finds one at once.
constexpr std::size_t kMostPerPort = 32768;
/// A flood of datagrams must not keep the loop to itself.
constexpr int kBatchesPerTurn = 16;
constexpr std::chrono::milliseconds kBusyPause{5};
/// The burst that the limits allow, in seconds of their rate.
constexpr double kBurstSeconds = 1;
constexpr std::size_t kHeader = 12;

unsigned u16_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) * 256U + static_cast<unsigned char>(bytes[at + 1]);
}

RateLimit limit_of(double per_second) {
  return {per_second, std::max(1, static_cast<int>(per_second * kBurstSeconds))};
}

/// Unpredictable numbers, fetched from the kernel a page at a time.
class RandomNumbers {
 public:
  template <class T>
  T next() {
    if (at_ + sizeof(T) > pool_.size()) refill();
    T out{};
    std::memcpy(&out, pool_.data() + at_, sizeof out);
    at_ += sizeof out;
    return out;
  }

 private:
  void refill() {
    for (std::size_t have = 0; have < pool_.size();) {
      const ssize_t got = ::getrandom(pool_.data() + have, pool_.size() - have, 0);
      if (got > 0) have += static_cast<std::size_t>(got);
    }
    at_ = 0;
  }
  std::array<unsigned char, 4096> pool_{};
  std::size_t at_ = pool_.size();
};

/// Of something that is no reply to a question: malformed where it is that, else `otherwise`.
std::string what_is_wrong(std::string_view wire, std::string_view otherwise) {
  Sample sample;
  const auto read = read_reply(wire, sample);
  return read ? std::string(otherwise) : "malformed reply: " + printable(read.error().message);
}

class UdpTransport final : public ProbeTransport {
 public:
  UdpTransport(net::Loop& loop, const Clock& clock, const TryOptions& options, Answered answered, ProbeTransport& tcp)
      : loop_(loop),
        clock_(clock),
        options_(options),
        answered_(std::move(answered)),
        tcp_(tcp),
        limit_(limit_of(options.most_per_second)),
        resolver_limit_(limit_of(options.most_per_resolver_per_second)) {}

  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) override {
    const std::uint32_t number = table_.add();
    InFlight& slot = table_[number];
    slot.ticket = ticket;
    slot.state = InFlight::State::kQueued;
    flush_soon();
    if (!resolver.endpoint) return refuse(number, "its address is not known");
    slot.peer = PeerAddress(*resolver.endpoint);
    const auto query = query_for(key);
    if (!query) return refuse(number, query.error().message);
    slot.query = *query;
    if (folding_.empty() || !folding_.contains(slot.peer)) slot.letter_case = random_.next<std::uint64_t>();
    const Steady::time_point at = may_go_at(slot.peer);
    if (at == Steady::time_point())
      enqueue(number);
    else
      held_.push({at, number});
  }

 private:
  /// One of our sockets and what belongs to it.
  struct Port {
    explicit Port(DatagramSocket from) : socket(std::move(from)) {}

    DatagramSocket socket;
    std::vector<std::uint32_t> by_id = std::vector<std::uint32_t>(65536, InFlightTable::kNobody);
    std::size_t ids_in_use = 0;
    std::deque<std::uint32_t> outgoing;
    bool full = false;                     ///< until it is writable again
    net::Loop::Handle readable, writable;  ///< after socket: go before it closes
  };
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

  Result<std::uint32_t> query_for(const RecordKey& key) {
    if (!queries_.empty() && queries_[last_query_].key() == key) return last_query_;
    const auto known = query_numbers_.find(key.text());
    if (known != query_numbers_.end()) return last_query_ = known->second;
    auto made = QueryTemplate::make(key);
    if (!made) return made.error();
    queries_.push_back(*std::move(made));
    last_query_ = static_cast<std::uint32_t>(queries_.size() - 1);
    query_numbers_.emplace(key.text(), last_query_);
    return last_query_;
  }

  /// When the limit for one resolver lets the next question out; the zero of time: now.
  Steady::time_point may_go_at(const PeerAddress& peer) {
    if (!resolver_limit_.is_limited()) return {};
    const auto now = Steady::now();
    if (by_resolver_.size() >= forget_at_) forget_idle(now);
    Steady::time_point& state = by_resolver_[peer];
    const auto earliest = resolver_limit_.earliest(state);
    state = resolver_limit_.took(state, now, 1);
    return earliest <= now ? Steady::time_point() : earliest;
  }

  void forget_idle(Steady::time_point now) {
    std::erase_if(by_resolver_, [now](const auto& entry) { return entry.second <= now; });
    forget_at_ = std::max<std::size_t>(1024, 2 * by_resolver_.size());
  }

  void enqueue(std::uint32_t number) {
    InFlight& slot = table_[number];
    const Family family = slot.peer.family();
    if (const auto ready = open_ports(family); !ready) return refuse(number, ready.error().message);
    const std::size_t first = family == Family::kV4 ? 0 : kPortsPerFamily;
    // One socket for a batch of questions, so that their replies come in batches; a repeated one takes another.
    if (picks_++ % DatagramSocket::kBatch == 0) picked_ = random_.next<std::uint8_t>() % kPortsPerFamily;
    std::size_t port = first + picked_;
    if (port == slot.latest.port) port = first + (picked_ + 1) % kPortsPerFamily;
    ports_[port]->outgoing.push_back(number);
  }

  Result<void> open_ports(Family family) {
    const std::size_t first = family == Family::kV4 ? 0 : kPortsPerFamily;
    for (std::size_t i = first; i < first + kPortsPerFamily; ++i) {
      if (ports_[i]) continue;
      auto socket = DatagramSocket::open(family);
      if (!socket) return socket.error();
      ports_[i] = std::make_unique<Port>(*std::move(socket));
      await_replies(static_cast<std::uint8_t>(i));
    }
    return {};
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
    for (std::size_t i = 0; i < ports_.size(); ++i)
      if (ports_[i]) send_from(static_cast<std::uint8_t>(i));
    set_alarm();
  }

  void send_from(std::uint8_t index) {
    Port& port = *ports_[index];
    while (!port.outgoing.empty() && !port.full && busy_until_ == Steady::time_point()) {
      const auto now = Steady::now();
      const std::size_t room = std::min(limit_.room(sent_state_, now, DatagramSocket::kBatch),
                                        kMostPerPort - std::min(kMostPerPort, port.ids_in_use));
      const std::size_t count = std::min(room, port.outgoing.size());
      if (count == 0) return;
      compose(index, count);
      // Asked no later than it leaves: what a cache says is dated between this and the receipt.
      const Instant asked = clock_.now();
      DatagramSocket::SendResult result = port.socket.send(batch_);
      sent_state_ = limit_.took(sent_state_, now, result.sent);
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t number = port.outgoing[i];
        if (i < result.sent)
          sent(number, asked, now);
        else
          forget_id(table_[number].latest);
      }
      port.outgoing.erase(port.outgoing.begin(), port.outgoing.begin() + static_cast<std::ptrdiff_t>(result.sent));
      settle_rest(index, result);
    }
  }

  /// Writes the first `count` datagrams of a port's queue, each with an id that no other on that port has.
  void compose(std::uint8_t index, std::size_t count) {
    Port& port = *ports_[index];
    batch_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t number = port.outgoing[i];
      InFlight& slot = table_[number];
      std::uint16_t id = 0;
      do id = random_.next<std::uint16_t>();
      while (port.by_id[id] != InFlightTable::kNobody);
      port.by_id[id] = number;
      ++port.ids_in_use;
      if (slot.latest.port != InFlight::Try::kNoPort) {
        forget_id(slot.before);
        slot.before = slot.latest;
      }
      slot.latest = {};
      slot.latest.id = id;
      slot.latest.port = index;
      const auto extensions = slot.plain ? QueryTemplate::Extensions::kNone : QueryTemplate::Extensions::kEdns;
      batch_.push_back({&slot.peer, queries_[slot.query].write(letters_[i], id, slot.letter_case, extensions)});
    }
  }

  void sent(std::uint32_t number, Instant asked, Steady::time_point at) {
    InFlight& slot = table_[number];
    slot.latest.asked = asked;
    slot.latest.sent = at;
    ++slot.tries;
    table_.start_waiting(number);
  }

  void settle_rest(std::uint8_t index, DatagramSocket::SendResult& result) {
    Port& port = *ports_[index];
    switch (result.then) {
      case DatagramSocket::SendResult::Then::kDone:
        return;
      case DatagramSocket::SendResult::Then::kFull:
        port.full = true;
        port.writable = loop_.on_writable(port.socket.get(), [this, index] {
          ports_[index]->full = false;
          flush();
        });
        return;
      case DatagramSocket::SendResult::Then::kBusy:
        busy_until_ = Steady::now() + kBusyPause;
        return;
      case DatagramSocket::SendResult::Then::kBroken:
        const std::uint32_t number = port.outgoing.front();
        port.outgoing.pop_front();
        notes_[number] = {net::Outcome::kUnreachable, std::move(result.reason)};
        give_up(number);
        return;
    }
  }

  // --- what comes back --------------------------------------------------------------------------------------------

  void await_replies(std::uint8_t index) {
    ports_[index]->readable = loop_.on_readable(ports_[index]->socket.get(), [this, index] { receive_on(index); });
  }

  void receive_on(std::uint8_t index) {
    Port& port = *ports_[index];
    bool nothing = true;
    for (int i = 0; i < kBatchesPerTurn; ++i) {
      port.socket.receive(inbox_, incoming_);
      if (incoming_.empty()) break;
      nothing = false;
      received_at_ = Steady::now();
      received_ = clock_.now();
      for (const DatagramSocket::Incoming& datagram : incoming_) take_datagram(index, datagram);
      if (incoming_.size() < DatagramSocket::kBatch) break;
    }
    // Awake without a datagram: ICMP has said something.
    if (nothing)
      for (const DatagramSocket::Bounce& bounce : port.socket.bounces()) take_bounce(index, bounce);
    await_replies(index);
    flush();
  }

  void take_datagram(std::uint8_t index, const DatagramSocket::Incoming& datagram) {
    const std::string_view bytes = datagram.bytes;
    if (bytes.size() < kHeader) return take_stray(index, datagram);
    const std::uint32_t number = ports_[index]->by_id[u16_at(bytes, 0)];
    if (number == InFlightTable::kNobody) return take_stray(index, datagram);
    InFlight& slot = table_[number];
    if (!(slot.peer == datagram.from)) return take_stray(index, datagram);
    if (slot.state != InFlight::State::kWaiting) return;  // it is about to be asked again
    if (datagram.cut_off) return note_wrong(number, "malformed reply: it is longer than what was asked for");
    take_reply(number, slot.latest.id == u16_at(bytes, 0) && slot.latest.port == index ? slot.latest : slot.before,
               bytes);
  }

  /// Id, socket and sender are right: what does it say?
  void take_reply(std::uint32_t number, const InFlight::Try& which, std::string_view wire) {
    InFlight& slot = table_[number];
    const unsigned flags = u16_at(wire, 2);
    const unsigned rcode = flags & 0xfU;
    if ((flags & 0x8000U) == 0 || (flags & 0x7800U) != 0) return note_wrong(number, "what came is not a reply");
    switch (queries_[slot.query].compare(wire, slot.letter_case)) {
      case QueryTemplate::Echo::kExact:
        break;
      case QueryTemplate::Echo::kOtherCase:
        return take_other_case(number);
      case QueryTemplate::Echo::kMissing:
        if (rcode != 0) break;
        [[fallthrough]];
      case QueryTemplate::Echo::kOther:
        return note_wrong(number, what_is_wrong(wire, "reply had another question"));
    }
    if ((flags & 0x0200U) != 0) return over_tcp(number);  // whatever it holds, it is not all
    Sample sample;
    if (const auto read = read_reply(wire, sample); !read)
      return note_wrong(number, "malformed reply: " + printable(read.error().message));
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
  void take_stray(std::uint8_t index, const DatagramSocket::Incoming& datagram) {
    std::string why;
    for (std::uint32_t number = table_.first_waiting(); number != InFlightTable::kNobody;
         number = table_[number].next) {
      const InFlight& slot = table_[number];
      if (slot.latest.port != index || !(slot.peer == datagram.from)) continue;
      if (why.empty()) {
        why = what_is_wrong(datagram.bytes, "reply had another id");
      }
      note_wrong(number, why);
    }
  }

  void take_bounce(std::uint8_t index, const DatagramSocket::Bounce& bounce) {
    if (bounce.start.size() < 2) return;  // too little was quoted to tell which it was
    const std::uint32_t number = ports_[index]->by_id[u16_at(bounce.start, 0)];
    if (number == InFlightTable::kNobody) return;
    if (!(table_[number].peer == bounce.to) || table_[number].state != InFlight::State::kWaiting) return;
    Note& note = notes_[number];
    note.outcome = net::Outcome::kUnreachable;
    note.detail = bounce.reason;
    if (!bounce.is_final) return;
    received_ = clock_.now();
    received_at_ = Steady::now();
    give_up(number);
  }

  void note_wrong(std::uint32_t number, std::string why) {
    Note& note = notes_[number];
    note.outcome = net::Outcome::kGarbage;
    note.detail = std::move(why);
    ++note.wrong_replies;
  }

  // --- how it ends ------------------------------------------------------------------------------------------------

  void forget_id(InFlight::Try& which) {
    if (which.port == InFlight::Try::kNoPort) return;
    Port& port = *ports_[which.port];
    port.by_id[which.id] = InFlightTable::kNobody;
    --port.ids_in_use;
    which.port = InFlight::Try::kNoPort;
  }

  /// At once, in another way, and without counting as a try; replies to the earlier ways no longer count.
  void ask_again(std::uint32_t number) {
    InFlight& slot = table_[number];
    table_.stop_waiting(number);
    --slot.tries;
    forget_id(slot.before);
    const std::uint8_t port = slot.latest.port;
    forget_id(slot.latest);
    slot.latest.port = port;  // only so that enqueue() takes another
    enqueue(number);
    slot.latest.port = InFlight::Try::kNoPort;
  }

  void over_tcp(std::uint32_t number) {
    InFlight& slot = table_[number];
    Resolver resolver;
    resolver.endpoint = slot.peer.endpoint();
    resolver.transport = Transport::kTcp;
    const std::uint64_t ticket = slot.ticket;
    const RecordKey key = queries_[slot.query].key();
    remove(number);
    tcp_.ask(ticket, resolver, key);
  }

  void expire(Steady::time_point now) {
    received_ = clock_.now();
    received_at_ = now;
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
    Sample sample;
    const InFlight::Try& latest = table_[number].latest;
    const bool was_sent = table_[number].tries > 0;
    if (!was_sent) received_ = clock_.now();
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
    forget_id(slot.latest);
    forget_id(slot.before);
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
    if (busy_until_ != Steady::time_point()) at = std::min(at, busy_until_);
    for (const auto& port : ports_)
      if (port && !port->outgoing.empty() && !port->full) at = std::min(at, limit_.earliest(sent_state_));
    if (at == Steady::time_point::max() || (alarm_.pending() && alarm_at_ <= at)) return;
    alarm_at_ = at;
    alarm_ = loop_.after(at - Steady::now(), [this] { on_alarm(); });
  }

  void on_alarm() {
    const auto now = Steady::now();
    if (busy_until_ <= now) busy_until_ = {};
    expire(now);
    for (; !held_.empty() && held_.top().at <= now; held_.pop()) enqueue(held_.top().number);
    flush();
  }

  net::Loop& loop_;
  const Clock& clock_;
  const TryOptions options_;
  const Answered answered_;
  ProbeTransport& tcp_;
  const RateLimit limit_, resolver_limit_;

  std::vector<QueryTemplate> queries_;
  std::unordered_map<std::string, std::uint32_t> query_numbers_;
  std::uint32_t last_query_ = 0;
  InFlightTable table_;
  std::unordered_map<std::uint32_t, Note> notes_;
  std::vector<std::uint32_t> refused_;
  std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
  std::unordered_set<PeerAddress, PeerAddress::Hash> folding_;
  std::unordered_map<PeerAddress, Steady::time_point, PeerAddress::Hash> by_resolver_;
  std::size_t forget_at_ = 1024;
  Steady::time_point sent_state_{}, busy_until_{};

  RandomNumbers random_;
  std::size_t picks_ = 0, picked_ = 0;
  std::array<std::unique_ptr<Port>, 2 * kPortsPerFamily> ports_;
  std::array<QueryTemplate::Buffer, DatagramSocket::kBatch> letters_;
  std::vector<DatagramSocket::Outgoing> batch_;
  DatagramSocket::Inbox inbox_;
  std::vector<DatagramSocket::Incoming> incoming_;
  Instant received_{};
  Steady::time_point received_at_{}, alarm_at_{};
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
