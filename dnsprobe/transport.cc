#include "dnsprobe/transport.h"

#include <utility>

#include "dnsprobe/encrypted_transport.h"
#include "dnsprobe/tcp_transport.h"
#include "dnsprobe/udp_transport.h"

namespace cutover::dnsprobe {

namespace {

/// Gives each question to the transport that its resolver names; those that few resolvers want are made with their
/// first question.
class SocketTransport final : public ProbeTransport {
 public:
  SocketTransport(net::Loop& loop, const Clock& clock, const TryOptions& options, const Answered& answered)
      : loop_(loop),
        clock_(clock),
        options_(options),
        answered_(answered),
        tcp_(tcp_transport(loop, clock, options, answered)),
        udp_(udp_transport(loop, clock, options, answered, *tcp_)) {}

  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) override {
    last_is_udp_ = resolver.transport == Transport::kUdp;
    of(resolver.transport).ask(ticket, resolver, key);
  }

  std::chrono::nanoseconds held_back() const override {
    return last_is_udp_ ? udp_->held_back() : std::chrono::nanoseconds::zero();
  }

 private:
  ProbeTransport& of(Transport transport) {
    switch (transport) {
      case Transport::kUdp:
        return *udp_;
      case Transport::kTcp:
        return *tcp_;
      case Transport::kTls:
        if (!tls_) tls_ = tls_transport(loop_, clock_, options_, answered_);
        return *tls_;
      case Transport::kHttps:
        if (!https_) https_ = https_transport(loop_, clock_, options_, answered_);
        return *https_;
    }
    return *udp_;
  }

  net::Loop& loop_;
  const Clock& clock_;
  const TryOptions options_;
  const Answered answered_;
  bool last_is_udp_ = false;
  const std::unique_ptr<ProbeTransport> tcp_;
  const std::unique_ptr<ProbeTransport> udp_;  ///< after tcp_, which it hands truncated replies to
  std::unique_ptr<ProbeTransport> tls_;
  std::unique_ptr<ProbeTransport> https_;
};

}  // namespace

TransportFactory socket_transport(net::Loop& loop, const Clock& clock, TryOptions options) {
  return [&loop, &clock, options](ProbeTransport::Answered answered) -> std::unique_ptr<ProbeTransport> {
    return std::make_unique<SocketTransport>(loop, clock, options, answered);
  };
}

}  // namespace cutover::dnsprobe
