// Arbitrary bytes as a DNS message. What decodes can be encoded again, and means the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cutover::net;
  const auto message = decode(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!message) return 0;
  for (const auto* section : {&message->answer, &message->authority, &message->additional}) {
    const auto sets = record_sets(*section);
    for (const Record& record : *section) {
      const auto names = names_in_rdata(record.type, record.rdata);
      if (!record.rdata.empty() && record.record_class == RecordClass::kIn) {
        const auto canonical = canonical_rdata(record.type, record.rdata, cutover::DomainName());
        if (!canonical || *canonical != record.rdata) std::abort();
      }
    }
  }
  const auto wire = encode(*message);
  // Names in the data are not compressed on writing: a reply may outgrow a message.
  if (!wire) {
    if (wire.error().message.find("65535") == std::string::npos) std::abort();
    return 0;
  }
  const auto again = decode(*wire);
  if (!again || !(*again == *message)) std::abort();
  return 0;
}
