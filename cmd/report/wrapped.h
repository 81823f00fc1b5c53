#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace cutover {

// Columns of a terminal: one per code point is near enough for what stands there, all of it printable() before.

std::size_t columns_of(const std::string& text);
/// At most `width` columns of it.
std::string cut_to_width(const std::string& text, std::size_t width);
/// Exactly `width` columns: cut, or filled with spaces.
std::string padded(const std::string& text, std::size_t width);
/// `head` and then `text`, in lines of at most `width` columns where its words allow that, the text in one column.
std::vector<std::string> wrapped(const std::string& head, const std::string& text, std::size_t width);

}  // namespace cutover
