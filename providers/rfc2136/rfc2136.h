#pragma once
#include <string>

#include "net/message.h"
#include "providers/catalog.h"

namespace cutover::providers::rfc2136 {

/// Type `rfc2136`; options `server`, `key`, `transport`.
Entry entry();

// The pure half, for tests and for reading.

/// The one UPDATE message that makes `changes` (RFC 2136): every `before` as a value-dependent prerequisite, then
/// all deletions, then all additions. kUnsupported for NS, SOA and DNSSEC records and for a message above 65,000 bytes.
Result<net::Message> update_message(const ChangeSet& changes);
/// The message as JSON: {"zone":..,"prerequisites":[..],"updates":[..]}, a record per entry.
std::string to_json(const net::Message& update);
Result<net::Message> update_from_json(std::string_view json);
/// The same message in nsupdate's language, `server` line and `send` included.
std::string to_nsupdate(const net::Message& update, const std::string& server_line);

}  // namespace cutover::providers::rfc2136
