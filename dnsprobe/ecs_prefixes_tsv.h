#pragma once

namespace cutover::dnsprobe {

/// The text of dnsprobe/ecs_prefixes.tsv, as built into the program.
extern const char* const kEcsPrefixesTsv;

}  // namespace cutover::dnsprobe
