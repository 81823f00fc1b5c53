#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/change_set.h"
#include "providers/zonefile/zone_text.h"

namespace cutover::providers::zonefile {

/// The text of the file with every changed record set at its `after`, and the SOA serial at `serial` where given;
/// everything else stays byte for byte. The result has been read again and holds exactly the wanted zone.
/// `before` sides are not looked at. kUnsupported: the records come from $INCLUDE or $GENERATE, or the layout does not
/// let them be changed alone. kInvalid: a CNAME would stand beside other data.
Result<std::string> edited(const ZoneText& zone, const ChangeSet& changes, std::optional<std::uint32_t> serial,
                           const std::string& folder);

/// True for serials of the form YYYYMMDDnn.
bool is_date_serial(std::uint32_t serial);
/// The serial after `serial` (RFC 1982): today's date with 01 where the form is YYYYMMDDnn and today is later, else one
/// more. Never 0, which some secondaries do not follow.
std::uint32_t next_serial(std::uint32_t serial, Instant today);

}  // namespace cutover::providers::zonefile
