#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cutover::net {

/// Numbers that nobody can predict, fetched from the kernel a page at a time: each call of its generator costs more
/// than the bytes it gives.
class RandomNumbers {
 public:
  template <class T>
  T next() {
    if (at_ + sizeof(T) > pool_.size()) refill();
    T out{};
    std::memcpy(&out, pool_.data() + at_, sizeof out);
    at_ += sizeof out;
    return out;
  }

 private:
  void refill();
  std::array<unsigned char, 4096> pool_{};
  std::size_t at_ = pool_.size();
};

/// The id of a DNS message: unpredictable to who does not see it (RFC 5452 section 9.2). From any thread.
std::uint16_t random_id();

}  // namespace cutover::net
