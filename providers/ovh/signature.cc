#include "providers/ovh/signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "core/text.h"

namespace cutover::providers::ovh {

Result<std::string> signature_of(const Keys& keys, const std::string& method, const std::string& url,
                                 const std::string& body, std::int64_t timestamp) {
  const std::string text = fmt::format("{}+{}+{}+{}+{}+{}", keys.application_secret.reveal(),
                                       keys.consumer_key.reveal(), method, url, body, timestamp);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha1(), nullptr) != 1)
    return fail(ErrorCode::kInternal, "OpenSSL makes no SHA-1 here, which OVH's API is signed with");
  return "$1$" + to_hex(std::string_view(reinterpret_cast<const char*>(digest), length));
}

}  // namespace cutover::providers::ovh
