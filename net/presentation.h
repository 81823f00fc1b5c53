#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace cutover::net {

/// One word of presentation text (RFC 1035 section 5.1), escapes kept as written.
struct Token {
  std::string text;  ///< without the quotes around it
  bool quoted = false;
};

/// What a `;` outside quotes means. In a zone file it begins a comment; in the text of a single record it is far
/// more often the middle of a TXT string that somebody forgot to quote, and must not be dropped silently.
enum class Semicolon { kComment, kError };

/// Splits presentation text into lines of words. Parentheses join lines. Borrows the text.
class Lexer {
 public:
  Lexer(std::string_view text, Semicolon semicolon) : rest_(text), semicolon_(semicolon) {}

  struct Line {
    int number = 0;                  ///< of the physical line where it begins, from 1
    bool starts_with_space = false;  ///< the owner is the one of the record before
    std::vector<Token> tokens;       ///< never empty
  };
  /// The next line that has words, or nullopt at the end. Errors do not name the line: line() does.
  Result<std::optional<Line>> next();
  int line() const { return line_; }

 private:
  Result<Token> quoted();
  Result<Token> word();

  std::string_view rest_;
  Semicolon semicolon_;
  int line_ = 1;
};

/// The bytes that an escaped word stands for: `\"`, `\DDD` (RFC 1035 section 5.1).
Result<std::string> unescape(std::string_view text);
/// The inverse, in quotes: a <character-string> as ldns and BIND print it.
std::string quote(std::string_view bytes);
/// The inverse without quotes where none are needed, for the values of SVCB parameters.
std::string quote_where_needed(std::string_view bytes);

}  // namespace cutover::net
