#pragma once
#include <string>

#include "cmd/phases/probe.h"

namespace cutover {

/// One JSON document, `schema` 1: per record set the agreement, the groups and every single answer.
std::string probe_as_json(const ProbeOptions& asked, const ProbeResult& result);
/// The same as one line per answer (`event` answer), and a last line (`event` end) with the rest.
std::string probe_as_ndjson(const ProbeOptions& asked, const ProbeResult& result);

}  // namespace cutover
