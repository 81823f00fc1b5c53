#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "tlscheck/certificate.h"

struct x509_store_st;

namespace cutover::tlscheck {

/// Where trust comes from. Rules for public authorities (CA/Browser Forum, certificate transparency) are for paths that
/// end in the system's store; an authority of one's own is bound by none of them.
enum class AnchorOrigin { kSystem, kGiven };

/// The root certificates that are trusted, loaded once. A value: copies share what was loaded, which never changes.
class Anchors {
 public:
  /// Reads PEM certificates from `ca_file` (kGiven); empty: from SSL_CERT_FILE or else the system's bundle, wherever
  /// this system has it (kSystem). kNotFound, kIo, kInvalid (no certificate in it) name the file and what to do.
  static Result<Anchors> load(const std::string& ca_file);
  static Result<Anchors> load(const std::string& ca_file, AnchorOrigin origin);
  /// These and no others. `path` is what text() shows.
  static Anchors of(const std::vector<Certificate>& certificates, AnchorOrigin origin, std::string path);

  /// The file that was read: give it to an HTTP client, so that both trust the same.
  const std::string& path() const { return path_; }
  AnchorOrigin origin() const { return origin_; }
  std::size_t count() const { return count_; }
  /// `/etc/ssl/certs/ca-certificates.crt (140 certificates, ca-certificates 20230311+deb12u1)`; the package where the
  /// system's store came with one that says so (Debian).
  std::string text() const;

  bool holds(const Certificate& certificate) const;
  /// Those whose name is the certificate's issuer; nothing is said of signatures.
  std::vector<Certificate> issuers_of(const Certificate& certificate) const;

  x509_store_st* native() const;

 private:
  struct Store;
  Anchors() = default;
  std::string path_;
  std::string package_;
  AnchorOrigin origin_ = AnchorOrigin::kGiven;
  std::size_t count_ = 0;
  std::shared_ptr<const Store> store_;
};

}  // namespace cutover::tlscheck
