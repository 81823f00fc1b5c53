#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "core/clock.h"
#include "tlscheck/matrix.h"

namespace cutover {

/// Where the plan speaks of what was checked.
struct CheckPlace {
  DomainName name{};
  std::optional<Endpoint> endpoint{};  ///< empty: all of the name's
  std::size_t line = 1;
};

/// A finished set of checks, ready to be told in any form.
struct CheckReport {
  std::string title{};  ///< `preflight of example-2026`
  Instant at{};
  std::vector<Check> checks{};
  std::string root_store{};  ///< which file, how many certificates; may be empty
  std::string headline{};    ///< may be empty
  std::string next{};        ///< what to do now; may be empty
  std::string file{};        ///< the plan file as it was named; empty: there is none
  std::vector<CheckPlace> places{};
  std::vector<tlscheck::EndpointFacts> endpoints{};  ///< what they showed, where endpoints were asked
};

/// Whether somebody should see it: it failed, or could not be decided.
bool is_finding(const Check& check);
/// `www.example.com at 203.0.113.20:443`; shorter where the check is about less, empty where about nothing of that
/// kind.
std::string subject_of(const Check& check);
/// The line of the plan that says most precisely what was checked; 1 where none does.
std::size_t line_of(const CheckReport& report, const Check& check);

/// What several checks amount to, the worst first.
enum class Outlook {
  kFailed,     ///< a check failed as an error
  kUndecided,  ///< a question could not be asked
  kWarned,     ///< a check failed as a warning
  kPassed,
  kNothing,  ///< nothing applied
};
std::string_view to_text(Outlook outlook);  ///< `FAIL`, `UNDECIDED`, `WARN`, `PASS`, `N/A`
/// Notes that failed do not count.
Outlook outlook_of(const std::vector<const Check*>& checks);

/// The checks of one name at one address. Pointers into the report.
struct CheckGroup {
  std::string name{};   ///< `www.example.com`; `-` where checks have none
  std::string where{};  ///< `203.0.113.20:443`; `all addresses` where checks have none
  std::vector<const Check*> checks{};
};
/// In order of first appearance. The report must outlive the groups.
std::vector<CheckGroup> groups_of(const CheckReport& report);

}  // namespace cutover
