#include "tlscheck/chain.h"

#include <algorithm>

namespace cutover::tlscheck {
namespace {

/// Where there is no path the verifier does not get to the times; the leaf's own still count.
void add_leaf_lapses(Run& run, const CertificateFacts& leaf, Instant at) {
  const auto is_leaf = [](const Lapse& lapse) { return lapse.leaf; };
  if (leaf.not_after <= at && std::none_of(run.expired.begin(), run.expired.end(), is_leaf))
    run.expired.push_back({at, leaf, true});
  if (leaf.not_before > at && std::none_of(run.not_yet_valid.begin(), run.not_yet_valid.end(), is_leaf))
    run.not_yet_valid.push_back({at, leaf, true});
}

void add_lapses(PathFacts& facts, const Run& run) {
  facts.expired.insert(facts.expired.end(), run.expired.begin(), run.expired.end());
  facts.not_yet_valid.insert(facts.not_yet_valid.end(), run.not_yet_valid.begin(), run.not_yet_valid.end());
}

/// The first moment's run says what holds whatever the time.
void take_trust(PathFacts& facts, const Run& run) {
  facts.trust = run.trust;
  facts.why = run.why;
  for (const auto& one : run.path) facts.path.push_back(one.subject_text());
  if (run.trust == Trust::kTrusted) return;
  facts.broken_at = run.broken_at;
  if (run.trust == Trust::kIncomplete) facts.missing_issuer = run.issuer;
}

bool is_valid(const Certificate& one, Instant at) { return one.not_before() <= at && at < one.not_after(); }

/// Between two moments at which the same certificates are valid, OpenSSL comes to the same end: its choice of a path
/// looks at nothing else that time changes. Saves the signatures of a second run.
bool is_same_then(const std::vector<Certificate>& sent, const Run& run, Instant before, Instant then) {
  const auto same = [&](const Certificate& one) { return is_valid(one, before) == is_valid(one, then); };
  return run.is_good() && std::all_of(sent.begin(), sent.end(), same) &&
         std::all_of(run.path.begin(), run.path.end(), same);
}

/// The path that the rules look at.
void choose(ChainFacts& facts, const std::vector<Certificate>& sent, const Run& run) {
  facts.certificates = run.path;
  facts.path_facts.clear();
  for (const auto& one : run.path) {
    const auto at = static_cast<std::size_t>(std::find(sent.begin(), sent.end(), one) - sent.begin());
    facts.path_facts.push_back(at < sent.size() ? facts.sent[at] : one.facts());
  }
  facts.faults = faults_of(run.path, facts.path_facts, run.complaints);
}

/// Marks what was sent and is needed.
void mark(ChainFacts& facts) {
  for (auto& one : facts.sent)
    one.in_path = std::any_of(facts.path_facts.begin(), facts.path_facts.end(),
                              [&](const CertificateFacts& in) { return in.sha256 == one.sha256; });
}

/// Whether a client that builds paths takes the strict one's path as it is: it is one of those that it would try.
bool will_do_for_building(const ChainFacts& facts, const Run& first) {
  return facts.is_good() && std::none_of(first.complaints.begin(), first.complaints.end(),
                                         [](const Complaint& c) { return c.no_authority; });
}

Run ask_strict(ChainFacts& facts, const std::vector<Certificate>& sent, const Anchors& anchors,
               const std::vector<Instant>& moments, const Policy& policy) {
  const std::vector<Certificate> others(sent.begin() + 1, sent.end());
  Run first;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    if (i > 0 && is_same_then(sent, first, moments.front(), moments[i])) continue;
    auto run = run_verifier(sent.front(), others, anchors, moments[i], policy.terms);
    if (run.trust != Trust::kTrusted) add_leaf_lapses(run, facts.sent.front(), moments[i]);
    add_lapses(facts, run);
    if (i > 0) continue;
    take_trust(facts, run);
    choose(facts, sent, run);
    first = std::move(run);
  }
  return first;
}

/// The verdict of the path that does best at that moment: a good one, else one that only time speaks against.
Run best_run(const std::vector<Path>& paths, Instant at, const Terms& terms) {
  Run best;
  best.trust = Trust::kIncomplete;
  for (const auto& path : paths) {
    auto run = run_verifier(path, at, terms);
    if (run.is_good()) return run;
    const bool first = best.path.empty();
    if (first || (run.trust == Trust::kTrusted && best.trust != Trust::kTrusted)) best = std::move(run);
  }
  return best;
}

void ask_building(ChainFacts& facts, const std::vector<Certificate>& sent, const Anchors& anchors,
                  const std::vector<Instant>& moments, const Policy& policy) {
  std::vector<Certificate> pool(sent.begin() + 1, sent.end());
  pool.insert(pool.end(), policy.known.begin(), policy.known.end());
  const auto search = find_paths(sent.front(), pool, anchors, policy.limits);
  facts.paths_tried = search.paths.size();
  facts.search_cut_short = search.cut_short;
  if (search.paths.empty()) {
    facts.building = static_cast<const PathFacts&>(facts);
    if (facts.building.trust == Trust::kTrusted) {
      facts.building.trust = Trust::kRejected;
      facts.building.why = "no path was found";
    }
    if (facts.search_cut_short) facts.building.why = "no path was found before the search had to be cut short";
    return;
  }
  for (std::size_t i = 0; i < moments.size(); ++i) {
    auto run = best_run(search.paths, moments[i], policy.terms);
    if (run.trust != Trust::kTrusted) add_leaf_lapses(run, facts.sent.front(), moments[i]);
    add_lapses(facts.building, run);
    if (i > 0) continue;
    take_trust(facts.building, run);
    if (facts.trust != Trust::kTrusted) choose(facts, sent, run);
  }
}

}  // namespace

ChainFacts inspect(const std::vector<std::string>& chain, const Anchors& anchors, const std::vector<Instant>& moments,
                   const Policy& policy) {
  CertificateReader reader;
  return inspect(chain, anchors, moments, policy, reader);
}

ChainFacts inspect(const std::vector<std::string>& chain, const Anchors& anchors, const std::vector<Instant>& moments,
                   const Policy& policy, CertificateReader& reader) {
  ChainFacts facts;
  auto leaf = chain.empty() ? std::nullopt : reader.read(chain.front());
  if (!leaf) {
    facts.why = chain.empty() ? "no certificate was sent" : "the first certificate cannot be parsed";
    facts.building.why = facts.why;
    return facts;
  }
  std::vector<Certificate> sent{*leaf};
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (auto one = reader.read(chain[i])) sent.push_back(*std::move(one));
  facts.leaf = std::move(leaf);
  facts.unreadable = chain.size() - sent.size();
  for (const auto& one : sent) facts.sent.push_back(one.facts());
  const auto first = ask_strict(facts, sent, anchors, moments, policy);
  if (will_do_for_building(facts, first))
    facts.building = static_cast<const PathFacts&>(facts);
  else
    ask_building(facts, sent, anchors, moments, policy);
  mark(facts);
  facts.reaches_anchor = !facts.certificates.empty() && anchors.holds(facts.certificates.back());
  return facts;
}

bool covers(const ChainFacts& chain, const DomainName& name) { return chain.leaf && chain.leaf->covers(name); }
bool covers(const ChainFacts& chain, const IpAddress& address) { return chain.leaf && chain.leaf->covers(address); }

}  // namespace cutover::tlscheck
