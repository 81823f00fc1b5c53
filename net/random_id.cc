#include "net/random_id.h"

#include <openssl/rand.h>

#include <array>
#include <random>

namespace cutover::net {

std::uint16_t random_id() {
  // Each call of the generator costs more than the bytes it gives: it is asked for many at a time, each used once.
  // A thread of its own may ask (the lab has one).
  thread_local std::array<unsigned char, 512> bytes;
  thread_local std::size_t used = bytes.size();
  if (used == bytes.size()) {
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
      std::random_device system;
      for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(system());
    }
    used = 0;
  }
  const auto id = static_cast<std::uint16_t>(bytes[used] << 8 | bytes[used + 1]);
  used += 2;
  return id;
}

}  // namespace cutover::net
