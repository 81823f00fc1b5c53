#include "cmd/report/wrapped.h"

#include <algorithm>

#include "core/text.h"

namespace cutover {
namespace {

bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }

}  // namespace

std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_code_point));
}

std::string cut_to_width(const std::string& text, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!begins_code_point(text[i])) continue;
    if (columns == width) return text.substr(0, i);
    ++columns;
  }
  return text;
}

std::string padded(const std::string& text, std::size_t width) {
  std::string out = cut_to_width(text, width);
  out.append(width - columns_of(out), ' ');
  return out;
}

std::vector<std::string> wrapped(const std::string& head, const std::string& text, std::size_t width) {
  std::vector<std::string> out{head};
  bool is_empty = true;
  for (const std::string& word : split(text, ' ')) {
    if (!is_empty && columns_of(out.back()) + 1 + columns_of(word) > width) {
      out.push_back(std::string(head.size(), ' '));
      is_empty = true;
    }
    out.back() += (is_empty ? "" : " ") + word;
    is_empty = false;
  }
  return out;
}

}  // namespace cutover
