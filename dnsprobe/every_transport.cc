#include <utility>

#include "dnsprobe/encrypted_transport.h"

namespace cutover::dnsprobe {
namespace {

/// Hands each question to the transport that its resolver asks for; each is made with its first question.
class EveryTransport final : public ProbeTransport {
 public:
  EveryTransport(net::Loop& loop, const Clock& clock, const TryOptions& options, Answered answered)
      : answered_(std::move(answered)),
        plain_{socket_transport(loop, clock, options), nullptr},
        tls_{tls_transport(loop, clock, options), nullptr},
        https_{https_transport(loop, clock, options), nullptr} {}

  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) override {
    Lazy& transport = of(resolver.transport);
    if (!transport.made) transport.made = transport.factory(answered_);
    last_ = transport.made.get();
    last_->ask(ticket, resolver, key);
  }

  std::chrono::nanoseconds held_back() const override {
    return last_ == nullptr ? std::chrono::nanoseconds::zero() : last_->held_back();
  }

 private:
  struct Lazy {
    TransportFactory factory;
    std::unique_ptr<ProbeTransport> made;
  };

  Lazy& of(Transport transport) {
    switch (transport) {
      case Transport::kTls:
        return tls_;
      case Transport::kHttps:
        return https_;
      case Transport::kUdp:
      case Transport::kTcp:
        break;
    }
    return plain_;
  }

  const Answered answered_;
  Lazy plain_, tls_, https_;
  ProbeTransport* last_ = nullptr;  ///< which was asked last
};

}  // namespace

TransportFactory every_transport(net::Loop& loop, const Clock& clock, TryOptions options) {
  return [&loop, &clock, options](ProbeTransport::Answered answered) -> std::unique_ptr<ProbeTransport> {
    return std::make_unique<EveryTransport>(loop, clock, options, std::move(answered));
  };
}

}  // namespace cutover::dnsprobe
