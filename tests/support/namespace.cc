#include "tests/support/namespace.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "core/text.h"
#include "tests/servers/process.h"

namespace cutover::tests {
namespace {

/// 0, or the error that both ways ended with. The rights over the new network are those of root in the user namespace.
int enter() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0) return 0;
  const auto user = ::getuid();
  const auto group = ::getgid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0) return errno;
  try {
    servers::write_text("/proc/self/setgroups", "deny");
    servers::write_text("/proc/self/uid_map", fmt::format("0 {} 1", user));
    servers::write_text("/proc/self/gid_map", fmt::format("0 {} 1", group));
  } catch (const std::exception&) {
    return EPERM;
  }
  return 0;
}

/// Runs `ip` with a batch of commands.
void configure(const std::string& batch) {
  const auto done = servers::run_program({"ip", "-batch", "-"}, batch);
  if (done.status != 0) throw std::runtime_error("ip cannot set up the namespace: " + done.output);
}

/// Puts a resolv.conf of its own in the place of the system's, for those in here alone. The next namespace inherits it.
void replace_resolver() {
  static bool replaced = false;
  if (std::exchange(replaced, true)) return;
  const servers::TempFolder folder;
  const std::string file = folder.write("resolv.conf", "nameserver 127.0.0.1\n");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(file.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0)
    throw std::runtime_error(std::string("the namespace cannot have a resolv.conf of its own: ") +
                             std::strerror(errno));
}

}  // namespace

std::string Namespace::refusal() {
  const int child = ::fork();
  if (child < 0) return std::string("fork: ") + std::strerror(errno);
  if (child == 0) ::_exit(enter());
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return "the attempt was killed";
  if (WEXITSTATUS(status) == 0) return "";
  return std::string("network namespaces are not allowed here: ") + std::strerror(WEXITSTATUS(status));
}

Namespace::Namespace() {
  if (const int error = enter(); error != 0)
    throw std::runtime_error(std::string("no network namespace: ") + std::strerror(error));
  replace_resolver();
  // Packets to addresses that nobody has come back in and are dropped there: silence, and no ICMP.
  configure("link set lo up\nroute add default dev lo src 127.0.0.1\nroute add ::/0 dev lo\n");
}

void Namespace::add(const std::vector<std::string>& addresses) const {
  std::string batch;
  for (const std::string& address : addresses)
    batch += fmt::format("address add {}/{} dev lo{}\n", address, address.find(':') == std::string::npos ? 32 : 128,
                         address.find(':') == std::string::npos ? "" : " nodad");
  configure(batch);
}

std::string Namespace::suffer(const std::string& netem) const {
  const auto done = servers::run_program({"sh", "-c", "exec tc qdisc add dev lo root netem " + netem});
  return done.status == 0 ? "" : std::string(trim(done.output));
}

}  // namespace cutover::tests
