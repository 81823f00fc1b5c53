#include "net/socket_bio.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace cutover::net {
namespace {

struct FreeBioMethod {
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};

int socket_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int on_bio_result(BIO* bio, ssize_t count, void (*retry)(BIO*)) {
  BIO_clear_retry_flags(bio);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) retry(bio);
  return static_cast<int>(count);
}
int bio_write(BIO* bio, const char* data, int size) {
  const auto sent = send(socket_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  return on_bio_result(bio, sent, [](BIO* b) { BIO_set_retry_write(b); });
}
int bio_read(BIO* bio, char* data, int size) {
  const auto got = recv(socket_of(bio), data, static_cast<std::size_t>(size), 0);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return on_bio_result(bio, got, [](BIO* b) { BIO_set_retry_read(b); });
}
long bio_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

}  // namespace

bio_st* new_socket_bio(int fd) {
  static const std::unique_ptr<BIO_METHOD, FreeBioMethod> method([] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cutover socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }());
  BIO* bio = BIO_new(method.get());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace cutover::net
