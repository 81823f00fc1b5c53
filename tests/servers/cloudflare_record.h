#pragma once
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

// What Cloudflare holds a record to. For the fake alone.

namespace cutover::servers::cloudflare {

using Json = nlohmann::ordered_json;

/// A refusal with Cloudflare's code.
struct Refusal : std::runtime_error {
  Refusal(int http_status, int error_code, const std::string& why)
      : std::runtime_error(why), status(http_status), code(error_code) {}
  int status, code;
};

struct Zone {
  std::string id, name;
  bool hidden = false;
  int least_ttl = 60;
  std::vector<Json> records{};
};

/// What a client sent, with defaults and in the form the API shows it. `fields` is the whole record for POST and PUT,
/// and for PATCH the record as it was with what was sent laid over it. Throws Refusal.
Json checked(const Json& fields, const Zone& zone);
/// Throws Refusal when `record` cannot stand beside the others; the one with its own id does not count.
void check_beside(const Json& record, const Zone& zone);
/// Only what PATCH, PUT and POST may say. Throws Refusal.
void check_fields(const Json& sent);

/// The `content`, `data` and `priority` of a value in zone-file form.
Json from_presentation(const std::string& type, const std::string& value);

}  // namespace cutover::servers::cloudflare
