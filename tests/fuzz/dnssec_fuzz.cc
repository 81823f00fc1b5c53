// Arbitrary bytes as the answer to a question for a signed set: by the zone's own keys, by a DS record, and as the set
// itself. Nothing may crash or leak, and nothing is secure by keys that do not sign it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/dnssec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover;
  using namespace cutover::net;
  const auto message = decode(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!message || message->question.empty()) return 0;
  static const DomainName kZone = *DomainName::from_text("example.com");
  const Instant now = Instant(Seconds(1790000000));
  const RecordKey key{message->question[0].name, message->question[0].type};
  const TrustAnchor given{TrustAnchor::Kind::kDs, {"1 13 2 aa", "2 8 1 bb", "3 99 9 cc"}};
  // None of these digests is one of a key.
  if (judge_keys(kZone, *message, given, now).trust == Trust::kSecure) std::abort();
  const ZoneKeys own = judge_keys(kZone, *message, {}, now);
  const Judgement judged = judge_answer(own, key, *message, now);
  if (own.trust == Trust::kInsecure && judged.trust == Trust::kSecure) std::abort();
  // As if the message brought its keys along.
  ZoneKeys keys = own;
  keys.trust = Trust::kSecure;
  keys.keys = message->additional;
  judge_answer(keys, key, *message, now);
  return 0;
}
