#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "providers/api.h"

namespace cutover::providers {

/// A JSON Web Token in compact form, signed with RSA and SHA-256 (RFC 7515 section 3.1, RFC 7518 section 3.3). `header`
/// and `claims` are JSON. kAuth: the key is no RSA private key in PEM.
Result<std::string> signed_jwt(std::string_view header, std::string_view claims, const net::Secret& private_key);

/// Where access tokens come from (RFC 6749 section 4): one POST of a form; a token is kept until a minute before it
/// expires. Not thread-safe. Borrows loop and clock.
class TokenSource {
 public:
  using Form = std::vector<std::pair<std::string, std::string>>;
  struct Settings {
    std::string service{};  ///< who grants, for sentences: `Google's token endpoint`
    std::string url{};      ///< https://, or http:// on loopback
    std::string ca_file{};
    /// What is sent, made anew each time: a name and its value, neither encoded.
    std::function<Result<Form>(Instant now)> form{};
    std::vector<std::string> secret_fields{};  ///< whose values are taken out of whatever is said
    std::function<void(const std::string&)> tell{};
  };
  /// kUsage: no URL that a credential may be sent to.
  static Result<std::shared_ptr<TokenSource>> make(net::Loop& loop, const Clock& clock, Settings settings);

  /// A token that holds for a while. kAuth: none is granted. As Api::read().
  Result<net::Secret> token();
  /// The service does not accept the token any more.
  void forget() { kept_.reset(); }
  /// All that has been sent or granted.
  const std::vector<net::Secret>& secrets() const { return *secrets_; }

 private:
  struct Kept {
    net::Secret token;
    Instant good_until;
  };
  TokenSource(const Clock& clock, Settings settings, Api api, std::shared_ptr<std::vector<net::Secret>> secrets)
      : clock_(clock), settings_(std::move(settings)), api_(std::move(api)), secrets_(std::move(secrets)) {}

  const Clock& clock_;
  Settings settings_;
  Api api_;
  std::shared_ptr<std::vector<net::Secret>> secrets_;
  std::optional<Kept> kept_;
};

/// Makes an API's calls carry such tokens (RFC 6750 section 2.1); one that is not accepted is fetched anew, once.
void use_tokens(Api::Settings& settings, const std::shared_ptr<TokenSource>& source);

}  // namespace cutover::providers
