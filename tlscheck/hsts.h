#pragma once
#include <optional>
#include <string_view>

#include "core/clock.h"

namespace cutover::tlscheck {

/// HTTP Strict Transport Security (RFC 6797): while it lasts, browsers offer no way past a certificate error.
struct Hsts {
  Seconds max_age{};
  bool include_subdomains = false;
  bool preload = false;
};

/// Reads the value of a Strict-Transport-Security header (section 6.1). nullopt where browsers would ignore it: no
/// max-age or a bad one, or a directive twice.
std::optional<Hsts> parse_hsts(std::string_view header);

}  // namespace cutover::tlscheck
