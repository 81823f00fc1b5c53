#include "providers/api_provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "core/codec.h"
#include "core/text.h"
#include "providers/file.h"
#include "providers/json_body.h"
#include "providers/way_back.h"

namespace cutover::providers {
namespace {

constexpr const char* kCommit = R"({"commit":true})";

std::vector<RecordKey> keys_of(const ChangeSet& changes) {
  std::vector<RecordKey> keys;
  for (const Change& change : changes.changes) keys.push_back(change.key);
  return keys;
}

/// What is deleted where a CNAME comes, or where a CNAME gives way, goes first: the name must be free. What is deleted
/// elsewhere goes last, so that names are without data for no longer than they must.
std::vector<Change> in_order(const ChangeSet& changes) {
  std::set<DomainName> taken_over;
  for (const Change& change : changes.changes)
    if (change.key.type == RecordType::kCname && change.before.has_value() != change.after.has_value())
      taken_over.insert(change.key.name);
  const auto rank = [&](const Change& change) {
    if (change.after) return 1;
    return taken_over.count(change.key.name) != 0 ? 0 : 2;
  };
  std::vector<Change> ordered;
  for (const Change& change : changes.changes)
    if (change.kind() != Change::Kind::kNone) ordered.push_back(change);
  std::stable_sort(ordered.begin(), ordered.end(), [&](const Change& a, const Change& b) { return rank(a) < rank(b); });
  return ordered;
}

ChangeSet only(const DomainName& zone, std::vector<Change> changes) {
  return {zone, std::move(changes), std::nullopt, std::nullopt};
}

/// A set as its records are one after the other edited.
class SetInWork {
 public:
  explicit SetInWork(const Change& change) : key_(change.key) {
    if (!change.before) return;
    for (const std::string& rdata : change.before->rdata) records_[rdata] = change.before->ttl;
  }
  Part edit(const DomainName& zone, const Part::Record& record) {
    Change change{key_, image(), std::nullopt};
    if (!record.from.empty()) records_.erase(record.from);
    if (!record.to.empty()) records_[record.to] = record.ttl;
    change.after = image();
    return {only(zone, {std::move(change)}), record};
  }

 private:
  std::optional<RecordSet> image() const {
    if (records_.empty()) return std::nullopt;
    RecordSet set{key_.name, key_.type, {}, {}};
    for (const auto& [rdata, ttl] : records_) {
      set.rdata.push_back(rdata);
      set.ttl = std::max(set.ttl, ttl);
    }
    normalize(set);
    return set;
  }

  RecordKey key_;
  std::map<std::string, Seconds> records_;
};

/// Whether a CNAME would stand beside other data (RFC 1034 section 3.6.2): not every service refuses that, and one that
/// is called record by record refuses when it is too late.
bool crowds_a_cname(const Listing& live, const ChangeSet& changes, DomainName& where) {
  std::map<DomainName, std::set<RecordType>> types;
  for (const Change& change : changes.changes) types[change.key.name];
  for (const auto& entry : live.zone.sets)
    if (const auto at = types.find(entry.first.name); at != types.end()) at->second.insert(entry.first.type);
  for (const Change& change : changes.changes) {
    if (change.after)
      types[change.key.name].insert(change.key.type);
    else
      types[change.key.name].erase(change.key.type);
  }
  for (const auto& [name, there] : types) {
    where = name;
    if (there.count(RecordType::kCname) != 0 && there.size() > 1) return true;
  }
  return false;
}

/// `guard`: all that is about to be changed, where this part is the first of several.
std::string to_request(const Part& part, const ChangeSet* guard) {
  Json json = Json::parse(to_json(part.changes));
  if (guard != nullptr) json["guard"] = Json::parse(to_json(*guard));
  if (part.record)
    json["record"] = Json{{"from", part.record->from}, {"to", part.record->to}, {"ttl_s", part.record->ttl.count()}};
  return json.dump();
}

Result<Part> from_request(const std::string& request) {
  auto changes = change_set_from_json(request);
  if (!changes) return changes.error();
  Part part{std::move(*changes)};
  const Json json = Json::parse(request);
  if (const auto record = json.find("record"); record != json.end())
    part.record = Part::Record{record->at("from").get<std::string>(), record->at("to").get<std::string>(),
                               Seconds(record->at("ttl_s").get<std::uint32_t>())};
  return part;
}

Result<std::optional<ChangeSet>> guard_of(const std::string& request) {
  const Json json = Json::parse(request);
  const auto guard = json.find("guard");
  if (guard == json.end()) return std::optional<ChangeSet>();
  auto changes = change_set_from_json(guard->dump());
  if (!changes) return changes.error();
  return std::optional(std::move(*changes));
}

std::string summary_of(const Part& part, const std::string& who) {
  if (!part.record)
    return fmt::format("one call to {} for {}: {}", who, part.changes.zone.text(),
                       counted(part.changes.changes.size(), "record set"));
  const Part::Record& record = *part.record;
  const std::string key = part.changes.changes.at(0).key.text();
  if (record.from.empty()) return fmt::format("one call to {}: {} gets {}", who, key, record.to);
  if (record.to.empty()) return fmt::format("one call to {}: {} loses {}", who, key, record.from);
  if (record.from == record.to)
    return fmt::format("one call to {}: {} {} ttl={}", who, key, record.to, record.ttl.count());
  return fmt::format("one call to {}: {} {} -> {}", who, key, record.from, record.to);
}

}  // namespace

Result<Zone> ApiProvider::read(const DomainName& zone) {
  auto listing = list(zone, nullptr);
  if (!listing) return listing.error();
  return std::move(listing->zone);
}

Result<Provider::Sets> ApiProvider::read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) {
  auto listing = list(zone, &keys);
  if (!listing) return listing.error();
  Sets sets = sets_of(listing->zone, keys);
  if (listing->extent == Listing::Extent::kSome) sets.in_zone.reset();
  for (const auto& [key, why] : listing->refused)
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) sets.refused.emplace(key, why);
  return sets;
}

Result<void> ApiProvider::check_all(const ChangeSet& changes) const {
  const Capabilities& can = capabilities();
  const auto refused = [&](const RecordKey& key, const std::string& why) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} cannot be changed through {}: {}", key.text(), api_.who(), why));
  };
  for (const Change& change : changes.changes) {
    if (auto ours = check_within(change, changes.zone); !ours) return ours;
    const auto& types = can.types.value;
    if (!types.empty() && std::find(types.begin(), types.end(), change.key.type) == types.end())
      return refused(change.key, std::string(can.types.why));
    if (is_of_the_service(change.key.type))
      return refused(change.key, "it is of a type that only the service knows; make plain records of it first");
    if (auto held = check(change, changes.zone); !held) return held;
    if (!change.after) continue;
    const Seconds ttl = change.after->ttl;
    const bool keeps_ttl = change.before && change.before->ttl == ttl;
    if (!keeps_ttl && settable_ttl(can, ttl) != ttl)
      return refused(change.key,
                     fmt::format("a TTL of {} s cannot be set there ({}); the next that can is {} s", ttl.count(),
                                 can.ttl_steps.value.empty() ? can.ttl_floor.why : can.ttl_steps.why,
                                 settable_ttl(can, ttl).count()));
    for (const std::string& rdata : change.after->rdata)
      if (auto sent = data_for(rdata, change.key.type, form_); !sent) return refused(change.key, sent.error().message);
  }
  return {};
}

std::vector<Part> ApiProvider::whole(const ChangeSet& changes, std::size_t limit) {
  // What shares a name stays together: one of the two may have to give way to the other.
  std::vector<Change> ordered = in_order(changes);
  if (ordered.empty()) return {};
  if (ordered.size() <= limit) return {{only(changes.zone, std::move(ordered))}};
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Change& a, const Change& b) { return a.key.name < b.key.name; });
  std::vector<Part> parts;
  for (std::size_t at = 0; at < ordered.size();) {
    std::size_t end = std::min(at + limit, ordered.size());
    while (end < ordered.size() && end > at + 1 && ordered[end].key.name == ordered[end - 1].key.name) --end;
    const auto offset = [&](std::size_t n) { return ordered.begin() + static_cast<std::ptrdiff_t>(n); };
    parts.push_back({only(changes.zone, in_order(only(changes.zone, {offset(at), offset(end)})))});
    at = end;
  }
  return parts;
}

std::vector<Part> ApiProvider::by_set(const ChangeSet& changes) {
  std::vector<Part> parts;
  for (Change& change : in_order(changes)) parts.push_back({only(changes.zone, {std::move(change)})});
  return parts;
}

// TTLs first: when all values are there, so are all TTLs. Values come before values go: a set in work is never without
// data, unless it is to be.
ApiProvider::Edits ApiProvider::edits_of(const Change& change) {
  const std::vector<std::string> none;
  const auto& before = change.before ? change.before->rdata : none;
  const auto& after = change.after ? change.after->rdata : none;
  const Seconds ttl = change.after ? change.after->ttl : Seconds(0);
  std::vector<std::string> gone, come, kept;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(gone));
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(come));
  std::set_intersection(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(kept));
  std::vector<Part::Record> edits;
  const std::size_t pairs = std::min(gone.size(), come.size());
  if (change.before && change.after && change.before->ttl != ttl)
    for (const std::string& value : kept) edits.push_back({value, value, ttl});
  for (std::size_t i = pairs; i < come.size(); ++i) edits.push_back({"", come[i], ttl});
  for (std::size_t i = 0; i < pairs; ++i) edits.push_back({gone[i], come[i], ttl});
  for (std::size_t i = pairs; i < gone.size(); ++i) edits.push_back({gone[i], "", ttl});
  return edits;
}

std::vector<Part> ApiProvider::by_record(const ChangeSet& changes, const std::function<Edits(const Change&)>& edits) {
  std::vector<Part> parts;
  for (const Change& change : in_order(changes)) {
    SetInWork set(change);
    for (const Part::Record& record : edits(change)) parts.push_back(set.edit(changes.zone, record));
  }
  return parts;
}

Result<std::vector<Part>> ApiProvider::parts(const ChangeSet& changes) const {
  const Capabilities& can = capabilities();
  if (can.atomic.value == AtomicScope::kZone || can.atomic.value == AtomicScope::kMessage)
    return whole(changes, std::max<std::size_t>(can.atomic_limit.value, 1));
  return can.unit.value == Unit::kRecord ? by_record(changes) : by_set(changes);
}

Result<std::vector<Step>> ApiProvider::steps(const ChangeSet& changes) const {
  std::vector<Step> steps;
  if (changes.empty()) return steps;
  if (auto carried = check_all(changes); !carried) return carried.error();
  auto cut = parts(changes);
  if (!cut) return cut.error();
  for (const Part& part : *cut) {
    Step step;
    step.zone = changes.zone;
    step.ordinal = static_cast<int>(steps.size()) + 1;
    step.summary = summary_of(part, api_.who());
    step.request = to_request(part, steps.empty() && cut->size() > 1 ? &changes : nullptr);
    step.touches = keys_of(part.changes);
    steps.push_back(std::move(step));
  }
  return steps;
}

Result<void> ApiProvider::compare(const Listing& live, const ChangeSet& changes) const {
  const auto stop = [&](ErrorCode code, const std::string& why) {
    return fail(code, fmt::format("{}: {}; nothing was changed", api_.who(), why));
  };
  for (const Change& change : changes.changes) {
    if (const auto why = live.refused.find(change.key); why != live.refused.end())
      return stop(ErrorCode::kUnsupported, fmt::format("{} {}", change.key.text(), why->second));
    if (!before_holds(change, live.zone.find(change.key)))
      return stop(ErrorCode::kConflict, fmt::format("{} is not what it was when it was read", change.key.text()));
  }
  if (DomainName name; crowds_a_cname(live, changes, name))
    return stop(ErrorCode::kConflict,
                fmt::format("{} would have a CNAME and other records, which no name may have", name.text()));
  return {};
}

Result<Receipt> ApiProvider::apply(const Step& step) {
  if (step.request == kCommit) return commit_now(step);
  auto part = from_request(step.request);
  if (!part) return part.error();
  // The first of several calls is made only when all of them could be.
  auto whole = guard_of(step.request);
  if (!whole) return whole.error();
  const ChangeSet& guarded = *whole ? **whole : part->changes;
  const std::vector<RecordKey> keys = keys_of(guarded);
  auto live = list(step.zone, &keys);
  if (!live) return fail(live.error().code, live.error().message + "; nothing was changed");
  if (auto holds = compare(*live, guarded); !holds) return holds.error();
  if (auto fine = rehearse(guarded, *live); !fine)
    return fail(fine.error().code, fine.error().message + "; nothing was changed");
  // One record of a set may have its new TTL already, from a write that was cut off: some services refuse to change
  // nothing.
  if (part->record && part->record->from == part->record->to &&
      live->ttl_of(part->changes.changes.at(0).key, part->record->to) == part->record->ttl)
    return Receipt{step.zone, step.ordinal, fmt::format("{} has it so already", api_.who()), "{}"};
  // From here to the service's own check, where it has one, nobody guards.
  std::string missing;
  const Ids ids{live->zone_id, [&](const RecordKey& key, const std::string& rdata) {
                  const std::string* id = live->id_of(key, rdata);
                  if (id == nullptr)
                    missing = fmt::format("{} has no record {} any more", key.text(), printable(rdata));
                  return id == nullptr ? std::string() : *id;
                }};
  auto one = call(*part, ids);
  if (!one) return one.error();
  if (!missing.empty())
    return fail(ErrorCode::kConflict, fmt::format("{}: {}; nothing was changed", api_.who(), missing));
  auto made = api_.write(*one, fmt::format("changing {}", step.zone.text()));
  if (!made) return made.error();
  return Receipt{step.zone, step.ordinal, fmt::format("{} made the change", api_.who()), kept_of(*made)};
}

std::optional<Step> ApiProvider::commit(const DomainName& zone) const {
  if (!commit_call(zone)) return std::nullopt;
  return Step{zone,
              0,
              fmt::format("one call to {}: what was changed in {} comes into force", api_.who(), zone.text()),
              kCommit,
              {}};
}

Result<Receipt> ApiProvider::commit_now(const Step& step) const {
  const auto one = commit_call(step.zone);
  if (!one) return fail(ErrorCode::kInternal, fmt::format("{} has nothing to commit with", api_.who()));
  auto made = api_.write(*one, fmt::format("bringing the change of {} into force", step.zone.text()));
  if (!made)
    return fail(made.error().code, fmt::format("{}; the records are edited, and not in force until that call is made",
                                               made.error().message));
  return Receipt{step.zone, step.ordinal, fmt::format("{} brought it into force", api_.who()), kept_of(*made)};
}

std::string ApiProvider::kept_of(const std::string&) const { return "{}"; }

Result<InverseScript> ApiProvider::inverse_script(const ChangeSet& inverse) const {
  if (auto carried = check_all(inverse); !carried) return carried.error();
  auto cut = parts(inverse);
  if (!cut) return cut.error();
  PlaceHolders holders;
  std::vector<ScriptCall> calls;
  for (Part& part : *cut) {
    auto one = call(part, holders.ids());
    if (!one) return one.error();
    calls.push_back({std::move(*one), std::move(part)});
  }
  return way_back_script(inverse, api_, capabilities(), in_python(), calls, holders);
}

ApiData ApiProvider::data(const RecordKey& key, const std::string& rdata) const {
  auto sent = data_for(rdata, key.type, form_);
  return sent ? *std::move(sent) : ApiData{rdata};
}

std::string path_of_record(const std::string& records, const Part& part, const Ids& ids) {
  if (part.record->from.empty()) return {};
  return fmt::format("{}/{}", records, ids.record(part.changes.changes.at(0).key, part.record->from));
}

std::string with_bearer_token(std::string_view code) {
  return "\ndef authorize(request):\n    request.add_header(\"Authorization\", \"Bearer \" + "
         "credential(\"token\"))\n\n" +
         std::string(code);
}

std::string option_of(const ProviderConfig& config, const std::string& name, std::string_view otherwise) {
  const auto at = config.options.find(name);
  return at == config.options.end() || at->second.empty() ? std::string(otherwise) : at->second;
}

Result<ApiWithToken> open_with_token(const ProviderConfig& config, const Context& context, Api::Settings settings,
                                     const std::string& option, const std::string& header, const std::string& prefix) {
  const std::string reference = option_of(config, option);
  auto secret = net::read_credential(reference, config.base_folder);
  if (!secret) return within(fmt::format("the option '{}' of the provider '{}'", option, config.type), secret.error());
  settings.url = option_of(config, "url", settings.url);
  if (const std::string ca = option_of(config, "ca_file"); !ca.empty())
    settings.ca_file = path_from(config.base_folder, ca);
  settings.authorize = in_header(header, prefix, *secret);
  settings.secrets = {*secret};
  settings.tell = context.tell;
  settings.clock = &context.clock;
  auto api = Api::make(context.loop, std::move(settings));
  if (!api) return within(fmt::format("the option 'url' of the provider '{}'", config.type), api.error());
  return ApiWithToken{std::move(*api), absolute_reference(reference, config.base_folder)};
}

std::string absolute_reference(const std::string& reference, const std::string& base_folder) {
  if (!reference.starts_with("file/")) return reference;
  return "file/" + std::filesystem::absolute(path_from(base_folder, reference.substr(5))).string();
}

}  // namespace cutover::providers
