#pragma once
#include "providers/catalog.h"

namespace cutover::providers::hetzner {

/// Type `hetzner`; options `token`, `url`, `ca_file`.
Entry entry();

}  // namespace cutover::providers::hetzner
