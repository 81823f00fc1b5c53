#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/result.h"

namespace cutover::lab {

/// A leaf certificate with its key, as PEM.
struct Certificate {
  std::string chain_pem;  ///< leaf first, then the intermediate
  std::string key_pem;
};

struct LeafSpec {
  std::vector<DomainName> names;  ///< subjectAltName, wildcards as they are
  Instant not_before{};
  Instant not_after{};
};

/// The lab's own certificate authority: ECDSA P-256, a root and an intermediate, made fresh in memory.
class CertificateAuthority {
 public:
  /// Root and intermediate are valid from a year before `now` to ten years after it.
  static Result<std::unique_ptr<CertificateAuthority>> make(Instant now);
  ~CertificateAuthority();
  Result<Certificate> issue(const LeafSpec& leaf) const;
  /// What a client must trust.
  const std::string& root_pem() const;

 private:
  struct Impl;
  explicit CertificateAuthority(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutover::lab
