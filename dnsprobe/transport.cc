#include "dnsprobe/transport.h"

#include <utility>
#include <vector>

#include "dnsprobe/tcp_transport.h"
#include "dnsprobe/udp_transport.h"

namespace cutover::dnsprobe {

namespace {

/// Gives each question to the transport that its resolver names.
class SocketTransport final : public ProbeTransport {
 public:
  SocketTransport(net::Loop& loop, const Clock& clock, const TryOptions& options, const Answered& answered)
      : loop_(loop),
        clock_(clock),
        answered_(answered),
        tcp_(tcp_transport(loop, clock, options, answered)),
        udp_(udp_transport(loop, clock, options, answered, *tcp_)) {}

  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) override {
    switch (resolver.transport) {
      case Transport::kUdp:
        return udp_->ask(ticket, resolver, key);
      case Transport::kTcp:
        return tcp_->ask(ticket, resolver, key);
      case Transport::kTls:
      case Transport::kHttps:
        break;
    }
    refuse(ticket, std::string(to_text(resolver.transport)) + " is not spoken here");
  }

 private:
  /// Answers without asking, from the loop as everybody does.
  void refuse(std::uint64_t ticket, const std::string& why) {
    refused_.push_back({ticket, why});
    if (refused_.size() == 1) later_ = loop_.after(std::chrono::nanoseconds::zero(), [this] { tell_refused(); });
  }

  void tell_refused() {
    std::vector<Refused> refused;
    refused.swap(refused_);
    const Answered answered = answered_;
    const Instant now = clock_.now();
    for (const Refused& each : refused) {
      Sample sample;
      sample.asked = sample.received = now;
      sample.outcome = net::Outcome::kUnreachable;
      sample.detail = each.why;
      answered(each.ticket, std::move(sample));
    }
  }

  struct Refused {
    std::uint64_t ticket;
    std::string why;
  };

  net::Loop& loop_;
  const Clock& clock_;
  const Answered answered_;
  std::vector<Refused> refused_;
  net::Loop::Handle later_;
  const std::unique_ptr<ProbeTransport> tcp_;
  const std::unique_ptr<ProbeTransport> udp_;  ///< after tcp_, which it hands truncated replies to
};

}  // namespace

TransportFactory socket_transport(net::Loop& loop, const Clock& clock, TryOptions options) {
  return [&loop, &clock, options](ProbeTransport::Answered answered) -> std::unique_ptr<ProbeTransport> {
    return std::make_unique<SocketTransport>(loop, clock, options, answered);
  };
}

}  // namespace cutover::dnsprobe
