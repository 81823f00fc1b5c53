#pragma once
#include "providers/catalog.h"

namespace cutover::providers::ns1 {

/// Type `ns1`; options `key`, `url`.
Entry entry();

}  // namespace cutover::providers::ns1
