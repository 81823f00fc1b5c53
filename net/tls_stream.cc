#include "net/tls_stream.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>

#include "core/text.h"
#include "net/starttls.h"
#include "net/tls_session.h"

// One Conversation is one connection from connect() to the end of the handshake; its member functions stand in the
// order in which they happen. It ends exactly once, in finish(), which is the last thing it does.

namespace cutover::net {
namespace {

using Steady = std::chrono::steady_clock;

std::chrono::microseconds since(Steady::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - start);
}

std::string address_literal(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::string bytes;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    if (address.ss_family == AF_INET)
      bytes.assign(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr), 4);
    if (address.ss_family == AF_INET6)
      bytes.assign(reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr), 16);
  }
  const auto ip = IpAddress::from_bytes(bytes);
  if (!ip) return "[127.0.0.1]";
  return (ip->family() == Family::kV6 ? "[IPv6:" : "[") + ip->text() + "]";
}

// --- one connection ---

TlsOutcome outcome_of_connect(int error) {
  switch (error) {
    case ECONNREFUSED:
      return TlsOutcome::kRefused;
    case ETIMEDOUT:
      return TlsOutcome::kTimeout;
    case ENETUNREACH:
    case EAFNOSUPPORT:
    case EADDRNOTAVAIL:
    case EINVAL:  // a link-local address, which needs a link
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EACCES:
    case EPERM:
      return TlsOutcome::kNotAsked;
    default:
      return TlsOutcome::kUnreachable;
  }
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress socket_address(const Endpoint& endpoint) {
  SocketAddress out;
  const auto bytes = endpoint.address.bytes();
  if (endpoint.address.family() == Family::kV4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, bytes.data(), 4);
    out.size = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, bytes.data(), 16);
    out.size = sizeof v6;
  }
  return out;
}

class Conversation {
 public:
  using Done = std::function<void(TlsAnswer)>;

  Conversation(Loop& loop, TlsContexts& contexts, const TlsRequest& request, Done done)
      : loop_(loop), contexts_(contexts), request_(request), done_(std::move(done)) {
    deadline_ = loop_.after(request_.timeout, [this] { on_timeout(); });
    wait_ = loop_.after({}, [this] { connect(); });
  }
  ~Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

 private:
  enum class Step { kConnect, kStarttls, kHandshake };

  // 1. Connect.
  void connect() {
    started_ = Steady::now();
    const auto address = socket_address(request_.connect_to);
    socket_ = Descriptor(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) return on_connect_error(errno);
    const int on = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0)
      return on_connected();
    if (errno != EINPROGRESS) return on_connect_error(errno);
    wait_ = loop_.on_writable(socket_.get(), [this] {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      error == 0 ? on_connected() : on_connect_error(error);
    });
  }
  void on_connect_error(int error) {
    const auto outcome = outcome_of_connect(error);
    const auto text = to_lower(std::strerror(error));
    finish(outcome, outcome == TlsOutcome::kNotAsked ? "this machine cannot ask: " + text : text);
  }
  void on_connected() {
    answer_.connect_time = std::max(since(started_), std::chrono::microseconds(1));
    request_.starttls.empty() ? begin_handshake() : begin_starttls();
  }

  // 2. STARTTLS, where asked for.
  void begin_starttls() {
    step_ = Step::kStarttls;
    if (!Starttls::known(request_.starttls))
      return finish(TlsOutcome::kNotAsked,
                    fmt::format("this program does not know STARTTLS for {}", printable(request_.starttls)));
    const auto& domain = request_.starttls_domain.empty() ? request_.server_name : request_.starttls_domain;
    starttls_.emplace(request_.starttls, StarttlsNames{domain, address_literal(socket_.get())});
    follow(starttls_->begin());
  }
  void follow(const StarttlsStep& step) {
    if (step.then == StarttlsStep::Then::kRefused) return finish(TlsOutcome::kNoStarttls, step.why);
    // Some bytes always fit an empty socket buffer.
    if (send(socket_.get(), step.say.data(), step.say.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(step.say.size()))
      return finish(TlsOutcome::kClosed, "the connection was lost before STARTTLS was agreed on");
    if (step.then == StarttlsStep::Then::kSecure) return begin_handshake();
    wait_ = loop_.on_readable(socket_.get(), [this] { read_reply(); });
  }
  void read_reply() {
    std::array<char, 2048> block{};
    const auto got = recv(socket_.get(), block.data(), block.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return follow({});
    if (got <= 0) return finish(TlsOutcome::kClosed, "the connection was closed before STARTTLS was agreed on");
    follow(starttls_->hear({block.data(), static_cast<std::size_t>(got)}));
  }

  // 3. Handshake.
  void begin_handshake() {
    step_ = Step::kHandshake;
    handshake_started_ = Steady::now();
    session_.emplace(contexts_.for_keys(request_.keys), request_, socket_.get());
    handshake();
  }
  void handshake() {
    switch (session_->step()) {
      case TlsSession::Progress::kWantsRead:
        wait_ = loop_.on_readable(socket_.get(), [this] { handshake(); });
        return;
      case TlsSession::Progress::kWantsWrite:
        wait_ = loop_.on_writable(socket_.get(), [this] { handshake(); });
        return;
      case TlsSession::Progress::kDone:
        answer_.handshake_time = since(handshake_started_);
        session_->tell(answer_);
        return finish(TlsOutcome::kHandshake, "");
      case TlsSession::Progress::kFailed:
        session_->tell_failure(answer_);
        return finish(answer_.outcome, answer_.detail);
    }
  }

  // 4. The end.
  void on_timeout() {
    const auto limit = fmt::format("within {} ms", request_.timeout.count());
    switch (step_) {
      case Step::kConnect:
        return finish(TlsOutcome::kTimeout, "no answer to the connection " + limit);
      case Step::kStarttls:
        return finish(TlsOutcome::kTimeout, "connected, but no STARTTLS " + limit);
      case Step::kHandshake:
        return finish(TlsOutcome::kTimeout, "connected, but the TLS handshake did not end " + limit);
    }
  }
  void finish(TlsOutcome outcome, std::string detail) {
    deadline_.cancel();
    wait_.cancel();
    answer_.outcome = outcome;
    answer_.detail = std::move(detail);
    answer_.asks_client_certificate = session_ && session_->asks_client_certificate();
    const auto done = std::move(done_);
    done(std::move(answer_));  // destroys this
  }

  Loop& loop_;
  TlsContexts& contexts_;
  const TlsRequest& request_;
  Done done_;
  TlsAnswer answer_;
  Step step_ = Step::kConnect;
  std::optional<Starttls> starttls_;
  Steady::time_point started_;
  Steady::time_point handshake_started_;
  Descriptor socket_;
  std::optional<TlsSession> session_;
  Loop::Handle wait_;  // before the descriptor it waits for is closed
  Loop::Handle deadline_;
};

class TlsFanOut {
 public:
  TlsFanOut(Loop& loop, const std::vector<TlsRequest>& requests, std::size_t in_flight)
      : loop_(loop), requests_(requests), active_(std::min(std::max<std::size_t>(1, in_flight), requests.size())) {
    answers_.resize(requests.size());
  }
  std::vector<TlsAnswer> run() {
    tell();
    for (std::size_t slot = 0; slot < active_.size(); ++slot) start_next(slot);
    loop_.run_until([this] { return finished_ == requests_.size(); });
    return std::move(answers_);
  }

 private:
  void start_next(std::size_t slot) {
    active_[slot].reset();
    if (next_ == requests_.size()) return;
    const std::size_t index = next_++;
    active_[slot] =
        std::make_unique<Conversation>(loop_, contexts_, requests_[index], [this, slot, index](TlsAnswer answer) {
          answers_[index] = std::move(answer);
          ++finished_;
          tell();
          start_next(slot);
        });
  }
  void tell() const { loop_.advance({Advance::Of::kHandshakes, finished_, requests_.size()}); }

  Loop& loop_;
  const std::vector<TlsRequest>& requests_;
  TlsContexts contexts_;
  std::vector<TlsAnswer> answers_;
  std::size_t next_ = 0;
  std::size_t finished_ = 0;
  std::vector<std::unique_ptr<Conversation>> active_;
};

}  // namespace

std::string_view to_text(TlsOutcome outcome) {
  switch (outcome) {
    case TlsOutcome::kHandshake:
      return "handshake";
    case TlsOutcome::kRefused:
      return "refused";
    case TlsOutcome::kTimeout:
      return "timeout";
    case TlsOutcome::kUnreachable:
      return "unreachable";
    case TlsOutcome::kNotAsked:
      return "not-asked";
    case TlsOutcome::kAlert:
      return "alert";
    case TlsOutcome::kNotTls:
      return "not-tls";
    case TlsOutcome::kClosed:
      return "closed";
    case TlsOutcome::kNoStarttls:
      return "no-starttls";
    case TlsOutcome::kFailed:
      return "failed";
  }
  return "failed";
}

std::string_view to_text(TlsVersion version) {
  switch (version) {
    case TlsVersion::k10:
      return "TLSv1";
    case TlsVersion::k11:
      return "TLSv1.1";
    case TlsVersion::k12:
      return "TLSv1.2";
    case TlsVersion::k13:
      return "TLSv1.3";
  }
  return "TLSv1.3";
}

std::vector<TlsAnswer> tls_all(Loop& loop, const std::vector<TlsRequest>& requests, std::size_t in_flight) {
  return TlsFanOut(loop, requests, in_flight).run();
}

}  // namespace cutover::net
