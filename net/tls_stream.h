#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/endpoint.h"
#include "net/loop.h"

namespace cutover::net {

/// Kinds of keys, told apart because a server may have a certificate for each and shows one: by what the client says it
/// can verify (signature algorithms, RFC 8446 section 4.2.3, and the cipher suites of TLS 1.2).
enum class TlsKeys {
  kAny,
  kRsa,
  kEcdsa  ///< EdDSA too
};
enum class TlsVersion { k10, k11, k12, k13 };
/// `TLSv1`, `TLSv1.1`, `TLSv1.2`, `TLSv1.3`: as OpenSSL and TlsAnswer write them.
std::string_view to_text(TlsVersion version);

/// One TLS handshake to ask for. Nothing is verified here: what the server shows is returned, to be judged.
struct TlsRequest {
  Endpoint connect_to{};
  std::string server_name{};        ///< SNI, without a trailing dot; empty: none is sent
  std::vector<std::string> alpn{};  ///< protocols to offer (RFC 7301), in order
  std::string starttls{};           ///< empty: TLS from the first byte; else a protocol of starttls.h first
  std::string starttls_domain{};    ///< what XMPP asks for; empty: `server_name`
  TlsKeys keys = TlsKeys::kAny;     ///< kinds of certificate that are offered to be accepted
  TlsVersion highest = TlsVersion::k13;
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
  TlsKeys keys = TlsKeys::kAny;      ///< of the leaf; kAny: another kind
  int key_bits = 0;                  ///< of the leaf
  std::string ocsp{};                ///< the stapled OCSPResponse (RFC 6960), DER; empty: none
  std::string sct_list{};            ///< SignedCertificateTimestampList of the TLS extension (RFC 6962 section 3.3)
  std::string alert{};               ///< name of a fatal alert of the server (RFC 8446 section 6): `unrecognized_name`
  bool asks_client_certificate = false;
  std::string detail{};                        ///< one clause for people, safe to print; empty when kHandshake
  std::chrono::microseconds connect_time{};    ///< zero: no connection came about
  std::chrono::microseconds handshake_time{};  ///< without connecting and STARTTLS
};

/// A bounded fan-out of handshakes; answers in the order of the requests. Old protocol versions and weak parameters
/// are accepted (OpenSSL's security level 0, without which it fails on our own side and looks like a refusal), because
/// they are findings and not reasons to see nothing. A stapled OCSP response and SCTs are always asked for. Nothing is
/// sent over TLS.
std::vector<TlsAnswer> tls_all(Loop& loop, const std::vector<TlsRequest>& requests, std::size_t in_flight = 64);

}  // namespace cutover::net
