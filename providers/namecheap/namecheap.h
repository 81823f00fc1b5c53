#pragma once
#include "providers/catalog.h"

namespace cutover::providers::namecheap {

/// Type `namecheap`; options `user`, `key`, `client_ip`, `rewrite_zone`, `url`.
Entry entry();

}  // namespace cutover::providers::namecheap
