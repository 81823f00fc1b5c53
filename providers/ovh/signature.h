#pragma once
#include <cstdint>
#include <string>

#include "net/credential.h"

namespace cutover::providers::ovh {

/// What OVH's API is called with: an application's key and secret, and the key that its customer granted it.
struct Keys {
  std::string application_key;  ///< no secret: it names the application
  net::Secret application_secret;
  net::Secret consumer_key;
};

/// The value of X-Ovh-Signature: `$1$` and the SHA-1, in hexadecimal, of secret, consumer key, method, whole URL, body
/// and the service's own time in seconds, with `+` between them. kInternal: OpenSSL does not do it.
Result<std::string> signature_of(const Keys& keys, const std::string& method, const std::string& url,
                                 const std::string& body, std::int64_t timestamp);

}  // namespace cutover::providers::ovh
