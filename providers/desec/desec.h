#pragma once
#include "providers/catalog.h"

namespace cutover::providers::desec {

/// Type `desec`; options `token`, `minimum_ttl`, `url`.
Entry entry();

}  // namespace cutover::providers::desec
