#pragma once
#include "providers/catalog.h"

namespace cutover::providers::dnsimple {

/// Type `dnsimple`; options `token`, `account`, `batch`, `url`, `ca_file`.
Entry entry();

}  // namespace cutover::providers::dnsimple
