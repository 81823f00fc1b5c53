#include "providers/oauth.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>

#include "core/text.h"
#include "providers/json_body.h"

namespace cutover::providers {
namespace {

constexpr Seconds kMargin{60};
/// Where the answer does not say how long (RFC 6749 section 5.1 recommends that it does).
constexpr Seconds kUnsaid{300};

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// RFC 7515 section 2: the alphabet of URLs, without padding.
std::string base64url(std::string_view bytes) {
  std::string text = to_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::unique_ptr<EVP_PKEY, FreeKey> rsa_key(const std::string& pem) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // A key under a passphrase is refused: nobody is asked.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  std::unique_ptr<EVP_PKEY, FreeKey> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  return key && EVP_PKEY_is_a(key.get(), "RSA") == 1 ? std::move(key) : nullptr;
}

std::string form_text(const TokenSource::Form& form) {
  std::vector<std::string> fields;
  for (const auto& [name, value] : form) fields.push_back(name + "=" + percent_encoded(value));
  return join(fields, "&");
}

/// A refusal of the credential is 400 as often as 401 (RFC 6749 section 5.2).
std::optional<ErrorCode> meaning_of(const net::HttpResponse& response) {
  return response.status == 400 ? std::optional(ErrorCode::kAuth) : std::nullopt;
}

}  // namespace

Result<std::string> signed_jwt(std::string_view header, std::string_view claims, const net::Secret& private_key) {
  const auto key = rsa_key(private_key.reveal());
  if (!key) return fail(ErrorCode::kAuth, "its private key is no RSA key in PEM form that needs no passphrase");
  const std::string input = base64url(header) + "." + base64url(claims);
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, input.size()) !=
          1)
    return fail(ErrorCode::kAuth, "its private key cannot sign");
  signature.resize(size);
  return input + "." + base64url(signature);
}

Result<std::shared_ptr<TokenSource>> TokenSource::make(net::Loop& loop, const Clock& clock, Settings settings) {
  const auto secrets = std::make_shared<std::vector<net::Secret>>();
  Api::Settings endpoint;
  endpoint.service = settings.service;
  endpoint.url = settings.url;
  endpoint.ca_file = settings.ca_file;
  endpoint.content_type = "application/x-www-form-urlencoded";
  endpoint.meaning = meaning_of;
  endpoint.tell = settings.tell;
  endpoint.fetched_secrets = [secrets] { return *secrets; };
  auto api = Api::make(loop, std::move(endpoint));
  if (!api) return api.error();
  return std::shared_ptr<TokenSource>(new TokenSource(clock, std::move(settings), std::move(*api), secrets));
}

Result<net::Secret> TokenSource::token() {
  if (kept_ && clock_.now() < kept_->good_until) return kept_->token;
  kept_.reset();
  secrets_->clear();
  const Instant asked = clock_.now();
  auto form = settings_.form(asked);
  if (!form) return form.error();
  for (const auto& [name, value] : *form)
    if (std::find(settings_.secret_fields.begin(), settings_.secret_fields.end(), name) !=
        settings_.secret_fields.end()) {
      secrets_->emplace_back(value);
      secrets_->emplace_back(percent_encoded(value));
    }
  auto body = api_.read(ApiCall{"POST", "", form_text(*form)}, "asking for an access token");
  if (!body) return body.error();
  auto kept = read_json(*body, [&](const Json& json) -> Result<Kept> {
    auto token = json.at("access_token").get<std::string>();
    if (token.empty() || !std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; }))
      return fail(ErrorCode::kInvalid, "its access token is none that a header could carry");
    const auto expires = json.find("expires_in");
    const Seconds holds = expires == json.end() ? kUnsaid : Seconds(expires->get<std::int64_t>());
    return Kept{net::Secret(std::move(token)), asked + holds - kMargin};
  });
  if (!kept) return within(fmt::format("asking for an access token: {}", api_.who()), kept.error());
  secrets_->push_back(kept->token);
  kept_ = std::move(*kept);
  return kept_->token;
}

void use_tokens(Api::Settings& settings, const std::shared_ptr<TokenSource>& source) {
  settings.authorize = [source](net::HttpRequest& request) -> Result<void> {
    auto token = source->token();
    if (!token) return token.error();
    request.headers.emplace_back("Authorization", "Bearer " + token->reveal());
    return {};
  };
  settings.renew = [source] { source->forget(); };
  settings.fetched_secrets = [source] { return source->secrets(); };
}

}  // namespace cutover::providers
