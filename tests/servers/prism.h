#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/servers/process.h"

namespace cutover::servers {

class ApiFake;

/// Prism (npm @stoplight/prism-cli) between a client and a fake: it holds every request and every answer against the
/// service's published OpenAPI file. A bad request gets 422 and never reaches the fake, a bad answer becomes 500.
/// It starts in about two seconds and takes 160 MB, so a suite shares one. Broken connections and half bodies do not
/// pass through it: what goes wrong on the wire is tested at the fake itself.
class Prism {
 public:
  /// `spec` is JSON or YAML; it must not refer to other files or hosts, for nothing is fetched from anywhere.
  /// Throws std::runtime_error with the log when it does not start.
  Prism(const std::string& spec, const ApiFake& upstream);

  /// `http://127.1.2.3:4567`. The base path of the service's servers is no part of its routes.
  const std::string& url() const { return url_; }
  /// How many requests it has answered, and what was wrong with them or their answers, a line each.
  std::size_t requests() const;
  std::vector<std::string> violations() const;
  std::string log() const;

 private:
  std::string witness() const;
  TempFolder folder_;
  std::string url_;
  std::unique_ptr<Process> process_;
};

/// A change to a published file that is wrong about its own service; the text goes in and comes out.
using SpecRepair = std::function<std::string(const std::string&)>;

/// Prism with a file out of CUTOVER_TEST_DATA/specs (`cloudflare/dns_records.json`). nullptr where the program
/// (CUTOVER_PRISM) or the file is not to be had; `what` is then listed as not run.
std::unique_ptr<Prism> prism_before(const ApiFake& fake, const std::string& spec, const std::string& what,
                                    const SpecRepair& repair = {});

}  // namespace cutover::servers
