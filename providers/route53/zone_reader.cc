#include "providers/route53/zone_reader.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover::providers::route53 {
namespace {

/// From so many names on, the pages of the whole zone are fewer calls than one for each name.
constexpr std::size_t kManyNames = 8;
/// The most that the service gives at once.
constexpr int kPageSize = 300;

std::string page_path(const std::string& id, const PageStart& start) {
  std::string path = fmt::format("{}?maxitems={}", rrset_path(id), kPageSize);
  if (!start.name.empty()) path += "&name=" + percent_encoded(start.name);
  if (!start.type.empty()) path += "&type=" + percent_encoded(start.type);
  if (!start.identifier.empty()) path += "&identifier=" + percent_encoded(start.identifier);
  return path;
}

}  // namespace

std::string rrset_path(const std::string& id) { return fmt::format("{}hostedzone/{}/rrset", kVersion, id); }

Result<std::string> ZoneReader::id_of(const DomainName& zone) {
  const auto known = ids_.find(zone);
  if (known != ids_.end()) return known->second;
  if (!zone_id_.empty()) return zone_id_;
  auto id = looked_up(zone);
  if (id) ids_.emplace(zone, *id);
  return id;
}

std::string ZoneReader::known_id(const DomainName& zone) const {
  const auto known = ids_.find(zone);
  return known == ids_.end() ? zone_id_ : known->second;
}

/// The one public zone of that name.
Result<std::string> ZoneReader::looked_up(const DomainName& zone) const {
  const std::string doing = fmt::format("looking for the hosted zone {}", zone.text());
  const std::string list = fmt::format("{}hostedzonesbyname?maxitems=100", kVersion);
  std::vector<std::string> open, hidden;
  const auto take = [&](const std::string& body) -> Result<std::optional<std::string>> {
    const auto page = read_zones_page(body);
    if (!page) return page.error();
    for (const HostedZone& each : page->zones) {
      if (each.name != zone) return std::optional<std::string>();  // zones come in the order of their names
      (each.view == HostedZone::View::kPublic ? open : hidden).push_back(each.id);
    }
    if (!page->next) return std::optional<std::string>();
    return std::optional(fmt::format("{}&dnsname={}&hostedzoneid={}", list, percent_encoded(page->next->name),
                                     percent_encoded(page->next->identifier)));
  };
  const auto read = api_.read_pages(fmt::format("{}&dnsname={}", list, percent_encoded(aws_name(zone))), doing, take);
  if (!read) return read.error();
  if (open.size() == 1) return open[0];
  if (open.empty())
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: {} has no public hosted zone {}{}", doing, api_.who(), zone.text(),
                            hidden.empty() ? std::string(" for these keys")
                                           : fmt::format(", only private ones ({}): name the one that is meant by the "
                                                         "option 'zone_id'",
                                                         join(hidden, ", "))));
  return fail(ErrorCode::kUsage,
              fmt::format("{}: {} has {} public hosted zones {} ({}), and resolvers ask only the one that the parent "
                          "delegates to: name it by the option 'zone_id'",
                          doing, api_.who(), open.size(), zone.text(), join(open, ", ")));
}

Result<void> ZoneReader::list_from(const std::string& first, const DomainName& zone,
                                   const std::function<bool(const ListedSet&)>& take) {
  const auto id = id_of(zone);
  if (!id) return id.error();
  const auto page = [&](const std::string& body) -> Result<std::optional<std::string>> {
    const auto read = read_sets_page(body);
    if (!read) return read.error();
    for (const ListedSet& set : read->sets)
      if (!take(set)) return std::optional<std::string>();
    return read->next ? std::optional(page_path(*id, *read->next)) : std::nullopt;
  };
  return api_.read_pages(page_path(*id, {first, "", ""}), fmt::format("reading {}", zone.text()), page);
}

Result<Listing> ZoneReader::finished(Listing listing, const DomainName& zone) const {
  listing.zone.origin = zone;
  const RecordSet* soa = listing.zone.find({zone, RecordType::kSoa});
  // An id that the plan names may be that of another zone.
  if (soa == nullptr && !zone_id_.empty())
    return fail(ErrorCode::kUsage,
                fmt::format("{}: the hosted zone {} is not {}: the option 'zone_id' names another one", api_.who(),
                            printable(zone_id_), zone.text()));
  if (soa == nullptr)
    return fail(ErrorCode::kInvalid, fmt::format("{} lists {} without its SOA record", api_.who(), zone.text()));
  auto fields = parse_soa(*soa);
  if (!fields) return within(api_.who(), fields.error());
  listing.zone.soa = *fields;
  return listing;
}

Result<Listing> ZoneReader::whole(const DomainName& zone) {
  Listing listing;
  const auto read = list_from("", zone, [&](const ListedSet& set) {
    add(set, listing);
    return true;
  });
  if (!read) return read.error();
  return finished(std::move(listing), zone);
}

Result<Listing> ZoneReader::around(const DomainName& zone, const std::vector<RecordKey>& keys) {
  std::set<DomainName> names{zone};  // for the SOA
  for (const RecordKey& key : keys) names.insert(key.name);
  if (names.size() > kManyNames) return whole(zone);
  Listing listing;
  for (const DomainName& name : names) {
    const auto read = list_from(aws_name(name), zone, [&](const ListedSet& set) {
      if (set.set.name != name) return false;
      add(set, listing);
      return true;
    });
    if (!read) return read.error();
  }
  return finished(std::move(listing), zone);
}

}  // namespace cutover::providers::route53
