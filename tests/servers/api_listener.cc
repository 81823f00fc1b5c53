#include "tests/servers/api_listener.h"

#include <fmt/format.h>
#include <httplib.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <thread>

#include "core/text.h"
#include "tests/servers/api_fake.h"
#include "tests/servers/process.h"

namespace cutover::servers {
namespace {

constexpr std::size_t kThreads = 24;  // a kept connection holds one

/// One connection, of which a fake may make less than httplib wants: nothing more is sent after cut().
class Connection final : public httplib::Stream {
 public:
  Connection(int fd, int stop) : fd_(fd), stop_(stop) {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Connection() override {
    ::shutdown(fd_, SHUT_RDWR);
    ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool is_readable() const override { return at_ < read_.size() || wait(POLLIN); }
  bool is_writable() const override { return !cut_; }
  /// httplib reads heads byte by byte: one call of the system for many of these.
  ssize_t read(char* to, std::size_t size) override {
    if (at_ == read_.size()) {
      if (!wait(POLLIN)) return -1;
      read_.resize(kAtOnce);
      const ssize_t got = ::recv(fd_, read_.data(), read_.size(), 0);
      read_.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      at_ = 0;
      if (got <= 0) return got;
    }
    const std::size_t given = std::min(size, read_.size() - at_);
    read_.copy(to, given, at_);
    at_ += given;
    return static_cast<ssize_t>(given);
  }
  ssize_t write(const char* from, std::size_t size) override {
    if (cut_) return -1;
    for (std::size_t at = 0; at < size;) {
      const ssize_t sent = ::send(fd_, from + at, size - at, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return -1;
      at += static_cast<std::size_t>(sent);
    }
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override { get_remote_ip_and_port(ip, port); }
  socket_t socket() const override { return fd_; }

  bool is_cut() const { return cut_; }
  void cut() {
    cut_ = true;
    ::shutdown(fd_, SHUT_RDWR);
  }
  /// Until the client has gone, or the fake is stopped.
  void wait_for_end() const { wait(POLLRDHUP); }

 private:
  /// False: the fake is stopped, or the connection is broken.
  bool wait(short events) const {
    std::array<pollfd, 2> both{{{fd_, events, 0}, {stop_, POLLIN, 0}}};
    while (::poll(both.data(), both.size(), -1) < 0)
      if (errno != EINTR) return false;
    return both[1].revents == 0 && (both[0].revents & events) != 0;
  }

  static constexpr std::size_t kAtOnce = 16384;
  int fd_, stop_;
  bool cut_ = false;
  std::string read_;  ///< and not yet asked for, from at_ on
  std::size_t at_ = 0;
};

/// The connection that this thread serves: httplib tells its handlers nothing of it.
thread_local Connection* current = nullptr;

ApiRequest request_of(const httplib::Request& request) {
  ApiRequest out;
  out.method = request.method;
  for (const auto& [name, value] : request.headers) out.headers.emplace_back(to_lower(name), value);
  out.body = request.body;
  return out;
}

std::string first_half(const ApiReply& reply) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", reply.status,
                                 reply.status < 400 ? "OK" : "Error", reply.content_type, reply.body.size());
  for (const auto& [name, value] : reply.headers) text += fmt::format("{}: {}\r\n", name, value);
  return text + "\r\n" + reply.body.substr(0, reply.body.size() / 2);
}

}  // namespace

class ApiListener::Server final : public httplib::Server {
 public:
  Server(ApiFake& fake, const std::string& address, std::uint16_t port)
      : fake_(fake), stop_(::eventfd(0, EFD_CLOEXEC)) {
    new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    const auto serve = [this](const httplib::Request& request, httplib::Response& response) {
      deliver(fake_.serve(request_of(request), request.target), response);
    };
    // httplib itself reads no form of more than 8 KiB.
    Post(".*",
         [this](const httplib::Request& request, httplib::Response& response, const httplib::ContentReader& body) {
           ApiRequest read = request_of(request);
           if (request.get_header_value<std::uint64_t>("Content-Length") > 0)
             body([&](const char* data, std::size_t size) {
               read.body.append(data, size);
               return true;
             });
           deliver(fake_.serve(std::move(read), request.target), response);
         });
    Get(".*", serve).Put(".*", serve).Patch(".*", serve).Delete(".*", serve);
    if (!bind_to_port(address, port)) throw std::runtime_error(fmt::format("cannot listen on {}:{}", address, port));
    thread_ = std::thread([this] { listen_after_bind(); });
    if (!wait_until(std::chrono::seconds(10), [this] { return is_running(); }))
      throw std::runtime_error("a fake would not start");
  }
  ~Server() override {
    const std::uint64_t one = 1;
    if (::write(stop_, &one, sizeof one) < 0) std::terminate();
    httplib::Server::stop();
    thread_.join();
    ::close(stop_);
  }

 private:
  bool process_and_close_socket(socket_t fd) override {
    Connection connection(fd, stop_);
    current = &connection;
    bool closed = false;
    while (!closed && !connection.is_cut() && connection.is_readable())
      if (!process_request(connection, false, closed, nullptr)) break;
    current = nullptr;
    return true;
  }

  static void deliver(const ApiFake::Outcome& outcome, httplib::Response& response) {
    switch (outcome.delivery) {
      case ApiFake::Delivery::kWhole:
        break;
      case ApiFake::Delivery::kHalf: {
        const std::string half = first_half(outcome.reply);
        current->write(half.data(), half.size());
        return current->cut();
      }
      case ApiFake::Delivery::kSilence:
        current->wait_for_end();
        return current->cut();
      case ApiFake::Delivery::kNone:
        return current->cut();
    }
    response.status = outcome.reply.status;
    for (const auto& [name, value] : outcome.reply.headers) response.headers.emplace(name, value);
    if (outcome.reply.status == 204) return;
    if (outcome.reply.body.empty()) return response.set_content("", outcome.reply.content_type);
    // As set_content(), which would compress it with more pains than all the rest takes.
    response.set_content_provider(outcome.reply.body.size(), outcome.reply.content_type,
                                  [body = outcome.reply.body](std::size_t at, std::size_t size, httplib::DataSink& to) {
                                    return to.write(body.data() + at, size);
                                  });
  }

  ApiFake& fake_;
  int stop_;
  std::thread thread_;
};

ApiListener::ApiListener(ApiFake& fake) {
  const std::string address = own_address();
  const std::uint16_t port = free_port(address);
  authority_ = fmt::format("{}:{}", address, port);
  server_ = std::make_unique<Server>(fake, address, port);
}

ApiListener::~ApiListener() = default;

}  // namespace cutover::servers
