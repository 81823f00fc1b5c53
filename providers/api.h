#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "net/credential.h"
#include "net/loop.h"

namespace cutover::providers {

/// A provider's JSON API over HTTPS, and the rules that hold for each of them: where it may be, that the credential
/// goes nowhere else and into no text, what may be tried again. Not thread-safe. Borrows the loop.
class Api {
 public:
  struct Settings {
    std::string service;            ///< who answers there, for sentences: `PowerDNS`
    std::string url;                ///< `https://dns.example.net:8081`, a path may follow; http:// for loopback alone
    std::string credential_header;  ///< `X-API-Key`
    std::chrono::milliseconds read_limit{10000};
    std::chrono::milliseconds write_limit{30000};
    std::chrono::milliseconds first_pause{500};  ///< before a read is tried again; doubles each time
  };
  /// kUsage: no URL that a credential may be sent to. The sentence does not quote what may hold a password.
  static Result<Api> make(net::Loop& loop, Settings settings, net::Secret credential);

  /// GET of a path below the URL; gives a body that is JSON. `doing` begins the sentence of an error: `reading
  /// example.com.`. Tried four times in all while the service says 429 or 5xx, after the pause it asks for
  /// (Retry-After, RFC 9110 section 10.2.3). kTimeout, kNetwork, kAuth, kRefused, kNotFound, kBusy (429),
  /// kConflict (409, 412), kInvalid.
  Result<std::string> read(const std::string& path, std::string_view doing) const;

  /// A call that changes something, made exactly once and on a connection of its own: on one that was used before,
  /// libcurl would repeat by itself a request that found it closed. Gives the body: JSON or nothing. As above; and
  /// kUnknown when it may have been made: no answer, half an answer, a 5xx, or a success that is not JSON. Every other
  /// error: nothing was changed.
  Result<std::string> write(const std::string& method, const std::string& path, const std::string& body,
                            std::string_view doing) const;

  /// `PowerDNS at https://dns.example.net:8081`
  const std::string& who() const { return who_; }
  /// The URL without a `/` at its end.
  const std::string& url() const { return settings_.url; }

 private:
  enum class Intent { kRead, kWrite };
  struct Reply;

  Api(net::Loop& loop, Settings settings, net::Secret credential, std::string loopback);
  Reply call(Intent intent, const std::string& method, const std::string& path, const std::string& body) const;
  Error verdict(Intent intent, const Reply& reply, std::string_view doing) const;
  std::string explained(const std::string& body) const;
  void pause(std::chrono::milliseconds span) const;

  net::Loop& loop_;
  Settings settings_;
  net::Secret credential_;
  std::string loopback_;  ///< the address of an http:// URL; empty for https://
  std::string who_;
};

/// A path segment or a query value with everything but letters, digits and `-._~` written %XX (RFC 3986 section 2.1).
std::string percent_encoded(std::string_view text);

}  // namespace cutover::providers
