#pragma once
#include <fmt/format.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "core/result.h"
#include "core/text.h"

namespace cutover::providers {

using Json = nlohmann::ordered_json;

/// Gives `take` a body as JSON. What it throws, such as nlohmann's own exceptions for what is missing or of another
/// type, becomes kInvalid. For source files alone.
template <class Take>
auto read_json(const std::string& body, Take&& take) -> decltype(take(Json())) {
  try {
    return take(Json::parse(body));
  } catch (const std::exception& e) {
    return fail(ErrorCode::kInvalid, fmt::format("what it says cannot be read: {}", printable(e.what())));
  }
}

}  // namespace cutover::providers
