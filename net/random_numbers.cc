#include "net/random_numbers.h"

#include <sys/random.h>

namespace cutover::net {

void RandomNumbers::refill() {
  for (std::size_t have = 0; have < pool_.size();) {
    const ssize_t got = ::getrandom(pool_.data() + have, pool_.size() - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  at_ = 0;
}

std::uint16_t random_id() {
  // The lab asks from a thread of its own.
  thread_local RandomNumbers numbers;
  return numbers.next<std::uint16_t>();
}

}  // namespace cutover::net
