#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tests/servers/servers.h"

namespace cutover::servers {

Nginx::Nginx(const std::string& server_blocks, std::vector<Endpoint> listening) {
  const std::string& folder = folder_.path();
  const std::string conf = folder_.write(
      "nginx.conf",
      fmt::format(
          "daemon off;\nmaster_process off;\nuser root;\npid {0}/pid;\nerror_log stderr info;\nevents {{ "
          "worker_connections 2048; }}\nhttp {{\n"
          "  access_log {0}/access.log;\n  client_body_temp_path {0}/body;\n  proxy_temp_path {0}/proxy;\n"
          "  fastcgi_temp_path {0}/fastcgi;\n  uwsgi_temp_path {0}/uwsgi;\n  scgi_temp_path {0}/scgi;\n{1}\n}}\n",
          folder, server_blocks));
  process_ = std::make_unique<Process>(
      std::vector<std::string>{"nginx", "-p", folder, "-e", folder_.file("log"), "-c", conf}, folder_.file("log"));
  const auto all_listen = [&] { return std::all_of(listening.begin(), listening.end(), accepts_tcp); };
  const bool ready = wait_until(std::chrono::seconds(10), [&] { return !process_->running() || all_listen(); });
  if (!ready || !process_->running()) throw std::runtime_error(fmt::format("nginx does not listen:\n{}", log()));
}

std::string Nginx::log() const { return process_->log(); }

}  // namespace cutover::servers
