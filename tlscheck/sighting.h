#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/check.h"
#include "net/tls_stream.h"
#include "tlscheck/chain.h"
#include "tlscheck/hsts.h"
#include "tlscheck/target.h"

namespace cutover::tlscheck {

/// Every distinct chain is parsed and verified once, whatever the number of names and addresses that show it.
class ChainStore {
 public:
  ChainStore(const Anchors& anchors, std::vector<Instant> moments) : anchors_(anchors), moments_(std::move(moments)) {}
  /// Remembers what was sent with a leaf, wherever: clients that build paths have seen it before, too.
  void learn(const std::vector<std::string>& chain) {
    auto& known = policy_.known;
    for (std::size_t i = 1; i < chain.size() && known.size() < kMostKnown; ++i)
      if (const auto one = reader_.read(chain[i]); one && std::find(known.begin(), known.end(), *one) == known.end())
        known.push_back(*one);
  }
  /// Lives as long as the store.
  const ChainFacts& of(const std::vector<std::string>& chain) {
    const auto known = chains_.find(chain);
    if (known != chains_.end()) return known->second;
    return chains_.emplace(chain, inspect(chain, anchors_, moments_, policy_, reader_)).first->second;
  }

 private:
  static constexpr std::size_t kMostKnown = 64;
  const Anchors& anchors_;
  std::vector<Instant> moments_;
  Policy policy_{};
  CertificateReader reader_{};
  std::map<std::vector<std::string>, ChainFacts> chains_;
};

/// One handshake: how it ended, and what was made of the chain where it succeeded.
struct Showing {
  net::TlsAnswer answer{};
  const ChainFacts* chain = nullptr;  ///< of a ChainStore, which must live longer; nullptr: no handshake

  bool done() const { return chain != nullptr; }
  /// Whether the server has answered, if only with a refusal: silence says nothing about what it has.
  bool answered() const;
  /// Fingerprint of the leaf; empty: there is none.
  std::string leaf() const { return chain == nullptr || chain->sent.empty() ? "" : chain->sent.front().sha256; }
};

/// What an HTTP request over the connection brought. Texts are safe to print.
struct HttpSeen {
  std::string url{};
  std::string trouble{};  ///< why no answer came; empty: one did
  int status = 0;
  std::string location{};
  std::optional<Hsts> hsts{};
  std::optional<Span> skew{};  ///< the server's clock ahead of ours, beyond what the request's time explains
};

/// What is asked once per side, address, port and protocol, whatever the names.
struct AddressSeen {
  std::optional<Showing> without_name{};  ///< the default certificate: a handshake without SNI
  std::set<net::TlsVersion> versions{};   ///< those that a handshake came about with
  std::set<net::TlsVersion> unsure{};     ///< those about which the address gave no answer
};

/// Everything that was collected of one target.
struct Sighting {
  Target target{};
  DomainName asked{};                         ///< the name that was really asked for
  Showing usual{};                            ///< with everything offered, as an ordinary client does
  std::optional<Showing> other_keys{};        ///< with only the other kind of keys offered
  std::shared_ptr<const AddressSeen> shared;  ///< shared with the other names there; nullptr: nothing was asked
  bool first_at_address = false;              ///< whether what is shared is told here
  std::optional<HttpSeen> http{};
};

/// Makes it a check of this sighting: its name and endpoint. On the old side nothing weighs more than a warning.
void attach(const Sighting& sighting, Check& check);
/// A check of this sighting.
Check check_of(const Sighting& sighting, std::string_view id, Severity severity, Verdict verdict);
/// `old side: ` in front of a summary, or nothing.
std::string_view side_prefix(const Sighting& sighting);
/// `RSA 2048`, `ECDSA 256`; empty: another kind.
std::string key_text(const net::TlsAnswer& answer);

}  // namespace cutover::tlscheck
