#include "providers/memory/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/boundary.h"
#include "core/codec.h"
#include "core/text.h"
#include "net/message.h"
#include "providers/file.h"

namespace cutover::providers::memory {
namespace {

using Json = nlohmann::ordered_json;

std::string to_line(const DomainName& zone, const RecordSet& set) {
  return Json{{"zone", zone.text()},
              {"name", set.name.text()},
              {"type", to_text(set.type)},
              {"ttl_s", set.ttl.count()},
              {"rdata", set.rdata}}
      .dump();
}

/// The serial moves with every change, as it does on a real server.
void bump_serial(Zone& zone) {
  const auto at = zone.sets.find({zone.origin, RecordType::kSoa});
  if (at == zone.sets.end() || at->second.rdata.size() != 1) return;
  std::vector<std::string> fields = split(at->second.rdata[0], ' ');
  if (fields.size() != 7) return;
  fields[2] = std::to_string(++zone.soa.serial);
  at->second.rdata = {join(fields, " ")};
}

void make_change(Zone& zone, const Change& change) {
  zone.sets.erase(change.key);
  if (change.after) zone.sets.emplace(change.key, *change.after);
}

const Capabilities& what_it_can() {
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "record sets are replaced in a map", "2026-11-22"},
      .atomic = {AtomicScope::kZone, "one call makes all changes of a zone or none", "2026-11-22"},
      .atomic_limit = {1'000'000, "memory", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kValuesAndTtl, "every set is compared before any is changed", "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kServing, "whoever reads next sees the change", "2026-11-22"},
      .ttl_floor = {Seconds(0), "none", "2026-11-22"},
      .settle_time = {Seconds(0), "none", "2026-11-22"},
      .types = {{}, "every type", "2026-11-22"},
  };
  return capabilities;
}

class MemoryProvider final : public Provider {
 public:
  explicit MemoryProvider(Server& server) : server_(server) {}
  explicit MemoryProvider(std::unique_ptr<Server> own) : own_(std::move(own)), server_(*own_) {}

  const Capabilities& capabilities() const override { return what_it_can(); }

  Result<Zone> read(const DomainName& zone) override {
    if (auto loaded = load(); !loaded) return loaded.error();
    const auto at = server_.zones.find(zone);
    if (at == server_.zones.end())
      return fail(ErrorCode::kNotFound, fmt::format("the memory provider has no zone {}", zone.text()));
    return at->second;
  }

  Result<std::vector<Step>> steps(const ChangeSet& changes) const override {
    std::vector<Step> steps;
    if (changes.empty()) return steps;
    Step step{changes.zone,
              1,
              fmt::format("change {} of {}", counted(changes.changes.size(), "record set"), changes.zone.text()),
              to_json(changes),
              {}};
    for (const Change& change : changes.changes) step.touches.push_back(change.key);
    steps.push_back(std::move(step));
    return steps;
  }

  Result<Receipt> apply(const Step& step) override {
    auto changes = change_set_from_json(step.request);
    if (!changes) return changes.error();
    std::optional<FileLock> lock;
    if (!server_.file.empty()) {
      auto locked = FileLock::take(server_.file);
      if (!locked) return locked.error();
      lock = std::move(*locked);
    }
    if (auto loaded = load(); !loaded) return loaded.error();
    const bool strikes = ++server_.calls == server_.fault_at_call && server_.fault != Server::Fault::kNone;
    if (server_.meanwhile) server_.meanwhile(server_);
    const auto at = server_.zones.find(changes->zone);
    if (at == server_.zones.end())
      return fail(ErrorCode::kNotFound, fmt::format("the memory provider has no zone {}", changes->zone.text()));
    if (strikes)
      if (auto error = strike(at->second, *changes)) return *error;
    if (auto held = compare(at->second, *changes); !held) return held.error();
    for (const Change& change : changes->changes) make_change(at->second, change);
    bump_serial(at->second);
    boundary("provider-before-send");
    if (auto saved = save(); !saved) return saved.error();
    boundary("provider-after-reply");
    return Receipt{step.zone, step.ordinal, "done", Json{{"serial", at->second.soa.serial}}.dump()};
  }

  Result<bool> in_sync(const Receipt&) override { return true; }

  Result<InverseScript> inverse_script(const ChangeSet& inverse) const override;

  std::optional<Span> clock_skew() const override { return server_.clock_skew; }

 private:
  Result<void> load() {
    if (server_.file.empty()) return {};
    auto text = read_file(server_.file);
    if (!text) return text.error();
    auto zones = from_lines(*text);
    if (!zones) return within(server_.file, zones.error());
    server_.zones = std::move(*zones);
    return {};
  }

  Result<void> save() const {
    if (server_.file.empty()) return {};
    return replace_file(server_.file, to_lines(server_.zones));
  }

  static Result<void> compare(const Zone& zone, const ChangeSet& changes) {
    if (changes.guard_serial && *changes.guard_serial != zone.soa.serial)
      return fail(ErrorCode::kConflict, fmt::format("the serial of {} is {} and not {}; nothing was changed",
                                                    zone.origin.text(), zone.soa.serial, *changes.guard_serial));
    for (const Change& change : changes.changes)
      if (!before_holds(change, zone.find(change.key)))
        return fail(ErrorCode::kConflict,
                    fmt::format("{} is not what it was when it was read; nothing was changed", change.key.text()));
    return {};
  }

  /// What the injected fault does to the zone and says; nullopt: the call goes on.
  std::optional<Error> strike(Zone& zone, const ChangeSet& changes) {
    const auto changed = [&](std::size_t every) -> std::optional<Error> {
      for (std::size_t i = 0; i < changes.changes.size(); i += every) make_change(zone, changes.changes[i]);
      bump_serial(zone);
      if (auto saved = save(); !saved) return saved.error();
      return std::nullopt;
    };
    switch (server_.fault) {
      case Server::Fault::kNone:
        return std::nullopt;
      case Server::Fault::kFailBefore:
        return fail(ErrorCode::kNetwork, "the memory provider was not reached; nothing was changed");
      case Server::Fault::kLost:
        return fail(ErrorCode::kUnknown, "the memory provider gave no answer; whether it made the change is not known");
      case Server::Fault::kFailAfter:
        if (auto error = changed(1)) return error;
        return fail(ErrorCode::kUnknown, "the memory provider gave no answer; whether it made the change is not known");
      case Server::Fault::kHalf:
        if (auto error = changed(2)) return error;
        return fail(ErrorCode::kPartial, "the memory provider stopped half way");
      case Server::Fault::kRefuse:
        return fail(ErrorCode::kRefused, "the memory provider refused the change; nothing was changed");
      case Server::Fault::kBadKey:
        return fail(ErrorCode::kAuth, "the memory provider does not know this key; nothing was changed");
    }
    return std::nullopt;
  }

  std::unique_ptr<Server> own_;
  Server& server_;
};

/// Each record set is one whole line of the file, so that grep and mv are enough to put it back.
Result<InverseScript> MemoryProvider::inverse_script(const ChangeSet& inverse) const {
  std::string guards, edits;
  for (const Change& change : inverse.changes) {
    const std::string start =
        Json{{"zone", inverse.zone.text()}, {"name", change.key.name.text()}, {"type", to_text(change.key.type)}}
            .dump();
    const std::string prefix = shell_quote(start.substr(0, start.size() - 1) + ",");
    const std::string why = shell_quote(change.key.text() + " has changed meanwhile, nothing was written");
    if (change.before)
      guards += fmt::format("grep -qxF -e {} \"$file\" || {{ echo {} >&2; exit 1; }}\n",
                            shell_quote(to_line(inverse.zone, *change.before)), why);
    else
      guards += fmt::format("grep -qF -e {} \"$file\" && {{ echo {} >&2; exit 1; }}\n", prefix, why);
    if (change.before) edits += fmt::format("edit_out {}\n", shell_quote(to_line(inverse.zone, *change.before)));
    if (change.after)
      edits += fmt::format("printf '%s\\n' {} >> \"$file.new\"\n", shell_quote(to_line(inverse.zone, *change.after)));
  }
  const std::string name = fmt::format("rollback-{}.sh", inverse.zone.host());
  InverseScript script{name, fmt::format("sh {} FILE", name), "#!/bin/sh\nset -u\n"};
  script.text += server_.file.empty() ? "file=${1:?usage: sh SCRIPT FILE}\n"
                                      : fmt::format("file=${{1:-{}}}\n", shell_quote(server_.file));
  script.text +=
      "edit_out() { grep -vxF -e \"$1\" \"$file.new\" > \"$file.new2\"; mv \"$file.new2\" \"$file.new\"; }\n";
  script.text += guards + "set -e\ncp -p \"$file\" \"$file.new\"\n" + edits + "mv \"$file.new\" \"$file\"\n";
  return script;
}

constexpr OptionSpec kOptions[] = {
    {"file", "the file that holds the zones, one record set a line (JSON Lines)", true, false},
};

}  // namespace

std::string to_lines(const std::map<DomainName, Zone>& zones) {
  std::string text;
  for (const auto& zone : zones)
    for (const auto& set : zone.second.sets) text += to_line(zone.first, set.second) + "\n";
  return text;
}

Result<std::map<DomainName, Zone>> from_lines(std::string_view text) {
  std::map<DomainName, std::vector<net::Record>> records;
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    const auto bad = [&](const std::string& why) {
      return fail(ErrorCode::kInvalid, fmt::format("line {}: {}", number, why));
    };
    auto set = record_set_from_json(line);
    if (!set) return bad(set.error().message);
    const Json json = Json::parse(line, nullptr, false);
    const auto zone = DomainName::from_text(json.value("zone", ""));
    if (!json.contains("zone") || !zone) return bad("'zone' is missing or no name");
    for (const std::string& value : set->rdata) {
      auto canonical = net::canonical_rdata(set->type, value, *zone);
      if (!canonical) return bad(canonical.error().message);
      records[*zone].push_back(
          {set->name, set->type, net::RecordClass::kIn, static_cast<std::uint32_t>(set->ttl.count()), *canonical});
    }
  }
  std::map<DomainName, Zone> zones;
  for (const auto& of_zone : records) {
    auto zone = net::make_zone(of_zone.first, of_zone.second);
    if (!zone) return zone.error();
    zones.emplace(of_zone.first, std::move(*zone));
  }
  return zones;
}

std::unique_ptr<Provider> make(Server& server) { return std::make_unique<MemoryProvider>(server); }

Entry entry() {
  return {"memory",
          "Zones in memory or in a small file: the template and the test twin",
          kOptions,
          [](const ProviderConfig& config, const Context&) -> Result<std::unique_ptr<Provider>> {
            auto server = std::make_unique<Server>();
            server->file = path_from(config.base_folder, config.options.at("file"));
            return std::unique_ptr<Provider>(std::make_unique<MemoryProvider>(std::move(server)));
          },
          what_it_can,
          "None.",
          "Reading and writing the file."};
}

}  // namespace cutover::providers::memory
