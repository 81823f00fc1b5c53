// Arbitrary text as the answer of an external program, to each request in turn. A zone that is read lies within its
// origin and is canonical; every error is one printable line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/text.h"
#include "net/message.h"
#include "providers/external/protocol.h"

namespace {

using namespace cutover;

void must(bool kept) {
  if (!kept) std::abort();
}

template <class T>
void must_say(const Result<T>& result) {
  if (result) return;
  must(!result.error().message.empty());
  must(printable(result.error().message) == result.error().message);
}

void must_hold(const providers::external::ZoneRead& read, const DomainName& origin) {
  for (const auto& [key, set] : read.zone.sets) {
    must(key.name.is_within(origin) && set.key() == key && !set.rdata.empty());
    if (read.refused.count(key) != 0) continue;
    for (const std::string& rdata : set.rdata) {
      const auto canonical = net::canonical_rdata(key.type, rdata, DomainName());
      must(canonical && *canonical == rdata);
    }
  }
  for (const auto& entry : read.refused) must(printable(entry.second) == entry.second);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover::providers::external;
  static const DomainName origin = *DomainName::from_text("example.com");
  const auto answer = read_answer(std::string(reinterpret_cast<const char*>(data), size));
  must_say(answer);
  if (!answer) return 0;
  const auto declaration = read_declaration(*answer);
  must_say(declaration);
  if (declaration) must(!(*declaration)->line().empty());
  const auto zone = read_zone(*answer, origin);
  must_say(zone);
  if (zone) must_hold(*zone, origin);
  must_say(read_in_sync(*answer));
  must_say(read_inverse(*answer));
  must(!receipt_in(*answer).empty());
  return 0;
}
