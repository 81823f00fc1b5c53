// Questions over TCP. One Conversation is one question to one resolver; its member functions stand in the order in
// which they happen: start_try -> end. A try that runs out of time starts the next one with a fresh connection and a
// fresh id, so that a reply always belongs to the try that is under way.

#include "dnsprobe/tcp_transport.h"

#include <unordered_map>
#include <utility>

#include "dnsprobe/pending.h"
#include "net/dns_stream.h"
#include "net/random_numbers.h"

namespace cutover::dnsprobe {

namespace {

class TcpTransport;

class Conversation {
 public:
  Conversation(TcpTransport& owner, net::Loop& loop, const Clock& clock, const TryOptions& options,
               std::uint64_t ticket, const Resolver& resolver, const RecordKey& key)
      : owner_(owner),
        loop_(loop),
        clock_(clock),
        options_(options),
        endpoint_(resolver.endpoint),
        pending_(ticket, resolver, key, "TCP", clock) {
    // The first step too runs from the loop: nothing may finish inside ask().
    timer_ = loop_.after(std::chrono::nanoseconds::zero(), [this] {
      if (!endpoint_) return end(pending_.failure(net::Outcome::kUnreachable, "its address is not known", clock_));
      start_try();
    });
  }

 private:
  void start_try() {
    ++tries_;
    const std::uint16_t id = net::random_id();
    const auto wire = pending_.query(id, clock_);
    if (!wire) return end(pending_.failure(net::Outcome::kUnreachable, wire.error().message, clock_));
    timer_ = loop_.after(options_.timeout, [this] { out_of_time(); });
    stream_ = std::make_unique<net::DnsStream>(
        loop_,
        net::DnsStream::Callbacks{{},
                                  [this, id](std::string_view message) {
                                    stream_->close();
                                    end(pending_.reply(message, id, 0, clock_));
                                  },
                                  [this](const std::string& why) {
                                    end(pending_.failure(net::Outcome::kUnreachable, "over TCP: " + why, clock_));
                                  }});
    stream_->start(*endpoint_, *wire);
  }

  void out_of_time() {
    if (tries_ < options_.tries) return start_try();
    end(pending_.failure(net::Outcome::kTimeout, "no answer in time", clock_));
  }

  /// Hands the sample over and destroys this conversation, soon: the stream must not go from inside its callback.
  void end(Sample sample);

  TcpTransport& owner_;
  net::Loop& loop_;
  const Clock& clock_;
  const TryOptions& options_;
  const std::optional<Endpoint> endpoint_;
  Pending pending_;
  int tries_ = 0;
  std::unique_ptr<net::DnsStream> stream_;
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

void Conversation::end(Sample sample) {
  timer_ = loop_.after(std::chrono::nanoseconds::zero(), [this, sample = std::move(sample)]() mutable {
    owner_.finished(pending_.ticket(), std::move(sample));
  });
}

}  // namespace

std::unique_ptr<ProbeTransport> tcp_transport(net::Loop& loop, const Clock& clock, const TryOptions& options,
                                              ProbeTransport::Answered answered) {
  return std::make_unique<TcpTransport>(loop, clock, options, std::move(answered));
}

}  // namespace cutover::dnsprobe
