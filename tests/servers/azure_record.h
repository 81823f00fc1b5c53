#pragma once
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "core/record_set.h"

// What Azure DNS holds a record set to. For the fake alone.

namespace cutover::servers::azure {

using Json = nlohmann::ordered_json;

/// A refusal with Azure's code.
struct Refusal : std::runtime_error {
  Refusal(int http_status, std::string error_code, const std::string& why)
      : std::runtime_error(why), status(http_status), code(std::move(error_code)) {}
  int status;
  std::string code;
};

bool has_type(const std::string& type);
/// `properties` of a set with data in zone-file form.
Json from_presentation(const RecordSet& set);
/// `name` relative to the zone. Throws Refusal.
void check(const std::string& type, const std::string& name, const Json& properties, const std::string& zone);

}  // namespace cutover::servers::azure
