#pragma once
#include "providers/catalog.h"

namespace cutover::providers::gandi {

/// Type `gandi`; options `token`, `url`.
Entry entry();

}  // namespace cutover::providers::gandi
