#pragma once
#include "providers/catalog.h"

namespace cutover::providers::cloudflare {

/// Type `cloudflare`; options `token`, `zone_id`, `url`.
Entry entry();

}  // namespace cutover::providers::cloudflare
