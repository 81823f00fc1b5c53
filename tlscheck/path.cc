#include "tlscheck/path.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace cutover::tlscheck {
namespace {

class Search {
 public:
  Search(const std::vector<Certificate>& pool, const Anchors& anchors, const PathLimits& limits)
      : anchors_(anchors), limits_(limits) {
    for (const auto& one : pool)
      if (std::find(pool_.begin(), pool_.end(), one) == pool_.end()) pool_.push_back(one);
  }

  PathSearch run(const Certificate& leaf) {
    Path path{leaf};
    extend(path);
    return std::move(found_);
  }

 private:
  struct Candidate {
    Certificate certificate;
    bool anchor = false;
  };

  bool is_spent() {
    if (found_.paths.size() < limits_.paths && steps_ < limits_.steps && found_.signatures < limits_.signatures)
      return false;
    found_.cut_short = true;
    return true;
  }

  /// Best first: the order decides which paths are found before a limit is met.
  std::vector<Candidate> candidates_for(const Certificate& child) const {
    std::vector<Candidate> out;
    for (const auto& one : anchors_.issuers_of(child)) out.push_back({one, true});
    for (const auto& one : pool_)
      if (child.names_issuer(one) && !anchors_.holds(one)) out.push_back({one, false});
    std::stable_partition(out.begin(), out.end(), [&](const Candidate& c) { return child.fits_key_id(c.certificate); });
    return out;
  }

  static bool is_in(const Path& path, const Certificate& one) {
    return std::any_of(path.begin(), path.end(), [&](const Certificate& seen) {
      return seen == one || (seen.subject_hash() == one.subject_hash() && seen.public_key() == one.public_key());
    });
  }

  bool is_signed(const Certificate& child, const Certificate& issuer) {
    const auto key = std::pair(child.native(), issuer.native());
    const auto known = signatures_.find(key);
    if (known != signatures_.end()) return known->second;
    ++found_.signatures;
    return signatures_.emplace(key, child.is_signed_by(issuer)).first->second;
  }

  void extend(Path& path) {
    const Certificate last = path.back();
    if (anchors_.holds(last)) found_.paths.push_back(path);
    if (path.size() >= limits_.certificates) {
      found_.cut_short = true;
      return;
    }
    for (const auto& candidate : candidates_for(last)) {
      if (is_spent()) return;
      ++steps_;
      if (is_in(path, candidate.certificate) || !is_signed(last, candidate.certificate)) continue;
      path.push_back(candidate.certificate);
      if (candidate.anchor)
        found_.paths.push_back(path);
      else
        extend(path);
      path.pop_back();
    }
  }

  const Anchors& anchors_;
  const PathLimits& limits_;
  std::vector<Certificate> pool_;
  std::map<std::pair<const x509_st*, const x509_st*>, bool> signatures_;
  std::size_t steps_ = 0;
  PathSearch found_;
};

}  // namespace

PathSearch find_paths(const Certificate& leaf, const std::vector<Certificate>& pool, const Anchors& anchors,
                      const PathLimits& limits) {
  return Search(pool, anchors, limits).run(leaf);
}

}  // namespace cutover::tlscheck
