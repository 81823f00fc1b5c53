#pragma once
#include <memory>
#include <string>

#include "cmd/report/story.h"
#include "core/endpoint.h"
#include "core/result.h"

namespace cutover {

struct PageOptions {
  Endpoint bind;      ///< port 0: a free one
  std::string token;  ///< asked of every visitor; may be empty on a loopback address only
};

/// One page that shows a Story while it goes on, to any number of browsers: served by a thread of its own, read-only,
/// fed by publish(). Everything it needs comes from this program; nothing on it asks another host.
class LivePage {
 public:
  /// Listens before it returns. kUsage: no token at an address other than loopback; kIo: the address cannot be had.
  static Result<LivePage> start(const PageOptions& options);
  LivePage(LivePage&&) noexcept;
  LivePage& operator=(LivePage&&) noexcept;
  ~LivePage();  ///< tells every browser that the program has ended, then stops

  /// What visitors see from now on. Cheap enough for once a second with 5,000 resolvers: only what differs from the
  /// last one is sent. From any thread.
  void publish(const Story& story);
  /// The text of /metrics (Prometheus exposition format); empty until it is given.
  void publish_metrics(std::string text);
  /// What to open, the token included.
  const std::string& url() const;

 private:
  struct Impl;
  explicit LivePage(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutover
