#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// Azure DNS, 2018-05-01, as far as record sets go, with the endpoint that grants tokens for client credentials. Each
/// set has an ETag that changes with it; If-Match and If-None-Match are held to. Each zone has SOA and NS of its own.
class AzureFake final : public ApiFake {
 public:
  AzureFake();
  ~AzureFake() override;

  static constexpr const char* kTenant = "11111111-2222-3333-4444-555555555555";
  static constexpr const char* kClient = "66666666-7777-8888-9999-000000000000";
  static constexpr const char* kClientSecret = "not-a-real-client~secret";
  static constexpr const char* kSubscription = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
  static constexpr const char* kGroup = "dns-group";
  static constexpr const char* kContract = "azure/dns.2018-05-01.openapi3.json";

  /// `example.com`, without a final dot here and below.
  void add_zone(const std::string& name);
  /// `properties` of a set, JSON; takes the place of one that is there. `name` relative to the zone.
  void add(const std::string& zone, const std::string& type, const std::string& name, const std::string& properties);
  /// Somebody else's edit of a whole set. A type that Azure does not have is left out.
  void put(const std::string& zone, const RecordSet& set);
  /// `properties` as JSON; `null` when there is no such set.
  std::string properties(const std::string& zone, const std::string& type, const std::string& name) const;
  /// Nothing in the resource group may be changed.
  void lock_group();

  void set_page(std::size_t size);
  /// What links to further pages begin with, instead of url().
  void set_link_base(const std::string& url);
  int granted() const;

 private:
  struct State;
  ApiReply trouble(int status, const std::string& why) const override;
  std::optional<ApiReply> refusal(const ApiRequest& request) const override;
  void add_routes();
  ApiReply grant(const ApiRequest& request);

  std::unique_ptr<State> state_;
};

}  // namespace cutover::servers
