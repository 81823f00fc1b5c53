#include "net/tls_stream.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>

#include "core/text.h"
#include "net/socket_bio.h"

// One Conversation is one connection from connect() to the end of the handshake; its member functions stand in the
// order in which they happen. It ends exactly once, in finish(), which is the last thing it does.

namespace cutover::net {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxDialog = 16 * 1024;  // of one STARTTLS reply
constexpr std::size_t kMaxChain = 100;         // what no honest server sends

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

std::chrono::microseconds since(Steady::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - start);
}

// --- what the handshake tells on the way ---

struct Heard {
  std::string fatal_alert;
  bool asks_client_certificate = false;
};

void on_info(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || value >> 8 != SSL3_AL_FATAL) return;
  auto& heard = *static_cast<Heard*>(SSL_get_app_data(ssl));
  heard.fatal_alert = SSL_alert_desc_string_long(value);
  std::replace(heard.fatal_alert.begin(), heard.fatal_alert.end(), ' ', '_');
}

int on_client_certificate(SSL* ssl, X509** /*certificate*/, EVP_PKEY** /*key*/) {
  static_cast<Heard*>(SSL_get_app_data(ssl))->asks_client_certificate = true;
  return 0;  // we have none
}

Context new_context() {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return context;
  // Whatever the server offers is looked at, and judged later: a strict client would only see a failed handshake.
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_options(context.get(), SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_cert_verify_callback(
      context.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  SSL_CTX_set_info_callback(context.get(), on_info);
  SSL_CTX_set_client_cert_cb(context.get(), on_client_certificate);
  return context;
}

std::string alert_in_words(const std::string& alert) {
  struct Words {
    std::string_view alert, words;
  };
  static constexpr std::array<Words, 6> kWords{{
      {"unrecognized_name", "this name is not configured on that address"},
      {"no_application_protocol", "the server speaks none of the offered protocols (ALPN)"},
      {"protocol_version", "the server accepts no TLS version that this program has"},
      {"certificate_required", "the server demands a client certificate"},
      {"handshake_failure",
       "the server found no common parameters (cipher, key type), or has no certificate for this name"},
      {"internal_error", "the server failed inside, often because it has no certificate for this name"},
  }};
  const auto* at = std::find_if(kWords.begin(), kWords.end(), [&](const Words& w) { return w.alert == alert; });
  return at == kWords.end() ? fmt::format("the server ended the handshake with the alert {}", alert)
                            : fmt::format("{} (alert {})", at->words, alert);
}

// --- STARTTLS ---

enum class Dialog { kSmtp, kPop3, kImap };

/// One step: what has to come, and what is said then (empty: TLS begins).
struct DialogStep {
  std::string_view good;  ///< how the last line of a good reply begins
  std::string_view say;   ///< `{}` stands for our own address
};
struct DialogPlan {
  std::string_view protocol;
  Dialog dialog;
  std::array<DialogStep, 3> steps;
};
constexpr std::array<DialogPlan, 3> kDialogs{{
    // RFC 3207; the address literal is what RFC 5321 section 4.1.3 wants of a client without a name.
    {"smtp", Dialog::kSmtp, {{{"220", "EHLO {}\r\n"}, {"250", "STARTTLS\r\n"}, {"220", ""}}}},
    {"imap", Dialog::kImap, {{{"* OK", "a STARTTLS\r\n"}, {"a OK", ""}, {"", ""}}}},  // RFC 2595 section 3
    {"pop3", Dialog::kPop3, {{{"+OK", "STLS\r\n"}, {"+OK", ""}, {"", ""}}}},          // RFC 2595 section 4
}};

const DialogPlan* find_dialog(std::string_view protocol) {
  const auto* at =
      std::find_if(kDialogs.begin(), kDialogs.end(), [&](const DialogPlan& d) { return d.protocol == protocol; });
  return at == kDialogs.end() ? nullptr : at;
}

struct DecidingLine {
  std::string_view text;
  bool more = false;  ///< further bytes follow it
};

/// The line that decides, once it is there: SMTP marks the last line of a reply with a space behind the code;
/// IMAP may send untagged lines before the tagged one.
std::optional<DecidingLine> deciding_line(const DialogPlan& plan, std::size_t step, std::string_view received) {
  while (true) {
    const auto end = received.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto line = trim(received.substr(0, end));
    received.remove_prefix(end + 1);
    const bool goes_on = (plan.dialog == Dialog::kSmtp && line.size() > 3 && line[3] == '-') ||
                         (plan.dialog == Dialog::kImap && step > 0 && line.substr(0, 2) == "* ");
    if (!goes_on) return DecidingLine{line, !received.empty()};
  }
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

  Conversation(Loop& loop, SSL_CTX* context, const TlsRequest& request, Done done)
      : loop_(loop), context_(context), request_(request), done_(std::move(done)) {
    deadline_ = loop_.after(request_.timeout, [this] { on_timeout(); });
    wait_ = loop_.after({}, [this] { connect(); });
  }
  ~Conversation() { ERR_clear_error(); }
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
    answer_.connect_time = since(started_);
    dialog_ = find_dialog(request_.starttls);
    if (dialog_ == nullptr) return begin_handshake();
    step_ = Step::kStarttls;
    read_reply();
  }

  // 2. STARTTLS, where asked for.
  void read_reply() {
    std::optional<DecidingLine> line;
    while (!line) {
      std::array<char, 2048> block{};
      const auto got = recv(socket_.get(), block.data(), block.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        wait_ = loop_.on_readable(socket_.get(), [this] { read_reply(); });
        return;
      }
      if (got <= 0) return finish(TlsOutcome::kClosed, "the connection was closed before STARTTLS was agreed on");
      received_.append(block.data(), static_cast<std::size_t>(got));
      line = deciding_line(*dialog_, dialog_step_, received_);
      if (!line && received_.size() > kMaxDialog)
        return finish(TlsOutcome::kNoStarttls, fmt::format("what came is no {} reply", dialog_->protocol));
    }
    on_reply(*line);
  }
  void on_reply(const DecidingLine& line) {
    const auto& step = dialog_->steps[dialog_step_];
    if (line.text.substr(0, step.good.size()) != step.good)
      return finish(TlsOutcome::kNoStarttls,
                    fmt::format("the server did not agree to STARTTLS: \"{}\"", printable(line.text.substr(0, 200))));
    if (!step.say.empty()) {
      ++dialog_step_;
      return say(step.say);
    }
    // They came in clear and would be taken for the beginning of TLS.
    if (line.more) return finish(TlsOutcome::kNoStarttls, "the server sent more in clear after it agreed to STARTTLS");
    begin_handshake();
  }
  void say(std::string_view pattern) {
    received_.clear();
    std::string text(pattern);
    if (const auto at = text.find("{}"); at != std::string::npos) text.replace(at, 2, address_literal(socket_.get()));
    // A command of some bytes always fits an empty socket buffer.
    if (send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
      return finish(TlsOutcome::kClosed, "the connection was lost before STARTTLS was agreed on");
    read_reply();
  }

  // 3. Handshake.
  void begin_handshake() {
    step_ = Step::kHandshake;
    handshake_started_ = Steady::now();
    ssl_.reset(SSL_new(context_));
    BIO* bio = ssl_ ? new_socket_bio(socket_.get()) : nullptr;
    if (bio == nullptr) return finish(TlsOutcome::kNotAsked, "OpenSSL could not make a connection object");
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), &heard_);
    SSL_set_connect_state(ssl_.get());
    if (!request_.server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), request_.server_name.c_str());
    std::string protocols;
    for (const auto& one : request_.alpn) protocols += static_cast<char>(one.size()) + one;
    if (!protocols.empty())
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
    handshake();
  }
  void handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return on_handshake();
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) {
      wait_ = loop_.on_readable(socket_.get(), [this] { handshake(); });
    } else if (error == SSL_ERROR_WANT_WRITE) {
      wait_ = loop_.on_writable(socket_.get(), [this] { handshake(); });
    } else {
      on_handshake_error(error);
    }
  }
  void on_handshake_error(int error) {
    const auto reason = ERR_GET_REASON(ERR_peek_error());
    if (!heard_.fatal_alert.empty()) {
      answer_.alert = heard_.fatal_alert;
      return finish(TlsOutcome::kAlert, alert_in_words(answer_.alert));
    }
    if (error == SSL_ERROR_SYSCALL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
      return finish(TlsOutcome::kClosed, "the server closed the connection in the middle of the handshake");
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
        reason == SSL_R_BAD_RECORD_TYPE || reason == SSL_R_INVALID_CCS_MESSAGE || reason == SSL_R_UNEXPECTED_MESSAGE)
      return finish(TlsOutcome::kNotTls, "what answered does not speak TLS");
    const char* text = ERR_reason_error_string(ERR_peek_error());
    finish(TlsOutcome::kFailed,
           fmt::format("the handshake failed: {}", printable(text == nullptr ? "no reason given" : text)));
  }
  void on_handshake() {
    answer_.handshake_time = since(handshake_started_);
    answer_.version = SSL_get_version(ssl_.get());
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
    if (protocol != nullptr) answer_.alpn = printable(std::string(reinterpret_cast<const char*>(protocol), size));
    const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_.get());
    const int count = chain == nullptr ? 0 : sk_X509_num(chain);
    for (int i = 0; i < count && answer_.chain.size() < kMaxChain; ++i)
      answer_.chain.push_back(der_of(sk_X509_value(chain, i)));
    SSL_shutdown(ssl_.get());  // says goodbye, does not wait for the answer
    finish(TlsOutcome::kHandshake, "");
  }
  static std::string der_of(X509* certificate) {
    unsigned char* data = nullptr;
    const int size = i2d_X509(certificate, &data);
    if (size < 0) return {};
    std::string out(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    OPENSSL_free(data);
    return out;
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
    answer_.asks_client_certificate = heard_.asks_client_certificate;
    const auto done = std::move(done_);
    done(std::move(answer_));  // destroys this
  }

  Loop& loop_;
  SSL_CTX* context_;
  const TlsRequest& request_;
  Done done_;
  TlsAnswer answer_;
  Heard heard_;
  Step step_ = Step::kConnect;
  const DialogPlan* dialog_ = nullptr;
  std::size_t dialog_step_ = 0;
  std::string received_;
  Steady::time_point started_;
  Steady::time_point handshake_started_;
  Descriptor socket_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  Loop::Handle wait_;  // before the descriptor it waits for is closed
  Loop::Handle deadline_;
};

class TlsFanOut {
 public:
  TlsFanOut(Loop& loop, const std::vector<TlsRequest>& requests, std::size_t in_flight)
      : loop_(loop),
        requests_(requests),
        context_(new_context()),
        active_(std::min(std::max<std::size_t>(1, in_flight), requests.size())) {
    answers_.resize(requests.size());
  }
  std::vector<TlsAnswer> run() {
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
        std::make_unique<Conversation>(loop_, context_.get(), requests_[index], [this, slot, index](TlsAnswer answer) {
          answers_[index] = std::move(answer);
          ++finished_;
          start_next(slot);
        });
  }

  Loop& loop_;
  const std::vector<TlsRequest>& requests_;
  Context context_;
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

bool is_known_starttls(std::string_view protocol) { return find_dialog(protocol) != nullptr; }

std::vector<TlsAnswer> tls_all(Loop& loop, const std::vector<TlsRequest>& requests, std::size_t in_flight) {
  return TlsFanOut(loop, requests, in_flight).run();
}

}  // namespace cutover::net
