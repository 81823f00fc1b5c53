#pragma once
#include "providers/catalog.h"

namespace cutover::providers::digitalocean {

/// Type `digitalocean`; options `token`, `url`, `ca_file`.
Entry entry();

}  // namespace cutover::providers::digitalocean
