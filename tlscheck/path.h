#pragma once
#include <cstddef>
#include <vector>

#include "tlscheck/anchors.h"
#include "tlscheck/certificate.h"

namespace cutover::tlscheck {

/// A leaf, its intermediates, and an anchor; one certificate alone where the leaf itself is an anchor.
using Path = std::vector<Certificate>;

/// Bounds on the search, so that a chain made to hurt ends in bounded time.
struct PathLimits {
  std::size_t paths = 64;
  std::size_t certificates = 12;  ///< of one path, leaf and anchor counted
  std::size_t signatures = 300;   ///< signature checks
  std::size_t steps = 5000;       ///< candidates looked at
};

struct PathSearch {
  std::vector<Path> paths{};  ///< in the order in which they were found
  bool cut_short = false;     ///< a limit was met: there may be more
  std::size_t signatures = 0;
};

/// The ways from the leaf to an anchor through `pool`, by issuer name and signature (RFC 4158: a forward search, depth
/// first). Anchors are tried before intermediates, and issuers that the authority key identifier speaks for before
/// others. No certificate is twice in a path, nor is a name with its key. Nothing else is judged here: validity,
/// constraints and purposes are the verifier's.
PathSearch find_paths(const Certificate& leaf, const std::vector<Certificate>& pool, const Anchors& anchors,
                      const PathLimits& limits = {});

}  // namespace cutover::tlscheck
