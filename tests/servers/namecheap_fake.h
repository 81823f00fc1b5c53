#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// Namecheap's API, as far as the host records of a domain go: getHosts and setHosts, which replaces all of them.
/// Everything is a POST with a form; errors come with HTTP 200, too many calls with HTTP 405.
class NamecheapFake final : public ApiFake {
 public:
  NamecheapFake();
  ~NamecheapFake() override;

  static constexpr const char* kUser = "example-user";
  static constexpr const char* kKey = "not-a-real-key-but-a-secret";
  static constexpr const char* kClientIp = "192.0.2.200";

  struct Host {
    std::string name, type, address;
    std::string preference = "10";
    int ttl = 1800;
    bool active = true, dynamic = false;
  };

  std::string url() const { return root() + "/xml.response"; }
  /// With custom MX, as its apex is going to have.
  void add_zone(const std::string& domain);
  /// Somebody else's edit of a whole set. Types that Namecheap does not have are left out.
  void put(const std::string& domain, const RecordSet& set);
  void add(const std::string& domain, const Host& host);
  void set_mail(const std::string& domain, const std::string& type);
  /// From now on the domain is served by others.
  void lead_elsewhere(const std::string& domain);
  /// Calls are taken from no address any more.
  void empty_whitelist();

  /// A line for each host, sorted: `www 300 A 192.0.2.1`.
  std::vector<std::string> hosts(const std::string& domain) const;
  std::string mail(const std::string& domain) const;
  /// How many setHosts were made.
  int rewritten() const;

 private:
  using Form = std::map<std::string, std::string>;
  struct Domain {
    std::string mail = "MX";
    bool ours = true;
    std::vector<Host> hosts{};
  };
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply throttled(std::chrono::seconds retry_after) const override;
  std::optional<ApiReply> refusal(const ApiRequest& request) const override;
  ApiReply answer(const ApiRequest& request);
  static ApiReply get(const std::string& name, const Domain& domain);
  ApiReply set(const std::string& name, Domain& domain, const Form& form);

  std::map<std::string, Domain> domains_;
  bool whitelisted_ = true;
  int rewritten_ = 0;
};

}  // namespace cutover::servers
