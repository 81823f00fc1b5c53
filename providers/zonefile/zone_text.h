#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/zone.h"

namespace cutover::providers::zonefile {

/// A stretch of bytes of a file, [begin, end).
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Word {
  std::string text;  ///< as written, escapes and quotes included
  Span at;
};

/// One entry of a zone file (RFC 1035 section 5.1): a physical line, or several joined by parentheses. Every byte of
/// the file belongs to exactly one; those of nothing but space and comments have no words.
struct Line {
  Span at;         ///< with its end of line
  int number = 0;  ///< of its first physical line, from 1
  bool starts_with_space = false;
  bool has_parentheses = false;
  std::vector<Word> words;
};

/// A record, and where in the file each part of it stands.
struct FileRecord {
  DomainName owner;
  DomainName origin;  ///< in force at its line
  RecordType type = RecordType::kA;
  Seconds ttl{};
  std::string rdata;           ///< canonical
  std::size_t line = 0;        ///< index into ZoneText::lines
  bool owner_written = false;  ///< false: taken from the record before
  std::optional<std::size_t> ttl_word;
  std::size_t first_rdata_word = 0;
  std::string elsewhere;  ///< not in the lines of this file: the $INCLUDE or $GENERATE that it comes from
  RecordKey key() const { return {owner, type}; }
};

/// A zone file taken apart so that parts of it can be changed and the rest stays as it is, byte for byte.
struct ZoneText {
  std::string text;
  DomainName origin;         ///< the zone
  DomainName origin_at_end;  ///< the $ORIGIN in force behind the last line
  std::vector<Line> lines;
  std::vector<FileRecord> records;

  Result<Zone> zone() const;
  const FileRecord* soa() const;
};

/// Reads a file's text. $INCLUDE is followed, relative to `folder`; $GENERATE is expanded. kUnsupported for signed
/// zones. Errors name the line.
Result<ZoneText> parse(std::string text, const DomainName& origin, const std::string& folder);

}  // namespace cutover::providers::zonefile
