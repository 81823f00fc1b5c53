#include "providers/zonefile/zonefile.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/boundary.h"
#include "core/codec.h"
#include "core/text.h"
#include "providers/file.h"
#include "providers/zonefile/command.h"
#include "providers/zonefile/edit.h"
#include "providers/zonefile/inverse.h"

// A write is two acts: the file gets its new text, and a command makes servers read it. Whoever dies or fails between
// the two has changed nothing that anybody can see, although the file says otherwise. So before the file is replaced, a
// note beside it (`.NAME.pending`) records what the changed sets held and which text will hold the change; it goes when
// the command has succeeded. As long as the note fits the file, read() tells the state before the change, and apply()
// finds the file changed already and only publishes it.

namespace cutover::providers::zonefile {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kPublishLimit{300};

/// FNV-1a: tells one text of a file from another; nobody attacks it here.
std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

Capabilities what_it_can(bool publishes) {
  return {
      .unit = {Unit::kRecordSet, "record sets are edited where they stand in the file", "2026-11-22"},
      .atomic = {AtomicScope::kZone, "the file is replaced by rename", "2026-11-22"},
      .atomic_limit = {1'000'000, "a file", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kValuesAndTtl,
                           "the file is read and compared under a lock right before it is replaced", "2026-11-22"},
      .commit_step = {publishes ? "publish" : "",
                      publishes ? "the plan's command makes servers read the file" : "no `publish` is given",
                      "2026-11-22"},
      .signal =
          publishes
              ? Declared<ChangeSignal>{ChangeSignal::kSent,
                                       "the command says when it is done, not when servers have loaded", "2026-11-22"}
              : Declared<ChangeSignal>{ChangeSignal::kNone, "without `publish` nobody tells the servers", "2026-11-22"},
      .ttl_floor = {Seconds(0), "a file holds any TTL", "2026-11-22"},
      .settle_time = {Seconds(0), "every authoritative address is asked directly", "2026-11-22"},
      .types = {{}, "every type but NS, SOA and DNSSEC's own", "2026-11-22"},
  };
}

const Capabilities& what_it_can_published() {
  static const Capabilities capabilities = what_it_can(true);
  return capabilities;
}

Result<void> check(const ChangeSet& changes) {
  for (const Change& change : changes.changes)
    if (auto ours = check_within(change, changes.zone); !ours) return ours;
  return {};
}

/// What the note beside a file that is changed and not yet published holds.
struct Pending {
  std::uint64_t fits = 0;    ///< fingerprint of the changed text
  std::uint32_t serial = 0;  ///< before the change
  ChangeSet changes;
};

class ZoneFileProvider final : public Provider {
 public:
  ZoneFileProvider(std::string file, std::string publish, std::string base_folder, const Context& context)
      : capabilities_(what_it_can(!publish.empty())),
        file_(std::move(file)),
        folder_(std::filesystem::path(file_).parent_path().string()),
        publish_(std::move(publish)),
        base_folder_(std::move(base_folder)),
        clock_(context.clock) {}

  const Capabilities& capabilities() const override { return capabilities_; }

  Result<Zone> read(const DomainName& origin) override {
    auto text = load(origin);
    if (!text) return text.error();
    auto zone = text->zone();
    if (!zone) return within(printable(file_), zone.error());
    if (const auto pending = pending_for(*text)) take_back(*zone, *pending);
    return zone;
  }

  Result<std::vector<Step>> steps(const ChangeSet& changes) const override {
    std::vector<Step> steps;
    if (changes.empty()) return steps;
    if (auto carried = check(changes); !carried) return carried.error();
    Step step{changes.zone,
              1,
              fmt::format("edit {} of {} in {}{}", counted(changes.changes.size(), "record set"), changes.zone.text(),
                          printable(file_), publish_.empty() ? "" : ", then publish"),
              to_json(changes),
              {}};
    for (const Change& change : changes.changes) step.touches.push_back(change.key);
    steps.push_back(std::move(step));
    return steps;
  }

  Result<Receipt> apply(const Step& step) override {
    auto changes = change_set_from_json(step.request);
    if (!changes) return changes.error();
    auto lock = FileLock::take(file_);
    if (!lock) return lock.error();
    auto text = load(changes->zone);
    if (!text) return text.error();
    auto zone = text->zone();
    if (!zone) return within(printable(file_), zone.error());
    std::uint32_t serial = zone->soa.serial;
    if (const bool done_before = is_done(*zone, *changes); !done_before) {
      if (auto fits = compare(*zone, *changes); !fits) return fits.error();
      serial = next_serial(serial, clock_.now());
      if (auto written = write(*text, *changes, zone->soa.serial, serial, *lock); !written) return written.error();
    }
    if (auto told = publish(); !told) return told.error();
    boundary("provider-after-reply");
    return Receipt{step.zone, step.ordinal, fmt::format("{} holds the change, serial {}", printable(file_), serial),
                   Json{{"serial", serial}}.dump()};
  }

  /// The command has succeeded or apply() would have failed; servers are asked directly.
  Result<bool> in_sync(const Receipt&) override { return true; }

  Result<InverseScript> inverse_script(const ChangeSet& inverse) const override {
    if (auto carried = check(inverse); !carried) return carried.error();
    auto text = load(inverse.zone);
    if (!text) return text.error();
    return zonefile::inverse_script(*text, inverse, {file_, folder_, publish_, base_folder_});
  }

 private:
  std::string pending_file() const {
    const std::filesystem::path path(file_);
    return (path.parent_path() / fmt::format(".{}.pending", path.filename().string())).string();
  }

  Result<ZoneText> load(const DomainName& origin) const {
    auto text = read_file(file_);
    if (!text) return text.error();
    auto parsed = parse(std::move(*text), origin, folder_);
    if (!parsed) return within("the zone file " + printable(file_), parsed.error());
    return parsed;
  }

  std::optional<Pending> pending_for(const ZoneText& zone) const {
    const auto note = read_file(pending_file());
    if (!note) return std::nullopt;
    const Json json = Json::parse(*note, nullptr, false);
    if (!json.is_object() || !json.contains("fits") || !json.contains("serial") || !json.contains("changes"))
      return std::nullopt;
    auto changes = change_set_from_json(json["changes"].dump());
    if (!changes || changes->zone != zone.origin) return std::nullopt;
    Pending pending{json.value("fits", std::uint64_t{0}), json.value("serial", std::uint32_t{0}), std::move(*changes)};
    if (pending.fits != fingerprint(zone.text)) return std::nullopt;
    return pending;
  }

  static void take_back(Zone& zone, const Pending& pending) {
    for (const Change& change : pending.changes.changes) {
      zone.sets.erase(change.key);
      if (change.before) zone.sets.emplace(change.key, *change.before);
    }
    RecordSet& soa = zone.sets.at({zone.origin, RecordType::kSoa});
    std::vector<std::string> fields = split(soa.rdata.at(0), ' ');
    fields.at(2) = std::to_string(pending.serial);
    soa.rdata = {join(fields, " ")};
    zone.soa.serial = pending.serial;
  }

  static bool is_done(const Zone& zone, const ChangeSet& changes) {
    return std::all_of(changes.changes.begin(), changes.changes.end(),
                       [&](const Change& change) { return after_holds(change, zone.find(change.key)); });
  }

  Result<void> compare(const Zone& zone, const ChangeSet& changes) const {
    if (changes.guard_serial && *changes.guard_serial != zone.soa.serial)
      return fail(ErrorCode::kConflict,
                  fmt::format("the serial of {} in {} is {} and not {}; nothing was changed", zone.origin.text(),
                              printable(file_), zone.soa.serial, *changes.guard_serial));
    for (const Change& change : changes.changes)
      if (!before_holds(change, zone.find(change.key)))
        return fail(ErrorCode::kConflict,
                    fmt::format("{} in {} is not what it was when it was read; nothing was changed", change.key.text(),
                                printable(file_)));
    return {};
  }

  Result<void> write(const ZoneText& was, const ChangeSet& changes, std::uint32_t old_serial, std::uint32_t serial,
                     FileLock& lock) const {
    auto text = edited(was, changes, serial, folder_);
    if (!text) return within(fmt::format("the zone file {} was not changed", printable(file_)), text.error());
    // The note keeps what the file really held, TTLs included, not what the caller believed.
    ChangeSet note = changes;
    const auto zone = was.zone();
    for (Change& change : note.changes)
      if (const RecordSet* set = zone ? zone->find(change.key) : nullptr; set != nullptr) change.before = *set;
    note.guard_serial.reset();
    note.guard_soa.reset();
    const Json pending{{"fits", fingerprint(*text)}, {"serial", old_serial}, {"changes", Json::parse(to_json(note))}};
    if (auto kept = replace_file(pending_file(), pending.dump() + "\n"); !kept) return kept.error();
    // Somebody's editor does not know our lock.
    if (const auto now = read_file(file_); !now || *now != was.text)
      return fail(ErrorCode::kConflict,
                  fmt::format("{} was saved by somebody else at this moment; nothing was changed", printable(file_)));
    boundary("provider-before-send");
    auto replaced = replace_file(file_, *text, &lock);
    boundary("zonefile-before-publish");
    return replaced;
  }

  Result<void> publish() const {
    if (!publish_.empty()) {
      const auto again = [&](const std::string& why) {
        return fail(
            ErrorCode::kUnknown,
            fmt::format("{} holds the new values, but publishing it failed: {}. Run `{}` by hand in {}, or the same "
                        "command again: it only publishes then",
                        printable(file_), why, printable(publish_),
                        printable(base_folder_.empty() ? "." : base_folder_)));
      };
      const auto finished = run_command(publish_, base_folder_, kPublishLimit);
      if (!finished) return again(finished.error().message);
      if (finished->status != 0)
        return again(fmt::format("exit status {}, it said: {}", finished->status, printable(trim(finished->output))));
    }
    return remove_file(pending_file());
  }

  Capabilities capabilities_;
  std::string file_;
  std::string folder_;
  std::string publish_;
  std::string base_folder_;
  const Clock& clock_;
};

constexpr OptionSpec kOptions[] = {
    {"file", "the zone file (BIND's format, unsigned), edited in place", true, false},
    {"publish", "a shell command that makes the servers read the file, such as `rndc reload example.com`", false,
     false},
};

}  // namespace

Entry entry() {
  return {"zonefile",
          "A BIND zone file, edited in place",
          kOptions,
          [](const ProviderConfig& config, const Context& context) -> Result<std::unique_ptr<Provider>> {
            const auto publish = config.options.find("publish");
            return std::unique_ptr<Provider>(std::make_unique<ZoneFileProvider>(
                path_from(config.base_folder, config.options.at("file")),
                publish == config.options.end() ? std::string() : publish->second, config.base_folder, context));
          },
          what_it_can_published,
          "None of its own; `publish` runs as this user.",
          "Reading and writing the file and its folder, and whatever `publish` needs."};
}

}  // namespace cutover::providers::zonefile
