#pragma once
#include <string>
#include <vector>

#include "cmd/phases/cutover.h"
#include "dnsprobe/health_file.h"
#include "dnsprobe/resolver.h"

namespace cutover {

/// Whom a plan's `watch:` asks now.
struct WatchedResolvers {
  std::vector<dnsprobe::Resolver> resolvers;
  std::vector<std::string> notes;  ///< who was left out, and why; a sentence each
  /// Something on the way answers in the place of every resolver that is asked over plain DNS: a clause that says what
  /// gives it away. Nobody's answer counts then.
  std::string interception{};
};

/// How resolvers of the catalogue are asked.
enum class Over {
  kAsListed,
  kEncrypted,  ///< over TLS or HTTPS; those that have neither are left out
};

/// The resolvers that the plan's `watch:` names and that are worth asking by what this user's last checks found, each
/// with its address; those given by name alone are looked up now. Where any is asked over plain DNS across the
/// Internet, the path there is tested first (`path`). The notes are logged too. kUsage, kInvalid, kIo: a
/// resolver or a list that cannot be read, a `must` that names none of them, nobody left to ask.
Result<WatchedResolvers> watched_resolvers(Cutover& cutover, Over over = Over::kAsListed);

/// The same without a cutover at hand: nothing is logged and nobody is looked up.
Result<WatchedResolvers> resolvers_of_plan(const Plan& plan, Instant now);

/// Who of them is worth asking. Pure. Those that a plan names one by one, or that `must` names, are asked whatever
/// their health. Of the built-in list those are left out that a check of the last seven days found dead, refusing or
/// misleading; of imported lists all those that no such check saw answering. Resolvers that were seen to filter are
/// marked.
Result<WatchedResolvers> worth_asking(std::vector<dnsprobe::Resolver> all, const std::vector<std::string>& must,
                                      const dnsprobe::HealthBook& book, Instant now);

}  // namespace cutover
