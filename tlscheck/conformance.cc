#include "tlscheck/conformance.h"

#include <libpsl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "core/text.h"

// What two profiles say of certificates beyond what a path needs: a table of small questions, each with its section.

namespace cutover::tlscheck {
namespace {

struct Free {
  void operator()(AUTHORITY_KEYID* p) const { AUTHORITY_KEYID_free(p); }
  void operator()(NAME_CONSTRAINTS* p) const { NAME_CONSTRAINTS_free(p); }
  void operator()(POLICY_CONSTRAINTS* p) const { POLICY_CONSTRAINTS_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
  void operator()(AUTHORITY_INFO_ACCESS* p) const { AUTHORITY_INFO_ACCESS_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

enum class Place { kLeaf, kIntermediate, kAnchor };

/// One certificate where it stands, and what it says.
struct Seen {
  const Path& path;
  const Certificate& certificate;
  const CertificateFacts& leaf;
  const CertificateFacts& facts;
  Place place;

  X509* native() const { return certificate.native(); }
  bool has(int nid) const { return X509_get_ext_by_NID(native(), nid, -1) >= 0; }
  bool is_critical(int nid) const {
    const int at = X509_get_ext_by_NID(native(), nid, -1);
    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(native(), at)) == 1;
  }
  template <class T>
  Owned<T> read(int nid) const {
    return Owned<T>(static_cast<T*>(X509_get_ext_d2i(native(), nid, nullptr, nullptr)));
  }
};

std::string text_of(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::vector<std::string> dns_names(const Seen& seen) {
  std::vector<std::string> out;
  const auto all = seen.read<GENERAL_NAMES>(NID_subject_alt_name);
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i)
    if (const auto* one = sk_GENERAL_NAME_value(all.get(), i); one->type == GEN_DNS)
      out.push_back(text_of(one->d.dNSName));
  return out;
}

std::vector<std::string> dns_bases(const STACK_OF(GENERAL_SUBTREE) * subtrees) {
  std::vector<std::string> out;
  for (int i = 0; subtrees != nullptr && i < sk_GENERAL_SUBTREE_num(subtrees); ++i)
    if (const auto* one = sk_GENERAL_SUBTREE_value(subtrees, i)->base; one->type == GEN_DNS)
      out.push_back(to_lower(text_of(one->d.dNSName)));
  return out;
}

// --- RFC 5280 ---

bool has_bad_serial(const Seen& seen) {
  if (seen.place == Place::kAnchor) return false;
  const ASN1_INTEGER* serial = X509_get0_serialNumber(seen.native());
  constexpr int kOctets = 20;
  const bool negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
  const auto digits = text_of(serial);
  const bool zero = digits.find_first_not_of('\0') == std::string::npos;
  // As DER has it: a leading octet of zero where the first bit would be taken for the sign.
  const int octets = ASN1_STRING_length(serial) + ((!zero && (static_cast<unsigned char>(digits[0]) & 0x80U)) ? 1 : 0);
  return negative || zero || octets > kOctets;
}

bool lacks_issuer_key_id(const Seen& seen) {
  return !seen.facts.self_issued && X509_get0_authority_key_id(seen.native()) == nullptr;
}

bool leaf_has_constraints(const Seen& seen) {
  return seen.place == Place::kLeaf && !seen.facts.authority && seen.has(NID_name_constraints);
}

bool has_dotted_constraint(const Seen& seen) {
  const auto constraints = seen.read<NAME_CONSTRAINTS>(NID_name_constraints);
  if (!constraints) return false;
  auto bases = dns_bases(constraints->permittedSubtrees);
  const auto excluded = dns_bases(constraints->excludedSubtrees);
  bases.insert(bases.end(), excluded.begin(), excluded.end());
  return std::any_of(bases.begin(), bases.end(), [](const std::string& base) { return base.substr(0, 1) == "."; });
}

/// `*.example.com` under an authority that may not speak for `bar.example.com`: whether `bar` is meant, no RFC says.
bool wildcard_reaches_excluded(const Seen& seen) {
  if (seen.place == Place::kLeaf) return false;
  const auto constraints = seen.read<NAME_CONSTRAINTS>(NID_name_constraints);
  if (!constraints) return false;
  const auto excluded = dns_bases(constraints->excludedSubtrees);
  const auto& names = seen.leaf.names;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name.substr(0, 2) == "*." && std::any_of(excluded.begin(), excluded.end(), [&](const std::string& base) {
             const auto dot = base.find('.');
             return dot != std::string::npos && base.substr(dot) == to_lower(name).substr(1);
           });
  });
}

bool has_noncritical_policy_constraints(const Seen& seen) {
  return seen.has(NID_policy_constraints) && !seen.is_critical(NID_policy_constraints);
}

bool is_host_name(std::string_view name) {
  if (name.substr(0, 2) == "*.") name.remove_prefix(2);
  if (name.empty() || name.front() == '.' || name.find("..") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

bool has_bad_host_name(const Seen& seen) {
  const auto names = dns_names(seen);
  return seen.place == Place::kLeaf && !std::all_of(names.begin(), names.end(), is_host_name);
}

bool has_empty_access(const Seen& seen) {
  if (!seen.has(NID_info_access)) return false;
  const auto access = seen.read<AUTHORITY_INFO_ACCESS>(NID_info_access);
  return !access || sk_ACCESS_DESCRIPTION_num(access.get()) == 0;
}

// --- Baseline Requirements ---

bool common_name_is_stray(const Seen& seen) {
  const auto& common_name = seen.facts.common_name;
  const auto& names = seen.facts.names;
  const bool has_one = X509_NAME_get_index_by_NID(X509_get_subject_name(seen.native()), NID_commonName, -1) >= 0;
  return seen.place == Place::kLeaf && has_one && std::find(names.begin(), names.end(), common_name) == names.end();
}

/// Suffixes that companies add for themselves do not count: section 3.2.2.6 asks for those of registries only.
bool wildcard_is_too_wide(const Seen& seen) {
  const auto& names = seen.facts.names;
  return seen.place == Place::kLeaf && std::any_of(names.begin(), names.end(), [](const std::string& name) {
           return name.substr(0, 2) == "*." &&
                  psl_is_public_suffix2(psl_builtin(), to_lower(name.substr(2)).c_str(), PSL_TYPE_ICANN) == 1;
         });
}

bool lacks_purposes(const Seen& seen) { return seen.place == Place::kLeaf && !seen.has(NID_ext_key_usage); }

bool has_any_purpose(const Seen& seen) {
  const auto& purposes = seen.facts.purposes;
  return seen.place == Place::kLeaf &&
         std::find(purposes.begin(), purposes.end(), "anyExtendedKeyUsage") != purposes.end();
}

bool has_critical_purposes(const Seen& seen) {
  return seen.place == Place::kLeaf && seen.is_critical(NID_ext_key_usage);
}

bool root_has_purposes(const Seen& seen) {
  return seen.place == Place::kAnchor && seen.facts.self_issued && seen.has(NID_ext_key_usage);
}

bool has_needlessly_critical_names(const Seen& seen) {
  return seen.place == Place::kLeaf && seen.is_critical(NID_subject_alt_name) &&
         X509_NAME_entry_count(X509_get_subject_name(seen.native())) > 0;
}

bool leaf_is_authority(const Seen& seen) {
  return seen.place == Place::kLeaf && seen.path.size() > 1 && seen.facts.authority;
}

bool has_empty_constraints(const Seen& seen) {
  if (!seen.has(NID_name_constraints)) return false;
  const auto constraints = seen.read<NAME_CONSTRAINTS>(NID_name_constraints);
  const auto count = [](const STACK_OF(GENERAL_SUBTREE) * all) {
    return all == nullptr ? 0 : sk_GENERAL_SUBTREE_num(all);
  };
  return constraints && count(constraints->permittedSubtrees) + count(constraints->excludedSubtrees) == 0;
}

/// Of a root: the key id alone, and its own.
bool root_key_id_is_odd(const Seen& seen) {
  if (seen.place != Place::kAnchor || !seen.facts.self_issued || !seen.has(NID_authority_key_identifier)) return false;
  const auto id = seen.read<AUTHORITY_KEYID>(NID_authority_key_identifier);
  const auto* own = X509_get0_subject_key_id(seen.native());
  return !id || id->keyid == nullptr || id->issuer != nullptr || id->serial != nullptr || own == nullptr ||
         ASN1_OCTET_STRING_cmp(id->keyid, own) != 0;
}

struct Question {
  Profile profile;
  std::string_view id;
  bool (*is_broken)(const Seen&);
  const char* what;
};

constexpr Question kQuestions[] = {
    {Profile::kRfc5280, "serial", has_bad_serial,
     "a serial number that is zero, negative or longer than 20 octets (4.1.2.2)"},
    {Profile::kRfc5280, "no-issuer-key-id", lacks_issuer_key_id, "no authority key identifier (4.2.1.1)"},
    {Profile::kRfc5280, "leaf-constraints", leaf_has_constraints,
     "name constraints in a certificate of no authority (4.2.1.10)"},
    {Profile::kRfc5280, "dotted-constraint", has_dotted_constraint,
     "a constraint on host names that begins with a dot (4.2.1.10)"},
    {Profile::kRfc5280, "wildcard-excluded", wildcard_reaches_excluded,
     "it may not speak for a name that the certificate's wildcard reaches (4.2.1.10)"},
    {Profile::kRfc5280, "policy-constraints", has_noncritical_policy_constraints,
     "policy constraints that are not critical (4.2.1.11)"},
    {Profile::kRfc5280, "host-name", has_bad_host_name,
     "a host name that is none: an underscore, an empty label (4.2.1.6)"},
    {Profile::kRfc5280, "information-access", has_empty_access,
     "authority information access that says nothing or cannot be read (4.2.2.1)"},
    {Profile::kBaseline, "common-name", common_name_is_stray,
     "a common name that is not among its subjectAltNames (7.1.4.3)"},
    {Profile::kBaseline, "public-suffix", wildcard_is_too_wide, "a wildcard right below a public suffix (3.2.2.6)"},
    {Profile::kBaseline, "no-purposes", lacks_purposes, "no extended key usage (7.1.2.7.6)"},
    {Profile::kBaseline, "any-purpose", has_any_purpose, "an extended key usage for anything (7.1.2.7.10)"},
    {Profile::kBaseline, "critical-purposes", has_critical_purposes, "a critical extended key usage (7.1.2.7.6)"},
    {Profile::kBaseline, "root-purposes", root_has_purposes, "an extended key usage in a root (7.1.2.1.2)"},
    {Profile::kBaseline, "critical-names", has_needlessly_critical_names,
     "a critical subjectAltName beside a subject (7.1.2.7.12)"},
    {Profile::kBaseline, "leaf-authority", leaf_is_authority,
     "basic constraints that make it an authority (7.1.2.7.8)"},
    {Profile::kBaseline, "empty-constraints", has_empty_constraints,
     "name constraints that constrain nothing (7.1.2.5.2)"},
    {Profile::kBaseline, "root-key-id", root_key_id_is_odd,
     "an authority key identifier other than its own key's (7.1.2.1.3)"},
};

Place place_of(const Path& path, std::size_t at) {
  if (at == 0) return Place::kLeaf;
  return at + 1 == path.size() ? Place::kAnchor : Place::kIntermediate;
}

}  // namespace

std::string_view to_text(Profile profile) {
  switch (profile) {
    case Profile::kRfc5280:
      return "RFC 5280";
    case Profile::kBaseline:
      return "Baseline Requirements";
  }
  return "RFC 5280";
}

std::vector<Fault> faults_of(const Path& path, const std::vector<CertificateFacts>& facts,
                             const std::vector<Complaint>& complaints) {
  std::vector<Fault> faults;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Seen seen{path, path[i], facts.front(), facts[i], place_of(path, i)};
    for (const auto& question : kQuestions)
      if (question.is_broken(seen))
        faults.push_back({question.profile, question.id, seen.facts.subject, question.what});
  }
  for (const auto& complaint : complaints)
    faults.push_back({Profile::kRfc5280, "pedantry", complaint.subject, complaint.what});
  ERR_clear_error();
  return faults;
}

}  // namespace cutover::tlscheck
