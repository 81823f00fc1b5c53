#pragma once

struct bio_st;

namespace cutover::net {

/// A BIO over a non-blocking, connected stream socket, for SSL_set_bio (which then owns it). OpenSSL's own socket BIO
/// uses write(), and a peer that has gone would end this process with SIGPIPE. The descriptor is borrowed: it must
/// outlive the BIO. Null when memory is out.
bio_st* new_socket_bio(int fd);

}  // namespace cutover::net
