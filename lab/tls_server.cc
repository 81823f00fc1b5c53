#include "lab/tls_server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "core/text.h"
#include "lab/patience.h"
#include "lab/sockets.h"

namespace cutover::lab {
namespace {

constexpr std::chrono::seconds kPatience{10};  // real time for one conversation
constexpr std::size_t kLongestRequest = 16384;

std::string_view reason_of(int status) {
  if (status == 200) return "OK";
  if (status == 301 || status == 302) return "Moved";
  if (status == 404) return "Not Found";
  if (status == 503) return "Service Unavailable";
  return "Lab";
}

}  // namespace

/// One connection: the TLS handshake where and when the protocol has it, then one request and one answer.
class TlsServer::Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(TlsServer& owner, net::Descriptor fd)
      : owner_(owner), stream_(owner.loop_, std::move(fd)), deadline_(owner.loop_) {}

  void start() {
    deadline_.start(kPatience, guarded([](Conversation& it) { it.end(); }));
    switch (owner_.spec_.protocol) {
      case TlsServerSpec::Protocol::kHttps:
        return secure([](Conversation& it) { it.read_request(); });
      case TlsServerSpec::Protocol::kHttp:
        return read_request();
      case TlsServerSpec::Protocol::kMail:
        return say(mail_greeting(owner_.spec_.mail), [](Conversation& it) { it.read_command(); });
    }
  }

 private:
  using Step = void (*)(Conversation&);

  /// A callback that does nothing once this conversation is gone.
  std::function<void()> guarded(Step step) {
    return [self = weak_from_this(), step] {
      if (const auto it = self.lock()) step(*it);
    };
  }

  void secure(Step next) {
    stream_.accept_tls(*owner_.spec_.identity, [self = weak_from_this(), next](const Result<void>& done) {
      const auto it = self.lock();
      if (!it) return;
      if (done) return next(*it);
      {
        const std::lock_guard lock(it->owner_.mutex_);
        ++it->owner_.counters_.handshakes_failed;
      }
      it->end();
    });
  }

  void say(std::string text, Step next) {
    stream_.write(std::move(text), [self = weak_from_this(), next](const Result<void>& done) {
      const auto it = self.lock();
      if (it) done ? next(*it) : it->end();
    });
  }

  /// Reads until `in_` holds `mark`, then goes on.
  void read_to(std::string_view mark, Step next) {
    if (in_.find(mark) != std::string::npos) return next(*this);
    stream_.read([self = weak_from_this(), mark, next](const Result<std::string>& bytes) {
      const auto it = self.lock();
      if (!it) return;
      if (!bytes || bytes->empty() || it->in_.size() > kLongestRequest) return it->end();
      it->in_ += *bytes;
      it->read_to(mark, next);
    });
  }

  void read_request() {
    read_to("\r\n\r\n", [](Conversation& it) {
      it.say(it.owner_.http_answer(it.in_), [](Conversation& answered) { answered.end(); });
    });
  }

  /// One command of a mail protocol after the other, in the clear and then behind TLS.
  void read_command() {
    read_to("\r\n", [](Conversation& it) {
      const std::size_t length = it.in_.find("\r\n");
      MailReply reply =
          mail_reply(it.owner_.spec_.mail, std::string_view(it.in_).substr(0, length), it.secured_, it.owner_.side());
      it.in_.erase(0, length + 2);
      switch (reply.then) {
        case MailReply::Then::kListen:
          return it.say(std::move(reply.text), [](Conversation& self) { self.read_command(); });
        case MailReply::Then::kHangUp:
          return it.say(std::move(reply.text), [](Conversation& self) { self.end(); });
        case MailReply::Then::kSecure:
          return it.say(std::move(reply.text), [](Conversation& self) { self.turn_to_tls(); });
      }
    });
  }

  void turn_to_tls() {
    secured_ = Secured::kYes;
    in_.clear();  // what came in the clear behind the command is not believed (RFC 3207 section 6, RFC 9051
                  // section 6.2.1)
    secure([](Conversation& secured) { secured.read_command(); });
  }

  void end() {
    deadline_.cancel();
    owner_.conversations_.erase(shared_from_this());
  }

  TlsServer& owner_;
  Stream stream_;
  Patience deadline_;
  std::string in_;
  Secured secured_ = Secured::kNo;
};

TlsServer::TlsServer(net::Loop& loop, const Clock& clock, TlsServerSpec spec)
    : loop_(loop), clock_(clock), spec_(std::move(spec)) {}

TlsServer::~TlsServer() {
  wait_.cancel();
  conversations_.clear();
}

Result<std::unique_ptr<TlsServer>> TlsServer::open(net::Loop& loop, const Clock& clock, TlsServerSpec spec) {
  if (spec.protocol != TlsServerSpec::Protocol::kHttp && !spec.identity)
    return fail(ErrorCode::kUsage, "an endpoint of the lab that speaks TLS needs a certificate");
  auto listener = listen_tcp(spec.where);
  if (!listener) return std::move(listener).error();
  std::unique_ptr<TlsServer> server(new TlsServer(loop, clock, std::move(spec)));
  server->listener_ = std::move(*listener);
  server->endpoint_ = local_endpoint(server->listener_.get());
  server->wait_for_connections();
  return server;
}

void TlsServer::wait_for_connections() {
  wait_ = loop_.on_readable(listener_.get(), [this] {
    while (net::Descriptor fd = accept_connection(listener_.get())) {
      {
        const std::lock_guard lock(mutex_);
        ++counters_.connections;
        if (health_ == Health::kDown) continue;
      }
      const auto conversation = std::make_shared<Conversation>(*this, std::move(fd));
      conversations_.insert(conversation);
      conversation->start();
    }
    wait_for_connections();
  });
}

std::string TlsServer::http_answer(const std::string& request) {
  int status = 400;
  const std::vector<std::string> words = split(request.substr(0, request.find("\r\n")), ' ');
  const bool head = words[0] == "HEAD";
  {
    const std::lock_guard lock(mutex_);
    ++counters_.requests;
    if (words.size() == 3 && (head || words[0] == "GET")) {
      const auto at = spec_.statuses.find(words[1]);
      status = at == spec_.statuses.end() ? 200 : at->second;
      if (health_ == Health::kFailing) status = 503;
    }
  }
  const std::string body = fmt::format("This is the {} side.\n", spec_.side);
  const std::time_t now = std::chrono::system_clock::to_time_t(clock_.now());
  return fmt::format(
      "HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
      "X-Lab-Side: {}\r\nConnection: close\r\n\r\n{}",
      status, reason_of(status), fmt::gmtime(now), body.size(), spec_.side, head ? "" : body);
}

void TlsServer::set_health(Health health) {
  const std::lock_guard lock(mutex_);
  health_ = health;
}

TlsServer::Counters TlsServer::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace cutover::lab
