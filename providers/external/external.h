#pragma once
#include "providers/catalog.h"

namespace cutover::providers::external {

inline constexpr std::string_view kType = "external";

/// Type `external`; options `name`, `timeout`, `environment`, `expects`, and whatever else the program wants.
/// Runs the program `cutover-provider-NAME` for each request; making the provider asks it what it can do.
Entry entry();

}  // namespace cutover::providers::external
