#include "providers/rfc2136/verdict.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover::providers::rfc2136 {
namespace {

using net::Outcome;
using net::Rcode;
using net::TsigStatus;

constexpr std::string_view kNothing = "nothing was changed";

std::string key_name(const Conversation& talk) { return talk.key ? printable(talk.key->host()) : "(none)"; }

/// Errors of the key and of the clock, which queries and updates share. nullopt: the signature is not the trouble.
std::optional<Error> verdict_on_signature(const Conversation& talk, const net::DnsAnswer& answer) {
  switch (answer.tsig) {
    case TsigStatus::kGood:
      return std::nullopt;
    case TsigStatus::kPeerBadKey:
      // Knot says BADKEY also where it knows the key and no rule lets it do this.
      return fail(
          ErrorCode::kAuth,
          fmt::format(
              "{} does not know the TSIG key '{}', or has no rule that lets it do this to {} (BADKEY; Knot says "
              "the same of both): check the key's name and algorithm, and the server's access rules; {}",
              talk.server, key_name(talk), talk.zone.text(), kNothing));
    case TsigStatus::kPeerBadSig:
      return fail(ErrorCode::kAuth,
                  fmt::format("{} knows the TSIG key '{}' but not with this secret (BADSIG): check the secret and the "
                              "algorithm on both sides; {}",
                              talk.server, key_name(talk), kNothing));
    case TsigStatus::kPeerBadTime: {
      if (!answer.peer_time)
        return fail(ErrorCode::kClock,
                    fmt::format("the clocks of {} and of this machine disagree by more than TSIG allows (BADTIME): set "
                                "them right; {}",
                                talk.server, kNothing));
      const auto apart = std::chrono::duration_cast<Seconds>(*answer.peer_time - answer.received);
      return fail(ErrorCode::kClock,
                  fmt::format("the clock of {} says {}, which is {} s {} this machine's clock; TSIG allows 300 s "
                              "(BADTIME): set the clock that "
                              "is wrong; {}",
                              talk.server, format_instant(*answer.peer_time), std::abs(apart.count()),
                              apart.count() < 0 ? "behind" : "ahead of", kNothing));
    }
    case TsigStatus::kUnsigned:
    case TsigStatus::kBadKey:
    case TsigStatus::kBadSig:
    case TsigStatus::kBadTime:
      break;
  }
  // Some servers (PowerDNS) answer a wrong key and a wrong time alike, without a signature; and Knot a zone it lacks.
  const Rcode rcode = answer.reply.rcode;
  if (talk.key && (rcode == Rcode::kNotAuth || rcode == Rcode::kRefused))
    return fail(ErrorCode::kAuth, fmt::format("{} rejected the signed message ({}) and does not say why: either it "
                                              "does not have the TSIG key '{}' with this "
                                              "secret and the right to do this, or its clock and this machine's ({}) "
                                              "are more than 300 s apart, or it is not the "
                                              "primary of {}; {}",
                                              talk.server, to_text(rcode), key_name(talk),
                                              format_instant(answer.received), talk.zone.text(), kNothing));
  return std::nullopt;
}

Error refusal(const Conversation& talk, Rcode rcode) {
  const std::string zone = talk.zone.text();
  const auto conflict = [&](std::string_view what) {
    return fail(ErrorCode::kConflict, fmt::format("{} did not make the change of {}: {} ({}); {}", talk.server, zone,
                                                  what, to_text(rcode), kNothing));
  };
  switch (rcode) {
    case Rcode::kNxRrset:
      return conflict("a record set no longer has the expected values, or the serial has moved");
    case Rcode::kYxRrset:
      return conflict("a record set that should not exist yet is there");
    case Rcode::kYxDomain:
      return conflict("a name that should not be in use yet has records");
    case Rcode::kNxDomain:
      return conflict("a name that should be in use has no records");
    case Rcode::kRefused:
      return fail(
          ErrorCode::kRefused,
          talk.key
              ? fmt::format("{} refused the update of {} (REFUSED): its access rules do not let the key '{}' change "
                            "the zone from this address, or it does not have the zone; {}",
                            talk.server, zone, key_name(talk), kNothing)
              : fmt::format("{} refused the update of {} (REFUSED): its access rules want a key, give one with "
                            "`key:`; {}",
                            talk.server, zone, kNothing));
    case Rcode::kNotAuth:
      return fail(ErrorCode::kRefused,
                  fmt::format("{} is not authoritative for {} (NOTAUTH): name the zone's primary server; {}",
                              talk.server, zone, kNothing));
    case Rcode::kNotZone:
      return fail(ErrorCode::kInvalid, fmt::format("{} says that a name of the change lies outside {} (NOTZONE); {}",
                                                   talk.server, zone, kNothing));
    case Rcode::kNotImp:
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{} does not do DNS UPDATE (NOTIMP); {}", talk.server, kNothing));
    case Rcode::kFormErr:
      return fail(ErrorCode::kInvalid,
                  fmt::format("{} could not read the update of {} (FORMERR); {}", talk.server, zone, kNothing));
    case Rcode::kServFail:
      // A secondary that forwards updates says SERVFAIL also when the primary's answer was lost.
      return fail(
          ErrorCode::kUnknown,
          fmt::format("{} failed while it handled the update of {} (SERVFAIL): its journal or zone file may not be "
                      "writable, or it could not reach the primary; its log knows. Most likely nothing was changed",
                      talk.server, zone));
    default:
      return fail(ErrorCode::kUnknown, fmt::format("{} answered the update of {} with {}; what it did is not known",
                                                   talk.server, zone, to_text(rcode)));
  }
}

}  // namespace

std::optional<Error> verdict_on_update(const Conversation& talk, const net::DnsAnswer& answer) {
  const std::string how = printable(answer.detail.empty() ? std::string(to_text(answer.outcome)) : answer.detail);
  switch (answer.outcome) {
    case Outcome::kUnreachable:
    case Outcome::kTimeout:
    case Outcome::kGarbage:
      if (!answer.sent)
        return fail(ErrorCode::kNetwork, fmt::format("{} was not reached ({}); {}", talk.server, how, kNothing));
      return fail(
          ErrorCode::kUnknown,
          fmt::format("the update of {} was sent to {} and no usable answer came ({}): whether it was made is not "
                      "known",
                      talk.zone.text(), talk.server, how));
    case Outcome::kTsigFailed:
      if (auto error = verdict_on_signature(talk, answer)) return error;
      if (answer.reply.rcode != Rcode::kNoError) return refusal(talk, answer.reply.rcode);
      return fail(
          ErrorCode::kUnknown,
          fmt::format(
              "{} answered the update of {}, but the signature of its answer does not hold ({}): whether it was "
              "made is not known",
              talk.server, talk.zone.text(), printable(answer.detail)));
    case Outcome::kAnswered:
      break;
  }
  if (answer.reply.rcode == Rcode::kNoError) return std::nullopt;
  return refusal(talk, answer.reply.rcode);
}

std::optional<Error> verdict_on_query(const Conversation& talk, const net::DnsAnswer& answer) {
  switch (answer.outcome) {
    case Outcome::kTimeout:
      return fail(ErrorCode::kTimeout,
                  fmt::format("{} did not answer a question about {} in time", talk.server, talk.zone.text()));
    case Outcome::kUnreachable:
    case Outcome::kGarbage:
      return fail(ErrorCode::kNetwork, fmt::format("{} gave no usable answer about {}: {}", talk.server,
                                                   talk.zone.text(), printable(answer.detail)));
    case Outcome::kTsigFailed:
      if (auto error = verdict_on_signature(talk, answer)) return error;
      return fail(ErrorCode::kAuth, fmt::format("the signature of {}'s answer about {} does not hold ({})", talk.server,
                                                talk.zone.text(), printable(answer.detail)));
    case Outcome::kAnswered:
      break;
  }
  if (answer.reply.rcode == Rcode::kNoError || answer.reply.rcode == Rcode::kNxDomain) return std::nullopt;
  return fail(ErrorCode::kRefused, fmt::format("{} answered a question about {} with {}", talk.server, talk.zone.text(),
                                               to_text(answer.reply.rcode)));
}

}  // namespace cutover::providers::rfc2136
