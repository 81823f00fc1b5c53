#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cmd/exit_code.h"
#include "core/clock.h"
#include "core/record_set.h"
#include "dnsprobe/answers.h"
#include "dnsprobe/path.h"
#include "net/client_subnet.h"
#include "net/loop.h"

namespace cutover {

/// Clients whose answers are wanted: those of a geo zone differ.
struct ProbeView {
  std::string text;  ///< `country:DE`
  std::vector<net::ClientSubnet> subnets;
};

struct ProbeOptions {
  std::vector<RecordKey> keys;
  std::vector<ProbeView> views;  ///< empty: one view, this machine's
  std::vector<dnsprobe::Resolver> resolvers;
  /// Values as a person writes them, for one view alone as `country:DE=203.0.113.20`; empty: nothing is expected.
  std::vector<std::string> expected;
  bool signatures = false;       ///< RRSIG records are wanted too
  int samples = 1;               ///< questions per resolver and record set
  std::optional<Seconds> until;  ///< ask again until everybody agrees, at most so long; needs `expected`
  dnsprobe::PathOptions path = dnsprobe::default_path_options();
};

/// When cached answers end, by their TTLs.
struct ProbeSpread {
  std::size_t entries = 0;  ///< resolvers; of each the answer that ends last
  Instant half{};           ///< by then half of them have ended, and
  Instant most{};           ///< by then nine in ten
  Instant all{};
};
/// nullopt: there is none.
std::optional<ProbeSpread> spread_of(std::vector<Instant> ends);

/// One record set of one view. Resolvers, not answers, are counted; of a view with several networks each of them once.
struct ProbeQuestion {
  RecordKey key;
  std::optional<std::size_t> view;    ///< index into the views
  std::vector<std::string> expected;  ///< canonical, sorted; empty: this was not asked to be anything
  std::size_t asked = 0;
  std::size_t answered = 0;   ///< gave data
  std::size_t agreed = 0;     ///< gave exactly the expected set, in every sample
  std::size_t dropped = 0;    ///< answered for other clients than the view's: no data
  std::size_t validated = 0;  ///< gave data with AD: they vouch for it by DNSSEC
  std::size_t with_signatures = 0;
  std::optional<ProbeSpread> differing;  ///< of those who gave another answer than was expected
  std::vector<dnsprobe::AnswerGroup> groups;
};

struct ProbeResult {
  ExitCode exit =
      ExitCode::kDone;  ///< kFailed: somebody differs; kGaveUp: too few answered, or the path is intercepted
  std::string headline;
  std::vector<std::string> notes;
  Instant at{};
  std::vector<ProbeQuestion> questions;
  std::vector<dnsprobe::Resolver> resolvers;  ///< as they were asked: once for each network of the views
  std::vector<std::string> sites;             ///< by resolver, where no answer of it names one: see find_sites()
  dnsprobe::SweepResult seen;                 ///< the last round's answers; resolvers and questions by their indices
};

/// One sweep of the resolvers, or with `until` as many as it takes: whoever does not give the expected answer is asked
/// again when its cached answer must have expired, after 5 s at the earliest; whoever is silent or refuses four times
/// in a row, or twice while all the others agree, is left alone. Before that the path is tested where any resolver is
/// asked over plain DNS across the Internet: an intercepted path ends it. `log` gets a line per round. kUsage: an
/// expected value fits none of the types asked for.
Result<ProbeResult> probe(net::Loop& loop, const Clock& clock, const ProbeOptions& options,
                          const std::function<void(const std::string&)>& log, const std::function<bool()>& stop);

}  // namespace cutover
