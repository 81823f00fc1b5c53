#pragma once
#include "providers/catalog.h"

namespace cutover::providers::webhook {

/// Type `webhook`; options `url`, `txt`, `ca_file`.
Entry entry();

}  // namespace cutover::providers::webhook
