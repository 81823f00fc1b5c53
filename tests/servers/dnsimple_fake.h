#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// DNSimple's API v2, as far as the records of zones go: ids, numbered pages, the batch that is all or nothing (on the
/// Enterprise plan), and the zone's distribution. Each zone has SOA and NS of DNSimple's own.
class DnsimpleFake final : public ApiFake {
 public:
  enum class Plan { kSolo, kEnterprise };
  explicit DnsimpleFake(Plan plan = Plan::kSolo);
  ~DnsimpleFake() override;

  static constexpr const char* kToken = "dnsimple_a_not-a-real-token";
  static constexpr int kAccount = 1010;

  /// `example.com`, without a final dot here and below.
  void add_zone(const std::string& name);
  /// A record as the API shows it, JSON; gives its id.
  int add(const std::string& zone, const std::string& record);
  /// Somebody else's edit of a whole set: its records go and new ones come. A type that it does not have is left out.
  void put(const std::string& zone, const RecordSet& set);
  void set_plan(Plan plan);
  /// From now on /whoami knows a user and no account.
  void use_user_token();
  void set_page_limit(std::size_t limit);
  /// How often the zone is said not to be distributed yet, after each write.
  void set_undistributed(int times);
  /// As in the sandbox: it has no distribution.
  void stop_distribution();

 private:
  struct State;
  ApiReply trouble(int status, const std::string& why) const override;
  void add_routes();

  std::unique_ptr<State> state_;
};

}  // namespace cutover::servers
