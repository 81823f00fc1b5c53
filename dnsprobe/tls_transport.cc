#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/text.h"
#include "dnsprobe/encrypted_transport.h"
#include "dnsprobe/pending.h"
#include "net/dns_tls.h"
#include "net/random_numbers.h"

// A Connection is one server under one name. It opens a stream with its first question, keeps it for the next ones, and
// lets go of it when it has been idle for a while. Everything ends in one place, TlsTransport::answer().

namespace cutover::dnsprobe {
namespace {

/// RFC 7766 section 6.2.3: the client decides how long an idle connection is worth keeping.
constexpr std::chrono::seconds kIdle{10};
constexpr std::string_view kTransport = "TLS";

struct Shared {
  net::Loop& loop;
  const Clock& clock;
  TryOptions options;
  ProbeTransport::Answered answered;
};

class Connection {
 public:
  Connection(Shared& shared, Endpoint server, std::string name)
      : shared_(shared), server_(server), name_(std::move(name)), next_id_(net::random_id()) {}

  void ask(const net::TlsTrust& trust, std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) {
    trust_ = trust;
    const std::uint16_t id = free_id();
    auto [at, fresh] =
        questions_.try_emplace(id, Question{Pending(ticket, resolver, key, kTransport, shared_.clock), {}, 0});
    at->second.timer = shared_.loop.after(shared_.options.timeout * shared_.options.tries, [this, id] {
      end(id, [&](const Pending& pending) {
        return pending.failure(net::Outcome::kTimeout, "over TLS: no answer in time", shared_.clock);
      });
    });
    send(id, at->second);
  }

  std::size_t under_way() const { return questions_.size(); }

 private:
  struct Question {
    Pending pending;
    net::Loop::Handle timer;
    int sent = 0;
  };

  std::uint16_t free_id() {
    while (questions_.count(next_id_) != 0) ++next_id_;
    return next_id_++;
  }

  void send(std::uint16_t id, Question& question) {
    if (!stream_) open();
    ++question.sent;
    // A name and a type always make a query.
    if (const auto wire = question.pending.query(id, shared_.clock)) stream_->send(*wire);
    idle_.cancel();
  }

  void open() {
    answered_here_ = false;
    stream_ = std::make_unique<net::DnsTlsStream>(
        shared_.loop, *trust_,
        net::DnsTlsStream::Callbacks{[this](std::string_view wire) { received(wire); },
                                     [this](const std::string& why) { lost(why); }});
    stream_->start(server_, name_);
  }

  void received(std::string_view wire) {
    if (wire.size() < 2) return;
    const auto id =
        static_cast<std::uint16_t>(static_cast<unsigned char>(wire[0]) * 256U + static_cast<unsigned char>(wire[1]));
    answered_here_ = true;
    end(id, [&](const Pending& pending) { return pending.reply(wire, id, 0, shared_.clock); });
  }

  /// Servers close connections as they like: what was under way is asked once more, over another one, where this one
  /// had worked. The stream must not be destroyed from inside its callback.
  void lost(const std::string& why) {
    reopening_ = shared_.loop.after(std::chrono::nanoseconds::zero(), [this, why] {
      stream_.reset();
      std::vector<std::uint16_t> hopeless;
      for (auto& [id, question] : questions_) {
        if (answered_here_ && question.sent < 2)
          again_.push_back(id);
        else
          hopeless.push_back(id);
      }
      for (const std::uint16_t id : std::exchange(again_, {}))
        if (const auto at = questions_.find(id); at != questions_.end()) send(id, at->second);
      for (const std::uint16_t id : hopeless)
        end(id, [&](const Pending& pending) {
          return pending.failure(net::Outcome::kUnreachable, "over TLS: " + why, shared_.clock);
        });
    });
  }

  template <class Judge>
  void end(std::uint16_t id, const Judge& judge) {
    const auto at = questions_.find(id);
    if (at == questions_.end()) return;
    const std::uint64_t ticket = at->second.pending.ticket();
    Sample sample = judge(at->second.pending);
    questions_.erase(at);
    if (questions_.empty()) idle_ = shared_.loop.after(kIdle, [this] { stream_.reset(); });
    shared_.answered(ticket, std::move(sample));
  }

  Shared& shared_;
  const Endpoint server_;
  const std::string name_;
  std::optional<net::TlsTrust> trust_;
  std::uint16_t next_id_;
  bool answered_here_ = false;
  std::vector<std::uint16_t> again_;
  std::map<std::uint16_t, Question> questions_;
  std::unique_ptr<net::DnsTlsStream> stream_;
  net::Loop::Handle reopening_;
  net::Loop::Handle idle_;
};

class TlsTransport final : public ProbeTransport {
 public:
  explicit TlsTransport(Shared shared)
      : shared_(std::move(shared)), refusals_(shared_.loop, shared_.clock, shared_.answered) {}

  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) override {
    if (!trust_) trust_ = net::TlsTrust::system();
    if (!*trust_ || !resolver.endpoint) {
      const std::string why = resolver.endpoint ? trust_->error().message : "its address is not known";
      return refusals_.add(Pending(ticket, resolver, key, kTransport, shared_.clock), why);
    }
    auto& connection = connections_[{*resolver.endpoint, resolver.tls_name}];
    if (!connection) connection = std::make_unique<Connection>(shared_, *resolver.endpoint, resolver.tls_name);
    connection->ask(**trust_, ticket, resolver, key);
  }

 private:
  Shared shared_;
  std::optional<Result<net::TlsTrust>> trust_;
  std::map<std::pair<Endpoint, std::string>, std::unique_ptr<Connection>> connections_;
  Refusals refusals_;
};

}  // namespace

std::unique_ptr<ProbeTransport> tls_transport(net::Loop& loop, const Clock& clock, const TryOptions& options,
                                              ProbeTransport::Answered answered) {
  return std::make_unique<TlsTransport>(Shared{loop, clock, options, std::move(answered)});
}

}  // namespace cutover::dnsprobe
