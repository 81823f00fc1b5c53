#pragma once
#include <memory>
#include <string>

#include "cmd/page/live_page.h"

namespace cutover {

/// What --http and --http-token say.
struct PageFlags {
  std::string http;   ///< ADDRESS:PORT; empty: no page is wanted
  std::string token;  ///< env/NAME or file/PATH; empty: none
};

/// Reads `127.0.0.1:8053`, `[::1]:8053`, an address alone (port 8053), and port 0 for a free one.
Result<Endpoint> page_address(std::string_view text);

/// Serves the page that was asked for, and tells on stderr what to open; nullptr where none was. kUsage names the flag.
Result<std::unique_ptr<LivePage>> open_page(const PageFlags& flags);

}  // namespace cutover
