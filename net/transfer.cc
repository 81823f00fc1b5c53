// Zone transfers (AXFR, RFC 5936) over TCP.
#include <fmt/format.h>

#include "core/text.h"
#include "net/dns_stream.h"
#include "net/exchange.h"

namespace cutover::net {
namespace {

/// One transfer. The steps stand in the order in which they happen.
class Transfer {
 public:
  Transfer(Loop& loop, const Clock& clock, const Endpoint& server, const DomainName& zone,
           const std::optional<TsigKey>& key, std::chrono::milliseconds timeout)
      : loop_(loop),
        clock_(clock),
        server_(server),
        zone_(zone),
        key_(key),
        timeout_(timeout),
        stream_(loop,
                {nullptr, [this](std::string_view wire) { on_message(wire); },
                 [this](const std::string& why) {
                   stop(fail(ErrorCode::kNetwork, records_.empty() ? why : why + ", before the zone was complete"));
                 }}) {}

  Result<Zone> run() {
    // 1. Ask.
    request_ = make_query({zone_, RecordType::kAxfr, RecordClass::kIn}, Recursion::kNotDesired);
    request_.edns.reset();
    auto wire = encode(request_);
    if (!wire) return wire.error();
    Bytes mac;
    const Bytes out = key_ ? tsig_sign(*wire, *key_, clock_.now(), {}, &mac) : *wire;
    if (key_) signatures_.emplace(*key_, mac);
    expect_progress();
    stream_.start(server_, out);
    loop_.run_until([this] { return done_; });
    // 4. Complete, or not.
    if (error_) return within(fmt::format("transfer of {} from {}", zone_.text(), server_.text()), *error_);
    auto zone = make_zone(zone_, records_);
    if (!zone) return within(fmt::format("transfer of {} from {}", zone_.text(), server_.text()), zone.error());
    return zone;
  }

 private:
  void expect_progress() {
    timer_ = loop_.after(
        timeout_, [this] { stop(fail(ErrorCode::kTimeout, fmt::format("nothing came for {} ms", timeout_.count()))); });
  }

  // 2. Each message: ours, signed, without an error (RFC 5936 section 2.2).
  void on_message(std::string_view wire) {
    expect_progress();
    auto message = decode(wire);
    if (!message) return stop(fail(ErrorCode::kNetwork, message.error().message));
    if (!message->qr || message->id != request_.id || message->opcode != Opcode::kQuery ||
        (!message->question.empty() && message->question != request_.question))
      return stop(fail(ErrorCode::kNetwork, "the server sent a reply to another request"));
    bool signed_now = true;
    if (signatures_) {
      const Instant now = clock_.now();
      const TsigCheck check = signatures_->next(wire, now);
      signed_now = check.status == TsigStatus::kGood;
      const bool unsigned_between = check.status == TsigStatus::kUnsigned && !first_;
      if (!signed_now && !unsigned_between) {
        const Error problem = tsig_error(check.status, *key_, check.time_signed, now);
        if (message->rcode == Rcode::kNoError) return stop(problem);
        // Knot says BADSIG, PowerDNS sends an unsigned NOTAUTH, for a zone that they do not have as well.
        const bool ambiguous = message->rcode == Rcode::kNotAuth &&
                               (check.status == TsigStatus::kPeerBadSig || check.status == TsigStatus::kUnsigned);
        return stop(Error{problem.code, fmt::format("{}: {}{}", to_text(message->rcode), problem.message,
                                                    ambiguous ? "; or it does not serve this zone" : "")});
      }
    }
    if (message->rcode != Rcode::kNoError) return stop(refusal(message->rcode));
    if (first_ && message->answer.empty())
      return stop(fail(ErrorCode::kNetwork, "the server answered without an error and without a record"));
    first_ = false;
    for (Record& record : message->answer)
      if (!take(std::move(record))) return;
    loop_.advance({Advance::Of::kRecords, records_.size(), std::nullopt});
    if (!closed_) return;
    if (!signed_now) return stop(fail(ErrorCode::kAuth, "the last message is not signed (RFC 8945 section 5.3.1)"));
    stop(std::nullopt);
  }

  // 3. Each record: from the SOA to the same SOA again.
  bool take(Record record) {
    if (closed_) {
      stop(fail(ErrorCode::kNetwork, "records follow the closing SOA"));
      return false;
    }
    const bool is_soa = record.type == RecordType::kSoa;
    if (records_.empty() && !is_soa) {
      stop(fail(ErrorCode::kNetwork, "it does not begin with the SOA record"));
      return false;
    }
    if (!records_.empty() && is_soa) {
      if (record != records_.front()) {
        stop(fail(ErrorCode::kConflict, "the zone changed during the transfer; try again"));
        return false;
      }
      closed_ = true;
      return true;
    }
    records_.push_back(std::move(record));
    return true;
  }

  Error refusal(Rcode rcode) const {
    const std::string who = key_ ? fmt::format("the key {}", key_->name.text()) : "requests without a key";
    switch (rcode) {
      case Rcode::kRefused:
        return fail(ErrorCode::kRefused, fmt::format("the server answered REFUSED; allow the transfer for {}", who));
      case Rcode::kNotAuth:
        return fail(ErrorCode::kRefused,
                    fmt::format("the server answered NOTAUTH: it does not serve this zone, or not for {}", who));
      default:
        return fail(ErrorCode::kRefused, fmt::format("the server answered {}", to_text(rcode)));
    }
  }

  void stop(std::optional<Error> error) {
    if (done_) return;
    done_ = true;
    error_ = std::move(error);
    timer_.cancel();
    stream_.close();
  }

  Loop& loop_;
  const Clock& clock_;
  const Endpoint& server_;
  const DomainName& zone_;
  const std::optional<TsigKey>& key_;
  std::chrono::milliseconds timeout_;
  Message request_;
  std::optional<TsigStream> signatures_;
  bool first_ = true;
  bool closed_ = false;
  bool done_ = false;
  std::vector<Record> records_;
  std::optional<Error> error_;
  DnsStream stream_;
  Loop::Handle timer_;
};

}  // namespace

Result<Zone> transfer_zone(Loop& loop, const Clock& clock, const Endpoint& server, const DomainName& zone,
                           const std::optional<TsigKey>& key, std::chrono::milliseconds timeout) {
  return Transfer(loop, clock, server, zone, key, timeout).run();
}

}  // namespace cutover::net
