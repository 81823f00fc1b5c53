#pragma once
#include <string>

#include "tests/servers/record_set_fake.h"

namespace cutover::servers {

/// Gandi's LiveDNS API v5, as far as the record sets of a domain go. Names are kept in the letters in which they came,
/// and found in no others; SOA is in no answer.
class GandiFake final : public RecordSetFake {
 public:
  GandiFake();
  ~GandiFake() override;

  static constexpr const char* kToken = "not-a-real-token-but-a-secret";

  /// The set is kept under this label from now on: `Www`.
  void rename(const std::string& zone, const RecordKey& key, const std::string& label);
  /// The next list is empty: what is in the zone came after it.
  void hide_next_list();

 private:
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply list(const ApiRequest& request);
  ApiReply create(const ApiRequest& request);
  ApiReply replace(const ApiRequest& request);
  ApiReply remove(const ApiRequest& request);
  /// The set of a path as it is kept; end(): none, or in other letters.
  Sets::iterator kept(const ApiRequest& request, Sets& sets);

  bool hidden_ = false;
};

}  // namespace cutover::servers
