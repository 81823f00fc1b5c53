#pragma once
#include "providers/catalog.h"

namespace cutover::providers::route53 {

/// Type `route53`; options `profile`, `zone_id`, `url`, `sts_url`, `region`, `ca_file`.
Entry entry();

}  // namespace cutover::providers::route53
