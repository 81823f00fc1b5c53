// Arbitrary text as what a server of external-dns's webhook protocol says: its domains, its endpoints, what it would
// make of a change. A set that may be changed lies within the zone, is canonical, and what is sent for it is JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "core/text.h"
#include "net/message.h"
#include "providers/webhook/endpoints.h"

namespace {

using namespace cutover;
using namespace cutover::providers;

void must(bool kept) {
  if (!kept) std::abort();
}

template <class T>
void must_say(const Result<T>& result) {
  if (result) return;
  must(!result.error().message.empty());
  must(printable(result.error().message) == result.error().message);
}

void must_hold(const Listing& listing, const RecordForm& form) {
  for (const auto& [key, set] : listing.zone.sets) {
    must(key.name.is_within(listing.zone.origin) && !set.rdata.empty());
    if (listing.refused.count(key) != 0) continue;
    const std::string* kept = listing.id_of(key, set.rdata.front());
    must(kept != nullptr);
    must(set.ttl > Seconds(0));
    for (const std::string& rdata : set.rdata) {
      const auto canonical = net::canonical_rdata(key.type, rdata, DomainName());
      must(canonical && *canonical == rdata);
    }
    RecordSet slower = set;
    slower.ttl += Seconds(1);
    must(nlohmann::json::accept(webhook::changes_body({key, set, slower}, form, *kept)));
    const ChangeSet changes{listing.zone.origin, {{key, set, slower}}, {}, {}};
    must(nlohmann::json::accept(webhook::wanted_body(changes, form, listing)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const DomainName zone = *DomainName::from_text("example.com");
  static const ChangeSet wanted = [] {
    const RecordSet www{*DomainName::from_text("www.example.com"), RecordType::kA, Seconds(60), {"192.0.2.1"}};
    return ChangeSet{zone, {{www.key(), std::nullopt, www}}, {}, {}};
  }();
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto domains = webhook::domains_from(body);
  must_say(domains);
  if (domains) domains->serve(zone);
  webhook::is_media_type(body);
  for (const RecordForm::Text text : {RecordForm::Text::kQuoted, RecordForm::Text::kBare}) {
    const RecordForm form{RecordForm::Names::kWithoutDot, text, RecordForm::Priority::kInside};
    Listing listing(zone, form);
    const auto taken = webhook::take_endpoints(body, zone, form, listing);
    must_say(taken);
    if (taken) must_hold(listing, form);
    must_say(webhook::check_adjusted(body, wanted, form));
  }
  return 0;
}
