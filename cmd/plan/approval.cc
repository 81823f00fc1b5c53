#include "cmd/plan/approval.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cmd/plan/journal.h"
#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

std::filesystem::path file_of(const Plan& plan) { return state_folder(plan) / "approved"; }

std::string user() {
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? fmt::format("uid {}", geteuid()) : std::string(entry->pw_name);
}

}  // namespace

Result<Approval> approve(const Plan& plan, Instant now) {
  const Approval given{now, plan.hash, user()};
  const auto file = file_of(plan);
  std::error_code failed;
  std::filesystem::create_directories(file.parent_path(), failed);
  // Whole or not at all: the run that waits may look at any moment.
  const auto fresh = file.string() + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << Json{{"schema", 1}, {"at", format_instant(given.at)}, {"plan_hash", given.plan_hash}, {"by", given.by}}.dump()
      << "\n";
  out.close();
  if (out) std::filesystem::rename(fresh, file, failed);
  if (!out || failed)
    return fail(ErrorCode::kIo,
                fmt::format("{}: the approval cannot be written, so nothing was approved", printable(file.string())));
  return given;
}

Result<std::optional<Approval>> approval_of(const Plan& plan) {
  const auto file = file_of(plan);
  std::ifstream in(file);
  if (!in) return std::optional<Approval>();
  const Json json = Json::parse(in, nullptr, false);
  if (!json.is_object() || !json.contains("plan_hash") || !json.at("plan_hash").is_string())
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} is no approval that `cutover approve` wrote; remove it and approve "
                            "again",
                            printable(file.string())));
  if (json.at("plan_hash") != plan.hash) return std::optional<Approval>();
  Approval given;
  given.plan_hash = plan.hash;
  if (json.contains("by") && json.at("by").is_string()) given.by = json.at("by").get<std::string>();
  if (json.contains("at") && json.at("at").is_string())
    if (const auto at = parse_instant(json.at("at").get<std::string>())) given.at = *at;
  return std::optional(given);
}

}  // namespace cutover
