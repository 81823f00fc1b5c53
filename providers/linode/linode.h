#pragma once
#include "providers/catalog.h"

namespace cutover::providers::linode {

/// Type `linode`; options `token`, `domain_id`, `url`, `ca_file`.
Entry entry();

}  // namespace cutover::providers::linode
