#pragma once
#include <set>

#include "tests/servers/record_fake.h"

namespace cutover::servers {

/// Porkbun's API v3, as far as a domain's records go: key and secret in headers, every number as text, whole names in
/// lists and names below the zone in requests, everything that changes something a POST. Its own quirks are kept:
/// access is off until it is switched on for the domain, errors may come with HTTP 200, an edit that would change
/// nothing is an error, and callers who are too fast get a page in HTML from what stands before the API. Porkbun
/// publishes a contract that was not at hand; the shapes are those of its manual and of its clients.
class PorkbunFake final : public RecordFake {
 public:
  PorkbunFake();
  ~PorkbunFake() override;
  static constexpr const char* kKey = "pk1_not-a-real-key-but-a-secret";
  static constexpr const char* kSecret = "sk1_not-a-real-key-but-a-secret";

  /// Access is off for the domain, and said so with a code of its own, without one as it long was, or with HTTP 200.
  enum class Saying { kWithCode, kWithoutCode, kWithSuccess };
  void switch_access_off(Saying saying);
  /// An ALIAS at the zone's own name, as every new domain has one.
  void park(const std::string& zone);
  /// How callers are told that they are too fast.
  enum class Limiter { kApi, kFront };
  void set_limiter(Limiter limiter);

 private:
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply throttled(std::chrono::seconds retry_after) const override;
  std::optional<ApiReply> refusal(const ApiRequest& request) const override;
  Json checked(const Json& fields, const Zone& zone) const override;
  Json fields_of(const std::string& type, const std::string& value, const Zone& zone) const override;
  Json sent(const ApiRequest& request, const Zone& zone) const;

  std::optional<Saying> off_{};
  Limiter limiter_ = Limiter::kApi;
};

}  // namespace cutover::servers
