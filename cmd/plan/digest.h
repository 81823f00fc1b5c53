#pragma once
#include <string>
#include <string_view>

namespace cutover {

/// SHA-256 (FIPS 180-4) of bytes: 32 bytes, not text.
std::string sha256(std::string_view bytes);

}  // namespace cutover
