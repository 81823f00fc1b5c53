#pragma once
#include <string_view>

namespace cutover {

/// The files of cmd/page/assets, as built into the program. What others draw from a story's JSON uses pictures.js and
/// pictures.css; the rest is the live page's.
extern const std::string_view kPicturesJs;
extern const std::string_view kPicturesCss;
extern const std::string_view kPageHtml;
extern const std::string_view kPageCss;
extern const std::string_view kPageJs;
extern const std::string_view kIconSvg;

}  // namespace cutover
