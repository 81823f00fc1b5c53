#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/record_set.h"

namespace cutover::providers {

/// How a service writes the data of one record. Services differ in three habits.
struct RecordForm {
  enum class Names { kWithDot, kWithoutDot };  ///< names inside the data: `lb.example.net.` or `lb.example.net`
  enum class Text { kQuoted, kBare };          ///< TXT: `"a" "b"`, or the bytes as one string
  enum class Priority { kInside, kApart };     ///< MX and SRV: `10 mail` or the number in a field of its own
  Names names = Names::kWithDot;
  Text text = Text::kQuoted;
  Priority priority = Priority::kInside;
};

/// Data as a service writes it.
struct ApiData {
  std::string content;
  std::optional<unsigned> priority{};  ///< with Priority::kApart, of MX and SRV
};

/// Canonical rdata from what a service says. Names without a dot at their end are absolute. Bare text becomes
/// character strings of 255 octets (RFC 1035 section 3.3). kInvalid: it is no data of this type.
Result<std::string> rdata_from(const ApiData& data, RecordType type, const RecordForm& form);

/// What is sent for canonical rdata. kUnsupported: the form cannot hold it (a TXT whose strings are cut elsewhere than
/// the service would, or that is no text), with the reason.
Result<ApiData> data_for(std::string_view rdata, RecordType type, const RecordForm& form);

/// Data as a service shows it that takes a name without a dot at its end for one of the zone, and `@` for the zone:
/// with the name absolute. Data without a name at its end stays as it is.
std::string absolute_data(const std::string& content, RecordType type, const DomainName& zone);

/// A name relative to its zone, as services write owner names; `@` and the empty text are the zone itself, and a
/// name that ends with the zone's is taken as it stands.
Result<DomainName> owner_name(std::string_view text, const DomainName& zone);
/// The other way: `www`, and `apex` for the zone itself.
std::string owner_text(const DomainName& name, const DomainName& zone, std::string_view apex = "@");

}  // namespace cutover::providers
