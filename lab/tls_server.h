#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "core/clock.h"
#include "core/endpoint.h"
#include "lab/mail_dialog.h"
#include "lab/stream.h"
#include "net/loop.h"

namespace cutover::lab {

/// One endpoint of one side: a port that speaks HTTPS, HTTP, or a mail protocol that turns to TLS by a command.
struct TlsServerSpec {
  std::string side;  ///< `old`, `new`: said in every answer
  Endpoint where;    ///< on loopback; port 0 finds a free one
  enum class Protocol { kHttps, kHttp, kMail };
  Protocol protocol = Protocol::kHttps;
  std::optional<TlsIdentity> identity;      ///< needed but for kHttp
  std::map<std::string, int> statuses;      ///< HTTP status per path; 200 for every other path
  MailProtocol mail = MailProtocol::kSmtp;  ///< with kMail
};

/// Serves that endpoint. Answers on the loop's thread; everything public is thread-safe.
/// HTTP: `GET path` gets a status, a Date by the lab's clock, a header `X-Lab-Side: old` and a line of
/// text; the connection is then closed.
class TlsServer {
 public:
  /// `loop` and `clock` must outlive the server.
  static Result<std::unique_ptr<TlsServer>> open(net::Loop& loop, const Clock& clock, TlsServerSpec spec);
  ~TlsServer();

  const Endpoint& endpoint() const { return endpoint_; }
  const std::string& side() const { return spec_.side; }

  enum class Health {
    kHealthy,
    kFailing,  ///< HTTP 503 to everything
    kDown,     ///< hangs up at once
  };
  void set_health(Health health);

  struct Counters {
    std::size_t connections = 0, handshakes_failed = 0, requests = 0;
  };
  Counters counters() const;

 private:
  class Conversation;
  TlsServer(net::Loop& loop, const Clock& clock, TlsServerSpec spec);
  void wait_for_connections();
  std::string http_answer(const std::string& request);

  net::Loop& loop_;
  const Clock& clock_;
  const TlsServerSpec spec_;
  Endpoint endpoint_;
  net::Descriptor listener_;
  net::Loop::Handle wait_;
  std::set<std::shared_ptr<Conversation>> conversations_;  ///< only on the loop's thread
  mutable std::mutex mutex_;                               ///< guards everything below
  Health health_ = Health::kHealthy;
  Counters counters_;
};

}  // namespace cutover::lab
