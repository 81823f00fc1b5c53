#include "providers/google/service_account.h"

#include "providers/json_body.h"

namespace cutover::providers::google {
namespace {

constexpr std::string_view kScope = "https://www.googleapis.com/auth/ndev.clouddns.readwrite";
constexpr Seconds kHolds{3600};  ///< the longest that Google grants

}  // namespace

Result<ServiceAccount> service_account_from(const net::Secret& file) {
  const auto bad = [](std::string_view why) {
    return fail(ErrorCode::kAuth,
                fmt::format("the key is not what it should be ({}): it is the JSON file that Google's "
                            "console makes for a service account, Keys > Add key > JSON",
                            why));
  };
  const Json json = Json::parse(file.reveal(), nullptr, false);
  if (!json.is_object()) return bad("it is no JSON");
  const auto field = [&](const char* name) {
    const auto at = json.find(name);
    return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  if (field("type") != "service_account") return bad("its `type` is not service_account");
  for (const char* needed : {"client_email", "private_key", "token_uri"})
    if (field(needed).empty()) return bad(fmt::format("it has no `{}`", needed));
  return ServiceAccount{field("client_email"), field("project_id"), field("private_key_id"), field("token_uri"),
                        net::Secret(field("private_key"))};
}

Result<TokenSource::Form> token_form(const ServiceAccount& account, Instant now) {
  const auto issued = std::chrono::floor<Seconds>(now).time_since_epoch();
  Json header{{"alg", "RS256"}, {"typ", "JWT"}};
  if (!account.key_id.empty()) header["kid"] = account.key_id;
  const Json claims{{"iss", account.email},
                    {"scope", kScope},
                    {"aud", account.token_url},
                    {"iat", issued.count()},
                    {"exp", (issued + kHolds).count()}};
  auto assertion = signed_jwt(header.dump(), claims.dump(), account.private_key);
  if (!assertion) return assertion.error();
  return TokenSource::Form{{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                           {"assertion", std::move(*assertion)}};
}

}  // namespace cutover::providers::google
