#include "dnsprobe/path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/text.h"

namespace cutover::dnsprobe {
namespace {

DomainName id_server() { return *DomainName::from_text("id.server"); }

Endpoint dns_at(std::string_view address) { return *Endpoint::from_text(address, 53); }

/// The text of the first TXT of the answer, without its quotes; empty: there is none.
std::string identity_in(const net::DnsAnswer& answer) {
  for (const net::Record& record : answer.reply.answer) {
    if (record.type != RecordType::kTxt || record.rdata.size() < 2) continue;
    return record.rdata.substr(1, record.rdata.size() - 2);
  }
  return "";
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool all_letters(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
}

bool is_own(Witness::Identity identity, const std::string& text) {
  const std::string lower = to_lower(text);
  switch (identity) {
    case Witness::Identity::kQuad9: {
      const auto dot = lower.find('.');
      return lower.rfind("res", 0) == 0 && dot != std::string::npos && dot > 3 &&
             all_digits(lower.substr(3, dot - 3)) && lower.compare(dot, 2, ".q") == 0;
    }
    case Witness::Identity::kCloudflare: {
      const auto digits =
          std::find_if(lower.begin(), lower.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
      const auto letters = static_cast<std::size_t>(digits - lower.begin());
      return letters >= 3 && letters <= 4 && lower.size() <= 8 && all_letters(lower.substr(0, letters)) &&
             all_digits(lower.substr(letters));
    }
  }
  return false;
}

std::string_view question_of(PathAnswer::Kind kind) {
  switch (kind) {
    case PathAnswer::Kind::kCanary:
      return "UDP, an address that runs no DNS";
    case PathAnswer::Kind::kIdentity:
      return "UDP, CH TXT id.server";
    case PathAnswer::Kind::kTcp:
      return "TCP";
  }
  return "";
}

std::string told(const PathAnswer& one) {
  std::string came = std::string(net::to_text(one.answer.outcome));
  if (one.answer.outcome == net::Outcome::kAnswered) {
    came = net::to_text(one.answer.reply.rcode);
    if (const std::string identity = identity_in(one.answer); !identity.empty())
      came += fmt::format(" \"{}\"", printable(identity));
  } else if (!one.answer.detail.empty()) {
    came += fmt::format(" ({})", printable(one.answer.detail));
  }
  return fmt::format("{} ({}): {}", one.asked.address.text(), question_of(one.kind), came);
}

/// The witnesses that said who they are, against those that said something their operators never say.
struct Identities {
  int answered = 0;
  std::vector<std::string> foreign;
};

void note_identity(const PathOptions& options, const PathAnswer& one, Identities& seen) {
  const Witness& witness = options.witnesses[one.witness];
  const std::string identity = identity_in(one.answer);
  ++seen.answered;
  if (is_own(witness.identity, identity)) return;
  seen.foreign.push_back(identity.empty()
                             ? fmt::format("{} at {} answers {} when asked who it is", witness.operator_name,
                                           one.asked.address.text(), net::to_text(one.answer.reply.rcode))
                             : fmt::format("{} at {} calls itself \"{}\"", witness.operator_name,
                                           one.asked.address.text(), printable(identity)));
}

/// What the witnesses of one address family say; `interception` may be known already, and is told here otherwise.
Way way_of(const Identities& seen, std::string& interception) {
  const bool all_foreign = seen.answered > 0 && static_cast<int>(seen.foreign.size()) == seen.answered;
  if (interception.empty() && all_foreign) interception = join(seen.foreign, "; ");
  if (!interception.empty()) return Way::kIntercepted;
  return seen.answered > 0 ? Way::kOpen : Way::kClosed;
}

net::DnsRequest request_of(const PathAnswer& one, const PathOptions& options) {
  net::DnsRequest out;
  out.server = one.asked;
  const bool identity = one.kind == PathAnswer::Kind::kIdentity;
  out.message = net::make_query(identity ? net::Question{id_server(), RecordType::kTxt, net::RecordClass::kCh}
                                         : net::Question{DomainName(), RecordType::kNs, net::RecordClass::kIn},
                                net::Recursion::kDesired);
  if (one.kind == PathAnswer::Kind::kTcp) out.transport = net::DnsTransport::kTcp;
  out.timeout = options.timeout;
  out.tries = options.tries;
  return out;
}

}  // namespace

PathOptions default_path_options() {
  PathOptions out;
  out.witnesses = {
      {"quad9", Witness::Identity::kQuad9, dns_at("9.9.9.9"), dns_at("2620:fe::fe")},
      {"cloudflare", Witness::Identity::kCloudflare, dns_at("1.1.1.1"), dns_at("2606:4700:4700::1111")},
  };
  out.canaries = {dns_at("192.0.2.53"), dns_at("198.51.100.53"), dns_at("2001:db8::53")};
  return out;
}

std::string_view to_text(Way way) {
  switch (way) {
    case Way::kOpen:
      return "open";
    case Way::kClosed:
      return "closed";
    case Way::kIntercepted:
      return "intercepted";
  }
  return "?";
}

PathReport judge_path(const PathOptions& options, const std::vector<PathAnswer>& answers) {
  PathReport out;
  Identities identities, identities6;
  for (const PathAnswer& one : answers) {
    out.evidence.push_back(told(one));
    if (one.answer.outcome != net::Outcome::kAnswered) continue;
    const bool v6 = one.asked.address.family() == Family::kV6;
    switch (one.kind) {
      case PathAnswer::Kind::kCanary:
        (v6 ? out.interception6 : out.interception) =
            fmt::format("{} runs no DNS, and yet an answer came from there", one.asked.address.text());
        break;
      case PathAnswer::Kind::kIdentity:
        note_identity(options, one, v6 ? identities6 : identities);
        break;
      case PathAnswer::Kind::kTcp:
        out.tcp = Way::kOpen;
        break;
    }
  }
  out.udp = way_of(identities, out.interception);
  out.udp6 = way_of(identities6, out.interception6);
  return out;
}

PathReport test_path(net::Loop& loop, const Clock& clock, const PathOptions& options) {
  std::vector<PathAnswer> asked;
  for (const Endpoint& canary : options.canaries) asked.push_back({PathAnswer::Kind::kCanary, 0, canary, {}});
  for (std::size_t i = 0; i < options.witnesses.size(); ++i) {
    const Witness& witness = options.witnesses[i];
    asked.push_back({PathAnswer::Kind::kIdentity, i, witness.v4, {}});
    asked.push_back({PathAnswer::Kind::kTcp, i, witness.v4, {}});
    asked.push_back({PathAnswer::Kind::kIdentity, i, witness.v6, {}});
  }
  std::vector<net::DnsRequest> requests;
  for (const PathAnswer& one : asked) requests.push_back(request_of(one, options));
  auto answers = net::exchange_all(loop, clock, requests);
  for (std::size_t i = 0; i < asked.size(); ++i) asked[i].answer = std::move(answers[i]);
  return judge_path(options, asked);
}

bool is_public(const IpAddress& address) {
  const std::string bytes = address.bytes();
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (address.family() == Family::kV4) {
    const unsigned a = byte(0), b = byte(1);
    return !(a == 0 || a == 10 || a == 127 || (a == 100 && b >= 64 && b < 128) || (a == 169 && b == 254) ||
             (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168));
  }
  static const std::string loopback = IpAddress::from_text("::1")->bytes();
  return bytes != loopback && (byte(0) & 0xfe) != 0xfc && !(byte(0) == 0xfe && (byte(1) & 0xc0) == 0x80);
}

bool can_be_intercepted(const Resolver& resolver) {
  return is_plain(resolver) && is_public(resolver.endpoint->address);
}

std::string interception_of(const PathReport& report, const std::vector<Resolver>& resolvers) {
  const auto any = [&](Family family) {
    return std::any_of(resolvers.begin(), resolvers.end(), [&](const Resolver& each) {
      return can_be_intercepted(each) && each.endpoint->address.family() == family;
    });
  };
  if (!report.interception.empty() && any(Family::kV4)) return report.interception;
  return any(Family::kV6) ? report.interception6 : "";
}

}  // namespace cutover::dnsprobe
