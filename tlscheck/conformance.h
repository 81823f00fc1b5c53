#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "tlscheck/path.h"
#include "tlscheck/verifier.h"

namespace cutover::tlscheck {

/// Whose profile a certificate breaks.
enum class Profile {
  kRfc5280,   ///< binds every authority
  kBaseline,  ///< CA/Browser Forum, Baseline Requirements: binds public authorities
};
std::string_view to_text(Profile profile);

/// Something in a path that a profile forbids. Most clients accept most of these: a finding, no reason to refuse.
struct Fault {
  Profile profile = Profile::kRfc5280;
  std::string_view id{};  ///< stable: `common-name`; `pedantry` for the verifier's own
  std::string subject{};  ///< of which certificate
  std::string what{};     ///< with the section that forbids it
};

/// What the profiles have against the path, leaf first. `complaints` are the verifier's own. Below the anchor
/// everything counts; of the anchor itself its extensions, where the profiles speak of roots. `facts` are the path's.
std::vector<Fault> faults_of(const Path& path, const std::vector<CertificateFacts>& facts,
                             const std::vector<Complaint>& complaints);

}  // namespace cutover::tlscheck
