#include "cmd/page/open_page.h"

#include "cmd/command.h"
#include "net/credential.h"

namespace cutover {

Result<Endpoint> page_address(std::string_view text) {
  constexpr std::uint16_t kPort = 8053;
  constexpr std::string_view kAnyFree = ":0";
  if (!text.ends_with(kAnyFree) || text.ends_with("::0")) return Endpoint::from_text(text, kPort);
  auto with_port = Endpoint::from_text(std::string(text) + "1", kPort);  // port 0 is none of an endpoint elsewhere
  if (with_port) with_port->port = 0;
  return with_port;
}

Result<std::unique_ptr<LivePage>> open_page(const PageFlags& flags) {
  if (flags.http.empty()) {
    if (!flags.token.empty()) return fail(ErrorCode::kUsage, "--http-token is of use with --http only");
    return std::unique_ptr<LivePage>();
  }
  auto bind = page_address(flags.http);
  if (!bind) return within("--http", bind.error());
  PageOptions options;
  options.bind = *bind;
  if (!flags.token.empty()) {
    auto token = net::read_credential(flags.token, "");
    if (!token) return within("--http-token", token.error());
    options.token = token->reveal();
  }
  auto page = LivePage::start(options);
  if (!page) return page.error();
  // The token stays out of logs: whoever gave it knows it.
  const std::string url = page->url().substr(0, page->url().find('?'));
  log_line("live page: " + url + (options.token.empty() ? "" : "?token=  (the token of --http-token goes there)"));
  return std::make_unique<LivePage>(std::move(*page));
}

}  // namespace cutover
