#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/check.h"
#include "tlscheck/verify.h"

// The rules: pure functions, one each, in the table of verify.cc. A new rule is a function and a line there.

namespace cutover::tlscheck {

/// Everything a rule may look at.
struct Seen {
  const ChainFacts& chain;
  const Anchors& anchors;
  const Times& times;
  Side side;
  const Shown& shown;

  const CertificateFacts& leaf() const { return chain.sent.front(); }
  std::string_view whose() const { return side == Side::kNew ? "the certificate" : "the old side's certificate"; }
  /// Rules of browsers and of the CA/Browser Forum bind what the system's store vouches for.
  bool is_public() const { return anchors.origin() == AnchorOrigin::kSystem && chain.reaches_anchor; }
};

/// What a rule found; its id and severity stand in the table. kNotApplicable without a summary: nothing is told.
struct Finding {
  Verdict verdict = Verdict::kPass;
  std::string summary{};
  std::string evidence{};
  std::string advice{};
  std::optional<Severity> milder{};  ///< where this finding weighs less than the rule does
};

/// `CN=www, issued by CN=CA, sha256 …`
std::string identity_text(const CertificateFacts& certificate);
/// `CN=www valid from … to …`
std::string validity_text(const CertificateFacts& certificate);
/// The reason why a rule for public authorities says nothing here.
Finding not_public(const Seen& seen);

// trust.cc
Finding name_rule(const Seen& seen, const Subject& subject);
Finding chain_rule(const Seen& seen);
Finding path_rule(const Seen& seen);
Finding order_rule(const Seen& seen);
Finding profile_rule(const Seen& seen);
// validity.cc
Finding not_yet_valid_rule(const Seen& seen);
Finding expiry_rule(const Seen& seen);
Finding renewal_rule(const Seen& seen);
Finding old_side_rule(const Seen& seen);
// public_authority.cc
Finding lifetime_rule(const Seen& seen);
Finding sct_rule(const Seen& seen);
Finding client_auth_rule(const Seen& seen);
// strength.cc
Finding key_rule(const Seen& seen);
Finding signature_rule(const Seen& seen);
// staple.cc
Finding staple_rule(const Seen& seen);

}  // namespace cutover::tlscheck
