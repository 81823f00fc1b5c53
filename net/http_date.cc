#include "net/http_date.h"

#include <date/date.h>

#include <sstream>
#include <string>

namespace cutover::net {

std::optional<Instant> parse_http_date(std::string_view text) {
  std::istringstream in{std::string(text)};
  Instant out;
  in >> date::parse("%a, %d %b %Y %H:%M:%S GMT", out);
  if (in.fail() || in.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
  return out;
}

}  // namespace cutover::net
