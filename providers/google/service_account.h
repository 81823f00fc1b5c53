#pragma once
#include <string>

#include "net/credential.h"
#include "providers/oauth.h"

namespace cutover::providers::google {

/// What a service account's key file says, the JSON that Google's console gives once.
struct ServiceAccount {
  std::string email, project, key_id;
  std::string token_url;  ///< where tokens are granted
  net::Secret private_key;
};

/// kAuth: it is no such file; the sentence quotes nothing of it.
Result<ServiceAccount> service_account_from(const net::Secret& file);

/// What is sent for a token that may read and write DNS for an hour (RFC 7523 section 2.1).
Result<TokenSource::Form> token_form(const ServiceAccount& account, Instant now);

}  // namespace cutover::providers::google
