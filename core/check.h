#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/domain_name.h"
#include "core/endpoint.h"

namespace cutover {

enum class Severity { kNote, kWarning, kError };
/// kUndecided: the question could not be asked (network), which is neither pass nor fail.
enum class Verdict { kPass, kFail, kNotApplicable, kNotEffective, kUndecided };

std::string_view to_text(Severity severity);
std::string_view to_text(Verdict verdict);

/// One question that an engine asked, and its answer. A bad result is not an Error.
struct Check {
  std::string id;  ///< stable, kebab-case: `tls-name`, `tls-expiry`
  Severity severity = Severity::kError;
  Verdict verdict = Verdict::kPass;
  std::optional<DomainName> name;
  std::optional<Endpoint> endpoint;
  std::string summary;   ///< one sentence: what was found
  std::string evidence;  ///< values a second person can verify
  std::string advice;    ///< what to do; empty when passed
};

/// Whether any check failed at or above `threshold`.
bool any_failed(const std::vector<Check>& checks, Severity threshold);
bool any_undecided(const std::vector<Check>& checks);

}  // namespace cutover
