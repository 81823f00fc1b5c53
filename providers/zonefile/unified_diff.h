#pragma once
#include <string>
#include <string_view>

namespace cutover::providers::zonefile {

/// The difference of two texts in unified format with three lines of context, as `patch` reads it; empty where they are
/// the same.
std::string unified_diff(std::string_view from, std::string_view to, std::string_view name);

}  // namespace cutover::providers::zonefile
