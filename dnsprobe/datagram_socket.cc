#include "dnsprobe/datagram_socket.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/socket.h"

namespace cutover::dnsprobe {

namespace {

/// As much as a few thousand small replies; the kernel grants what it allows.
constexpr int kReceiveBuffer = 1 << 22;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }
bool has_no_room(int error) { return error == ENOBUFS || error == ENOMEM; }
/// What ICMP said about an earlier datagram comes as the result of the next call: not about this one.
bool is_about_another(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EPROTO ||
         error == ENOPROTOOPT || error == EHOSTDOWN || error == EMSGSIZE;
}

void set(int fd, int level, int option, int value) { (void)::setsockopt(fd, level, option, &value, sizeof value); }

}  // namespace

PeerAddress::PeerAddress(const Endpoint& endpoint) {
  const std::string bytes = endpoint.address.bytes();
  if (endpoint.address.family() == Family::kV4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, bytes.data(), 4);
    size_ = sizeof v4;
    std::memcpy(bytes_.data(), &v4, sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, bytes.data(), 16);
    size_ = sizeof v6;
    std::memcpy(bytes_.data(), &v6, sizeof v6);
  }
}

Endpoint PeerAddress::endpoint() const {
  const auto text = [this](std::size_t at, std::size_t size) {
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + at, size);
  };
  const bool is_v4 = size_ == sizeof(sockaddr_in);
  Endpoint out;
  out.port = static_cast<std::uint16_t>(bytes_[2] << 8 | bytes_[3]);
  if (size_ > 0)
    out.address = *IpAddress::from_bytes(is_v4 ? text(offsetof(sockaddr_in, sin_addr), 4)
                                               : text(offsetof(sockaddr_in6, sin6_addr), 16));
  return out;
}

void PeerAddress::normalize() {
  if (size_ == sizeof(sockaddr_in)) {
    std::memset(bytes_.data() + offsetof(sockaddr_in, sin_zero), 0, sizeof(sockaddr_in::sin_zero));
  } else if (size_ == sizeof(sockaddr_in6)) {
    std::memset(bytes_.data() + offsetof(sockaddr_in6, sin6_flowinfo), 0, sizeof(sockaddr_in6::sin6_flowinfo));
    std::memset(bytes_.data() + offsetof(sockaddr_in6, sin6_scope_id), 0, sizeof(sockaddr_in6::sin6_scope_id));
  } else {
    size_ = 0;
  }
}

struct DatagramSocket::Inbox::Buffers {
  std::array<std::array<char, kLongest>, kBatch> bytes;
  std::array<PeerAddress, kBatch> from;
  std::array<iovec, kBatch> pieces;
  std::array<mmsghdr, kBatch> headers;
};

DatagramSocket::Inbox::Inbox() : buffers_(std::make_unique<Buffers>()) {}
DatagramSocket::Inbox::~Inbox() = default;

Result<DatagramSocket> DatagramSocket::open(Family family) {
  const int domain = family == Family::kV4 ? AF_INET : AF_INET6;
  net::Descriptor descriptor(::socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor) return fail(ErrorCode::kIo, "no UDP socket could be opened: " + net::errno_clause(errno));
  const int fd = descriptor.get();
  set(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  if (family == Family::kV4) {
    set(fd, IPPROTO_IP, IP_RECVERR, 1);
  } else {
    set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  }
  // Bound to nothing in particular: the kernel picks a random free port.
  sockaddr_in6 any{};
  any.sin6_family = static_cast<sa_family_t>(domain);
  const socklen_t size = family == Family::kV4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), size) != 0)
    return fail(ErrorCode::kIo, "no UDP port could be had: " + net::errno_clause(errno));
  return DatagramSocket(std::move(descriptor));
}

DatagramSocket::SendResult DatagramSocket::send(const std::vector<Outgoing>& batch) const {
  std::array<iovec, kBatch> pieces;
  std::array<mmsghdr, kBatch> headers;
  const std::size_t count = std::min(batch.size(), kBatch);
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i] = {const_cast<char*>(batch[i].bytes.data()), batch[i].bytes.size()};
    msghdr& header = headers[i].msg_hdr;
    header = {};
    header.msg_name = const_cast<unsigned char*>(batch[i].to->bytes_.data());
    header.msg_namelen = batch[i].to->size_;
    header.msg_iov = &pieces[i];
    header.msg_iovlen = 1;
  }
  SendResult out;
  int about_another = 0;
  while (out.sent < count) {
    const int sent =
        ::sendmmsg(get(), headers.data() + out.sent, static_cast<unsigned>(count - out.sent), MSG_NOSIGNAL);
    if (sent > 0) {
      out.sent += static_cast<std::size_t>(sent);
      about_another = 0;
      continue;
    }
    if (errno == EINTR) continue;
    // Once may be news of an earlier datagram; twice in a row is this one's own.
    if (is_about_another(errno) && ++about_another < 3) continue;
    out.reason = net::errno_clause(errno);
    out.then = would_block(errno)   ? SendResult::Then::kFull
               : has_no_room(errno) ? SendResult::Then::kBusy
                                    : SendResult::Then::kBroken;
    break;
  }
  return out;
}

void DatagramSocket::receive(Inbox& inbox, std::vector<Incoming>& out) const {
  out.clear();
  Inbox::Buffers& in = *inbox.buffers_;
  for (std::size_t i = 0; i < kBatch; ++i) {
    in.pieces[i] = {in.bytes[i].data(), kLongest};
    msghdr& header = in.headers[i].msg_hdr;
    header = {};
    header.msg_name = in.from[i].bytes_.data();
    header.msg_namelen = static_cast<socklen_t>(in.from[i].bytes_.size());
    header.msg_iov = &in.pieces[i];
    header.msg_iovlen = 1;
  }
  int got = 0;
  do {
    got = ::recvmmsg(get(), in.headers.data(), kBatch, 0, nullptr);
  } while (got < 0 && (errno == EINTR || is_about_another(errno)));
  for (int i = 0; i < got; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const mmsghdr& header = in.headers[at];
    in.from[at].size_ = static_cast<std::uint8_t>(std::min<std::size_t>(header.msg_hdr.msg_namelen, 28));
    in.from[at].normalize();
    out.push_back({in.from[at], std::string_view(in.bytes[at].data(), header.msg_len),
                   (header.msg_hdr.msg_flags & MSG_TRUNC) != 0});
  }
}

std::vector<DatagramSocket::Bounce> DatagramSocket::bounces() const {
  std::vector<Bounce> out;
  // A flood of ICMP must not keep the loop to itself.
  while (out.size() < kBatch) {
    std::array<char, 512> quoted;
    alignas(cmsghdr) std::array<char, 512> control;
    Bounce bounce;
    iovec piece{quoted.data(), quoted.size()};
    msghdr header{};
    header.msg_name = bounce.to.bytes_.data();
    header.msg_namelen = static_cast<socklen_t>(bounce.to.bytes_.size());
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(get(), &header, MSG_ERRQUEUE);
    if (got < 0) break;
    bounce.to.size_ = static_cast<std::uint8_t>(std::min<std::size_t>(header.msg_namelen, 28));
    bounce.to.normalize();
    bounce.start.assign(quoted.data(), static_cast<std::size_t>(got));
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
      const bool is_error = (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                            (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
      if (!is_error) continue;
      sock_extended_err error{};
      std::memcpy(&error, CMSG_DATA(part), sizeof error);
      bounce.reason = net::errno_clause(static_cast<int>(error.ee_errno));
      bounce.is_final = error.ee_errno == ECONNREFUSED;
    }
    out.push_back(std::move(bounce));
  }
  return out;
}

}  // namespace cutover::dnsprobe
