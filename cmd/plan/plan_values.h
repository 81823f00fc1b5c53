#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cmd/plan/plan.h"
#include "core/result.h"

namespace cutover::plan_values {

// Scalars of a plan file that need more than core's readers. Errors say what to write instead.

/// A domain name as people write it: U-labels become A-labels (IDNA 2008), no trailing dot means relative to
/// `origin`, `@` is the origin.
Result<DomainName> read_name(std::string_view text, const DomainName& origin);

/// Canonical rdata from what a person wrote in `from` or `to`. A TXT value without quotes is one string. A target
/// of several labels without its final dot is refused, since it would silently get the zone's name appended.
Result<std::string> read_rdata(RecordType type, std::string_view text, const DomainName& zone);

/// Whether a signer makes such records out of the others: they follow by themselves.
bool is_made_by_signer(RecordType type);

/// Why record sets of this type are not moved by this program, and what to do; empty: they may move.
std::string_view why_not_moved(RecordType type);

/// `2026-10-06T09:00/11:00 Europe/Berlin`, `2026-10-06T23:00/2026-10-07T01:00 UTC`.
Result<Window> read_window(std::string_view text);

/// `50%` is 0.5; 0 to 100.
Result<double> read_percent(std::string_view text);

/// Whether the text is `env/NAME` or `file/PATH`. The error never repeats it, since it may be a secret.
Result<void> check_credential(std::string_view text);

}  // namespace cutover::plan_values
