// A host name in the first line and names for a subjectAltName in the others: whatever OpenSSL takes for a match is one
// by a plain reading of RFC 9525, too, and the subject's common name never counts.
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "tlscheck/certificate.h"

namespace {

using namespace cutover;
using namespace cutover::tlscheck;

/// Nothing but subjectAltName and common name: the name is all that is asked about.
Certificate certificate_for(const std::vector<std::string>& names, const std::string& common_name) {
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  GENERAL_NAMES* all = GENERAL_NAMES_new();
  for (const auto& name : names) {
    GENERAL_NAME* one = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
    GENERAL_NAME_set0_value(one, GEN_DNS, text);
    sk_GENERAL_NAME_push(all, one);
  }
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0, 0);
  GENERAL_NAMES_free(all);
  return Certificate(certificate);
}

/// RFC 9525 section 6.3: equal but for case, or `*` for the whole of the first label.
bool matches(std::string_view pattern, std::string_view host) {
  if (to_lower(pattern) == to_lower(host)) return true;
  const auto dot = host.find('.');
  if (pattern.substr(0, 2) != "*." || dot == std::string_view::npos || dot == 0) return false;
  return to_lower(pattern.substr(1)) == to_lower(host.substr(dot));
}

void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto lines = split({reinterpret_cast<const char*>(data), size}, '\n');
  const auto name = DomainName::from_text(lines.front());
  if (!name || name->is_root()) return 0;
  const auto host = name->host();
  lines.erase(lines.begin());
  if (lines.size() > 20) lines.resize(20);
  const auto certificate = certificate_for(lines, host.substr(0, 64));
  const bool covered = certificate.covers(*name);
  const bool expected =
      std::any_of(lines.begin(), lines.end(), [&](const std::string& pattern) { return matches(pattern, host); });
  require(!covered || expected);
  // The other way round for plain names, which nobody may miss.
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  const bool named = std::find(lines.begin(), lines.end(), host) != lines.end();
  require(covered || !named || !std::all_of(host.begin(), host.end(), is_plain));
  for (const auto& one : certificate.facts().names) require(printable(one) == one);
  return 0;
}
