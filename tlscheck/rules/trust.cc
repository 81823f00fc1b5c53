#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "tlscheck/rules/rules.h"

// Whether clients trust what is shown: the name, the path, the chain as sent.

namespace cutover::tlscheck {
namespace {

constexpr std::size_t kNamesShown = 12;
constexpr std::size_t kFaultsShown = 6;

std::string names_text(const std::vector<std::string>& names) {
  if (names.empty()) return "no names at all";
  const auto shown = std::min(names.size(), kNamesShown);
  auto text = join({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown)}, ", ");
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

std::string path_text(const std::vector<std::string>& path) { return path.empty() ? "none" : join(path, " <- "); }

/// What users of browsers see of a chain that strict clients refuse.
std::string hidden_text(const Seen& seen) {
  const auto& chain = seen.chain;
  if (chain.building.is_good())
    return "; clients that build paths (browsers, Go, Java) find a way around it, so only strict clients (curl, "
           "OpenSSL, Python, PHP, mail servers) fail and a look with a browser shows nothing";
  const auto broken = std::find_if(chain.sent.begin(), chain.sent.end(),
                                   [&](const CertificateFacts& one) { return one.subject == chain.broken_at; });
  if (chain.trust == Trust::kIncomplete && broken != chain.sent.end() && !broken->issuer_urls.empty())
    return fmt::format(
        "; browsers that fetch it from {} or have seen it before hide the gap, strict clients (curl, "
        "OpenSSL, Python, PHP, Java, mail servers) fail",
        broken->issuer_urls.front());
  return "";
}

/// Whether everything of a good path was sent, beside what led the strict client astray.
bool is_all_there(const ChainFacts& chain) {
  const auto needed = std::count_if(chain.sent.begin(), chain.sent.end(), [](const auto& one) { return one.in_path; });
  return chain.building.trust == Trust::kTrusted && static_cast<std::size_t>(needed) + 1 >= chain.path_facts.size();
}

}  // namespace

std::string identity_text(const CertificateFacts& certificate) {
  return fmt::format("{}, issued by {}, sha256 {}", certificate.subject, certificate.issuer, certificate.sha256);
}

std::string validity_text(const CertificateFacts& certificate) {
  return fmt::format("{} valid from {} to {}", certificate.subject, format_instant(certificate.not_before),
                     format_instant(certificate.not_after));
}

Finding not_public(const Seen& seen) {
  return {Verdict::kNotApplicable, seen.chain.reaches_anchor
                                       ? "a rule for public authorities; this one is trusted through --ca-file"
                                       : "a rule for public authorities; no path leads to one"};
}

// --- tls-name ---

Finding name_rule(const Seen& seen, const Subject& subject) {
  const bool by_address = subject.name.is_root();
  const auto whom = by_address ? subject.address.text() : subject.name.host();
  const bool covered = by_address ? covers(seen.chain, subject.address) : covers(seen.chain, subject.name);
  const auto evidence = fmt::format("subjectAltName: {}", names_text(seen.leaf().names));
  if (covered) return {Verdict::kPass, fmt::format("{} is for {}", seen.whose(), whom), evidence};
  if (seen.leaf().names.empty())
    return {Verdict::kFail,
            fmt::format("{} names {} in no subjectAltName; clients ignore the subject's common name (RFC 9525)",
                        seen.whose(), whom),
            fmt::format("{}; subject {}", evidence, seen.leaf().subject),
            "have it issued again with a subjectAltName for each host name"};
  return {Verdict::kFail, fmt::format("{} is not for {}", seen.whose(), whom), evidence,
          fmt::format("install a certificate that covers {} there, or check that the server knows this name (it may "
                      "have shown its default one)",
                      whom)};
}

// --- tls-chain ---

Finding chain_rule(const Seen& seen) {
  const auto& chain = seen.chain;
  if (chain.sent.empty())
    return {Verdict::kFail, fmt::format("{} cannot be read: {}", seen.whose(), chain.why), "",
            "look at what the server has configured"};
  const auto evidence =
      fmt::format("{}; path: {}; {} sent; root store {}", identity_text(seen.leaf()), path_text(chain.path),
                  counted(chain.sent.size(), "certificate"), seen.anchors.text());
  const auto failed = [&](const std::string& summary, std::string advice) {
    return Finding{Verdict::kFail, summary + hidden_text(seen), fmt::format("{}; {}", chain.why, evidence),
                   std::move(advice)};
  };
  switch (chain.trust) {
    case Trust::kTrusted:
      return {Verdict::kPass, fmt::format("{} leads to a trusted root", seen.whose()), evidence};
    case Trust::kIncomplete:
      return failed(fmt::format("the chain ends at {}: its issuer {} was neither sent nor is it a trusted root",
                                chain.broken_at, chain.missing_issuer),
                    is_all_there(chain)
                        ? "send only the chain that is meant, leaf first"
                        : "configure the server to send the intermediate certificates (the \"full chain\"). For a "
                          "private authority give its root with --ca-file");
    case Trust::kSelfSigned:
      return failed(
          fmt::format("{} is self-signed", seen.whose()),
          "install one of an authority that clients trust, or give it with --ca-file when it is meant to be so");
    case Trust::kUnknownRoot:
      return failed(fmt::format("{} leads to the root {}, which is not trusted", seen.whose(), chain.broken_at),
                    "install a certificate of an authority that clients trust; for a private authority give its root "
                    "with --ca-file");
    case Trust::kRejected:
      return failed(fmt::format("{} is refused: {} ({})", seen.whose(), chain.why, chain.broken_at),
                    is_all_there(chain) ? "send only the chain that is meant, leaf first"
                                        : "have it issued again without that fault");
    case Trust::kUnreadable:
      break;  // nothing was sent: above
  }
  return {};
}

// --- tls-path ---

Finding path_rule(const Seen& seen) {
  const auto& chain = seen.chain;
  const auto& building = chain.building;
  const auto evidence =
      fmt::format("path: {}; {} tried{}", path_text(building.path),
                  chain.paths_tried == 0 ? "the strict client's one" : counted(chain.paths_tried, "path"),
                  chain.search_cut_short ? ", and the search was cut short" : "");
  if (building.is_good() || (building.trust == Trust::kTrusted && chain.trust == Trust::kTrusted))
    return {Verdict::kPass,
            chain.trust == Trust::kTrusted
                ? "clients that build paths (browsers, Go, Java) find one, too"
                : "clients that build paths (browsers, Go, Java) find one, which hides what strict clients see",
            evidence};
  if (chain.trust != Trust::kTrusted)
    return {Verdict::kNotApplicable, "no client finds a path that holds: see tls-chain", evidence};
  return {Verdict::kFail,
          fmt::format("strict clients take {}, those that build paths (browsers, Go, Java) refuse it: {}{}",
                      seen.whose(), building.why, building.broken_at.empty() ? "" : " (" + building.broken_at + ")"),
          evidence, "have it issued by an authority whose certificate says that it is one"};
}

// --- tls-chain-order ---

namespace {

/// What is odd about the chain as it was sent, worst first.
struct Oddities {
  std::vector<std::string> disorder{};
  std::vector<std::string> needless{};
};

Oddities oddities_of(const ChainFacts& chain) {
  Oddities odd;
  const auto place = [&](const CertificateFacts& one) {
    const auto& path = chain.path_facts;
    return std::find_if(path.begin(), path.end(), [&](const auto& in) { return in.sha256 == one.sha256; }) -
           path.begin();
  };
  std::vector<std::string> seen;
  std::ptrdiff_t last = 0;
  for (const auto& one : chain.sent) {
    if (std::find(seen.begin(), seen.end(), one.sha256) != seen.end()) {
      odd.needless.push_back(one.subject + " twice");
    } else if (!one.in_path) {
      odd.needless.push_back(one.subject + ", which no path needs");
    } else {
      const auto at = place(one);
      if (at < last) odd.disorder.push_back(one.subject);
      last = std::max(last, at);
      if (at > 0 && one.self_issued) odd.needless.push_back("the root " + one.subject + ", which clients have");
    }
    seen.push_back(one.sha256);
  }
  if (chain.unreadable > 0) odd.needless.push_back(counted(chain.unreadable, "thing") + " that cannot be read");
  return odd;
}

}  // namespace

Finding order_rule(const Seen& seen) {
  const auto& chain = seen.chain;
  if (chain.trust != Trust::kTrusted)
    return {Verdict::kNotApplicable, "there is no path to hold the chain against: see tls-chain"};
  std::vector<std::string> sent;
  for (const auto& one : chain.sent) sent.push_back(one.subject);
  const auto evidence = fmt::format("sent: {}; path: {}", join(sent, ", "), path_text(chain.path));
  const auto odd = oddities_of(chain);
  if (!odd.disorder.empty())
    return {Verdict::kFail,
            fmt::format("the chain is out of order: {} comes too late (TLS 1.2 wants each certificate to be the issuer "
                        "of the one before it)",
                        join(odd.disorder, ", ")),
            evidence, "send the leaf, then the intermediates upwards"};
  if (!odd.needless.empty())
    return {Verdict::kFail, fmt::format("the chain has more than clients need: {}", join(odd.needless, "; ")), evidence,
            "send the leaf and its intermediates only; it saves a round trip where it is much", Severity::kNote};
  return {Verdict::kPass, "the chain is sent complete, in order, and with nothing needless", evidence};
}

// --- tls-profile ---

Finding profile_rule(const Seen& seen) {
  std::vector<std::string> texts;
  for (const auto& fault : seen.chain.faults)
    if (fault.profile == Profile::kRfc5280 || seen.is_public())
      texts.push_back(fmt::format("{}: {}, {}", fault.subject, fault.what, to_text(fault.profile)));
  if (texts.empty()) return {Verdict::kPass, "nothing in the path that the profiles forbid"};
  const auto shown = std::min(texts.size(), kFaultsShown);
  auto evidence = join({texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(shown)}, "; ");
  if (texts.size() > shown) evidence += fmt::format("; and {} more", texts.size() - shown);
  return {Verdict::kFail,
          fmt::format("{} in the path that clients take today and the profiles forbid", counted(texts.size(), "fault")),
          evidence, "tell the authority; have it issued again without them when there is time"};
}

}  // namespace cutover::tlscheck
