#include "providers/webhook/endpoints.h"

#include <algorithm>
#include <set>

#include "core/text.h"
#include "providers/json_body.h"

namespace cutover::providers::webhook {
namespace {

/// A domain of a filter: `.example.com` and `Example.com.` are example.com.
std::string domain(std::string_view text) {
  while (text.starts_with('.') || text.starts_with('*')) text.remove_prefix(1);
  while (text.ends_with('.')) text.remove_suffix(1);
  return to_lower(text);
}

bool is_below(const std::string& name, const std::string& domain) {
  return name == domain || name.ends_with("." + domain);
}

bool ends_with_word(const std::string& name, std::string_view word) {
  if (!name.ends_with(word)) return false;
  const std::size_t before = name.size() - word.size();
  return before == 0 || name[before - 1] == '/' || name[before - 1] == '-' || name[before - 1] == '.';
}

/// Why a set of this endpoint is not changed here; empty: it may be.
std::string refusal_of(const Json& endpoint) {
  if (const std::string id = endpoint.value("setIdentifier", ""); !id.empty())
    return fmt::format("has the set identifier {}: it is one of several answers that the service chooses from",
                       printable(id));
  for (const Json& property : endpoint.value("providerSpecific", Json::array())) {
    const std::string name = to_lower(property.value("name", ""));
    if (to_lower(property.value("value", "")) != "true") continue;
    if (ends_with_word(name, "alias")) return "is an alias, whose addresses the service looks up when it is asked";
    if (ends_with_word(name, "proxied")) return "is proxied: the world sees the service's own addresses";
  }
  if (endpoint.value("recordTTL", std::int64_t{0}) <= 0)
    return "is listed without a TTL, so that nobody can say how long caches hold it";
  return {};
}

/// What stays with an endpoint when it is changed, as a piece of JSON that stands between others.
std::string kept_of(const Json& endpoint) {
  Json kept = Json::object();
  kept["labels"] = endpoint.value("labels", Json::object());
  kept["providerSpecific"] = endpoint.value("providerSpecific", Json::array());
  const std::string text = kept.dump(-1, ' ', true);
  return text.substr(1, text.size() - 2);
}

/// A TXT value in the form that the listing is read in. Servers differ: some show quotes, some do not.
std::string txt_in(const std::string& target, RecordForm::Text text, std::string& refused) {
  const bool quoted = target.size() > 1 && target.front() == '"' && target.back() == '"';
  if (text == RecordForm::Text::kBare) {
    if (quoted && refused.empty()) refused = "is shown in quotes: set `txt: quoted`";
    return target;
  }
  if (quoted) return target;
  if (refused.empty()) refused = "is shown without quotes: set `txt: bare`";
  std::string written = "\"";
  for (const char c : target) {
    if (c == '"' || c == '\\') written += '\\';
    written += c;
  }
  return written + "\"";
}

/// Its TTL, or 0 where none is said.
Seconds ttl_of(const Json& endpoint) {
  const auto ttl = endpoint.value("recordTTL", std::int64_t{0});
  return Seconds(std::clamp<std::int64_t>(ttl, 0, kMaxTtl.count()));
}

Result<void> take(const Json& endpoint, const DomainName& name, const RecordForm& form, Listing& listing) {
  ListedRecord record{name,
                      endpoint.at("recordType").get<std::string>(),
                      ttl_of(endpoint),
                      {},
                      kept_of(endpoint),
                      refusal_of(endpoint)};
  if (const auto type = record_type_from_text(record.type))
    if (const auto other = listing.zone.sets.find({name, *type}); other != listing.zone.sets.end()) {
      const std::string* kept = listing.id_of(other->first, other->second.rdata.front());
      if (record.refused.empty() && kept != nullptr && *kept != record.id)
        record.refused = "is listed in several parts with properties of their own";
    }
  for (const Json& target : endpoint.value("targets", Json::array())) {
    ListedRecord one = record;
    one.data.content = target.get<std::string>();
    if (one.type == "TXT") one.data.content = txt_in(one.data.content, form.text, one.refused);
    if (auto added = listing.add(one); !added) return added;
  }
  return {};
}

std::string endpoint(const RecordSet& set, const RecordForm& form, const std::string& kept) {
  RecordForm written = form;
  // Targets of SRV keep their dot, all others lose it (external-dns's endpoint package).
  if (set.type == RecordType::kSrv) written.names = RecordForm::Names::kWithDot;
  Json targets = Json::array();
  for (const std::string& rdata : set.rdata) {
    const auto data = data_for(rdata, set.type, written);
    targets.push_back(data ? data->content : rdata);
  }
  const std::string text = Json{
      {"dnsName", set.name.host()},
      {"targets", std::move(targets)},
      {"recordType", to_text(set.type)},
      {"recordTTL",
       set.ttl.count()}}.dump();
  return kept.empty() ? text : text.substr(0, text.size() - 1) + "," + kept + "}";
}

}  // namespace

bool is_media_type(std::string_view content_type) {
  std::string text;
  for (const char c : to_lower(content_type))
    if (c != ' ' && c != '"') text += c;
  return text == kMediaType || text.starts_with(std::string(kMediaType) + ";");
}

bool Domains::serve(const DomainName& zone) const {
  const std::string name = zone.host();
  for (const std::string& one : excluded)
    if (is_below(name, one)) return false;
  return included.empty() || std::any_of(included.begin(), included.end(), [&](const std::string& one) {
           return is_below(name, one) || is_below(one, name);
         });
}

Result<Domains> domains_from(const std::string& body) {
  return read_json(body, [](const Json& json) -> Result<Domains> {
    Domains domains;
    // The published description says `filters`; servers built with external-dns's own library say `include`.
    for (const char* key : {"filters", "include"})
      for (const Json& one : json.value(key, Json::array())) domains.included.push_back(domain(one.get<std::string>()));
    for (const Json& one : json.value("exclude", Json::array()))
      domains.excluded.push_back(domain(one.get<std::string>()));
    for (auto* list : {&domains.included, &domains.excluded})
      list->erase(std::remove(list->begin(), list->end(), std::string()), list->end());
    return domains;
  });
}

Result<void> take_endpoints(const std::string& body, const DomainName& zone, const RecordForm& form, Listing& listing) {
  return read_json(body, [&](const Json& json) -> Result<void> {
    if (json.is_null()) return {};  // Go's empty list
    if (!json.is_array()) return fail(ErrorCode::kInvalid, "what it says is no list of endpoints");
    for (const Json& one : json) {
      auto name = DomainName::from_text(one.at("dnsName").get<std::string>());
      if (!name) return name.error();
      if (!name->is_within(zone)) continue;
      if (auto taken = take(one, *name, form, listing); !taken) return taken;
    }
    return {};
  });
}

std::string wanted_body(const ChangeSet& changes, const RecordForm& form, const Listing& live) {
  std::vector<std::string> wanted;
  for (const Change& change : changes.changes) {
    if (!change.after) continue;
    const std::string* kept = change.before ? live.id_of(change.key, change.before->rdata.at(0)) : nullptr;
    wanted.push_back(endpoint(*change.after, form, kept == nullptr ? std::string() : *kept));
  }
  return fmt::format("[{}]", join(wanted, ","));
}

Result<void> check_adjusted(const std::string& body, const ChangeSet& changes, const RecordForm& form) {
  Listing adjusted(changes.zone, form);
  if (auto taken = take_endpoints(body, changes.zone, form, adjusted); !taken) return taken;
  const auto differs = [](const RecordKey& key, const std::string& how) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} would not become what is wanted: {}", key.text(), how));
  };
  std::set<RecordKey> wanted;
  for (const Change& change : changes.changes) {
    if (!change.after) continue;
    wanted.insert(change.key);
    const RecordSet* found = adjusted.zone.find(change.key);
    if (found == nullptr) return differs(change.key, "the server would leave it out");
    if (found->rdata != change.after->rdata)
      return differs(change.key, "the server would give it " + printable(join(found->rdata, ", ")));
    if (found->ttl != change.after->ttl)
      return differs(change.key, found->ttl == Seconds(0)
                                     ? "the server would give it a TTL of the service's choice"
                                     : fmt::format("the server would give it a TTL of {} s", found->ttl.count()));
    if (const auto why = adjusted.refused.find(change.key); why != adjusted.refused.end())
      return differs(change.key, "by the server's adjustment it " + why->second);
  }
  for (const auto& entry : adjusted.zone.sets)
    if (wanted.count(entry.first) == 0) return differs(entry.first, "nobody asked for it, and the server would add it");
  return {};
}

std::string changes_body(const Change& change, const RecordForm& form, const std::string& kept) {
  if (!change.before) return fmt::format(R"({{"create":[{}]}})", endpoint(*change.after, form, ""));
  const std::string before = endpoint(*change.before, form, kept);
  if (!change.after) return fmt::format(R"({{"delete":[{}]}})", before);
  return fmt::format(R"({{"updateOld":[{}],"updateNew":[{}]}})", before, endpoint(*change.after, form, kept));
}

}  // namespace cutover::providers::webhook
