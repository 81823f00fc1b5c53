#pragma once
#include <string>
#include <string_view>

#include "core/endpoint.h"

namespace cutover {

/// What a browser says about itself with a request; an empty string: it did not say.
struct Visit {
  std::string method;
  std::string host;           ///< Host
  std::string query_token;    ///< ?token=
  std::string cookie;         ///< Cookie, as it came
  std::string authorization;  ///< Authorization
  std::string fetch_site;     ///< Sec-Fetch-Site
  std::string fetch_mode;     ///< Sec-Fetch-Mode
};

/// Who may read the live page. Pure but for the machine's own name, which it asks once.
class Doorkeeper {
 public:
  /// `bound`: where the page listens. `token` may be empty: then everybody who reaches it may.
  Doorkeeper(const Endpoint& bound, std::string_view token);

  enum class Admission {
    kWelcome,
    kGiveCookie,   ///< came with the token in the address: welcome, and needs it there no longer
    kWrongMethod,  ///< 405: read-only
    kWrongHost,  ///< 421: the name is not ours, so a foreign page may have been pointed at this address (DNS rebinding)
    kForeignFrame,  ///< 403: asked for by another site's page
    kNoToken,       ///< 403
  };
  Admission admit(const Visit& visit) const;
  /// Set-Cookie for kGiveCookie. It is no copy of the token, and named by the port: cookies know no ports.
  std::string set_cookie() const;
  /// What a person opens, the token included.
  std::string url() const;

 private:
  bool knows_host(std::string_view host) const;
  bool has_token(const Visit& visit) const;

  Endpoint bound_;
  std::string own_name_;  ///< of the machine; where the page listens at every address of it
  std::string token_;
  std::string cookie_name_;
  std::string cookie_value_;
};

/// Without a hint in its time of how much of them is the same.
bool same_secret(std::string_view one, std::string_view other);
bool is_loopback(const IpAddress& address);

}  // namespace cutover
