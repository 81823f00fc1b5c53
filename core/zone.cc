#include "core/zone.h"

#include <fmt/format.h>

#include <charconv>

#include "core/text.h"

namespace cutover {

Result<Soa> parse_soa(const RecordSet& set) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalid, fmt::format("the SOA of {} cannot be read", set.name.text()));
  };
  if (set.type != RecordType::kSoa || set.rdata.size() != 1) return bad();
  const std::vector<std::string> fields = split(set.rdata[0], ' ');
  if (fields.size() != 7) return bad();
  auto mname = DomainName::from_text(fields[0]);
  auto rname = DomainName::from_text(fields[1]);
  if (!mname || !rname) return bad();
  std::uint32_t numbers[5] = {};
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string& field = fields[i + 2];
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), numbers[i]);
    if (error != std::errc{} || end != field.data() + field.size()) return bad();
  }
  Soa soa;
  soa.mname = *mname;
  soa.rname = *rname;
  soa.serial = numbers[0];
  soa.refresh = Seconds(numbers[1]);
  soa.retry = Seconds(numbers[2]);
  soa.expire = Seconds(numbers[3]);
  soa.minimum = Seconds(numbers[4]);
  soa.ttl = set.ttl;
  return soa;
}

}  // namespace cutover
