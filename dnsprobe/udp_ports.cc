#include "dnsprobe/udp_ports.h"

#include <algorithm>
#include <utility>

namespace cutover::dnsprobe {

namespace {

using Steady = std::chrono::steady_clock;

/// Half of the ids of a socket stay free, so that guessing at random finds one at once.
constexpr std::size_t kMostPerPort = 32768;
/// A flood of datagrams must not keep the loop to itself.
constexpr int kBatchesPerTurn = 16;
constexpr std::chrono::milliseconds kBusyPause{5};
/// Under the limit, what may leave within this time leaves together: a wake costs more than a datagram.
constexpr std::chrono::milliseconds kGather{1};
constexpr UdpPorts::Time kNotBusy{};

}  // namespace

// --- sending ------------------------------------------------------------------------------------------------------

Result<void> UdpPorts::enqueue(std::uint32_t number, Family family, std::uint8_t not_this) {
  const std::size_t first = family == Family::kV4 ? 0 : kPerFamily;
  if (auto ready = open(first, family); !ready) return ready;
  // One socket for a batch of questions, so that their replies come in batches too.
  if (picks_++ % DatagramSocket::kBatch == 0) picked_ = random_.next<std::uint8_t>() % kPerFamily;
  std::size_t port = first + picked_;
  if (port == not_this) port = first + (picked_ + 1) % kPerFamily;
  ports_[port]->outgoing.push_back(number);
  return {};
}

Result<void> UdpPorts::open(std::size_t first, Family family) {
  for (std::size_t i = first; i < first + kPerFamily; ++i) {
    if (ports_[i]) continue;
    auto socket = DatagramSocket::open(family);
    if (!socket) return socket.error();
    ports_[i] = std::make_unique<Port>(*std::move(socket));
    await_replies(static_cast<std::uint8_t>(i));
  }
  return {};
}

bool UdpPorts::can_send(const Port& port) {
  return !port.outgoing.empty() && !port.full && port.ids_in_use < kMostPerPort;
}

void UdpPorts::flush() {
  if (busy_until_ != kNotBusy && busy_until_ <= Steady::now()) busy_until_ = kNotBusy;
  for (std::size_t i = 0; i < ports_.size(); ++i)
    if (ports_[i]) send_from(static_cast<std::uint8_t>(i));
}

UdpPorts::Time UdpPorts::wants_flush_at() const {
  if (busy_until_ != kNotBusy) return busy_until_;
  const bool waits =
      std::any_of(ports_.begin(), ports_.end(), [](const auto& port) { return port && can_send(*port); });
  return waits ? limit_.earliest(limit_state_) + kGather : Time::max();
}

std::chrono::nanoseconds UdpPorts::backlog() const {
  if (!limit_.is_limited()) return {};
  std::size_t queued = 0;
  for (const auto& port : ports_)
    if (port) queued += port->outgoing.size();
  const auto room = limit_.room(limit_state_, Steady::now(), queued);
  return limit_.length(queued - room);
}

void UdpPorts::send_from(std::uint8_t index) {
  Port& port = *ports_[index];
  while (can_send(port) && busy_until_ == kNotBusy) {
    const auto now = Steady::now();
    const std::size_t room = std::min({DatagramSocket::kBatch, port.outgoing.size(), kMostPerPort - port.ids_in_use});
    const std::size_t count = limit_.room(limit_state_, now, room);
    if (count == 0) return;
    compose(port, count);
    // Asked no later than it leaves: what a cache says is dated between this and the receipt.
    const Instant at = clock_.now();
    DatagramSocket::SendResult result = port.socket.send(batch_);
    limit_state_ = limit_.took(limit_state_, now, result.sent);
    for (std::size_t i = 0; i < count; ++i) {
      Place place{index, ids_[i]};
      if (i < result.sent)
        owner_.left(port.outgoing[i], place, at, now);
      else
        free(place);
    }
    port.outgoing.erase(port.outgoing.begin(), port.outgoing.begin() + static_cast<std::ptrdiff_t>(result.sent));
    settle_rest(index, result);
  }
}

/// Writes the first `count` datagrams of a port's queue, each with an id of its own.
void UdpPorts::compose(Port& port, std::size_t count) {
  batch_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t id = 0;
    do id = random_.next<std::uint16_t>();
    while (port.by_id[id] != kNobody);
    port.by_id[id] = port.outgoing[i];
    ++port.ids_in_use;
    ids_[i] = id;
    batch_.push_back(owner_.write(port.outgoing[i], id, letters_[i]));
  }
}

void UdpPorts::settle_rest(std::uint8_t index, DatagramSocket::SendResult& result) {
  Port& port = *ports_[index];
  switch (result.then) {
    case DatagramSocket::SendResult::Then::kDone:
      return;
    case DatagramSocket::SendResult::Then::kFull:
      port.full = true;
      port.writable = loop_.on_writable(port.socket.get(), [this, index] {
        ports_[index]->full = false;
        owner_.turn_is_over();
      });
      return;
    case DatagramSocket::SendResult::Then::kBusy:
      busy_until_ = Steady::now() + kBusyPause;
      return;
    case DatagramSocket::SendResult::Then::kBroken:
      const std::uint32_t number = port.outgoing.front();
      port.outgoing.pop_front();
      owner_.stuck(number, std::move(result.reason));
      return;
  }
}

void UdpPorts::free(Place& place) {
  if (place.port == kNoPort) return;
  Port& port = *ports_[place.port];
  port.by_id[place.id] = kNobody;
  --port.ids_in_use;
  place = {};
}

// --- receiving ----------------------------------------------------------------------------------------------------

void UdpPorts::await_replies(std::uint8_t index) {
  ports_[index]->readable = loop_.on_readable(ports_[index]->socket.get(), [this, index] { receive_on(index); });
}

void UdpPorts::receive() {
  for (std::size_t i = 0; i < ports_.size(); ++i)
    if (ports_[i] && ports_[i]->ids_in_use > 0) (void)read(static_cast<std::uint8_t>(i));
}

void UdpPorts::receive_on(std::uint8_t index) {
  // Awake without a datagram: ICMP has said something.
  if (read(index) == 0)
    for (const DatagramSocket::Bounce& bounce : ports_[index]->socket.bounces()) owner_.bounced(index, bounce);
  await_replies(index);
  owner_.turn_is_over();
}

std::size_t UdpPorts::read(std::uint8_t index) {
  const DatagramSocket& socket = ports_[index]->socket;
  std::size_t count = 0;
  for (int i = 0; i < kBatchesPerTurn; ++i) {
    socket.receive(inbox_, incoming_);
    if (incoming_.empty()) break;
    count += incoming_.size();
    const auto now = Steady::now();
    const Instant at = clock_.now();
    for (const DatagramSocket::Incoming& datagram : incoming_) owner_.came(index, datagram, at, now);
    if (incoming_.size() < DatagramSocket::kBatch) break;
  }
  return count;
}

}  // namespace cutover::dnsprobe
