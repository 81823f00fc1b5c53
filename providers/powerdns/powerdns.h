#pragma once
#include "providers/catalog.h"

namespace cutover::providers::powerdns {

/// Type `powerdns`; options `url`, `key`, `server`.
Entry entry();

}  // namespace cutover::providers::powerdns
