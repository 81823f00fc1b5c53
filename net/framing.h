#pragma once
#include <cstddef>
#include <string_view>

#include "net/message.h"
#include "net/wire.h"

namespace cutover::net {

/// Hands every whole message at the front of `in` to `take`, each without its two length octets (RFC 1035 section
/// 4.2.2), and drops it from `in`. `take` returns whether it wants more.
template <class Take>
void take_framed(Bytes& in, const Take& take) {
  std::size_t at = 0;
  for (bool more = true; more && in.size() - at >= 2;) {
    const std::size_t length = WireReader(in, at, at + 2).u16();
    if (in.size() - at - 2 < length) break;
    more = take(std::string_view(in).substr(at + 2, length));
    at += 2 + length;
  }
  in.erase(0, at);
}

}  // namespace cutover::net
