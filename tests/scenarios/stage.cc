#include "tests/scenarios/stage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "net/exchange.h"
#include "tests/support/certificates.h"

namespace cutover::stage {
namespace {

std::string program() {
  const char* path = std::getenv("CUTOVER_PROGRAM");
  if (path == nullptr)
    throw std::runtime_error("CUTOVER_PROGRAM names no program; run the tests through ctest or ./dev test");
  return path;
}

std::vector<std::string> with_program(const std::vector<std::string>& args) {
  std::vector<std::string> argv{program()};
  argv.insert(argv.end(), args.begin(), args.end());
  return argv;
}

Answer ask_for(const Endpoint& server, const std::string& name, const std::string& type, net::Recursion recursion) {
  net::Loop loop;
  const SystemClock clock;
  net::DnsRequest request;
  request.server = server;
  const RecordKey key{*DomainName::from_text(name), *record_type_from_text(type)};
  request.message = net::make_query({key.name, key.type, net::RecordClass::kIn}, recursion);
  const net::DnsAnswer answer = net::exchange(loop, clock, request);
  if (answer.outcome != net::Outcome::kAnswered)
    throw std::runtime_error(server.text() + " does not answer: " + answer.detail);
  Answer out;
  if (const auto set = net::find_set(answer.reply.answer, key)) {
    out.rdata = set->rdata;
    out.ttl_s = set->ttl.count();
  }
  return out;
}

}  // namespace

Sites::Sites(std::vector<std::string> names)
    : old_(servers::own_address()), new_(servers::own_address()), port_(servers::free_port(old_)) {
  test::CertificateOptions root;
  root.common_name = "Stage Root";
  root.authority = true;
  const test::Certificate authority(root);
  test::CertificateOptions leaf;
  for (const std::string& name : names) leaf.alternative_names.push_back("DNS:" + name);
  const test::Certificate site(leaf, &authority);
  ca_file_ = folder_.write("ca.pem", authority.pem());
  const std::string certificate = folder_.write("site.pem", site.pem());
  const std::string key = folder_.write("site.key", site.key_pem());
  std::string blocks;
  for (const auto& [address, side] : {std::pair(old_, "old"), std::pair(new_, "new")})
    blocks += fmt::format(
        "server {{ listen {}:{} ssl; ssl_certificate {}; ssl_certificate_key {}; location / {{ return 200 '{}\\n'; }} "
        "}}\n",
        address, port_, certificate, key, side);
  nginx_ = std::make_unique<servers::Nginx>(
      blocks, std::vector<Endpoint>{*Endpoint::from_text(old_, port_), *Endpoint::from_text(new_, port_)});
}

Desk::Desk() = default;

Run Desk::run(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
              std::chrono::seconds limit) const {
  const std::string out = folder_.file("stdout");
  const std::string err = folder_.file("stderr");
  const auto began = std::chrono::steady_clock::now();
  const pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    for (const std::string& entry : environment) putenv(strdup(entry.c_str()));
    const int in = open("/dev/null", O_RDONLY);
    const int out_fd = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err_fd = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(in, 0);
    dup2(out_fd, 1);
    dup2(err_fd, 2);
    // Connections that other threads have open at this moment must not live on in the program.
    close_range(3, ~0U, 0);
    if (chdir(folder_.path().c_str()) != 0) _exit(126);
    std::vector<char*> pointers;
    for (const std::string& arg : argv) pointers.push_back(const_cast<char*>(arg.c_str()));
    pointers.push_back(nullptr);
    execvp(pointers[0], pointers.data());
    _exit(127);
  }
  int status = 0;
  const bool ended = servers::wait_until(limit, [&] { return waitpid(pid, &status, WNOHANG) == pid; });
  if (!ended) {
    kill(-pid, SIGKILL);
    waitpid(pid, &status, 0);
  }
  Run result;
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  result.status = !ended ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = servers::read_text(out);
  result.err = servers::read_text(err);
  return result;
}

Run Desk::cutover(const std::vector<std::string>& args, const std::vector<std::string>& environment,
                  std::chrono::seconds limit) const {
  std::vector<std::string> all{"XDG_STATE_HOME=" + folder_.file("state")};
  all.insert(all.end(), environment.begin(), environment.end());
  return run(with_program(args), all, limit);
}

std::unique_ptr<servers::Process> Desk::start(const std::vector<std::string>& args,
                                              const std::vector<std::string>& environment) const {
  std::vector<std::string> argv{"env", "-C", folder_.path(), "XDG_STATE_HOME=" + folder_.file("state")};
  argv.insert(argv.end(), environment.begin(), environment.end());
  const auto own = with_program(args);
  argv.insert(argv.end(), own.begin(), own.end());
  return std::make_unique<servers::Process>(argv, folder_.file("background.log"));
}

Answer look_up(const Endpoint& resolver, const std::string& name, const std::string& type) {
  return ask_for(resolver, name, type, net::Recursion::kDesired);
}

Answer look_up_authority(const Endpoint& server, const std::string& name, const std::string& type) {
  return ask_for(server, name, type, net::Recursion::kNotDesired);
}

std::vector<std::string> values_of(const servers::Authority& authority, const std::string& zone) {
  std::vector<std::string> values;
  for (const std::string& line : servers::transferred_lines(authority.endpoint(), authority.key(), zone)) {
    // `owner TTL class type rdata`: drop the second word.
    const auto owner = line.find(' ');
    const auto ttl = line.find(' ', owner + 1);
    values.push_back(line.substr(0, owner) + line.substr(ttl));
  }
  std::sort(values.begin(), values.end());
  return values;
}

Instant now() { return SystemClock().now(); }

}  // namespace cutover::stage
