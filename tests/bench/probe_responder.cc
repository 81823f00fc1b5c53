// probe_responder plain
// probe_responder caches RESOLVERS CHANGE_US TTL SEED
//
// Answers every question on all of 127/8, on one free port that it prints, until it is ended. `plain`: one address,
// always the same. `caches`: as the simulated caches of each address do. A process of its own, so that what it costs is
// not counted with what is measured.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "tests/bench/simulated_caches.h"

namespace {

using namespace cutover;
using namespace cutover::bench;

constexpr std::size_t kBatch = 128;
constexpr std::size_t kRoom = 512;

/// One batch of datagrams, coming and going: a reply is written over its question.
struct Batch {
  std::array<std::array<unsigned char, kRoom>, kBatch> bytes;
  std::array<sockaddr_in, kBatch> from;
  std::array<std::array<char, CMSG_SPACE(sizeof(in_pktinfo))>, kBatch> control;
  std::array<iovec, kBatch> pieces;
  std::array<mmsghdr, kBatch> headers;

  void prepare() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      pieces[i] = {bytes[i].data(), kRoom};
      msghdr& header = headers[i].msg_hdr;
      header = {};
      header.msg_name = &from[i];
      header.msg_namelen = sizeof from[i];
      header.msg_iov = &pieces[i];
      header.msg_iovlen = 1;
      header.msg_control = control[i].data();
      header.msg_controllen = control[i].size();
    }
  }
};

std::uint32_t asked_address(msghdr& header) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_PKTINFO) continue;
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(part), sizeof info);
    // The reply leaves from the address that was asked, whatever the route says.
    const in_addr asked = info.ipi_addr;
    info = {};
    info.ipi_spec_dst = asked;
    std::memcpy(CMSG_DATA(part), &info, sizeof info);
    return ntohl(asked.s_addr);
  }
  return 0;
}

class Writer {
 public:
  Writer(unsigned char* bytes, std::size_t at) : bytes_(bytes), at_(at) {}
  void u8(unsigned value) { bytes_[at_++] = static_cast<unsigned char>(value); }
  void u16(unsigned value) { u8(value >> 8), u8(value); }
  void u32(std::uint32_t value) { u16(value >> 16), u16(value & 0xffff); }
  void text(std::string_view text) { std::memcpy(bytes_ + at_, text.data(), text.size()), at_ += text.size(); }
  std::size_t size() const { return at_; }

 private:
  unsigned char* bytes_;
  std::size_t at_;
};

/// The length of the reply that now stands in the place of the question; 0: none.
std::size_t write_reply(unsigned char* bytes, std::size_t size, const SimulatedCaches::Answer& answer) {
  using Kind = SimulatedCaches::Answer::Kind;
  std::size_t end = 12;
  while (end < size && bytes[end] != 0) end += 1U + bytes[end];
  end += 5;
  if (size < 17 || end > size || (bytes[2] & 0x80) != 0 || answer.kind == Kind::kNone) return 0;
  const bool has_edns = bytes[11] != 0, has_data = answer.kind == Kind::kAddress;
  bytes[2] |= 0x80;
  bytes[3] = static_cast<unsigned char>(0x80 | (answer.kind == Kind::kServfail  ? 2
                                                : answer.kind == Kind::kRefused ? 5
                                                                                : 0));
  bytes[6] = bytes[8] = bytes[9] = bytes[10] = 0;
  bytes[7] = has_data ? 1 : 0;
  bytes[11] = has_edns ? 1 : 0;
  Writer out(bytes, end);
  if (has_data) {
    out.u16(0xc00c), out.u16(1), out.u16(1);
    out.u32(static_cast<std::uint32_t>(answer.ttl.count()));
    out.u16(4);
    out.u32(answer.is_old ? 0xc0000201U : 0xcb007101U);  // 192.0.2.1, 203.0.113.1
  }
  if (!has_edns) return out.size();
  const std::size_t site = answer.truth.empty() ? 0 : 4 + answer.truth.size();
  out.u8(0), out.u16(41), out.u16(1232), out.u32(0);
  out.u16(static_cast<unsigned>(site + (answer.says_stale ? 6 : 0)));
  if (site > 0) out.u16(3), out.u16(static_cast<unsigned>(answer.truth.size())), out.text(answer.truth);
  if (answer.says_stale) out.u16(15), out.u16(2), out.u16(3);
  return out.size();
}

int open_socket() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int on = 1, room = 1 << 24;
  ::setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  // All addresses of loopback, and nothing else.
  if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0) return -1;
  sockaddr_in any{};
  any.sin_family = AF_INET;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return -1;
  socklen_t size = sizeof any;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&any), &size);
  std::printf("%u\n", static_cast<unsigned>(ntohs(any.sin_port)));
  std::fflush(stdout);
  return fd;
}

void send_all(int fd, Batch& batch, std::size_t count) {
  for (std::size_t done = 0; done < count;) {
    const int sent = ::sendmmsg(fd, batch.headers.data() + done, static_cast<unsigned>(count - done), 0);
    done += sent > 0 ? static_cast<std::size_t>(sent) : 1;  // what cannot leave is lost, as on any network
  }
}

void serve(int fd, SimulatedCaches* caches) {
  const auto batch = std::make_unique<Batch>();
  const SystemClock clock;
  SimulatedCaches::Answer always;
  always.ttl = Seconds(60);
  for (;;) {
    batch->prepare();
    const int got = ::recvmmsg(fd, batch->headers.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (got < 0 && errno != EINTR) return;
    const Instant now = clock.now();
    std::size_t replies = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(got, 0)); ++i) {
      const std::size_t resolver = resolver_of(asked_address(batch->headers[i].msg_hdr));
      const unsigned dice = batch->bytes[i][0] * 256U + batch->bytes[i][1];
      const std::size_t size = write_reply(batch->bytes[i].data(), batch->headers[i].msg_len,
                                           caches != nullptr ? caches->answer(resolver, dice, now) : always);
      if (size == 0) continue;
      batch->pieces[i].iov_len = size;
      std::swap(batch->headers[replies], batch->headers[i]);
      ++replies;
    }
    send_all(fd, *batch, replies);
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string mode = argc > 1 ? argv[1] : "";
  std::unique_ptr<SimulatedCaches> caches;
  if (mode == "caches" && argc == 6) {
    Simulation simulation;
    simulation.change = Instant(Span(std::strtoll(argv[3], nullptr, 10)));
    simulation.ttl = Seconds(std::atoi(argv[4]));
    simulation.seed = std::strtoull(argv[5], nullptr, 10);
    caches = std::make_unique<SimulatedCaches>(simulation, std::strtoull(argv[2], nullptr, 10));
  } else if (mode != "plain") {
    std::fprintf(stderr, "usage: probe_responder plain | caches RESOLVERS CHANGE_US TTL SEED\n");
    return 1;
  }
  const int fd = open_socket();
  if (fd < 0) {
    std::perror("probe_responder");
    return 1;
  }
  serve(fd, caches.get());
  return 1;
}
