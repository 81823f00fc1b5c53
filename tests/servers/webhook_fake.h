#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// A server of external-dns's webhook protocol, version 1. It carries the types that external-dns knows, keeps what it
/// is told of labels and properties, makes the changes of one call one after the other, and what it has made when
/// one fails stays made, as with the services behind real ones. It compares updateOld and delete with what it has.
class WebhookFake final : public ApiFake {
 public:
  /// `served`: the domains of its filter.
  explicit WebhookFake(std::vector<std::string> served = {"example.com"});
  ~WebhookFake() override;

  static constexpr const char* kContract = "external-dns-webhook/webhook.yaml";
  static constexpr const char* kMediaType = "application/external.dns.webhook+json;version=1";

  /// Whether TXT is shown in quotes.
  enum class Txt { kQuoted, kBare };
  void show_txt(Txt txt);
  void say_type(const std::string& content_type);  ///< of every answer from now on
  void say_filter(const std::string& body);        ///< to GET /

  /// What POST /adjustendpoints makes of its body from now on; both are JSON.
  void adjust_by(std::function<std::string(const std::string&)> adjust);
  /// As old servers: they do not have it.
  void forget_adjusting();

  void add_zone(const std::string& name);
  /// Somebody else's edit of a whole set; its labels and properties stay. A type that external-dns does not know is not
  /// seen here. Values in zone-file form.
  void put(const std::string& zone, const RecordSet& set);
  /// An endpoint as JSON, beside all others.
  void put_endpoint(const std::string& json);

  /// A line for each endpoint, sorted: `www.example.com 300 A 192.0.2.1 | 192.0.2.2`, then its labels and properties,
  /// where it has any, as JSON.
  std::vector<std::string> endpoints() const;

 private:
  struct State;
  ApiReply trouble(int status, const std::string& why) const override;
  std::optional<ApiReply> refusal(const ApiRequest& request) const override;
  ApiReply said(const std::string& body) const;
  ApiReply change(const ApiRequest& request);

  std::unique_ptr<State> state_;
};

}  // namespace cutover::servers
