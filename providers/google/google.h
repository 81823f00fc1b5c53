#pragma once
#include "providers/catalog.h"

namespace cutover::providers::google {

/// Type `google`; options `key`, `project`, `managed_zone`, `url`, `ca_file`.
Entry entry();

}  // namespace cutover::providers::google
