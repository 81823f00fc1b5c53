#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/domain_name.h"
#include "core/endpoint.h"
#include "tests/servers/servers.h"

namespace cutover::bench {

/// A hundred names, each with an ECDSA P-256 certificate of its own, issued by an intermediate below one root, on nginx
/// at four addresses, port 443. To be started in a network of one's own that has those addresses.
class TlsServers {
 public:
  static constexpr std::size_t kNames = 100;
  static std::vector<std::string> addresses();

  /// Throws std::runtime_error.
  TlsServers();

  const std::vector<DomainName>& names() const { return names_; }
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  /// The root, in a file.
  const std::string& ca_file() const { return ca_file_; }

 private:
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
  std::vector<DomainName> names_;
  std::vector<Endpoint> endpoints_;
  std::string ca_file_;
  std::unique_ptr<servers::Nginx> nginx_;
};

}  // namespace cutover::bench
