#include "tlscheck/revocation.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <tuple>

#include "core/text.h"
#include "net/http.h"
#include "tlscheck/crl.h"
#include "tlscheck/ocsp.h"

namespace cutover::tlscheck {
namespace {

/// One thing to fetch. The same list serves many certificates; an OCSP request is about one.
struct Source {
  std::string url{};
  std::string request{};  ///< OCSP; empty: a list
  friend bool operator<(const Source& a, const Source& b) {
    return std::tie(a.url, a.request) < std::tie(b.url, b.request);
  }
};

/// A certificate of a path, its issuer behind it, and where something is published about it.
struct Asked {
  std::size_t depth = 0;
  Certificate certificate;
  Certificate issuer;
  std::vector<Source> sources{};
};

bool can_be_fetched(const std::string& url) { return to_lower(url.substr(0, 7)) == "http://"; }

std::vector<Asked> asked_of(const ChainFacts& chain) {
  std::vector<Asked> out;
  if (!chain.reaches_anchor) return out;
  for (std::size_t i = 0; i + 1 < chain.certificates.size() && i < chain.path_facts.size(); ++i) {
    Asked asked{i, chain.certificates[i], chain.certificates[i + 1]};
    for (const std::string& url : chain.path_facts[i].crl_urls)
      if (can_be_fetched(url)) asked.sources.push_back({url, ""});
    for (const std::string& url : chain.path_facts[i].ocsp_urls)
      if (can_be_fetched(url)) asked.sources.push_back({url, ocsp_request(asked.certificate, asked.issuer)});
    out.push_back(std::move(asked));
  }
  return out;
}

using Fetched = std::map<Source, Result<net::HttpResponse>>;

Fetched fetch(net::Loop& loop, const std::vector<std::vector<Asked>>& all, const RevocationOptions& options) {
  Fetched out;
  std::vector<Source> sources;
  std::vector<net::HttpRequest> requests;
  for (const auto& of_chain : all)
    for (const Asked& asked : of_chain)
      for (const Source& source : asked.sources) {
        if (!out.emplace(source, fail(ErrorCode::kNetwork, "not asked")).second) continue;
        net::HttpRequest request;
        request.url = source.url;
        request.timeout = options.timeout;
        request.max_body = options.max_size;
        if (!source.request.empty()) {
          request.method = "POST";
          request.headers = {{"Content-Type", "application/ocsp-request"}};
          request.body = source.request;
        }
        sources.push_back(source);
        requests.push_back(std::move(request));
      }
  const auto responses = net::http_all(loop, requests, options.in_flight);
  for (std::size_t i = 0; i < sources.size(); ++i) out.at(sources[i]) = responses[i];
  return out;
}

/// What one source says of one certificate.
struct Word {
  enum class Kind { kGood, kRevoked, kNothing } kind = Kind::kNothing;
  std::string text{};
};

Word word_of(const Asked& asked, const Source& source, const Result<net::HttpResponse>& response, Instant now) {
  const auto said = [&](Word::Kind kind, const std::string& what) {
    return Word{kind, fmt::format("{}: {}", printable(source.url), what)};
  };
  if (!response) return said(Word::Kind::kNothing, printable(response.error().message));
  if (response->status != 200) return said(Word::Kind::kNothing, fmt::format("status {}", response->status));
  if (response->body_cut) return said(Word::Kind::kNothing, "the list is too long to be read");
  if (source.request.empty()) {
    const CrlFacts facts = read_crl(response->body, asked.certificate, asked.issuer, now);
    if (facts.status == CrlStatus::kRevoked) return said(Word::Kind::kRevoked, facts.why);
    if (facts.status != CrlStatus::kNotListed) return said(Word::Kind::kNothing, facts.why);
    return said(Word::Kind::kGood, "not on the list of " + format_instant(facts.this_update));
  }
  const OcspFacts facts = read_ocsp(response->body, asked.certificate, asked.issuer, now);
  if (facts.status == OcspStatus::kRevoked) return said(Word::Kind::kRevoked, facts.why);
  if (facts.status != OcspStatus::kGood) return said(Word::Kind::kNothing, facts.why);
  return said(Word::Kind::kGood, "good on " + format_instant(facts.this_update));
}

Check nothing_published(const ChainFacts& chain) {
  Check check;
  check.id = "tls-revocation";
  check.severity = Severity::kNote;
  check.verdict = Verdict::kNotApplicable;
  check.summary = chain.reaches_anchor ? "the certificate names no place where its revocation would be published"
                                       : "revocation is not asked for where the chain leads to no trusted root";
  return check;
}

Check judge(const ChainFacts& chain, const std::vector<Asked>& of_chain, const Fetched& fetched, Instant now) {
  Check check = nothing_published(chain);
  std::vector<std::string> evidence;
  bool leaf_asked = false, leaf_good = false;
  for (const Asked& asked : of_chain) {
    for (const Source& source : asked.sources) {
      const Word word = word_of(asked, source, fetched.at(source), now);
      evidence.push_back(fmt::format("{} at {}", asked.certificate.subject_text(), word.text));
      if (asked.depth == 0) leaf_asked = true;
      if (asked.depth == 0 && word.kind == Word::Kind::kGood) leaf_good = true;
      if (word.kind != Word::Kind::kRevoked || check.verdict == Verdict::kFail) continue;
      check.verdict = Verdict::kFail;
      check.severity = Severity::kError;
      check.summary = asked.depth == 0 ? "the certificate has been revoked by its issuer"
                                       : fmt::format("the authority's certificate {} in the chain has been revoked",
                                                     asked.certificate.subject_text());
      check.advice = "install another certificate: browsers refuse this one, now or with their next update";
    }
  }
  check.evidence = join(evidence, "; ");
  if (check.verdict == Verdict::kFail || !leaf_asked) return check;
  check.verdict = leaf_good ? Verdict::kPass : Verdict::kUndecided;
  check.summary = leaf_good ? "the issuer has not revoked it"
                            : "whether it has been revoked could not be asked; clients go on in that case";
  if (!leaf_good)
    check.advice = "nothing, unless you have a reason to doubt it: then ask from a machine with open HTTP";
  return check;
}

}  // namespace

std::vector<Check> check_revocation(net::Loop& loop, Instant now, const std::vector<const ChainFacts*>& chains,
                                    const RevocationOptions& options) {
  std::vector<std::vector<Asked>> asked;
  for (const ChainFacts* chain : chains) asked.push_back(asked_of(*chain));
  const Fetched fetched = fetch(loop, asked, options);
  std::vector<Check> out;
  for (std::size_t i = 0; i < chains.size(); ++i) out.push_back(judge(*chains[i], asked[i], fetched, now));
  return out;
}

}  // namespace cutover::tlscheck
