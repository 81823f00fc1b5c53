#pragma once
#include <optional>
#include <string_view>

#include "core/result.h"

namespace cutover::providers::route53 {

/// What an error of AWS means, where its HTTP status does not say it: nearly all of them are 400. nullopt: as the
/// status says. kBusy: asked too often, or another change of this zone is under way; nothing was done. kConflict: the
/// zone is not as the change expects it.
std::optional<ErrorCode> meaning_of(int status, std::string_view body);

}  // namespace cutover::providers::route53
