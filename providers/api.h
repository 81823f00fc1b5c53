#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/credential.h"
#include "net/http.h"
#include "net/loop.h"

namespace cutover::providers {

/// One call of an API, as data.
struct ApiCall {
  std::string method;
  std::string path;  ///< below the API's URL, with its query
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  ///< beyond what every call carries
};

/// A provider's API over HTTPS, and the rules that hold for each of them: where it may be, that the credential goes
/// nowhere else and into no text, what may be tried again. Not thread-safe. Borrows the loop.
class Api {
 public:
  enum class Form { kJson, kXml };  ///< what bodies are, in both directions
  /// Puts what proves who calls into a request that is otherwise complete: a header, a signature, a token that it
  /// fetches first and keeps. An error ends the call, unsent.
  using Authorize = std::function<Result<void>(net::HttpRequest&)>;
  /// What an answer means where the service does not say it by its HTTP status; nullopt: as the status says. kBusy:
  /// asked too often, and the call was not carried out.
  using Meaning = std::function<std::optional<ErrorCode>(const net::HttpResponse&)>;

  struct Settings {
    std::string service{};  ///< who answers there, for sentences: `PowerDNS`
    std::string url{};      ///< `https://dns.example.net:8081`, a path may follow; http:// for loopback alone
    Authorize authorize{};
    std::vector<net::Secret> secrets{};                           ///< taken out of whatever the service says
    std::function<std::vector<net::Secret>()> fetched_secrets{};  ///< and these, which came later
    /// Called when the service answers 401 (RFC 9110 section 15.5.2): `authorize` then has another credential, and the
    /// call goes out once more. It was not carried out.
    std::function<void()> renew{};
    Form form = Form::kJson;
    std::string content_type{};  ///< of bodies sent; empty: as the form says
    std::string accept{};        ///< empty: as the form says
    std::string ca_file{};       ///< trust this and nothing else; empty: the system's store
    Meaning meaning{};
    /// What to do about an answer that is an error, a clause that ends its sentence; empty: nothing is to be added.
    std::function<std::string(const net::HttpResponse&)> advice{};
    std::function<void(const std::string&)> tell{};  ///< hears of pauses, a sentence each
    const Clock* clock = nullptr;                    ///< where given, the service's Date is compared with it
    std::chrono::milliseconds read_limit{10000};
    std::chrono::milliseconds write_limit{30000};
    std::chrono::milliseconds first_pause{500};      ///< before a call is tried again; doubles each time
    std::chrono::milliseconds longest_pause{60000};  ///< a service that asks for more is not waited for
  };
  /// kUsage: no URL that a credential may be sent to. kInvalid: a secret with a control character in it. Neither
  /// sentence quotes what may hold a secret.
  static Result<Api> make(net::Loop& loop, Settings settings);

  /// A call that changes nothing; gives a body that is JSON, or XML. `doing` begins the sentence of an error: `reading
  /// example.com.`. Tried four times in all while the service says that it is asked too often, or 5xx, after the pause
  /// it asks for (pause_asked). kTimeout, kNetwork, kAuth, kRefused, kNotFound, kBusy, kConflict (409, 412), kInvalid.
  Result<std::string> read(const ApiCall& call, std::string_view doing) const;
  Result<std::string> read(const std::string& path, std::string_view doing) const;

  /// The bodies of many, in order, over few connections and some at a time: for a service that shows one record per
  /// call. What fails is asked for once more as read() does.
  Result<std::vector<std::string>> read_all(const std::vector<std::string>& paths, std::string_view doing) const;

  /// A call that changes something, on a connection of its own: on one that was used before, libcurl would repeat by
  /// itself a request that found it closed. Sent again, up to four times in all, only when the service says that it
  /// was asked too often (429, RFC 6585 section 4, or kBusy by `meaning`): then it was not carried out. Gives the
  /// body: well-formed, or nothing. As above; and kUnknown when it may have been made: no answer, half an answer, a
  /// 5xx, or a success that is not well-formed. Every other error: nothing was changed.
  Result<std::string> write(const ApiCall& call, std::string_view doing) const;

  /// All pages. `next` gives the path of the page after this body, nullopt after the last, or an error when the body
  /// is not what it should be. kInvalid: it leads in a circle, or there is no end to it.
  using Next = std::function<Result<std::optional<std::string>>(const std::string& body)>;
  Result<void> read_pages(const std::string& first, std::string_view doing, const Next& next) const;
  /// All pages, where the place of the next one is in the answer's Link header, with the relation `next` (RFC 8288
  /// section 3). kInvalid also: it is not below the API's URL.
  using Take = std::function<Result<void>(const std::string& body)>;
  Result<void> read_linked_pages(const std::string& first, std::string_view doing, const Take& take) const;

  /// `PowerDNS at https://dns.example.net:8081`
  const std::string& who() const { return who_; }
  /// The URL without a `/` at its end.
  const std::string& url() const { return settings_.url; }
  /// How far the service's clock was ahead of ours when it last answered, to the second (Date, RFC 9110 section
  /// 6.6.1); nullopt: it did not say, or there is no clock to compare with.
  std::optional<Span> clock_skew() const { return skew_; }
  /// What is trusted and nothing else, an absolute path; empty: the system's store.
  std::string ca_file() const;
  const std::string& accept() const { return settings_.accept; }
  const std::string& content_type() const { return settings_.content_type; }

 private:
  enum class Intent { kRead, kWrite };
  struct Reply;

  Api(net::Loop& loop, Settings settings, std::string loopback);
  Result<net::HttpRequest> prepared(Intent intent, const ApiCall& call) const;
  Reply understood(Intent intent, Result<net::HttpResponse> got) const;
  Result<Reply> send(Intent intent, const ApiCall& call) const;
  Result<net::HttpResponse> converse(Intent intent, const ApiCall& call, std::string_view doing) const;
  /// The place of a page and what makes of its answer the place of the next one.
  using After = std::function<Result<std::optional<std::string>>(const net::HttpResponse&)>;
  Result<void> turn_pages(const std::string& first, std::string_view doing, const After& after) const;
  Result<std::optional<std::string>> next_link(const net::HttpResponse& response) const;
  ErrorCode meaning_of(const net::HttpResponse& response) const;
  Error verdict(Intent intent, const Reply& reply, std::string_view doing) const;
  std::string explained(const std::string& body) const;
  std::string redacted(std::string text) const;
  void pause(std::chrono::milliseconds span) const;

  net::Loop& loop_;
  Settings settings_;
  std::string loopback_;  ///< the address of an http:// URL; empty for https://
  std::string who_;
  mutable std::optional<Span> skew_;
};

/// The usual proof: a header that holds the secret, after a prefix such as `Bearer `.
Api::Authorize in_header(std::string header, std::string prefix, net::Secret secret);

/// A path segment or a query value with everything but letters, digits and `-._~` written %XX (RFC 3986 section 2.1).
std::string percent_encoded(std::string_view text);

}  // namespace cutover::providers
