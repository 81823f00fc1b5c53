#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "dnsprobe/resolver.h"

namespace cutover::dnsprobe {

/// A list of resolvers in a file of one's own, which a plan names as `file/PATH`. Two forms, `#` comments in both:
///
/// - one resolver a line, in the resolver syntax (see parse_resolver());
/// - a table: a header line that names the columns, separated by tabs, `-` for nothing. `resolver` (in the resolver
/// syntax)
///   has to be there; `operator service country place lat lon asn anycast filtering source note` may be. A row with a
///   `source`, the list it was imported from, counts only once it has been checked (Source::kImported); without one it
///   is the author's own word.
///
/// Errors are kInvalid and begin with `ORIGIN:LINE:`; the same resolver twice is wrong too.
Result<std::vector<Resolver>> parse_resolver_list(std::string_view text, std::string_view origin);

/// The same from a file, whose path errors show as it was given. kIo where it cannot be read; kInvalid above 64 MiB.
Result<std::vector<Resolver>> read_resolver_list(const std::filesystem::path& file);

/// Writes the table form; every row carries `source` (one line of text; empty: the author's own word).
std::string resolver_list_text(const std::vector<Resolver>& resolvers, std::string_view source);

/// The text of a regular file of at most 64 MiB, or kIo, kInvalid. Nothing else is opened: a pipe would never end.
Result<std::string> read_list_file(const std::filesystem::path& file);

}  // namespace cutover::dnsprobe
