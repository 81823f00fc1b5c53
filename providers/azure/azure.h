#pragma once
#include "providers/catalog.h"

namespace cutover::providers::azure {

/// Type `azure`; options `tenant`, `client_id`, `client_secret`, `subscription`, `resource_group`, `login_url`, `url`,
/// `ca_file`.
Entry entry();

}  // namespace cutover::providers::azure
