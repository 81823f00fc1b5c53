#include "cmd/plan/digest.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "core/text.h"

namespace cutover {

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL has no SHA-256");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

}  // namespace cutover
