#include "cmd/plan/user_state.h"

#include <cstdlib>

namespace cutover {

namespace fs = std::filesystem;

fs::path user_state() {
  if (const char* xdg = std::getenv("XDG_STATE_HOME"); xdg != nullptr && xdg[0] == '/') return xdg;
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
    return fs::path(home) / ".local" / "state";
  return {};
}

fs::path resolver_health_file() {
  const fs::path home = user_state();
  return home.empty() ? fs::path() : home / "cutover" / "resolver-health.tsv";
}

}  // namespace cutover
