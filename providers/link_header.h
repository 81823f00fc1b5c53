#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace cutover::providers {

/// The first target with this relation in a Link header (RFC 8288 section 3): of `<https://a/b?c>; rel="next"` and
/// `next` it is `https://a/b?c`. nullopt: there is none.
std::optional<std::string> link_to(std::string_view header, std::string_view relation);

}  // namespace cutover::providers
