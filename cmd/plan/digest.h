#pragma once
#include <string>
#include <string_view>

namespace cutover {

/// SHA-256 (FIPS 180-4) of bytes: 32 bytes, not text.
std::string sha256(std::string_view bytes);
/// The same in lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace cutover
