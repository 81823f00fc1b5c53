#include "net/dns_stream.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cerrno>

#include "net/framing.h"
#include "net/socket.h"
#include "net/wire.h"

namespace cutover::net {

// 1. Connect.
void DnsStream::start(const Endpoint& server, const Bytes& message) {
  put_u16(out_, static_cast<unsigned>(message.size()));
  out_ += message;
  auto socket = connect_socket(SocketKind::kTcp, server);
  if (!socket) return fail(socket.error().message);
  socket_ = std::move(*socket);
  wait_ = loop_.on_writable(socket_.get(), [this] {
    if (const std::string error = connect_error(socket_); !error.empty()) return fail(error);
    if (callbacks_.before_send) callbacks_.before_send();
    write_some();
  });
}

// 2. Send, however many pieces the kernel makes of it.
void DnsStream::write_some() {
  while (written_ < out_.size()) {
    const ssize_t n = send(socket_.get(), out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
    if (n > 0) {
      written_ += static_cast<std::size_t>(n);
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      wait_ = loop_.on_writable(socket_.get(), [this] { write_some(); });
      return;
    } else if (n < 0 && errno != EINTR) {
      return fail(errno_clause(errno));
    }
  }
  wait_ = loop_.on_readable(socket_.get(), [this] { read_some(); });
}

// 3. Receive. A fixed number of reads per turn, so that one fast server cannot keep the loop to itself.
void DnsStream::read_some() {
  std::array<char, 65536> buffer;
  for (int round = 0; round < 4 && socket_; ++round) {
    const ssize_t n = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n > 0) {
      in_.append(buffer.data(), static_cast<std::size_t>(n));
      hand_out();
    } else if (n == 0) {
      return fail(in_.empty() ? "the server closed the connection"
                              : "the server closed the connection in the middle of a message");
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      return fail(errno_clause(errno));
    }
  }
  if (socket_) wait_ = loop_.on_readable(socket_.get(), [this] { read_some(); });
}

// 4. Hand out what is complete.
void DnsStream::hand_out() {
  take_framed(in_, [this](std::string_view message) {
    callbacks_.on_message(message);
    return static_cast<bool>(socket_);
  });
}

void DnsStream::close() {
  wait_.cancel();
  socket_ = Descriptor();
}

void DnsStream::fail(const std::string& why) {
  close();
  callbacks_.on_failure(why);
}

}  // namespace cutover::net
