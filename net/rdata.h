#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record_set.h"
#include "net/presentation.h"

namespace cutover::net {

// Between the two forms of a record's data: bytes on the wire and canonical presentation text. Text is canonical
// by construction: whatever somebody wrote is read into wire form and written out again by rdata_to_text().

/// The canonical text of the `length` bytes at `at` of `message` (the whole message, which compression pointers
/// refer to). kInvalid when they are no data of this type. Types without rules here are written `\# n hex`
/// (RFC 3597 section 5).
Result<std::string> rdata_to_text(RecordType type, std::string_view message, std::size_t at, std::size_t length);

/// The wire form, uncompressed, of the words of a record's data; relative names are relative to `origin`. The
/// generic form `\# n hex` is taken for every type as it stands.
Result<std::string> rdata_to_wire(RecordType type, const std::vector<Token>& words, const DomainName& origin);

/// As above for one text, which must be one line.
Result<std::string> rdata_to_wire(RecordType type, std::string_view text, const DomainName& origin);

/// SvcParams of SVCB and HTTPS (RFC 9460 sections 2.1 and 2.2), the part behind the target name.
Result<std::string> svc_params_to_wire(const std::vector<Token>& words);
std::optional<std::string> svc_params_to_text(std::string_view wire);

/// The types with a grammar of their own (LOC, APL, IPSECKEY, ...). To text: nullopt where the bytes are outside it.
bool is_rare(RecordType type);
std::optional<std::string> rare_to_text(RecordType type, std::string_view message, std::size_t at, std::size_t length);
Result<std::string> rare_to_wire(RecordType type, const std::vector<Token>& words, const DomainName& origin);

/// A record type by its mnemonic, TYPE123 included; knows more names than core does. nullopt: no type.
std::optional<RecordType> find_record_type(std::string_view word);

}  // namespace cutover::net
