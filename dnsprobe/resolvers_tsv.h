#pragma once

namespace cutover::dnsprobe {

/// The text of dnsprobe/resolvers.tsv, as built into the program.
extern const char* const kResolversTsv;

}  // namespace cutover::dnsprobe
