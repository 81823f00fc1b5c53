#include "cmd/plan/snapshot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cmd/plan/user_state.h"
#include "core/codec.h"
#include "core/text.h"
#include "net/loop.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr int kVersion = 1;

/// One file of the way back, relative to the folder it goes into.
struct File {
  fs::path path;
  std::string text;
  mode_t mode = 0600;
};

Error io(const fs::path& path, std::string_view doing, int error) {
  return fail(ErrorCode::kIo,
              fmt::format("cannot {} {}: {}{}; nothing was changed in any zone", doing, path.string(),
                          std::strerror(error), error == ENOSPC || error == EDQUOT ? " (disk full)" : ""));
}

Result<void> sync_folder(const fs::path& folder) {
  const net::Descriptor fd(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) return io(folder, "sync the folder", errno);
  return {};
}

/// `touched` gets the folders that have a new entry: to be synced.
Result<void> make_folders(const fs::path& folder, std::set<fs::path>& touched) {
  std::error_code ignored;
  if (folder.empty() || fs::is_directory(folder, ignored)) return {};
  if (auto above = make_folders(folder.parent_path(), touched); !above) return above;
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return io(folder, "make the folder", errno);
  touched.insert(folder.parent_path());
  return {};
}

/// Writes beside the target, syncs, renames: after a crash the file is whole or not there. It is there for good once
/// the folders in `touched` are synced.
Result<void> write_whole(const fs::path& path, const std::string& text, mode_t mode, std::set<fs::path>& touched) {
  if (auto made = make_folders(path.parent_path(), touched); !made) return made;
  auto fresh = path;
  fresh += ".new";
  unlink(fresh.c_str());
  {
    const net::Descriptor fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return io(fresh, "make", errno);
    std::size_t done = 0;
    while (done < text.size()) {
      const auto n = ::write(fd.get(), text.data() + done, text.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io(fresh, "write", errno);
      done += static_cast<std::size_t>(n);
    }
    // The umask may have taken bits away.
    if (fchmod(fd.get(), mode) != 0 || fsync(fd.get()) != 0) return io(fresh, "write", errno);
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) return io(path, "make", errno);
  touched.insert(path.parent_path());
  return {};
}

/// Text from the plan or a provider as a file name of one part.
std::string safe_name(std::string_view text) {
  std::string name;
  for (const char c : text)
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-' ? c : '_';
  if (name.empty() || name.front() == '.') name.insert(name.begin(), '_');
  return name;
}

std::string snapshot_text(const Plan& plan, Phase phase, std::int64_t write, Instant now,
                          const std::vector<ChangeSet>& changes) {
  Json json{{"schema", "cutover-snapshot"}, {"version", kVersion},     {"plan_name", plan.name},
            {"plan_hash", plan.hash},       {"phase", to_text(phase)}, {"write", write},
            {"at", format_instant_ms(now)}};
  // Built from text: the change sets are JSON already, one of them may hold hundreds of record sets.
  std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace);
  text.erase(text.rfind('\n'));
  text += ",\n  \"changes\": [";
  for (const ChangeSet& set : changes) text += (&set == &changes.front() ? "\n    " : ",\n    ") + to_json(set);
  return text + "\n  ]\n}\n";
}

std::string values_line(const RecordSet& set) {
  return fmt::format("TTL {} s: {}", set.ttl.count(), join(set.rdata, ", "));
}

std::string readme_text(const Plan& plan, Phase phase, std::int64_t write, Instant now,
                        const std::vector<ChangeSet>& changes, const std::vector<providers::InverseScript>& scripts,
                        const std::string& snapshot) {
  std::error_code ignored;
  const std::string plan_file = fs::absolute(plan.file, ignored).string();
  std::string text = fmt::format(
      "How to undo {} number {} of the cutover '{}', written {} before it began.\n\n"
      "With the program:\n\n"
      "    cutover rollback {}\n\n"
      "when its journal is lost:\n\n"
      "    cutover rollback {} --from-snapshot {}\n\n",
      to_text(phase), write, printable(plan.name), format_instant(now), plan_file, plan_file, snapshot);
  if (!scripts.empty()) {
    text += "Without it, run in this folder, where there are several such folders the newest first:\n\n";
    for (const auto& script : scripts) text += "    " + script.how_to_run + "\n";
    text += "\nA script refuses to work on record sets that somebody else has changed since.\n\n";
  }
  text += "By hand: make these record sets what they were.\n";
  for (const ChangeSet& set : changes) {
    if (set.empty()) continue;
    text += fmt::format("\nzone {}\n", set.zone.text());
    for (const Change& change : set.changes)
      text += fmt::format("  {}\n    was      {}\n    becomes  {}\n", change.key.text(),
                          change.before ? values_line(*change.before) : "not there",
                          change.after ? values_line(*change.after) : "not there");
  }
  return text;
}

std::vector<File> files_of(const Plan& plan, Phase phase, std::int64_t write, Instant now,
                           const std::vector<ChangeSet>& changes,
                           const std::vector<providers::InverseScript>& scripts) {
  const std::string id = fmt::format("{}-{}", to_text(phase), write);
  const std::string snapshot = "snapshot-" + id + ".json";
  const fs::path undo = "undo-" + id;
  std::vector<File> files{{snapshot, snapshot_text(plan, phase, write, now, changes), 0600}};
  for (const auto& script : scripts) files.push_back({undo / safe_name(script.file_name), script.text, 0700});
  files.push_back(
      {undo / "README.txt", readme_text(plan, phase, write, now, changes, scripts, "../" + snapshot), 0600});
  return files;
}

Result<void> put(const fs::path& folder, const std::vector<File>& files, std::vector<fs::path>& paths) {
  std::set<fs::path> touched;
  for (const File& file : files) {
    if (auto written = write_whole(folder / file.path, file.text, file.mode, touched); !written) return written;
    paths.push_back(folder / file.path);
  }
  for (const fs::path& each : touched)
    if (auto synced = sync_folder(each); !synced) return synced;
  return {};
}

Error bad_snapshot(const fs::path& file, std::string_view why) {
  return fail(
      ErrorCode::kCorrupt,
      fmt::format(
          "{} cannot be used as a snapshot: {}; choose another snapshot file, or undo by the README.txt beside it",
          file.string(), why));
}

}  // namespace

Result<WayBack> write_way_back(const Plan& plan, Phase phase, std::int64_t write, Instant now,
                               const std::vector<ChangeSet>& changes,
                               const std::vector<providers::InverseScript>& scripts) {
  const auto files = files_of(plan, phase, write, now, changes, scripts);
  WayBack back;
  if (auto done = put(state_folder(plan), files, back.paths); !done) return done.error();
  const fs::path home = user_state();
  if (home.empty()) {
    back.notes.push_back("the way back has no second copy: neither XDG_STATE_HOME nor HOME names a folder");
    return back;
  }
  const fs::path copy = home / "cutover" / safe_name(fmt::format("{}-{}", plan.name, plan.hash.substr(0, 12)));
  const std::size_t kept = back.paths.size();
  if (auto done = put(copy, files, back.paths); !done) {
    back.paths.resize(kept);
    back.notes.push_back(
        fmt::format("the way back has no second copy under {}: {}", copy.string(), done.error().message));
  }
  return back;
}

Result<Snapshot> read_snapshot(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored))
    return fail(ErrorCode::kNotFound, fmt::format("there is no snapshot {}", file.string()));
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  if (in) text << in.rdbuf();
  if (!in || in.bad() || fs::is_directory(file, ignored))
    return fail(ErrorCode::kIo, fmt::format("cannot read the snapshot {}", file.string()));
  try {
    const Json json = Json::parse(text.str());
    if (json.value("schema", "") != "cutover-snapshot") return bad_snapshot(file, "it is no snapshot of this program");
    if (json.at("version") != kVersion)
      return bad_snapshot(
          file, fmt::format("it has version {} and this program knows {}", json.at("version").dump(), kVersion));
    Snapshot snapshot;
    snapshot.plan_name = json.at("plan_name").get<std::string>();
    snapshot.plan_hash = json.at("plan_hash").get<std::string>();
    snapshot.write = json.at("write").get<std::int64_t>();
    auto phase = phase_from_text(json.at("phase").get<std::string>());
    if (!phase) return bad_snapshot(file, phase.error().message);
    snapshot.phase = *phase;
    auto at = parse_instant(json.at("at").get<std::string>());
    if (!at) return bad_snapshot(file, at.error().message);
    snapshot.at = *at;
    for (const Json& each : json.at("changes")) {
      auto set = change_set_from_json(each.dump());
      if (!set) return bad_snapshot(file, set.error().message);
      snapshot.changes.push_back(*std::move(set));
    }
    return snapshot;
  } catch (const nlohmann::json::exception& e) {
    return bad_snapshot(file, e.what());
  }
}

}  // namespace cutover
