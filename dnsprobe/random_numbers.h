#pragma once
#include <array>
#include <cstring>
#include <string_view>

namespace cutover::dnsprobe {

/// Numbers that nobody can predict, fetched from the kernel a page at a time.
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

}  // namespace cutover::dnsprobe
