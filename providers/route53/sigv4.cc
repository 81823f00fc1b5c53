#include "providers/route53/sigv4.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/text.h"
#include "providers/api.h"

namespace cutover::providers::route53 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac.data(), &size);
  return {reinterpret_cast<const char*>(mac.data()), size};
}

std::optional<char> hex_octet(std::string_view two) {
  unsigned value = 0;
  for (const char c : two) {
    const auto digit = std::string_view("0123456789abcdef").find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return static_cast<char>(value);
}

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = text[i] == '%' && i + 2 < text.size() ? hex_octet(text.substr(i + 1, 2)) : std::nullopt;
    plain += octet.value_or(text[i]);
    if (octet) i += 2;
  }
  return plain;
}

/// Dot segments resolved (RFC 3986 section 5.2.4), empty ones left out; a slash at the end stays.
std::string normalized(std::string_view path) {
  std::vector<std::string> kept;
  const std::vector<std::string> segments = split(path, '/');
  for (const std::string& segment : segments) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  const bool ends_with_slash = segments.back().empty() || segments.back() == "." || segments.back() == "..";
  return "/" + join(kept, "/") + (ends_with_slash && !kept.empty() ? "/" : "");
}

/// The path as it is sent, encoded once more but for its slashes.
std::string canonical_path(std::string_view path, PathForm form) {
  const std::string chosen = form == PathForm::kNormalized ? normalized(path) : std::string(path);
  std::vector<std::string> segments = split(chosen, '/');
  for (std::string& segment : segments) segment = percent_encoded(segment);
  return join(segments, "/");
}

/// Parameters sorted by name and value after each was encoded; one without a value gets its `=`.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const std::string& parameter : split(query, '&')) {
    if (parameter.empty()) continue;
    const auto equals = parameter.find('=');
    const std::string value = equals == std::string::npos ? "" : parameter.substr(equals + 1);
    parameters.emplace_back(percent_encoded(percent_decoded(parameter.substr(0, equals))),
                            percent_encoded(percent_decoded(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::vector<std::string> parts;
  for (const auto& parameter : parameters) parts.push_back(parameter.first + "=" + parameter.second);
  return join(parts, "&");
}

/// Without spaces at the ends, and one where there were several.
std::string canonical_value(std::string_view value) {
  std::string text;
  for (const char c : trim(value))
    if (c != ' ' || text.empty() || text.back() != ' ') text += c;
  return text;
}

/// By name in lower case; the values of headers that come more than once in their order, with commas between.
std::map<std::string, std::string> canonical_headers(const Headers& headers) {
  std::map<std::string, std::string> merged;
  for (const auto& header : headers) {
    const auto [at, is_new] = merged.try_emplace(to_lower(header.first), canonical_value(header.second));
    if (!is_new) at->second += "," + canonical_value(header.second);
  }
  return merged;
}

/// 20150830T123600Z
std::string basic_time(Instant now) {
  std::string text = format_instant(now);
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '-' || c == ':'; }), text.end());
  return text;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

SigV4 sign(const SigningRequest& request, const AwsKeys& keys, const SigningScope& scope, Instant now, PathForm form) {
  SigV4 made;
  const std::string time = basic_time(now);
  const std::string date = time.substr(0, 8);
  made.headers.emplace_back("X-Amz-Date", time);
  if (keys.session_token) made.headers.emplace_back("X-Amz-Security-Token", keys.session_token->reveal());

  // 1. The request in the one form that both sides can make of it.
  const auto question = request.target.find('?');
  const std::string query = question == std::string::npos ? "" : request.target.substr(question + 1);
  Headers all = request.headers;
  all.insert(all.end(), made.headers.begin(), made.headers.end());
  std::string lines;
  std::vector<std::string> names;
  for (const auto& header : canonical_headers(all)) {
    lines += header.first + ":" + header.second + "\n";
    names.push_back(header.first);
  }
  const std::string signed_names = join(names, ";");
  made.canonical_request =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.target.substr(0, question), form),
                  canonical_query(query), lines, signed_names, sha256_hex(request.body));

  // 2. What is signed: its digest, when, and for which service.
  const std::string credential_scope = fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
  made.string_to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, credential_scope, sha256_hex(made.canonical_request));

  // 3. With a key that is good for that day and service alone.
  std::string key = "AWS4" + keys.secret_access_key.reveal();
  for (const std::string& part : {date, scope.region, scope.service, std::string("aws4_request")})
    key = hmac_sha256(key, part);
  made.signature = to_hex(hmac_sha256(key, made.string_to_sign));
  made.headers.emplace_back("Authorization",
                            fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                        keys.access_key_id, credential_scope, signed_names, made.signature));
  return made;
}

}  // namespace cutover::providers::route53
