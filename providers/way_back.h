#pragma once
#include "providers/api_provider.h"

namespace cutover::providers {

/// One call of the script, and when it is made: a part of one record only where that record still is as the change
/// left it, so that a script that was cut off can be run again.
struct ScriptCall {
  ApiCall call;
  Part part;
};

/// What place-holders in calls stand for; records are numbered as they are asked for.
class PlaceHolders {
 public:
  Ids ids();

 private:
  friend InverseScript way_back_script(const ChangeSet&, const Api&, const Capabilities&, const ServiceInPython&,
                                       const std::vector<ScriptCall>&, const PlaceHolders&);
  std::vector<std::pair<RecordKey, std::string>> records_;
};

/// A script in Python 3 that lists the record sets, compares their values with what the change left behind, and makes
/// `calls`. Where the service makes all of it or nothing, all must be as the change left it; else what is as it was
/// before already is left alone. Nothing is changed when all is as it was before.
///
/// The service's own code sees URL, ZONE (`example.com.`), its settings, credential(name), and fetch(method, path,
/// body=None, headers={}) which gives JSON, and next_link(), the path in that answer's Link header; it defines
///   authorize(request)   puts the proof into a urllib.request.Request
///   records()            yields (name, type, TTL, data, id); names with or without the dot at their end
///   zone_id()            what `Ids::zone` stands for; only where calls need it
/// and may define settle(reply), which waits until a call whose reply is this text is in force (ValueError: it failed),
/// and commit(), made after the calls.
InverseScript way_back_script(const ChangeSet& inverse, const Api& api, const Capabilities& can,
                              const ServiceInPython& service, const std::vector<ScriptCall>& calls,
                              const PlaceHolders& holders);

}  // namespace cutover::providers
