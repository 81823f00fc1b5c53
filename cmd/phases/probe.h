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
#include "net/loop.h"

namespace cutover {

struct ProbeOptions {
  std::vector<RecordKey> keys;
  std::vector<dnsprobe::Resolver> resolvers;
  std::vector<std::string> expected;  ///< values as a person writes them; empty: nothing is expected
  int samples = 1;                    ///< questions per resolver and record set
  std::optional<Seconds> until;       ///< ask again until everybody agrees, at most so long; needs `expected`
  dnsprobe::PathOptions path = dnsprobe::default_path_options();
};

/// How the answers to one question compare with what was expected. Resolvers, not answers, are counted.
struct ProbeAgreement {
  std::vector<std::string> expected;  ///< canonical, sorted; empty: this type was not asked to be anything
  std::size_t asked = 0;
  std::size_t answered = 0;  ///< gave data
  std::size_t agreed = 0;    ///< gave exactly the expected set, in every sample
};

struct ProbeResult {
  ExitCode exit =
      ExitCode::kDone;  ///< kFailed: somebody differs; kGaveUp: too few answered, or the path is intercepted
  std::string headline;
  std::vector<std::string> notes;
  Instant at{};
  dnsprobe::SweepResult seen;                              ///< the last round's answers of everybody
  std::vector<std::vector<dnsprobe::AnswerGroup>> groups;  ///< per key
  std::vector<ProbeAgreement> agreement;                   ///< per key
};

/// One sweep of the resolvers, or with `until` as many as it takes: whoever does not give the expected answer is asked
/// again when its cached answer must have expired, after 5 s at the earliest; whoever is silent or refuses four times
/// in a row, or twice while all the others agree, is left alone. Before that the path is tested where any resolver is
/// asked over plain DNS across the Internet: an intercepted path ends it. `log` gets a line per round. kUsage: an
/// expected value fits none of the types asked for.
Result<ProbeResult> probe(net::Loop& loop, const Clock& clock, const ProbeOptions& options,
                          const std::function<void(const std::string&)>& log, const std::function<bool()>& stop);

}  // namespace cutover
