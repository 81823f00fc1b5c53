#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What every strict, stateful fake of an HTTP API stands on: it listens on a loopback address of its own, keeps its
// state under one lock, checks the credential, writes down what it was asked, and misbehaves when a test wants it to.

namespace cutover::servers {

using ApiFields = std::vector<std::pair<std::string, std::string>>;

/// A request as a handler sees it.
struct ApiRequest {
  std::string method{};
  std::string path{};   ///< as sent, without the API's base path and the query
  ApiFields query{};    ///< decoded, in the order sent
  ApiFields headers{};  ///< names in lower case
  std::string body{};
  std::vector<std::string> parts{};  ///< what stood for each `{...}` of the route's pattern, decoded

  /// The first of that name (a header's in lower case); nullopt: there is none.
  std::optional<std::string> header(std::string_view name) const;
  std::optional<std::string> parameter(std::string_view name) const;
};

struct ApiReply {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json";
  ApiFields headers{};
};
ApiReply json_reply(int status, std::string body);

/// What goes wrong, and with which requests.
struct ApiFault {
  enum class Kind {
    kFailBefore,    ///< answers 500 and has done nothing
    kFailAfter,     ///< does it, then answers 500
    kCutBefore,     ///< closes the connection without a word and has done nothing
    kCutAfter,      ///< does it, then closes the connection without a word
    kTruncated,     ///< does it, then sends half the body that Content-Length promises; of none, nothing
    kHalfJson,      ///< does it; the body, or `{}` where there is none, ends in its middle and Content-Length agrees
    kHtml,          ///< does it; 200 with a page in HTML, as from a proxy on the way
    kThrottled,     ///< says so in the service's own way and has done nothing
    kExpired,       ///< says that the credential holds no longer and has done nothing
    kSilentBefore,  ///< has done nothing and says nothing until the client gives up
    kSilentAfter    ///< does it, then says nothing until the client gives up
  };
  Kind kind = Kind::kFailBefore;
  std::string method{};                           ///< empty: any
  std::string path{};                             ///< a part of the path; empty: any
  int times = 1;                                  ///< how many requests it strikes
  int after = 0;                                  ///< how many that match pass first
  std::chrono::seconds retry_after{1};            ///< what kThrottled asks for
  std::function<bool(const ApiRequest&)> when{};  ///< and this holds; empty: always
};

/// One line of the request log.
struct ApiLogEntry {
  std::string method{};
  std::string target{};  ///< path and query as sent
  ApiFields headers{};   ///< secrets are `***`
  std::string body{};
  int status = 0;  ///< what was answered; 0: nothing was
  std::optional<ApiFault::Kind> fault{};
};

/// The base. Handlers run one at a time, on the fake's threads, with the state locked. The destructor of the class
/// that derives from it calls stop(): no request may find half a fake. (One that forgets ends the program.)
class ApiFake {
 public:
  struct Settings {
    std::string base_path{};                     ///< `/client/v4`; requests may leave it out, as Prism's do
    std::string secret_header{};                 ///< `authorization`; empty: no credential is asked for
    std::string secret{};                        ///< the whole value: `Bearer abc`
    std::string body_type = "application/json";  ///< what a body must say it is; empty: anything
  };
  explicit ApiFake(Settings settings);
  virtual ~ApiFake();
  ApiFake(const ApiFake&) = delete;
  ApiFake& operator=(const ApiFake&) = delete;

  std::string url() const;   ///< `http://127.1.2.3:4567/client/v4`
  std::string root() const;  ///< `http://127.1.2.3:4567`

  /// From now on requests need this value; the log goes on hiding all former ones.
  void set_secret(const std::string& value);
  /// How far the Date of its answers is ahead of the real time.
  void set_clock_ahead(std::chrono::seconds ahead);

  void strike(ApiFault fault);
  void no_more_faults();
  /// How many requests a fault has struck.
  int struck() const;

  std::vector<ApiLogEntry> requests() const;
  /// How many requests of this method (empty: any) had `part` in their path or query.
  int count(std::string_view method, std::string_view part = {}) const;
  /// How many were neither GET nor HEAD.
  int writes() const;
  void forget_requests();
  /// The log as text, for INFO().
  std::string log() const;

 protected:
  using Handler = std::function<ApiReply(const ApiRequest&)>;
  /// `/zones/{zone}/dns_records`: literal segments, and `{...}` for any one. The first that fits serves.
  void route(std::string method, std::string pattern, Handler handler);
  /// Ends every connection and waits for the threads. Safe to call again.
  void stop();
  /// For members that tests call.
  std::unique_lock<std::mutex> locked() const { return std::unique_lock(lock_); }

  /// A refusal in the service's own shape: 400 (unreadable), 401, 404 (no such route), 405, 415, 500.
  virtual ApiReply trouble(int status, const std::string& why) const = 0;
  /// 429 with Retry-After, unless the service has another way.
  virtual ApiReply throttled(std::chrono::seconds retry_after) const;
  /// nullopt when the request may be served. Compares the secret header, unless overridden.
  virtual std::optional<ApiReply> refusal(const ApiRequest& request) const;

 private:
  friend class ApiListener;
  enum class Delivery { kWhole, kHalf, kNone, kSilence };
  struct Outcome {
    ApiReply reply;
    Delivery delivery = Delivery::kWhole;
  };
  struct Route {
    std::string method;
    std::vector<std::string> pattern;
    Handler handler;
  };
  /// `target` as sent. Takes the lock.
  Outcome serve(ApiRequest request, const std::string& target);
  Outcome decide(ApiRequest& request, const std::optional<ApiFault>& fault);
  ApiReply dispatched(ApiRequest& request);
  std::optional<ApiFault> fault_for(const ApiRequest& request);
  std::string hidden(std::string text) const;

  Settings settings_;
  std::vector<Route> routes_;
  mutable std::mutex lock_;
  std::vector<std::string> secrets_;
  std::vector<ApiFault> faults_;
  std::vector<ApiLogEntry> requests_;
  int struck_ = 0;
  std::chrono::seconds ahead_{0};
  std::unique_ptr<class ApiListener> listener_;
};

/// How a list is cut into pages.
struct ApiPaging {
  std::string size_name = "per_page";
  std::string place_name = "page";  ///< 1, 2, ...; of a cursor: what an earlier answer gave
  std::size_t size = 100;           ///< where none is asked for
  std::size_t smallest = 1;
  std::size_t largest = 100;
};
/// `count` items from `first` on.
struct ApiPage {
  std::size_t first = 0, count = 0;
  std::size_t number = 1, size = 0, pages = 1, total = 0;  ///< page numbers begin with 1
  std::string next_cursor{};                               ///< empty: this is the last
};
/// nullopt: the request's numbers are no numbers, out of range, or its cursor is none of ours.
std::optional<ApiPage> numbered_page(const ApiRequest& request, std::size_t total, const ApiPaging& paging);
std::optional<ApiPage> cursor_page(const ApiRequest& request, std::size_t total, const ApiPaging& paging);

}  // namespace cutover::servers
