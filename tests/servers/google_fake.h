#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// Google Cloud DNS, v1, as far as managed zones, record sets and changes go, with the endpoint that grants tokens to
/// service accounts: it checks the RS256 signature, audience, scope and times. Each zone has SOA and NS of its own.
class GoogleFake final : public ApiFake {
 public:
  GoogleFake();
  ~GoogleFake() override;

  static constexpr const char* kProject = "example-project";
  static constexpr const char* kContract = "google/dns.v1.openapi3.json";

  /// The JSON key file of the one service account; its key is made anew in each process.
  std::string key_file() const;
  /// What must never be seen: a line out of the private key.
  static std::string secret();

  /// Gives Google's name for it: `example-com`, `example-com-2`. `example.com`, without a final dot here and below.
  std::string add_zone(const std::string& name, const std::string& visibility = "public");
  /// A set as the API shows it, JSON, with what else it has (`routingPolicy`); takes the place of one that is there.
  void add(const std::string& zone, const std::string& set);
  /// Somebody else's edit of a whole set.
  void put(const std::string& zone, const RecordSet& set);
  /// The set as JSON; `null` when there is none.
  std::string set(const std::string& zone, const std::string& name, const std::string& type) const;

  /// The most sets on a page, whatever is asked for.
  void set_page_limit(std::size_t limit);
  /// How long tokens hold that are granted from now on.
  void set_token_life(std::chrono::seconds life);
  /// Tokens granted so far are not accepted any more, though they had not expired.
  void revoke_tokens();
  int granted() const;
  /// How often a change is said to be pending before it is done.
  void set_pending(int times);

 private:
  struct State;
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply throttled(std::chrono::seconds retry_after) const override;
  std::optional<ApiReply> refusal(const ApiRequest& request) const override;
  void add_routes();
  ApiReply grant(const ApiRequest& request);
  ApiReply change(const ApiRequest& request);

  std::unique_ptr<State> state_;
};

}  // namespace cutover::servers
