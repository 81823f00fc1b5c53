#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// What the fakes of services that keep records as sets share: zones of sets, in zone-file form, and the rules of DNS
/// that each of them holds its customers to.
class RecordSetFake : public ApiFake {
 public:
  /// `example.com`, without a final dot here and below.
  void add_zone(const std::string& zone);
  /// Somebody else's edit of a whole set; values in zone-file form. Not held to any rule.
  void put(const std::string& zone, const RecordSet& set);
  /// Sets, not requests, on one page.
  void set_page(std::size_t size);
  /// A line for each set, sorted: `www.example.com 300 A 192.0.2.1 | 192.0.2.2`.
  std::vector<std::string> sets(const std::string& zone) const;
  /// What is wrong with a value in zone-file form; empty: nothing.
  static std::string complaint(const std::string& type, const std::string& value);

 protected:
  struct Set {
    unsigned ttl = 0;
    std::vector<std::string> values{};
    std::string extra{};  ///< what else the service keeps with it, in a form of its own
  };
  using Key = std::pair<std::string, std::string>;  ///< name without a final dot, type
  using Sets = std::map<Key, Set>;

  explicit RecordSetFake(Settings settings, std::size_t page) : ApiFake(std::move(settings)), page_(page) {}

  /// nullptr: there is none. For members that hold the lock.
  Sets* zone(const std::string& name);
  /// `www.example.com` of `www`; `apex` stands for the zone itself.
  static std::string full_name(const std::string& label, const std::string& zone, const std::string& apex);
  static std::string label_of(const std::string& name, const std::string& zone, const std::string& apex);
  /// Whether a CNAME stands beside other data, or is not alone.
  static bool crowds_a_cname(const Sets& sets, const std::string& name);

  std::size_t page_;
  std::map<std::string, Sets> zones_{};
};

}  // namespace cutover::servers
