// Arbitrary bytes as a reply. The reader of replies and the general one say malformed of the same bytes, and otherwise
// mean the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dnsprobe/reply.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover;
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  dnsprobe::Sample fast;
  const auto read = dnsprobe::read_reply(wire, fast);
  auto message = net::decode(wire);
  if (read.ok() != message.ok()) std::abort();
  if (!message) return 0;
  net::DnsAnswer answer;
  answer.outcome = net::Outcome::kAnswered;
  answer.reply = *std::move(message);
  const dnsprobe::Sample slow = dnsprobe::sample_of(answer, {});
  if (fast.rcode != slow.rcode || fast.answer != slow.answer || fast.negative_ttl != slow.negative_ttl ||
      fast.extended_error != slow.extended_error || fast.extended_error_text != slow.extended_error_text ||
      fast.site != slow.site)
    std::abort();
  return 0;
}
