#include "net/presentation.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace cutover::net {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string escape(std::string_view bytes, bool spaces_too) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f || (spaces_too && c == ' ')) {
      out += fmt::format("\\{:03}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Result<std::optional<Lexer::Line>> Lexer::next() {
  Line found;
  int depth = 0;
  bool at_line_start = true;
  bool space_first = false;
  while (!rest_.empty()) {
    const char c = rest_.front();
    if (c == '\n') {
      rest_.remove_prefix(1);
      ++line_;
      if (depth > 0) continue;
      if (!found.tokens.empty()) return std::optional(std::move(found));
      found = {};
      at_line_start = true;
      space_first = false;
      continue;
    }
    if (is_blank(c)) {
      space_first = space_first || at_line_start;
      at_line_start = false;
      rest_.remove_prefix(1);
      continue;
    }
    at_line_start = false;
    if (c == ';') {
      if (semicolon_ == Semicolon::kError)
        return fail(ErrorCode::kInvalid, "a ';' outside quotes begins a comment in DNS text; put the string in quotes");
      rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      continue;
    }
    if (c == '(' || c == ')') {
      depth += c == '(' ? 1 : -1;
      if (depth < 0) return fail(ErrorCode::kInvalid, "a ')' has no '(' before it");
      if (found.number == 0) found.number = line_, found.starts_with_space = space_first;
      rest_.remove_prefix(1);
      continue;
    }
    if (found.number == 0) found.number = line_, found.starts_with_space = space_first;
    auto token = c == '"' ? quoted() : word();
    if (!token) return token.error();
    found.tokens.push_back(std::move(*token));
  }
  if (depth > 0) return fail(ErrorCode::kInvalid, "a '(' is never closed");
  if (found.tokens.empty()) return std::optional<Line>();
  return std::optional(std::move(found));
}

Result<Token> Lexer::quoted() {
  for (std::size_t i = 1; i < rest_.size() && rest_[i] != '\n'; ++i) {
    if (rest_[i] == '\\' && i + 1 < rest_.size() && rest_[i + 1] != '\n') {
      ++i;
    } else if (rest_[i] == '"') {
      Token token{std::string(rest_.substr(1, i - 1)), true};
      rest_.remove_prefix(i + 1);
      return token;
    }
  }
  return fail(ErrorCode::kInvalid, "a quoted string is not closed on its line");
}

Result<Token> Lexer::word() {
  std::size_t i = 0;
  bool in_quotes = false;  // key="value" of an SVCB parameter (RFC 9460 section 2.1)
  for (; i < rest_.size(); ++i) {
    const char c = rest_[i];
    if (c == '\n') break;
    if (c == '\\') {
      if (i + 1 < rest_.size() && rest_[i + 1] != '\n') ++i;
    } else if (c == '"') {
      if (!in_quotes && rest_[i - 1] != '=')
        return fail(ErrorCode::kInvalid, "a quote stands in the middle of a word; put the whole string in quotes");
      in_quotes = !in_quotes;
      if (!in_quotes) {
        ++i;
        break;
      }
    } else if (!in_quotes && (is_blank(c) || c == ';' || c == '(' || c == ')')) {
      break;
    }
  }
  if (in_quotes) return fail(ErrorCode::kInvalid, "a quoted string is not closed on its line");
  Token token{std::string(rest_.substr(0, i)), false};
  rest_.remove_prefix(i);
  return token;
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (i + 1 >= text.size()) return fail(ErrorCode::kInvalid, "a string ends in a backslash");
    if (!is_digit(text[i + 1])) {
      out += text[++i];
      continue;
    }
    if (i + 3 >= text.size() || !is_digit(text[i + 2]) || !is_digit(text[i + 3]))
      return fail(ErrorCode::kInvalid, "a \\DDD escape wants three digits");
    const int value = (text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0');
    if (value > 255) return fail(ErrorCode::kInvalid, "a \\DDD escape is above 255");
    out += static_cast<char>(value);
    i += 3;
  }
  return out;
}

std::string quote(std::string_view bytes) { return "\"" + escape(bytes, false) + "\""; }

std::string quote_where_needed(std::string_view bytes) {
  if (bytes.find_first_of(" ;()\"") == std::string_view::npos) return escape(bytes, true);
  return quote(bytes);
}

}  // namespace cutover::net
