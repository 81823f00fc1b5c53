#include "cmd/plan/mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <variant>

#include "cmd/plan/plan_values.h"
#include "core/text.h"

namespace cutover {
namespace {

using Value = std::variant<IpAddress, DomainName>;

std::string text_of(const Value& value) {
  if (const auto* address = std::get_if<IpAddress>(&value)) return address->text();
  return std::get<DomainName>(value).text();
}

bool is_mapped_v4(const IpAddress& address) {
  constexpr std::string_view kPrefix("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  return address.family() == Family::kV6 && address.bytes().starts_with(kPrefix);
}

Result<Value> read_value(std::string_view option, std::string_view text) {
  const std::string_view trimmed = trim(text);
  if (auto address = IpAddress::from_text(trimmed)) {
    if (is_mapped_v4(*address))
      return fail(ErrorCode::kUsage, fmt::format("{} {}: an IPv4-mapped address is in no zone; write the IPv4 address",
                                                 option, address->text()));
    return Value(*address);
  }
  // What looks like an address and is none must not become a name: 198.51.100.300, or 198.51.100.0/24.
  const bool numeric = trimmed.find_first_not_of("0123456789./:") == std::string_view::npos;
  auto name = plan_values::read_name(trimmed, DomainName());
  if (numeric || !name || trimmed.find(':') != std::string_view::npos || name->is_root())
    return fail(ErrorCode::kUsage, fmt::format("{} '{}' is neither an IPv4 or IPv6 address nor a domain name{}", option,
                                               printable(trimmed), numeric || name ? "" : ": " + name.error().message));
  return Value(*name);
}

struct Sides {
  std::vector<IpAddress> v4, v6;
  std::vector<DomainName> names;
};

Result<Sides> read_side(std::string_view option, const std::vector<std::string>& texts) {
  Sides sides;
  const auto add = [](auto& list, const auto& value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
  };
  for (const std::string& text : texts) {
    auto value = read_value(option, text);
    if (!value) return value.error();
    if (const auto* address = std::get_if<IpAddress>(&*value))
      add(address->family() == Family::kV4 ? sides.v4 : sides.v6, *address);
    else
      add(sides.names, std::get<DomainName>(*value));
  }
  return sides;
}

Error use_map(std::string_view what, std::size_t from, std::size_t to) {
  return fail(ErrorCode::kUsage, fmt::format("{} {} in --from and {} in --to: which goes where is open; give each pair "
                                             "with --map OLD=NEW",
                                             from, what, to));
}

Result<void> pair_addresses(std::string_view what, const std::vector<IpAddress>& from, const std::vector<IpAddress>& to,
                            Mapping& mapping) {
  if (from.empty()) {
    mapping.added.insert(mapping.added.end(), to.begin(), to.end());
    return {};
  }
  if (to.size() > 1 && from.size() > 1 && from.size() != to.size()) return use_map(what, from.size(), to.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::vector<IpAddress>& places = mapping.addresses[from[i]];
    if (to.empty()) continue;
    if (from.size() == 1)
      places = to;
    else
      places.push_back(to.size() == 1 ? to[0] : to[i]);
  }
  return {};
}

Result<void> refuse_overlap(const Sides& from, const Sides& to) {
  const auto common = [](const auto& a, const auto& b) -> std::optional<std::string> {
    for (const auto& value : a)
      if (std::find(b.begin(), b.end(), value) != b.end()) return value.text();
    return std::nullopt;
  };
  for (const auto& both : {common(from.v4, to.v4), common(from.v6, to.v6), common(from.names, to.names)})
    if (both)
      return fail(
          ErrorCode::kUsage,
          fmt::format("{} is both in --from and in --to: leave out what stays, or give pairs with --map", *both));
  return {};
}

}  // namespace

Result<Mapping> mapping_from_sides(const std::vector<std::string>& from_texts,
                                   const std::vector<std::string>& to_texts) {
  auto from = read_side("--from", from_texts);
  if (!from) return from.error();
  auto to = read_side("--to", to_texts);
  if (!to) return to.error();
  if (from_texts.empty() || to_texts.empty())
    return fail(ErrorCode::kUsage, "--from and --to both want at least one address or name");
  if (auto apart = refuse_overlap(*from, *to); !apart) return apart.error();

  const bool old_addresses = !from->v4.empty() || !from->v6.empty();
  const bool new_addresses = !to->v4.empty() || !to->v6.empty();
  if (old_addresses != new_addresses || from->names.empty() != to->names.empty())
    return fail(
        ErrorCode::kUsage,
        "--from and --to are of different kinds (addresses on one side only, or names on one side only): a move from "
        "an address to a name changes the record's type; write both changes into the plan by hand");

  Mapping mapping;
  if (auto paired = pair_addresses("IPv4 addresses", from->v4, to->v4, mapping); !paired) return paired.error();
  if (auto paired = pair_addresses("IPv6 addresses", from->v6, to->v6, mapping); !paired) return paired.error();
  // A CNAME has one target, so several new names for one old name are a doubt too.
  if (to->names.size() > 1 && from->names.size() != to->names.size())
    return use_map("names", from->names.size(), to->names.size());
  for (std::size_t i = 0; i < from->names.size(); ++i)
    mapping.targets.emplace(from->names[i], to->names.size() == 1 ? to->names[0] : to->names[i]);
  return mapping;
}

Result<Mapping> mapping_from_pairs(const std::vector<std::string>& pairs) {
  Mapping mapping;
  const auto bad = [](const std::string& pair, std::string_view why) {
    return fail(ErrorCode::kUsage, fmt::format("--map {}: {}", printable(pair), why));
  };
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos) return bad(pair, "write it as OLD=NEW, or OLD=none to remove an address");
    auto from = read_value("--map", std::string_view(pair).substr(0, equals));
    if (!from) return from.error();
    const std::string right(trim(std::string_view(pair).substr(equals + 1)));
    const auto* old_address = std::get_if<IpAddress>(&*from);
    if (to_lower(right) == "none") {
      if (!old_address) return bad(pair, "only addresses can be removed; a name needs a new target");
      if (!mapping.addresses[*old_address].empty())
        return bad(pair, "the same address is given a new one by another --map");
      continue;
    }
    auto to = read_value("--map", right);
    if (!to) return to.error();
    if (text_of(*from) == text_of(*to)) return bad(pair, "old and new are the same");
    if (from->index() != to->index())
      return bad(pair,
                 "an address cannot become a name or the reverse: that changes the record's type; write both changes "
                 "into the plan by hand");
    if (old_address) {
      const IpAddress& new_address = std::get<IpAddress>(*to);
      if (old_address->family() != new_address.family())
        return bad(pair, "one is IPv4 and the other IPv6, which are records of different types");
      std::vector<IpAddress>& places = mapping.addresses[*old_address];
      if (std::find(places.begin(), places.end(), new_address) == places.end()) places.push_back(new_address);
    } else if (!mapping.targets.emplace(std::get<DomainName>(*from), std::get<DomainName>(*to)).second) {
      return bad(pair, "the same name is given twice");
    }
  }
  if (mapping.empty()) return fail(ErrorCode::kUsage, "--map wants at least one OLD=NEW");
  return mapping;
}

}  // namespace cutover
