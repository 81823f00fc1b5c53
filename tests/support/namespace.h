#pragma once
#include <string>
#include <vector>

namespace cutover::tests {

/// A network of the test's own (network_namespaces(7)): this thread, and every process that it starts from then on,
/// sees nothing but a loopback of its own. Addresses of the real Internet may be put there: nothing leaves the machine.
/// The system's resolver is 127.0.0.1 in there, where nobody listens unless the test puts a server there.
/// It stays until the next one is made, or until the process ends: there is no way back.
class Namespace {
 public:
  /// Why none can be made here; empty: one can. Asking changes nothing.
  static std::string refusal();

  /// A new network, made with the rights of root, or else in a user namespace of its own. What has no server is silent,
  /// as on the Internet. Throws std::runtime_error. While a user namespace is needed, the process must have one thread.
  Namespace();

  /// Puts addresses, IPv4 and IPv6, on the loopback.
  void add(const std::vector<std::string>& addresses) const;
  /// Makes every packet suffer as `netem` of tc-netem(8) says. Why that cannot be had here; empty: it is so now.
  std::string suffer(const std::string& netem) const;
};

}  // namespace cutover::tests
