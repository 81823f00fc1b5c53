#include "cmd/page/live_page.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "cmd/page/assets.h"
#include "cmd/page/feed.h"
#include "cmd/page/visit.h"
#include "core/text.h"

// The only file that knows the HTTP library. Its facts that shaped this one (cpp-httplib 0.11, one thread per
// connection): an idle kept-alive connection holds a thread, so every reply closes its connection; a text that is
// handed over as a body is compressed for whoever asks (a story with brotli takes seconds), so bodies are handed over
// in pieces; and by default a second program may listen at the same port.

namespace cutover {
namespace {

constexpr std::size_t kStreams = 32;      ///< browsers at once; the next one asks again every few seconds
constexpr std::size_t kOtherThreads = 8;  ///< so that streams never starve the page itself
constexpr std::size_t kPiece = 16384;     ///< a reader that takes nothing is noticed after a piece and a write timeout
constexpr std::chrono::seconds kWriteTimeout{2};
constexpr std::chrono::seconds kHeartbeat{10};

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

struct Asset {
  const char* path;
  const char* type;
  const std::string_view& text;
};
const Asset kAssets[] = {
    {"/", "text/html; charset=utf-8", kPageHtml},
    {"/page.css", "text/css; charset=utf-8", kPageCss},
    {"/page.js", "text/javascript; charset=utf-8", kPageJs},
    {"/pictures.css", "text/css; charset=utf-8", kPicturesCss},
    {"/pictures.js", "text/javascript; charset=utf-8", kPicturesJs},
    {"/icon.svg", "image/svg+xml", kIconSvg},
};

Visit visit_of(const httplib::Request& request) {
  return {request.method,
          request.get_header_value_count("Host") == 1 ? request.get_header_value("Host") : std::string(),
          request.has_param("token") ? request.get_param_value("token") : std::string(),
          request.get_header_value("Cookie"),
          request.get_header_value("Authorization"),
          request.get_header_value("Sec-Fetch-Site"),
          request.get_header_value("Sec-Fetch-Mode")};
}

/// A body that is sent as it is. `text` keeps itself alive.
void give(httplib::Response& response, const std::shared_ptr<const std::string>& text, const char* type) {
  if (text->empty()) return response.set_content("", type);
  response.set_content_provider(text->size(), type,
                                [text](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                                  return sink.write(text->data() + offset, std::min(length, kPiece));
                                });
}
void refuse(httplib::Response& response, int status, const char* sentence) {
  response.status = status;
  give(response, std::make_shared<const std::string>(std::string(sentence) + "\n"), "text/plain; charset=utf-8");
}

/// Real time; false: it did not come true.
template <class True>
bool wait_until(std::chrono::seconds most, True&& is_true) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void set_up(httplib::Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool(kStreams + kOtherThreads); };
  server.set_keep_alive_max_count(1);
  server.set_keep_alive_timeout(2);
  server.set_read_timeout(std::chrono::seconds(2));
  server.set_write_timeout(kWriteTimeout);
  server.set_payload_max_length(0);
  server.set_tcp_nodelay(true);
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  server.set_default_headers({{"Content-Security-Policy", kPolicy},
                              {"X-Content-Type-Options", "nosniff"},
                              {"Referrer-Policy", "no-referrer"},
                              {"Cache-Control", "no-store"},
                              {"Cross-Origin-Opener-Policy", "same-origin"},
                              {"Cross-Origin-Resource-Policy", "same-origin"}});
}

}  // namespace

struct LivePage::Impl {
  Feed feed;
  httplib::Server server;
  std::unique_ptr<Doorkeeper> doorkeeper;
  std::string url;
  std::atomic<std::size_t> streams{0};
  std::thread thread;

  ~Impl() {
    feed.end();
    // stop() cuts streams off: first each is given the time to say that it is over.
    wait_until(std::chrono::seconds(1), [this] { return streams == 0; });
    server.stop();
    if (thread.joinable()) thread.join();
  }

  /// Answers everything; the library's own routes (regular expressions over what strangers send) stay empty.
  void answer(const httplib::Request& request, httplib::Response& response) {
    using Admission = Doorkeeper::Admission;
    switch (doorkeeper->admit(visit_of(request))) {
      case Admission::kWelcome:
        break;
      case Admission::kGiveCookie:
        response.set_header("Set-Cookie", doorkeeper->set_cookie());
        break;
      case Admission::kWrongMethod:
        response.set_header("Allow", "GET, HEAD");
        return refuse(response, 405, "This page can only be read.");
      case Admission::kWrongHost:
        return refuse(response, 421, "This page does not go by that name; open the address that cutover printed.");
      case Admission::kForeignFrame:
        return refuse(response, 403, "This page is not for other sites.");
      case Admission::kNoToken:
        return refuse(response, 403, "This page needs its token; open the address that cutover printed.");
    }
    if (!request.ranges.empty()) return refuse(response, 416, "Parts are not given out.");
    route(request, response);
  }

  void route(const httplib::Request& request, httplib::Response& response) {
    for (const Asset& asset : kAssets)
      if (request.path == asset.path)
        return give(response, std::make_shared<const std::string>(asset.text), asset.type);
    if (request.path == "/story.json") return give(response, feed.story_json(), "application/json");
    if (request.path == "/metrics")
      return give(response, std::make_shared<const std::string>(feed.metrics()), "text/plain; version=0.0.4");
    if (request.path == "/events") return stream(request, response);
    refuse(response, 404, "There is nothing here.");
  }

  void stream(const httplib::Request& request, httplib::Response& response) {
    if (request.method == "HEAD") return response.set_content("", "text/event-stream");
    if (streams.fetch_add(1) >= kStreams) {
      --streams;
      response.set_header("Retry-After", "5");
      return refuse(response, 503, "Too many are watching; ask for /story.json now and then.");
    }
    feed.reader_came();
    struct Place {
      std::uint64_t seen = 0;
      Feed::Message message{0, "retry: 2000\n\n", false};
      std::size_t sent = 0;
    };
    auto place = std::make_shared<Place>();
    response.set_chunked_content_provider(
        "text/event-stream",
        [this, place](std::size_t, httplib::DataSink& sink) {
          if (place->sent == place->message.text.size()) {
            if (place->message.is_last) {
              sink.done();
              return true;
            }
            place->message = feed.next(place->seen, kHeartbeat);
            place->seen = place->message.seen;
            place->sent = 0;
          }
          const std::size_t piece = std::min(kPiece, place->message.text.size() - place->sent);
          if (!sink.write(place->message.text.data() + place->sent, piece)) return false;
          place->sent += piece;
          return true;
        },
        [this](bool) {
          feed.reader_went();
          --streams;
        });
  }
};

LivePage::LivePage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LivePage::LivePage(LivePage&&) noexcept = default;
LivePage& LivePage::operator=(LivePage&&) noexcept = default;
LivePage::~LivePage() = default;

Result<LivePage> LivePage::start(const PageOptions& options) {
  const IpAddress& address = options.bind.address;
  if (options.token.empty() && !is_loopback(address))
    return fail(ErrorCode::kUsage,
                fmt::format("the live page at {} would be open to everybody who reaches this machine; "
                            "give it a token (--http-token), or listen at 127.0.0.1",
                            options.bind.text()));
  auto impl = std::make_unique<Impl>();
  httplib::Server& server = impl->server;
  set_up(server);
  Endpoint bound = options.bind;
  if (bound.port == 0) {
    const int port = server.bind_to_any_port(address.text());
    if (port > 0) bound.port = static_cast<std::uint16_t>(port);
  } else if (!server.bind_to_port(address.text(), bound.port)) {
    bound.port = 0;
  }
  if (bound.port == 0)
    return fail(ErrorCode::kIo,
                fmt::format("the live page cannot listen at {}: another program does, or the address is "
                            "not this machine's; port 0 finds a free one",
                            options.bind.text()));
  impl->doorkeeper = std::make_unique<Doorkeeper>(bound, options.token);
  impl->url = impl->doorkeeper->url();
  Impl* const self = impl.get();
  server.set_pre_routing_handler([self](const httplib::Request& request, httplib::Response& response) {
    self->answer(request, response);
    return httplib::Server::HandlerResponse::Handled;
  });
  impl->thread = std::thread([self] { self->server.listen_after_bind(); });
  // Connections wait in the listening socket's queue from bind on; stop() works only once the loop runs.
  wait_until(std::chrono::seconds(5), [self] { return self->server.is_running(); });
  return LivePage(std::move(impl));
}

void LivePage::publish(const Story& story) { impl_->feed.publish(story); }
void LivePage::publish_metrics(std::string text) { impl_->feed.publish_metrics(std::move(text)); }
const std::string& LivePage::url() const { return impl_->url; }

}  // namespace cutover
