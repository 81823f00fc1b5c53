#pragma once
#include "providers/catalog.h"

namespace cutover::providers::porkbun {

/// Type `porkbun`; options `key`, `secret`, `url`, `ca_file`.
Entry entry();

}  // namespace cutover::providers::porkbun
