#include "tlscheck/acme_path.h"

#include <fmt/format.h>

#include "core/text.h"
#include "net/http.h"

namespace cutover::tlscheck {
namespace {

constexpr std::string_view kPath = "/.well-known/acme-challenge/cutover-check";

/// The host that a redirect leads to; empty: the same one.
std::string host_of(std::string_view location) {
  const auto scheme = location.find("://");
  const bool without_scheme = location.substr(0, 2) == "//";
  if (!without_scheme && (scheme == std::string_view::npos || scheme > location.find_first_of("/?#"))) return "";
  auto host = location.substr(without_scheme ? 2 : scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const auto user = host.rfind('@'); user != std::string_view::npos) host = host.substr(user + 1);
  host = host.substr(0, host.find(':'));
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  return to_lower(host);
}

struct Found {
  std::string summary;
  std::string advice;  ///< empty: fine
};

Found judge_answer(const AcmeTarget& target, const Result<net::HttpResponse>& response) {
  if (!response)
    return {fmt::format("a certificate authority could not ask the new side: {}", response.error().message),
            "let port 80 through to a web server there, or validate by DNS-01: otherwise the certificate cannot be "
            "renewed by HTTP-01 after the swap"};
  const int status = response->status;
  if (status >= 500)
    return {fmt::format("the new side answers {} where a certificate authority would ask", status),
            "look at the web server on port 80: its error is what the authority gets, too"};
  const auto location = response->header("location");
  if (status >= 300 && status < 400)
    if (const auto host = host_of(location); !host.empty() && host != target.name.host())
      return {
          fmt::format("the new side sends a certificate authority on to another host, {}", printable(host)),
          "serve /.well-known/acme-challenge/ on port 80 without a redirect, or see that the other host answers for "
          "this name"};
  return {fmt::format("a certificate authority would get an answer for HTTP-01 ({})", status), ""};
}

}  // namespace

std::vector<Check> check_acme_paths(net::Loop& loop, const std::vector<AcmeTarget>& targets,
                                    const AcmeOptions& options) {
  std::vector<net::HttpRequest> requests;
  std::vector<const AcmeTarget*> asked;
  for (const auto& target : targets) {
    if (target.name.is_root() || target.name.is_wildcard()) continue;
    net::HttpRequest request;
    request.url = fmt::format("http://{}{}", target.name.host(), kPath);
    request.connect_to = target.endpoint;
    request.timeout = options.timeout;
    request.max_body = 4096;
    requests.push_back(std::move(request));
    asked.push_back(&target);
  }
  const auto responses = net::http_all(loop, requests, options.in_flight);
  std::vector<Check> checks;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const auto found = judge_answer(*asked[i], responses[i]);
    Check check;
    check.id = "acme-http-01";
    check.severity = options.severity;
    check.verdict = found.advice.empty() ? Verdict::kPass : Verdict::kFail;
    check.name = asked[i]->name;
    check.endpoint = asked[i]->endpoint;
    check.summary = found.summary;
    check.evidence = fmt::format("GET {} at {}", requests[i].url, asked[i]->endpoint.text());
    if (responses[i]) check.evidence += fmt::format(": {}", responses[i]->status);
    if (responses[i] && !responses[i]->header("location").empty())
      check.evidence += fmt::format(" to {}", printable(responses[i]->header("location").substr(0, 200)));
    check.advice = found.advice;
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace cutover::tlscheck
