#pragma once
#include <filesystem>

namespace cutover {

/// The user's state directory (XDG base directory specification: relative paths are ignored); empty: there is none.
std::filesystem::path user_state();

/// What `cutover resolvers check` found, in there; empty: there is no place for it.
std::filesystem::path resolver_health_file();

}  // namespace cutover
