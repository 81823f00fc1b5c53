#include "tests/bench/tls_servers.h"

#include <fmt/format.h>

#include "tests/support/certificates.h"

namespace cutover::bench {

std::vector<std::string> TlsServers::addresses() {
  return {"203.0.113.11", "203.0.113.12", "203.0.113.13", "203.0.113.14"};
}

TlsServers::TlsServers() {
  const test::Certificate root({.common_name = "Benchmark Root", .authority = true});
  const test::Certificate intermediate({.common_name = "Benchmark Intermediate", .authority = true}, &root);
  ca_file_ = folder_.write("root.pem", root.pem());
  std::string listen;
  for (const std::string& address : addresses()) {
    endpoints_.push_back({*IpAddress::from_text(address), 443});
    listen += fmt::format("listen {}:443 ssl; ", address);
  }
  std::string blocks;
  for (std::size_t i = 0; i < kNames; ++i) {
    const std::string name = fmt::format("n{}.example.com", i);
    const test::Certificate leaf({.common_name = name, .alternative_names = {"DNS:" + name}}, &intermediate);
    const std::string chain = folder_.write(name + ".pem", leaf.pem() + intermediate.pem());
    const std::string key = folder_.write(name + ".key", leaf.key_pem(), 0600);
    blocks += fmt::format(
        "server {{ {}server_name {}; ssl_certificate {}; ssl_certificate_key {}; location / {{ return 200; }} }}\n",
        listen, name, chain, key);
    names_.push_back(*DomainName::from_text(name));
  }
  nginx_ = std::make_unique<servers::Nginx>(blocks, endpoints_);
}

}  // namespace cutover::bench
