#pragma once
#include <cstdint>

namespace cutover::net {

/// The id of a DNS message: unpredictable to who does not see it (RFC 5452 section 9.2).
std::uint16_t random_id();

}  // namespace cutover::net
