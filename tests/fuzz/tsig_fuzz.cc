// Arbitrary bytes as a signed message. Without the key nothing verifies; what decodes as an unsigned message verifies
// once it is signed, alone and as part of a stream.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/message.h"
#include "net/tsig.h"

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover;
  using namespace cutover::net;
  static const TsigKey key{*DomainName::from_text("move.example"), TsigAlgorithm::kHmacSha256,
                           "a secret no seed was signed with"};
  static const Instant now{std::chrono::seconds(1'790'000'000)};
  const std::string wire(reinterpret_cast<const char*>(data), size);

  static_cast<void>(parse_tsig_key(wire));
  static_cast<void>(tsig_key_name(wire));
  const auto check = tsig_verify(wire, key, now, {});
  require(check.status != TsigStatus::kGood && check.status != TsigStatus::kBadTime);
  require(check.mac.empty() && !check.time_signed);
  TsigStream unknown(key, {});
  for (int i = 0; i < 3; ++i) require(unknown.next(wire, now).status != TsigStatus::kGood);
  require(!unknown.complete());

  if (check.status != TsigStatus::kUnsigned || size > 60000 || !decode(wire)) return 0;
  Bytes first_mac;
  const auto first = tsig_sign(wire, key, now, {}, &first_mac);
  const auto second = tsig_sign_next(wire, key, now, first_mac, nullptr);
  require(tsig_verify(first, key, now, {}).status == TsigStatus::kGood);
  require(tsig_key_name(first) == key.name);
  TsigStream stream(key, {});
  require(stream.next(first, now).status == TsigStatus::kGood);
  require(stream.next(second, now).status == TsigStatus::kGood && stream.complete());
  const auto late = tsig_sign_error(wire, key, now, now + std::chrono::hours(1), first_mac, Rcode::kBadTime);
  require(tsig_verify(late, key, now, first_mac).status == TsigStatus::kPeerBadTime);
  return 0;
}
