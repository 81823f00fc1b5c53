#include "net/http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <type_traits>

#include "core/text.h"

// libcurl's multi interface, driven by our loop: curl says which sockets and which timeout it waits for, the loop
// tells it when they are due (curl_multi_socket_action). One Transfer is one request from start to result.
//
// The library is not linked but loaded with the first request: it brings some thirty others along, whose start takes
// longer than all the rest of a command that never speaks HTTP.

namespace cutover::net {
namespace {

constexpr std::size_t kMaxHeaders = 256 * 1024;
/// The name that has stood for this interface since 7.16 (2006).
constexpr const char* kLibrary = "libcurl.so.4";

/// What is called of libcurl, each function under its own name without `curl_`.
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_free) free = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_multi_init) multi_init = nullptr;
  decltype(&curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&curl_multi_setopt) multi_setopt = nullptr;
  decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&curl_multi_socket_action) multi_socket_action = nullptr;
  decltype(&curl_multi_info_read) multi_info_read = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
  decltype(&curl_url) url = nullptr;
  decltype(&curl_url_cleanup) url_cleanup = nullptr;
  decltype(&curl_url_get) url_get = nullptr;
  decltype(&curl_url_set) url_set = nullptr;
  std::string trouble{};  ///< why it cannot be used; empty: it can

  Curl() {
    void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);  // for good: its threads and handlers may outlive us
    if (library == nullptr) {
      trouble = fmt::format("HTTP needs {0}, which cannot be loaded ({1}): install the package libcurl4", kLibrary,
                            dlerror());
      return;
    }
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
      if (function == nullptr && trouble.empty())
        trouble = fmt::format("HTTP needs {}, and the one that is installed has no {}", kLibrary, name);
    };
    find(global_init, "curl_global_init");
    find(free, "curl_free");
    find(easy_init, "curl_easy_init");
    find(easy_cleanup, "curl_easy_cleanup");
    find(easy_setopt, "curl_easy_setopt");
    find(easy_getinfo, "curl_easy_getinfo");
    find(easy_strerror, "curl_easy_strerror");
    find(multi_init, "curl_multi_init");
    find(multi_cleanup, "curl_multi_cleanup");
    find(multi_setopt, "curl_multi_setopt");
    find(multi_add_handle, "curl_multi_add_handle");
    find(multi_remove_handle, "curl_multi_remove_handle");
    find(multi_socket_action, "curl_multi_socket_action");
    find(multi_info_read, "curl_multi_info_read");
    find(slist_append, "curl_slist_append");
    find(slist_free_all, "curl_slist_free_all");
    find(url, "curl_url");
    find(url_cleanup, "curl_url_cleanup");
    find(url_get, "curl_url_get");
    find(url_set, "curl_url_set");
    if (trouble.empty() && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) trouble = "libcurl could not be started";
  }
};

const Curl& curl() {
  static const Curl library;
  return library;
}

struct CleanEasy {
  void operator()(CURL* easy) const { curl().easy_cleanup(easy); }
};
struct CleanMulti {
  void operator()(CURLM* multi) const { curl().multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl().slist_free_all(list); }
};
struct CleanUrl {
  void operator()(CURLU* url) const { curl().url_cleanup(url); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

void append(List& list, const std::string& line) {
  if (curl_slist* longer = curl().slist_append(list.get(), line.c_str())) {
    static_cast<void>(list.release());
    list.reset(longer);
  }
}

/// What may be shown of a URL: the rest (user, path, query) may hold a secret.
struct Origin {
  std::string scheme;
  std::string host;
  std::string port;
  std::string text() const {
    return host.empty() ? "the URL" : printable(scheme + "://" + host + (port.empty() ? "" : ":" + port));
  }
};

Origin origin_of(const std::string& text) {
  const std::unique_ptr<CURLU, CleanUrl> url(curl().url());
  if (!url || curl().url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) return {};
  const auto part = [&](CURLUPart which) {
    char* value = nullptr;
    if (curl().url_get(url.get(), which, &value, 0) != CURLUE_OK) return std::string();
    std::string out(value);
    curl().free(value);
    return out;
  };
  return {part(CURLUPART_SCHEME), part(CURLUPART_HOST), part(CURLUPART_PORT)};
}

std::string who(const HttpRequest& request) {
  const auto at = request.connect_to ? fmt::format(" at {}", request.connect_to->text()) : std::string();
  return fmt::format("{} {}{}", printable(request.method), origin_of(request.url).text(), at);
}

bool has_line_end(const std::string& text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
}

/// What would let a caller's data become protocol, or cannot work at all.
Result<void> check_request(const HttpRequest& request) {
  const auto bad = [&](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("{}: {}", who(request), why));
  };
  const bool token = !request.method.empty() && std::all_of(request.method.begin(), request.method.end(),
                                                            [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!token) return bad(ErrorCode::kUsage, "the method is not a word of capital letters");
  const auto origin = origin_of(request.url);
  if ((origin.scheme != "http" && origin.scheme != "https") || origin.host.empty())
    return bad(ErrorCode::kUsage, "it is no http:// or https:// URL");
  for (const auto& [name, value] : request.headers)
    if (name.empty() || has_line_end(name) || has_line_end(value) || name.find(':') != std::string::npos)
      return bad(ErrorCode::kUsage, "a request header has a line end or no proper name");
  if (!request.ca_file.empty() && access(request.ca_file.c_str(), R_OK) != 0)
    return bad(ErrorCode::kIo, fmt::format("the CA file {} cannot be read", printable(request.ca_file)));
  return {};
}

ErrorCode code_of(CURLcode result) {
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kTimeout;
    case CURLE_URL_MALFORMAT:
      return ErrorCode::kUsage;
    case CURLE_SSL_CACERT_BADFILE:
      return ErrorCode::kIo;
    case CURLE_OUT_OF_MEMORY:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kNetwork;
  }
}

std::string_view kind_of(CURLcode result) {
  switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the certificate was not accepted: ";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
      return "no TLS connection: ";
    default:
      return "";
  }
}

class Transfer {
 public:
  Transfer(HttpRequest request, HttpClient::Done done)
      : request_(std::move(request)), done_(std::move(done)), easy_(curl().easy_init()) {
    if (easy_) set_up();
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() const { return easy_.get(); }
  const HttpRequest& request() const { return request_; }
  const HttpClient::Done& done() const { return done_; }

  /// Ends the transfer; call once, when curl says it is done.
  Result<HttpResponse> result(CURLcode code) {
    const bool cut_on_purpose = code == CURLE_WRITE_ERROR && response_.body_cut;
    if (code != CURLE_OK && !cut_on_purpose) {
      const std::string_view why = error_[0] != '\0' ? std::string_view(error_.data()) : curl().easy_strerror(code);
      return fail(code_of(code), fmt::format("{}: {}{}", who(request_), kind_of(code), printable(why)));
    }
    long status = 0;
    curl_off_t elapsed = 0;
    char* address = nullptr;
    long port = 0;
    curl().easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
    curl().easy_getinfo(easy(), CURLINFO_TOTAL_TIME_T, &elapsed);
    curl().easy_getinfo(easy(), CURLINFO_PRIMARY_IP, &address);
    curl().easy_getinfo(easy(), CURLINFO_PRIMARY_PORT, &port);
    response_.status = static_cast<int>(status);
    response_.elapsed = std::chrono::microseconds(elapsed);
    response_.finished = std::chrono::steady_clock::now();
    const auto ip = IpAddress::from_text(address == nullptr ? "" : address);
    if (ip) response_.remote = Endpoint{*ip, static_cast<std::uint16_t>(port)}.text();
    return std::move(response_);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    curl().easy_setopt(easy(), option, value);
  }

  void set_up() {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    // A server that answers before it has read the body resets an HTTP/2 stream, and curl 7.88 then sometimes
    // loses the answer: requests with a body go over HTTP/1.1.
    const bool http2 = request_.body.empty() || request_.version == HttpVersion::kHttp2;
    set(CURLOPT_HTTP_VERSION, static_cast<long>(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    // Rather wait for a connection that can be shared than open another.
    set(CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_USERAGENT, "cutover");
    set(CURLOPT_ACCEPT_ENCODING, "");
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, request_.timeout.count())));
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_PRIVATE, static_cast<void*>(this));
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    set_up_method();
    set_up_trust();
    set_up_target();
  }

  void set_up_method() {
    if (request_.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT" ||
               request_.method == "PATCH") {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      set(CURLOPT_POSTFIELDS, request_.body.c_str());
      // curl would say that any body is a form, and would wait for a "100 Continue".
      append(headers_, "Content-Type:");
      append(headers_, "Expect:");
    }
    if (request_.method != "GET" || !request_.body.empty()) set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    if (request_.method == "HEAD") set(CURLOPT_CUSTOMREQUEST, nullptr);
    for (const auto& [name, value] : request_.headers) {
      // `Name;` is curl's way to send a header without a value.
      append(headers_, value.empty() ? name + ";" : name + ": " + value);
    }
    set(CURLOPT_HTTPHEADER, headers_.get());
  }

  void set_up_trust() {
    const char* chosen = std::getenv("SSL_CERT_FILE");
    const std::string file = request_.ca_file.empty() && chosen != nullptr ? chosen : request_.ca_file;
    if (file.empty()) return;
    set(CURLOPT_CAINFO, file.c_str());
    // Else the system's folder of roots, compiled in, would be trusted beside the file.
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }

  void set_up_target() {
    if (!request_.connect_to) return;
    // No host and no port in front: whatever the URL says. CURLOPT_RESOLVE would not do: connections are
    // reused without regard to it.
    append(connect_to_, "::" + request_.connect_to->text());
    set(CURLOPT_CONNECT_TO, connect_to_.get());
    set(CURLOPT_PROXY, "");
  }

  static std::size_t on_body(char* data, std::size_t one, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t size = one * count;
    const std::size_t room =
        transfer.request_.max_body - std::min(transfer.request_.max_body, transfer.response_.body.size());
    transfer.response_.body.append(data, std::min(size, room));
    if (size <= room) return size;
    transfer.response_.body_cut = true;
    return size + 1;  // anything but `size` ends the transfer
  }

  static std::size_t on_header(char* data, std::size_t one, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t size = one * count;
    const std::string_view line(data, size);
    transfer.header_bytes_ += size;
    if (transfer.header_bytes_ > kMaxHeaders) return 0;
    auto& headers = transfer.response_.headers;
    if (line.substr(0, 5) == "HTTP/") headers.clear();  // a 1xx reply came before
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && line.substr(0, 5) != "HTTP/")
      headers.emplace_back(to_lower(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
    return size;
  }

  const HttpRequest request_;
  const HttpClient::Done done_;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  std::array<char, CURL_ERROR_SIZE> error_{};
  List headers_;
  List connect_to_;
  std::unique_ptr<CURL, CleanEasy> easy_;  // last: it refers to what stands above
};

}  // namespace

class HttpClient::Driver {
 public:
  explicit Driver(Loop& loop) : loop_(loop) {
    if (!curl().trouble.empty()) return;
    multi_.reset(curl().multi_init());
    curl().multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Driver::on_socket);
    curl().multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, static_cast<void*>(this));
    curl().multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Driver::on_timer);
    curl().multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, static_cast<void*>(this));
    // Left alone it keeps four idle connections per transfer: more than a process may have descriptors.
    curl().multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 64L);
  }
  ~Driver() {
    for (const auto& [easy, transfer] : active_) curl().multi_remove_handle(multi_.get(), easy);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  void start(HttpRequest request, Done done) {
    if (!curl().trouble.empty()) return refuse({ErrorCode::kInternal, curl().trouble}, std::move(done));
    if (const auto checked = check_request(request); !checked) return refuse(checked.error(), std::move(done));
    auto transfer = std::make_unique<Transfer>(std::move(request), std::move(done));
    CURL* easy = transfer->easy();
    if (easy == nullptr || curl().multi_add_handle(multi_.get(), easy) != CURLM_OK) {
      const Error error{ErrorCode::kInternal,
                        fmt::format("{}: libcurl could not start the request", who(transfer->request()))};
      return refuse(error, transfer->done());
    }
    active_.emplace(easy, std::move(transfer));
  }

 private:
  struct Socket {
    int wanted = CURL_POLL_NONE;
    Loop::Handle readable;
    Loop::Handle writable;
  };

  void refuse(Error error, Done done) {
    refused_.emplace_back(std::move(error), std::move(done));
    refusal_ = loop_.after(std::chrono::nanoseconds::zero(), [this] {
      for (const auto& [why, then] : std::exchange(refused_, {})) then(why);
    });
  }

  void act(curl_socket_t fd, int events) {
    int running = 0;
    curl().multi_socket_action(multi_.get(), fd, events, &running);
    collect();
    if (const auto at = sockets_.find(fd); at != sockets_.end()) arm(fd, at->second);
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      const CURLcode code = message->data.result;
      const auto at = active_.find(easy);
      const std::unique_ptr<Transfer> transfer = std::move(at->second);
      active_.erase(at);
      auto result = transfer->result(code);
      curl().multi_remove_handle(multi_.get(), easy);
      transfer->done()(std::move(result));
    }
  }

  /// Waits of the loop are for one event each: they are armed again after every action.
  void arm(curl_socket_t fd, Socket& socket) {
    const bool in = socket.wanted == CURL_POLL_IN || socket.wanted == CURL_POLL_INOUT;
    const bool out = socket.wanted == CURL_POLL_OUT || socket.wanted == CURL_POLL_INOUT;
    if (!in) socket.readable.cancel();
    if (!out) socket.writable.cancel();
    if (in && !socket.readable.pending())
      socket.readable = loop_.on_readable(fd, [this, fd] { act(fd, CURL_CSELECT_IN); });
    if (out && !socket.writable.pending())
      socket.writable = loop_.on_writable(fd, [this, fd] { act(fd, CURL_CSELECT_OUT); });
  }

  static int on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* self, void* /*socket*/) {
    auto& driver = *static_cast<Driver*>(self);
    if (what == CURL_POLL_REMOVE) {
      driver.sockets_.erase(fd);
      return 0;
    }
    auto& socket = driver.sockets_[fd];
    socket.wanted = what;
    driver.arm(fd, socket);
    return 0;
  }

  static int on_timer(CURLM* /*multi*/, long timeout_ms, void* self) {
    auto& driver = *static_cast<Driver*>(self);
    driver.timer_.cancel();
    if (timeout_ms >= 0)
      driver.timer_ =
          driver.loop_.after(std::chrono::milliseconds(timeout_ms), [&driver] { driver.act(CURL_SOCKET_TIMEOUT, 0); });
    return 0;
  }

  Loop& loop_;
  std::vector<std::pair<Error, Done>> refused_;
  Loop::Handle refusal_;
  std::map<curl_socket_t, Socket> sockets_;
  Loop::Handle timer_;
  // Before the transfers go, after which the multi handle closes its connections and still calls on_socket.
  std::unique_ptr<CURLM, CleanMulti> multi_;
  std::map<CURL*, std::unique_ptr<Transfer>> active_;
};

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

HttpClient::HttpClient(Loop& loop) : driver_(std::make_unique<Driver>(loop)) {}
HttpClient::~HttpClient() = default;
void HttpClient::start(HttpRequest request, Done done) { driver_->start(std::move(request), std::move(done)); }

std::vector<Result<HttpResponse>> http_all(Loop& loop, const std::vector<HttpRequest>& requests,
                                           std::size_t in_flight) {
  if (requests.empty()) return {};
  std::vector<std::optional<Result<HttpResponse>>> results(requests.size());
  std::size_t next = 0, ended = 0;
  HttpClient client(loop);
  const auto tell = [&] { loop.advance({Advance::Of::kRequests, ended, requests.size()}); };
  tell();
  std::function<void()> start_next = [&] {
    if (next == requests.size()) return;
    const std::size_t index = next++;
    client.start(requests[index], [&, index](Result<HttpResponse> result) {
      results[index] = std::move(result);
      ++ended;
      tell();
      start_next();
    });
  };
  for (std::size_t i = 0; i < std::max<std::size_t>(1, in_flight); ++i) start_next();
  loop.run_until([&] { return ended == requests.size(); });
  std::vector<Result<HttpResponse>> out;
  for (auto& result : results) out.push_back(*std::move(result));
  return out;
}

}  // namespace cutover::net
