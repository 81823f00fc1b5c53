#pragma once
#include <string_view>

namespace cutover {

/// Names a moment between two durable effects: an intent recorded, a request sent, a reply read.
/// Does nothing, unless the environment asks: with CUTOVER_BOUNDARY_LOG=FILE each name reached is
/// appended to FILE; with CUTOVER_KILL_AT=NAME or NAME#K the process kills itself (SIGKILL) the
/// first or K-th time it gets there; with CUTOVER_PAUSE_AT=NAME it stops itself (SIGSTOP) there.
/// The crash test walks through every name with it.
void boundary(std::string_view name);

}  // namespace cutover
