#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "net/tsig.h"

// TSIG keys as people keep them in files. No error quotes any of the text: whichever part is wrong may be the secret.

namespace cutover::net {
namespace {

struct NamedAlgorithm {
  std::string_view text;
  TsigAlgorithm algorithm;
};
constexpr std::array<NamedAlgorithm, 4> kAlgorithms{{
    {"hmac-sha1", TsigAlgorithm::kHmacSha1},
    {"hmac-sha256", TsigAlgorithm::kHmacSha256},
    {"hmac-sha384", TsigAlgorithm::kHmacSha384},
    {"hmac-sha512", TsigAlgorithm::kHmacSha512},
}};

constexpr std::string_view kKeyForms =
    R"(write it as tsig-keygen does, key "name" { algorithm hmac-sha256; secret "..."; };, or as hmac-sha256:name:secret)";

Error key_error(std::string_view why, ErrorCode code = ErrorCode::kInvalid) {
  return fail(code, fmt::format("the TSIG key cannot be used: {} ({})", why, kKeyForms));
}

/// Words, quoted strings (without their quotes) and the marks { } ; of a key file; comments are dropped.
struct Token {
  std::string text;
  bool quoted = false;
  bool is(std::string_view mark) const { return !quoted && text == mark; }
};

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  const auto starts = [&](std::string_view mark) { return text.substr(at, mark.size()) == mark; };
  const auto skip_to = [&](std::string_view mark) {
    const auto found = text.find(mark, at);
    at = found == std::string_view::npos ? text.size() : found + mark.size();
  };
  while (at < text.size()) {
    const char c = text[at];
    if (std::string_view(" \t\r\n\v\f").find(c) != std::string_view::npos) {
      ++at;
    } else if (c == '#' || starts("//")) {
      skip_to("\n");
    } else if (starts("/*")) {
      at += 2;
      skip_to("*/");
    } else if (c == '"') {
      const auto begin = ++at;
      skip_to("\"");
      const bool closed = at > begin && text[at - 1] == '"';
      tokens.push_back({std::string(text.substr(begin, at - begin - (closed ? 1 : 0))), true});
    } else if (c == '{' || c == '}' || c == ';') {
      tokens.push_back({std::string(1, c), false});
      ++at;
    } else {
      const auto begin = at;
      while (at < text.size() && std::string_view(" \t\r\n\v\f{};\"#").find(text[at]) == std::string_view::npos) ++at;
      tokens.push_back({std::string(text.substr(begin, at - begin)), false});
    }
  }
  return tokens;
}

Result<TsigKey> make_key(std::string_view algorithm, std::string_view name, std::string_view secret) {
  auto lower = to_lower(algorithm);
  if (!lower.empty() && lower.back() == '.') lower.pop_back();
  const auto* known =
      std::find_if(kAlgorithms.begin(), kAlgorithms.end(), [&](const NamedAlgorithm& a) { return a.text == lower; });
  if (known == kAlgorithms.end())
    return key_error("its algorithm is none of hmac-sha1, hmac-sha256, hmac-sha384, hmac-sha512",
                     ErrorCode::kUnsupported);
  // The parser's own sentence would quote its input, which is the secret when somebody mixes up the order.
  auto key_name = DomainName::from_text(name);
  if (!key_name) return key_error("its name is no domain name");
  std::string packed(secret);
  packed.erase(std::remove_if(packed.begin(), packed.end(),
                              [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }),
               packed.end());
  auto bytes = from_base64(packed);
  if (!bytes || bytes->empty()) return key_error("its secret is not base64");
  return TsigKey{*std::move(key_name), known->algorithm, *std::move(bytes)};
}

Result<TsigKey> parse_clause(const std::vector<Token>& tokens) {
  std::optional<std::string> algorithm;
  std::optional<std::string> secret;
  if (tokens.size() < 3 || !tokens[2].is("{")) return key_error("after `key` come a name and {");
  std::size_t at = 3;
  for (; at < tokens.size() && !tokens[at].is("}"); at += 3) {
    if (at + 2 >= tokens.size() || !tokens[at + 2].is(";"))
      return key_error("a statement between { and } does not end in ;");
    auto& slot = tokens[at].is("algorithm") ? algorithm : secret;
    if (!tokens[at].is("algorithm") && !tokens[at].is("secret"))
      return key_error("between { and } only `algorithm` and `secret` may stand");
    if (slot) return key_error("`algorithm` or `secret` stands there twice");
    slot = tokens[at + 1].text;
  }
  if (at == tokens.size()) return key_error("the closing } is missing");
  if (!algorithm || !secret) return key_error("`algorithm` or `secret` is missing");
  const std::size_t rest = tokens.size() - at - 1;
  if (rest > 1 || (rest == 1 && !tokens.back().is(";")))
    return key_error("more follows after the key; one file holds one key");
  return make_key(*algorithm, tokens[1].text, *secret);
}

}  // namespace

Result<TsigKey> parse_tsig_key(std::string_view text) {
  const auto tokens = tokens_of(text);
  if (tokens.empty()) return key_error("it is empty");
  if (tokens[0].is("key")) return parse_clause(tokens);
  const auto parts = split(trim(text), ':');
  if (parts.size() != 3) return key_error("it has neither of the two forms");
  return make_key(parts[0], parts[1], parts[2]);
}

}  // namespace cutover::net
