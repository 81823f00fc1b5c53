#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "dnsprobe/resolver.h"

namespace cutover::dnsprobe {

/// A row that was not taken.
struct BadRow {
  int line = 0;     ///< in the file, from 1
  std::string why;  ///< one clause; printable
};

/// A file of another kind is all bad rows; nobody reads more of them than this.
inline constexpr std::size_t kKeptBadRows = 1000;

struct ImportedList {
  std::string form;                 ///< what the file was read as: `public-dns.info CSV`
  std::vector<Resolver> resolvers;  ///< Source::kImported, each place to ask once, in the file's order
  std::size_t rows = 0;             ///< that could have been a resolver
  std::size_t duplicates = 0;
  std::map<std::string, std::size_t> left_out;  ///< well-formed and not for us, by reason: `DNSCrypt`
  std::size_t bad_rows = 0;
  std::vector<BadRow> bad;  ///< the first kKeptBadRows of them
};

/// Which addresses a list of strangers may bring.
enum class ImportAddresses {
  kPublic,  ///< not those of private networks, of this machine, multicast: a public list has no business there
  kAny
};

/// Reads a list of public resolvers, in one of the forms that are around; a bad row is noted and costs only itself:
///
/// - public-dns.info CSV, all generations, by the names in its header, and JSON (an array of objects);
/// - pingproxies/public-dns-directory CSV and JSON;
/// - dnscrypt.info Markdown (`## name`, `sdns://…` lines) and files of bare stamps;
/// - one a line: `192.0.2.1`, `192.0.2.1:53`, `[2001:db8::1]:53`, tls:// and https:// forms; `#`, `;` and `//`
/// comments; what
///   follows the first blank, comma or semicolon is passed over.
///
/// Who runs a resolver is mostly not said. Quorums count operators, so it is the operator of the catalogue where the
/// address is one of its own (or lies in an AS that only one of its operators uses), else the AS (`as64496`), else the
/// organisation, else the owner of the host name, else the network (`192.0.2.0-24`, `v6-20010db80000` for a /48): many
/// addresses in one network are one voice. Reliability figures of such lists are not believed.
///
/// `progress` (may be empty) gets the number of the line that was read, row by row.
///
/// kInvalid: the text is none of these forms, or nothing in it is a resolver.
Result<ImportedList> import_list(std::string_view text, ImportAddresses allowed,
                                 const std::function<void(int line)>& progress = {});

}  // namespace cutover::dnsprobe
