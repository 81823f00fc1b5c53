#include "providers/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace cutover::providers {
namespace {

constexpr std::uint16_t kFirstPrivate = 65280;

RecordType private_type(std::string_view name) {
  std::uint16_t sum = 0;
  for (const char c : name) sum = static_cast<std::uint16_t>(sum * 31 + static_cast<unsigned char>(c));
  return RecordType(static_cast<std::uint16_t>(kFirstPrivate + sum % 254));
}

}  // namespace

bool is_of_the_service(RecordType type) { return static_cast<std::uint16_t>(type) >= kFirstPrivate; }

Result<void> Listing::add(const ListedRecord& record) {
  const auto known = record_type_from_text(record.type);
  const RecordType type = known ? *known : private_type(record.type);
  if (record.proxied) zone.proxied.insert(record.name);
  RecordSet& set = zone.sets[{record.name, type}];
  set.name = record.name;
  set.type = type;
  set.ttl = std::max(set.ttl, record.ttl);
  if (!record.refused.empty()) refused.emplace(set.key(), record.refused);
  if (!known)
    refused.emplace(set.key(), fmt::format("is the service's own type {}, whose answers it makes up when it is asked",
                                           printable(record.type)));
  // What is refused is shown as bytes where it is no data: the zone is complete, and nobody writes it.
  auto rdata = known ? rdata_from(record.data, type, form_) : Result<std::string>(fail(ErrorCode::kInvalid, ""));
  if (!rdata && refused.count(set.key()) == 0)
    return fail(ErrorCode::kInvalid, fmt::format("{} has data that cannot be read ({}): {}", set.key().text(),
                                                 printable(record.data.content), rdata.error().message));
  const std::string& content = record.data.content;
  set.rdata.push_back(rdata ? *rdata : fmt::format("\\# {} {}", content.size(), to_hex(content)));
  kept_[set.key()].insert_or_assign(set.rdata.back(), Kept{record.id, record.ttl});
  normalize(set);
  if (type == RecordType::kSoa && rdata)
    if (auto soa = parse_soa(set)) zone.soa = *soa;
  return {};
}

const std::string* Listing::id_of(const RecordKey& key, std::string_view rdata) const {
  const Kept* found = kept(key, rdata);
  return found == nullptr ? nullptr : &found->id;
}

std::optional<Seconds> Listing::ttl_of(const RecordKey& key, std::string_view rdata) const {
  const Kept* found = kept(key, rdata);
  return found == nullptr ? std::nullopt : std::optional(found->ttl);
}

const Listing::Kept* Listing::kept(const RecordKey& key, std::string_view rdata) const {
  const auto set = kept_.find(key);
  if (set == kept_.end()) return nullptr;
  const auto at = set->second.find(rdata);
  return at == set->second.end() ? nullptr : &at->second;
}

}  // namespace cutover::providers
