#pragma once
#include "providers/catalog.h"

namespace cutover::providers::zonefile {

/// Type `zonefile`; options `file`, `publish`.
Entry entry();

}  // namespace cutover::providers::zonefile
