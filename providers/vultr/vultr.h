#pragma once
#include "providers/catalog.h"

namespace cutover::providers::vultr {

/// Type `vultr`; options `token`, `url`, `ca_file`.
Entry entry();

}  // namespace cutover::providers::vultr
