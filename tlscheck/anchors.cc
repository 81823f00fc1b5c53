#include "tlscheck/anchors.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unordered_map>

#include "core/text.h"

namespace cutover::tlscheck {
namespace {

struct Free {
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// Where systems keep their bundle, the most common first.
constexpr std::array<const char*, 5> kBundles{{
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",              // SUSE
    "/etc/ssl/cert.pem",                   // Alpine, BSD, macOS
    "/usr/local/share/certs/ca-root-nss.crt",
}};

Result<std::string> bundle_path(const std::string& ca_file) {
  if (!ca_file.empty()) return ca_file;
  const char* chosen = std::getenv("SSL_CERT_FILE");
  if (chosen != nullptr && *chosen != '\0') return std::string(chosen);
  std::error_code ignored;
  for (const char* path : kBundles)
    if (std::filesystem::exists(path, ignored)) return std::string(path);
  return fail(ErrorCode::kNotFound,
              "this system has no bundle of root certificates where one is looked for; install ca-certificates, or "
              "give --ca-file");
}

/// Whatever a person calls it by.
bool is_system_bundle(const std::string& path) {
  std::error_code ignored;
  return std::any_of(kBundles.begin(), kBundles.end(), [&](const char* bundle) {
    return std::filesystem::exists(bundle, ignored) && std::filesystem::equivalent(bundle, path, ignored);
  });
}

/// `ca-certificates 20230311+deb12u1` where dpkg put the store there; else nothing.
std::string package_of(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::equivalent(kBundles.front(), path, ignored)) return "";
  std::ifstream status("/var/lib/dpkg/status");
  const std::string package = "ca-certificates", version = "Version: ";
  bool here = false;
  for (std::string line; std::getline(status, line);) {
    if (line.empty()) here = false;
    if (line == "Package: " + package) here = true;
    if (here && line.starts_with(version)) return package + " " + printable(line.substr(version.size()));
  }
  return "";
}

Result<std::vector<Certificate>> read_bundle(const std::string& path) {
  const auto bad = [&](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("the root certificates in {} cannot be used: {}", printable(path), why));
  };
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return bad(ErrorCode::kNotFound, "there is no such file");
  if (std::filesystem::is_directory(path, ignored))
    return bad(ErrorCode::kIo, "it is a folder; give one file of PEM certificates");
  errno = 0;
  const Owned<BIO> file(BIO_new_file(path.c_str(), "r"));
  if (!file) {
    const int error = errno;
    ERR_clear_error();
    return bad(ErrorCode::kIo, error == 0 ? "it cannot be read" : std::strerror(error));
  }
  std::vector<Certificate> certificates;
  while (X509* one = PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr)) certificates.emplace_back(one);
  const auto end = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(end) != ERR_LIB_PEM || ERR_GET_REASON(end) != PEM_R_NO_START_LINE)
    return bad(ErrorCode::kInvalid, fmt::format("certificate number {} in it is damaged", certificates.size() + 1));
  if (certificates.empty())
    return bad(ErrorCode::kInvalid, "there is no PEM certificate in it (-----BEGIN CERTIFICATE-----)");
  return certificates;
}

}  // namespace

struct Anchors::Store {
  Owned<X509_STORE> x509;
  std::unordered_multimap<unsigned long, Certificate> by_subject;
};

Anchors Anchors::of(const std::vector<Certificate>& certificates, AnchorOrigin origin, std::string path) {
  auto store = std::make_shared<Store>();
  store->x509.reset(X509_STORE_new());
  for (const auto& one : certificates) {
    X509_STORE_add_cert(store->x509.get(), one.native());
    store->by_subject.emplace(one.subject_hash(), one);
  }
  ERR_clear_error();
  Anchors anchors;
  anchors.path_ = std::move(path);
  anchors.origin_ = origin;
  anchors.count_ = certificates.size();
  anchors.store_ = std::move(store);
  return anchors;
}

Result<Anchors> Anchors::load(const std::string& ca_file) {
  const auto path = bundle_path(ca_file);
  if (!path) return path.error();
  return load(*path, is_system_bundle(*path) ? AnchorOrigin::kSystem : AnchorOrigin::kGiven);
}

Result<Anchors> Anchors::load(const std::string& ca_file, AnchorOrigin origin) {
  auto path = bundle_path(ca_file);
  if (!path) return path.error();
  const auto certificates = read_bundle(*path);
  if (!certificates) return certificates.error();
  Anchors anchors = of(*certificates, origin, *path);
  anchors.package_ = package_of(*path);
  return anchors;
}

std::string Anchors::text() const {
  return fmt::format("{} ({}{}{})", printable(path_), counted(count_, "certificate"), package_.empty() ? "" : ", ",
                     package_);
}

bool Anchors::holds(const Certificate& certificate) const {
  const auto range = store_->by_subject.equal_range(certificate.subject_hash());
  return std::any_of(range.first, range.second, [&](const auto& entry) { return entry.second == certificate; });
}

std::vector<Certificate> Anchors::issuers_of(const Certificate& certificate) const {
  std::vector<Certificate> out;
  const auto range = store_->by_subject.equal_range(certificate.issuer_hash());
  for (auto at = range.first; at != range.second; ++at)
    if (certificate.names_issuer(at->second)) out.push_back(at->second);
  return out;
}

x509_store_st* Anchors::native() const { return store_->x509.get(); }

}  // namespace cutover::tlscheck
