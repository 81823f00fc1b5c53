#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <utility>

#include "core/text.h"
#include "dnsprobe/encrypted_transport.h"
#include "dnsprobe/pending.h"
#include "net/http.h"

namespace cutover::dnsprobe {
namespace {

constexpr std::string_view kTransport = "HTTPS";
constexpr std::size_t kWave = 64;
constexpr std::size_t kMaxMessage = 65535;
/// RFC 8484 section 4.1: id 0, so that HTTP caches see equal requests.
constexpr std::uint16_t kId = 0;

std::uint32_t age_of(const net::HttpResponse& response) {
  const std::string_view text = response.header("age");
  std::uint32_t age = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), age);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? age : 0;
}

class HttpsTransport final : public ProbeTransport {
 public:
  HttpsTransport(net::Loop& loop, const Clock& clock, TryOptions options, Answered answered)
      : clock_(clock),
        options_(options),
        answered_(std::move(answered)),
        refusals_(loop, clock, answered_),
        client_(loop) {}

  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) override {
    if (!resolver.endpoint)
      return refusals_.add(Pending(ticket, resolver, key, kTransport, clock_), "its address is not known");
    net::HttpRequest request;
    request.method = "POST";
    request.url = resolver.url;
    request.headers = {{"Content-Type", "application/dns-message"}, {"Accept", "application/dns-message"}};
    request.connect_to = resolver.endpoint;
    request.timeout = options_.timeout * options_.tries;
    request.max_body = kMaxMessage;
    request.version = net::HttpVersion::kHttp2;
    waiting_.push_back({Pending(ticket, resolver, key, kTransport, clock_), std::move(request), 0});
    start_more();
  }

 private:
  struct Waiting {
    Pending pending;
    net::HttpRequest request;
    int sent = 0;
  };

  void start_more() {
    while (!waiting_.empty() && under_way_ < kWave) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      ++under_way_;
      ++next.sent;
      // A name and a type always make a query.
      if (auto wire = next.pending.query(kId, clock_)) next.request.body = *std::move(wire);
      auto request = next.request;
      client_.start(std::move(request),
                    [this, next = std::move(next)](const Result<net::HttpResponse>& result) mutable {
                      ended(std::move(next), result);
                    });
    }
  }

  void ended(Waiting question, const Result<net::HttpResponse>& result) {
    --under_way_;
    // Servers close idle connections as they like, also in the moment in which we send: once more, over a new one.
    if (!result && result.error().code == ErrorCode::kNetwork && question.sent == 1) {
      waiting_.push_front(std::move(question));
      return start_more();
    }
    Sample sample = judge(question.pending, result);
    start_more();
    answered_(question.pending.ticket(), std::move(sample));
  }

  Sample judge(const Pending& pending, const Result<net::HttpResponse>& result) const {
    if (!result) {
      const bool late = result.error().code == ErrorCode::kTimeout;
      return pending.failure(late ? net::Outcome::kTimeout : net::Outcome::kUnreachable, result.error().message,
                             clock_);
    }
    if (result->status != 200)
      return pending.failure(net::Outcome::kUnreachable, fmt::format("over HTTPS: status {}", result->status), clock_);
    const std::string_view type = result->header("content-type");
    if (type.substr(0, type.find(';')) != "application/dns-message")
      return pending.failure(net::Outcome::kGarbage,
                             fmt::format("over HTTPS: the reply is {}, no DNS message", printable(type)), clock_);
    return pending.reply(result->body, kId, age_of(*result), clock_);
  }

  const Clock& clock_;
  const TryOptions options_;
  const Answered answered_;
  std::deque<Waiting> waiting_;
  std::size_t under_way_ = 0;
  Refusals refusals_;
  net::HttpClient client_;
};

}  // namespace

std::unique_ptr<ProbeTransport> https_transport(net::Loop& loop, const Clock& clock, const TryOptions& options,
                                                ProbeTransport::Answered answered) {
  return std::make_unique<HttpsTransport>(loop, clock, options, std::move(answered));
}

}  // namespace cutover::dnsprobe
