#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/domain_name.h"
#include "core/endpoint.h"
#include "core/result.h"

namespace cutover {

/// The bytes of a TXT record: its strings joined without a space (RFC 7208 section 3.3), escapes resolved.
std::string txt_bytes(std::string_view rdata);

/// `network/length` holds `address`; false for another family. A length that is too long counts as the whole address.
bool covers(const IpAddress& network, unsigned length, const IpAddress& address);

/// The first place where `text` names `address` in any spelling (2001:DB8:0::10), alone, with a port, or as a
/// network that holds it (198.51.100.0/24): the words as written there. Not found inside a longer number.
std::optional<std::string> literal_address(std::string_view text, const IpAddress& address);
/// Whether `text` names `host`, with or without the last dot and in any case, and not as part of a longer name.
bool has_literal_name(std::string_view text, const DomainName& host);

/// One term of an SPF record (RFC 7208 section 4.6.1).
struct SpfTerm {
  enum class Kind { kIp, kA, kMx, kInclude, kRedirect, kOther };
  Kind kind = Kind::kOther;
  std::string text;                          ///< as written
  std::optional<IpAddress> network;          ///< kIp
  unsigned length = 0;                       ///< kIp: prefix length
  unsigned v4_length = 32, v6_length = 128;  ///< kA, kMx: the dual CIDR length
  std::optional<DomainName> domain;          ///< kA, kMx, kInclude, kRedirect; empty: the owner, or a macro
  bool has_macro = false;
};

/// The terms after `v=spf1`, or nullopt when the text is no SPF record. What does not parse is kOther.
std::optional<std::vector<SpfTerm>> spf_terms(std::string_view text);

}  // namespace cutover
