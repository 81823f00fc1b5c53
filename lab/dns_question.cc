#include "lab/dns_question.h"

namespace cutover::lab {

DnsQuestion::DnsQuestion(net::Loop& loop, const Endpoint& server, net::Message query,
                         std::chrono::milliseconds patience, Then then)
    : loop_(loop), server_(server), query_(std::move(query)), then_(std::move(then)), patience_(loop) {
  patience_.start(patience, [this] { finish(std::nullopt); });
  auto wire = net::encode(query_);
  auto fd = connect_udp(server_);
  if (!wire || !fd) {
    // Completion always comes from the loop, never from inside the constructor.
    patience_.start({}, [this] { finish(std::nullopt); });
    return;
  }
  wire_ = *std::move(wire);
  fd_ = *std::move(fd);
  out_ = wire_;
  (void)write_some(fd_.get(), out_);
  out_.clear();
  wait_ = loop_.on_readable(fd_.get(), [this] { read_datagram(); });
}

void DnsQuestion::read_datagram() {
  Datagram datagram;
  const Received received = receive(fd_.get(), datagram);
  if (received == Received::kRefused) return finish(std::nullopt);
  bool truncated = false;
  if (received == Received::kDatagram) take(datagram.bytes, &truncated);
  if (truncated) return dial();
  if (reply_) return finish(std::move(reply_));
  wait_ = loop_.on_readable(fd_.get(), [this] { read_datagram(); });
}

void DnsQuestion::take(const net::Bytes& wire, bool* truncated) {
  auto reply = net::decode(wire);
  if (!reply || !reply->qr || reply->id != query_.id || reply->question != query_.question) return;
  *truncated = reply->tc;
  if (!reply->tc) reply_ = *std::move(reply);
}

void DnsQuestion::dial() {
  wait_.cancel();
  auto fd = connect_tcp(server_);
  if (!fd) return finish(std::nullopt);
  fd_ = *std::move(fd);
  out_ = {static_cast<char>(wire_.size() >> 8), static_cast<char>(wire_.size() & 0xff)};
  out_ += wire_;
  wait_ = loop_.on_writable(fd_.get(), [this] { write_stream(); });
}

void DnsQuestion::write_stream() {
  if (connect_failed(fd_.get()) || write_some(fd_.get(), out_) == Progress::kEnd) return finish(std::nullopt);
  if (out_.empty())
    wait_ = loop_.on_readable(fd_.get(), [this] { read_stream(); });
  else
    wait_ = loop_.on_writable(fd_.get(), [this] { write_stream(); });
}

void DnsQuestion::read_stream() {
  if (read_some(fd_.get(), in_) == Progress::kEnd) return finish(std::nullopt);
  if (in_.size() >= 2) {
    const std::size_t length = static_cast<std::uint8_t>(in_[0]) * 256U + static_cast<std::uint8_t>(in_[1]);
    if (in_.size() >= 2 + length) {
      bool truncated = false;
      take(in_.substr(2, length), &truncated);
      return finish(std::move(reply_));
    }
  }
  wait_ = loop_.on_readable(fd_.get(), [this] { read_stream(); });
}

void DnsQuestion::finish(std::optional<net::Message> reply) {
  wait_.cancel();
  patience_.cancel();
  fd_ = net::Descriptor();
  // Last: the owner may destroy this question from inside.
  const Then then = std::move(then_);
  then(std::move(reply));
}

}  // namespace cutover::lab
