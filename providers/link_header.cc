#include "providers/link_header.h"

#include "core/text.h"

namespace cutover::providers {
namespace {

/// Whether `rel="next"`, `rel=next` or `rel="next last"` is among the parameters.
bool has_relation(std::string_view parameters, std::string_view relation) {
  for (const std::string& parameter : split(std::string(parameters), ';')) {
    const std::string_view text = trim(parameter);
    if (!to_lower(text).starts_with("rel=")) continue;
    std::string words(text.substr(4));
    std::erase(words, '"');
    std::erase(words, ',');
    for (const std::string& word : split(words, ' '))
      if (word == relation) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> link_to(std::string_view header, std::string_view relation) {
  for (auto from = header.find('<'); from != std::string_view::npos;) {
    const auto end = header.find('>', from);
    if (end == std::string_view::npos) return std::nullopt;
    const auto next = header.find('<', end);
    if (has_relation(header.substr(end + 1, next == std::string_view::npos ? next : next - end - 1), relation))
      return std::string(header.substr(from + 1, end - from - 1));
    from = next;
  }
  return std::nullopt;
}

}  // namespace cutover::providers
