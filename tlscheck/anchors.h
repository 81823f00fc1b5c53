#pragma once
#include <memory>
#include <string>

#include "core/result.h"

namespace cutover::tlscheck {

/// The root certificates that are trusted, loaded once. A value: copies share what was loaded, which never changes.
class Anchors {
 public:
  /// Reads PEM certificates from `ca_file`; empty: from SSL_CERT_FILE or else the system's bundle, wherever this
  /// system has it. kNotFound, kIo, kInvalid (no certificate in it) name the file and what to do.
  static Result<Anchors> load(const std::string& ca_file);

  /// The file that was read: give it to an HTTP client, so that both trust the same.
  const std::string& path() const { return path_; }
  std::size_t count() const { return count_; }
  /// `/etc/ssl/certs/ca-certificates.crt (140 certificates)`
  std::string text() const;

  struct Store;
  const Store& store() const { return *store_; }

 private:
  Anchors() = default;
  std::string path_;
  std::size_t count_ = 0;
  std::shared_ptr<const Store> store_;
};

}  // namespace cutover::tlscheck
