// Arbitrary text as what Route 53 answers. Whatever is read as plain data is canonical, and can be written in Route
// 53's own form and read back as itself; every error is one printable line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/text.h"
#include "net/message.h"
#include "providers/route53/zone_xml.h"

namespace {

using namespace cutover;
using namespace cutover::providers::route53;

void must(bool kept) {
  if (!kept) std::abort();
}

template <class T>
void must_say(const Result<T>& result) {
  if (result) return;
  must(!result.error().message.empty());
  must(printable(result.error().message) == result.error().message);
}

void must_hold(const ListedSet& listed) {
  const auto name = name_from_aws(aws_name(listed.set.name));
  must(name && *name == listed.set.name);
  must(listed.special.empty() || printable(listed.special) == listed.special);
  for (const std::string& rdata : listed.set.rdata) {
    const auto canonical = net::canonical_rdata(listed.set.type, rdata, DomainName());
    must(canonical && *canonical == rdata);
    const auto again = net::canonical_rdata(listed.set.type, value_from_aws(aws_value(rdata)), DomainName());
    must(again && *again == rdata);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  const auto sets = read_sets_page(xml);
  must_say(sets);
  if (sets)
    for (const ListedSet& listed : sets->sets) must_hold(listed);
  must_say(read_zones_page(xml));
  must_say(read_change_info(xml));
  read_complaint(xml);
  return 0;
}
