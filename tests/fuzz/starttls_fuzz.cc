// Arbitrary bytes of a server on its way to TLS: the first octet chooses the protocol. Whatever comes ends, asks for a
// bounded number of things, cannot play with a terminal, and means the same however it is cut into pieces.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/text.h"
#include "net/starttls.h"

namespace {

using cutover::net::Starttls;
using cutover::net::StarttlsStep;
using Then = StarttlsStep::Then;

void require(bool promise) {
  if (!promise) std::abort();
}

struct Talk {
  std::string said{};
  StarttlsStep last{};
  std::size_t heard = 0;
};

Talk talk_in_pieces(std::string_view protocol, std::string_view bytes, std::size_t piece) {
  Starttls starttls(protocol, {"chat.example.test", "[192.0.2.9]"});
  Talk talk;
  talk.said = starttls.begin().say;
  while (talk.last.then == Then::kListen && talk.heard < bytes.size()) {
    const auto part = bytes.substr(talk.heard, piece);
    talk.last = starttls.hear(part);
    talk.said += talk.last.say;
    talk.heard += part.size();
    require((talk.last.then == Then::kRefused) == !talk.last.why.empty());
    require(cutover::printable(talk.last.why) == talk.last.why);
  }
  require(talk.said.size() < 4096);
  return talk;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto protocols = Starttls::protocols();
  const auto protocol = protocols[data[0] % protocols.size()];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = talk_in_pieces(protocol, bytes, bytes.size() + 1);
  const auto cut = talk_in_pieces(protocol, bytes, 1);
  // What follows the agreement is clear text in one case, and TLS in the other.
  if (cut.last.then == Then::kSecure)
    require(whole.last.then == (cut.heard == bytes.size() ? Then::kSecure : Then::kRefused));
  else
    require(whole.last.then == cut.last.then);
  return 0;
}
