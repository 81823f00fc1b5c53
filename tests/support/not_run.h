#pragma once
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

namespace cutover::tests {

/// Says that something could not be tested here, and why. `./dev test` lists these lines at its end:
/// nothing is skipped in silence.
inline void not_run(const std::string& what, const std::string& why) {
  std::cerr << "NOT RUN: " << what << ": " << why << "\n";
  if (const char* file = std::getenv("CUTOVER_NOT_RUN"); file != nullptr)
    std::ofstream(file, std::ios::app) << what << ": " << why << "\n";
}

}  // namespace cutover::tests
