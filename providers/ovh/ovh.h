#pragma once
#include "providers/catalog.h"

namespace cutover::providers::ovh {

/// Type `ovh`; options `application_key`, `application_secret`, `consumer_key`, `endpoint`, `url`.
Entry entry();

}  // namespace cutover::providers::ovh
