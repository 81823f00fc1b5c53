#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/endpoint.h"
#include "net/loop.h"

namespace cutover::net {

/// One TLS handshake to ask for. Nothing is verified here: what the server shows is returned, to be judged.
struct TlsRequest {
  Endpoint connect_to{};
  std::string server_name{};                 ///< SNI, without a trailing dot; empty: none is sent
  std::vector<std::string> alpn{};           ///< protocols to offer (RFC 7301), in order
  std::string starttls{};                    ///< empty: TLS from the first byte; else `smtp`, `imap` or `pop3` first
  std::chrono::milliseconds timeout{10000};  ///< for everything together, real time
};

/// How it ended.
enum class TlsOutcome {
  kHandshake,    ///< done: the chain is there
  kRefused,      ///< connection refused
  kTimeout,      ///< no answer in time, to the connection or later (`detail` says which)
  kUnreachable,  ///< the network says that the host cannot be reached
  kNotAsked,     ///< this machine cannot ask: no route for the family, no descriptors left, no permission
  kAlert,        ///< the server ended the handshake with an alert
  kNotTls,       ///< something else than TLS answered
  kClosed,       ///< the server closed or reset the connection before the end of the handshake
  kNoStarttls,   ///< the server did not agree to STARTTLS
  kFailed,       ///< the handshake failed on our side (`detail`)
};
std::string_view to_text(TlsOutcome outcome);

struct TlsAnswer {
  TlsOutcome outcome = TlsOutcome::kTimeout;
  std::vector<std::string> chain{};  ///< DER, as sent, leaf first
  std::string version{};             ///< `TLSv1.3`
  std::string alpn{};                ///< protocol chosen; empty: none
  std::string alert{};               ///< name of a fatal alert of the server (RFC 8446 section 6): `unrecognized_name`
  bool asks_client_certificate = false;
  std::string detail{};  ///< one clause for people, safe to print; empty when kHandshake
  std::chrono::microseconds connect_time{};
  std::chrono::microseconds handshake_time{};  ///< without connecting and STARTTLS
};

/// Whether `starttls` is one that TlsRequest knows.
bool is_known_starttls(std::string_view protocol);

/// A bounded fan-out of handshakes; answers in the order of the requests. Old protocol versions and weak parameters
/// are accepted, because they are findings and not reasons to see nothing. Nothing is sent over TLS.
std::vector<TlsAnswer> tls_all(Loop& loop, const std::vector<TlsRequest>& requests, std::size_t in_flight = 64);

}  // namespace cutover::net
