#pragma once
#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace cutover {

/// A fully qualified domain name. Case does not matter and is folded to lower case at the door
/// (RFC 4343), so that two names are the same exactly when they compare equal. Never relative.
class DomainName {
 public:
  /// The root.
  DomainName();
  /// Reads presentation form (RFC 1035 section 5.1: `\.` and `\DDD` escapes). A name without a
  /// trailing dot is taken as absolute. Errors say which label is empty or longer than 63 octets,
  /// or that the name is longer than 255; a byte above 0x7f is an error (convert IDNs first).
  static Result<DomainName> from_text(std::string_view text);
  /// As above, but a name without a trailing dot is relative to `origin`, and `@` is the origin.
  static Result<DomainName> from_text(std::string_view text, const DomainName& origin);
  /// Uncompressed wire format with its final zero octet (RFC 1035 section 3.1).
  static Result<DomainName> from_wire(std::string_view wire);

  /// Presentation form with the trailing dot; `.` for the root.
  std::string text() const;
  /// Without the trailing dot, as people and TLS write names; `.` for the root.
  std::string host() const;
  /// Relative to `zone` as in a zone file: `@`, `www`; absolute with the dot where outside.
  std::string relative_to(const DomainName& zone) const;
  const std::string& wire() const { return wire_; }

  bool is_root() const { return wire_.size() == 1; }
  /// True for `zone` itself and everything below it.
  bool is_within(const DomainName& zone) const;
  bool is_wildcard() const { return wire_.size() > 2 && wire_[0] == 1 && wire_[1] == '*'; }
  std::size_t label_count() const;
  /// The labels as presentation text, leftmost first.
  std::vector<std::string> labels() const;
  /// One label up; the root stays the root.
  DomainName parent() const;

  friend bool operator==(const DomainName&, const DomainName&) = default;
  friend std::strong_ordering operator<=>(const DomainName&, const DomainName&) = default;

 private:
  std::string wire_;
};

}  // namespace cutover

template <>
struct std::hash<cutover::DomainName> {
  std::size_t operator()(const cutover::DomainName& name) const noexcept {
    return std::hash<std::string>{}(name.wire());
  }
};
