#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/endpoint.h"
#include "net/loop.h"
#include "net/message.h"
#include "net/tsig.h"

namespace cutover::net {

enum class DnsTransport {
  kUdpThenTcp,  ///< UDP, and TCP when truncated
  kTcp,
};

/// One question to one server.
struct DnsRequest {
  Endpoint server;
  Message message{};  ///< the id is replaced by a random one on sending
  DnsTransport transport = DnsTransport::kUdpThenTcp;
  std::optional<TsigKey> key{};
  std::chrono::milliseconds timeout{2000};  ///< of one try, real time
  int tries = 3;                            ///< UDP retransmissions included; UPDATEs are sent once
  std::function<void()> before_send{};  ///< called once, right before the first byte leaves (TCP: connected by then)
};

/// How a conversation ended. kGarbage: bytes came that are no reply to this question (another id,
/// another question, malformed); waiting went on for a right one until the time was up.
enum class Outcome { kAnswered, kTimeout, kUnreachable, kGarbage, kTsigFailed };
std::string_view to_text(Outcome outcome);

struct DnsAnswer {
  Outcome outcome = Outcome::kTimeout;
  Message reply;  ///< valid when kAnswered, or kTsigFailed with a parseable reply
  TsigStatus tsig = TsigStatus::kUnsigned;
  std::optional<Instant> peer_time;  ///< time signed of the peer, where it signed
  std::string detail;                ///< one clause for people: "connection refused", "reply had another question"
  Instant received{};                ///< by `clock`, when the last byte came (or when it was given up)
  std::chrono::microseconds rtt{};   ///< real time
  bool over_tcp = false;
  bool sent = false;  ///< at least one byte left: an UPDATE without an answer may have been applied
};

/// A bounded fan-out: sends all requests, at most `in_flight` at a time, and returns the answers in
/// the order of the requests, each exactly once. Source address, id and question are checked; the UDP sockets of one
/// call are fresh and randomly bound, and questions to one server share them (udp_sockets.h). `clock` dates the answers
/// and signs TSIG. An UPDATE goes over TCP when it is longer than 512 bytes. A server that answers FORMERR without EDNS
/// is asked once more without it (RFC 6891 section 7).
std::vector<DnsAnswer> exchange_all(Loop& loop, const Clock& clock, const std::vector<DnsRequest>& requests,
                                    std::size_t in_flight = 64);
DnsAnswer exchange(Loop& loop, const Clock& clock, const DnsRequest& request);

/// What a failed TSIG check means and what to do about it, in one sentence: kClock when the clocks disagree, else
/// kAuth. `peer_time` and `now` make the difference of the clocks visible.
Error tsig_error(TsigStatus status, const TsigKey& key, std::optional<Instant> peer_time, Instant now);

/// AXFR over TCP (RFC 5936), TSIG-checked per message where a key is given. kRefused: the server said REFUSED or
/// NOTAUTH; kAuth, kClock: TSIG; kNetwork, kTimeout: no connection, or no progress for `timeout` of real time.
Result<Zone> transfer_zone(Loop& loop, const Clock& clock, const Endpoint& server, const DomainName& zone,
                           const std::optional<TsigKey>& key, std::chrono::milliseconds timeout);

}  // namespace cutover::net
