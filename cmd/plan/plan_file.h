#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/plan/plan.h"
#include "core/result.h"

namespace cutover {

/// Something wrong in a plan file, at a place, with what to write instead.
struct PlanError {
  Position at;
  std::string message;
};

/// Reads and checks a plan file. The error's sentence holds every fault found, one per line, each
/// `FILE:LINE:COLUMN: what is wrong; what to write instead`.
Result<Plan> read_plan(const std::filesystem::path& file);
/// The same from text; `file` is used in messages and kept in the plan.
Result<Plan> parse_plan(std::string_view text, const std::filesystem::path& file);

/// The JSON Schema (2020-12) of the plan file, for editors; generated from the same tables that the reader uses.
std::string plan_schema();

}  // namespace cutover
