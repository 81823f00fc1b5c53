#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "lab/dns_listener.h"
#include "lab/zone_answer.h"
#include "net/tsig.h"

namespace cutover::lab {

/// How one address of the authority keeps up with the primary, which is address 0.
struct Following {
  enum class Kind {
    kLive,     ///< serves what the primary holds
    kLagging,  ///< serves what the primary held `lag` ago
    kStuck,    ///< serves for ever what it served when it got stuck
    kDead,     ///< says nothing over UDP, hangs up on TCP
  };
  Kind kind = Kind::kLive;
  Span lag{};
};

/// A key and what it is good for.
struct KeyGrant {
  net::TsigKey key;
  enum class Transfer { kAllowed, kRefused };
  enum class Update { kAllowed, kRefused };
  Transfer transfer = Transfer::kAllowed;
  Update update = Update::kAllowed;
};

struct AuthoritySpec {
  std::vector<Zone> zones;
  struct Address {
    Endpoint where;  ///< on loopback; port 0 finds a free one
    Following following;
  };
  std::vector<Address> addresses;
  std::vector<KeyGrant> keys;
  enum class OpenTransfer { kAllowed, kSignedOnly };
  OpenTransfer open_transfer = OpenTransfer::kSignedOnly;
};

/// The authoritative servers of some zones: one primary that takes signed updates, and secondaries that
/// follow it well or badly. Answers on the loop's thread; everything public is thread-safe.
class Authority {
 public:
  /// `loop` and `clock` must outlive the authority.
  static Result<std::unique_ptr<Authority>> open(net::Loop& loop, const Clock& clock, AuthoritySpec spec);

  std::vector<Endpoint> endpoints() const;
  /// What the primary holds now. kNotFound for a zone that is not served.
  Result<Zone> zone(const DomainName& origin) const;
  /// What one address serves now; dead ones too.
  Result<Zone> zone_at(std::size_t address, const DomainName& origin) const;

  /// The set at a key, or the CNAME in its place, as the primary holds it.
  std::optional<RecordSet> lookup(const RecordKey& key) const;

  // Somebody else's hand: edits of the primary past every key and prerequisite. The serial moves.
  Result<void> set_record_set(const RecordSet& set);
  Result<void> remove_record_set(const RecordKey& key);

  /// Changes how an address keeps up; a stuck one stays with what it serves at this moment.
  void set_following(std::size_t address, Following following);
  /// Makes one address serve `set` in place of its own, whatever the primary holds, until it is lifted:
  /// somebody's nightly job on a secondary. The serial does not move.
  void set_override(std::size_t address, const RecordSet& set);
  void lift_override(std::size_t address, const RecordKey& key);

  struct Counters {
    std::size_t queries = 0, transfers = 0, updates = 0, updates_refused = 0;
  };
  Counters counters() const;

 private:
  struct Version {
    Instant since;
    PublishedZonePtr zone;
  };
  struct Address {
    std::unique_ptr<DnsListener> listener;
    Following following;
    std::map<DomainName, PublishedZonePtr> stuck_with;
    std::map<RecordKey, RecordSet> overrides;
  };
  struct Verified;

  Authority(const Clock& clock, std::vector<KeyGrant> keys, AuthoritySpec::OpenTransfer open_transfer)
      : clock_(clock), keys_(std::move(keys)), open_transfer_(open_transfer) {}

  std::vector<net::Bytes> handle(std::size_t address, const net::Bytes& wire, Transport transport);
  std::vector<net::Bytes> reply_signed(const Verified& request, const net::Message& reply, Transport transport) const;
  std::vector<net::Bytes> transfer(const Verified& request, std::size_t address, Transport transport);
  net::Message update(const Verified& request, std::size_t address);
  std::optional<std::vector<net::Bytes>> reject_signature(Verified& request, const net::Bytes& wire) const;

  PublishedZonePtr view_locked(std::size_t address, const DomainName& origin) const;
  PublishedZonePtr current_locked(const DomainName& origin) const;
  void publish_locked(Zone zone);
  Result<DomainName> origin_of_locked(const DomainName& name) const;

  const Clock& clock_;
  const std::vector<KeyGrant> keys_;
  const AuthoritySpec::OpenTransfer open_transfer_;
  mutable std::mutex mutex_;  ///< guards everything below
  std::map<DomainName, std::vector<Version>> versions_;
  std::vector<Address> addresses_;
  Counters counters_;
};

}  // namespace cutover::lab
