#include "providers/zonefile/zone_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "net/message.h"
#include "net/rdata.h"
#include "providers/file.h"

namespace cutover::providers::zonefile {
namespace {

constexpr int kDeepestInclude = 10;
constexpr std::uint64_t kMostGenerated = 65536;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// Splits a file into lines and words and loses nothing.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Result<std::vector<Line>> split() {
    begin_line();
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        ++at_;
        ++number_;
        if (depth_ == 0) end_line();
      } else if (is_blank(c)) {
        if (at_ == line_.at.begin) line_.starts_with_space = true;
        ++at_;
      } else if (c == ';') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '(' || c == ')') {
        depth_ += c == '(' ? 1 : -1;
        if (depth_ < 0) return bad("a ')' has no '(' before it");
        line_.has_parentheses = true;
        ++at_;
      } else if (auto read = word(); !read) {
        return read.error();
      }
    }
    if (depth_ > 0) return bad("a '(' is never closed");
    if (at_ > line_.at.begin) end_line();
    return std::move(lines_);
  }

 private:
  Error bad(std::string_view why) const { return fail(ErrorCode::kInvalid, fmt::format("line {}: {}", number_, why)); }

  void begin_line() {
    line_ = Line{};
    line_.at.begin = at_;
    line_.number = number_;
  }

  void end_line() {
    line_.at.end = at_;
    lines_.push_back(std::move(line_));
    begin_line();
  }

  /// A word ends at white space, a comment or a parenthesis, outside quotes (RFC 1035 section 5.1; quotes may stand
  /// inside a word in SVCB parameters, RFC 9460 section 2.1).
  Result<void> word() {
    const std::size_t begin = at_;
    bool in_quotes = false;
    for (; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
        ++at_;
      } else if (c == '"') {
        in_quotes = !in_quotes;
        if (!in_quotes) {
          ++at_;
          break;
        }
      } else if (!in_quotes && (is_blank(c) || c == ';' || c == '(' || c == ')')) {
        break;
      }
    }
    if (in_quotes) return bad("a quoted string is not closed on its line");
    line_.words.push_back({std::string(text_.substr(begin, at_ - begin)), {begin, at_}});
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int number_ = 1;
  int depth_ = 0;
  Line line_;
  std::vector<Line> lines_;
};

/// `3600`, `1h`, `1w2d` (BIND's units); nullopt: no TTL.
std::optional<Seconds> parse_ttl(std::string_view word) {
  std::uint64_t total = 0, number = 0;
  bool digits = false;
  for (const char c : word) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
      digits = true;
      if (number > 0xffffffffULL) return std::nullopt;
      continue;
    }
    if (!digits) return std::nullopt;
    std::uint64_t unit = 0;
    switch (c | 0x20) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      case 'w':
        unit = 604800;
        break;
    }
    if (unit == 0) return std::nullopt;
    total += number * unit;
    number = 0;
    digits = false;
  }
  total += number;
  if (word.empty() || word[0] < '0' || word[0] > '9' || total > static_cast<std::uint64_t>(kMaxTtl.count()))
    return std::nullopt;
  return Seconds(total);
}

std::optional<std::int64_t> parse_number(std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

/// `$` and `${offset,width,base}` in the templates of $GENERATE (BIND 9 manual); nullopt: malformed.
std::optional<std::string> generated(std::string_view pattern, std::int64_t step) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      if (pattern[i + 1] != '$') out += pattern[i];
      out += pattern[++i];
      continue;
    }
    if (pattern[i] != '$') {
      out += pattern[i];
      continue;
    }
    if (i + 1 < pattern.size() && pattern[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    std::int64_t offset = 0, width = 0;
    std::string base = "d";
    if (i + 1 < pattern.size() && pattern[i + 1] == '{') {
      const std::size_t close = pattern.find('}', i);
      if (close == std::string_view::npos) return std::nullopt;
      const std::vector<std::string> parts = split(pattern.substr(i + 2, close - i - 2), ',');
      const auto first = parse_number(parts[0]);
      const auto second = parts.size() > 1 ? parse_number(parts[1]) : std::optional<std::int64_t>(0);
      if (!first || !second || parts.size() > 3 || *second < 0 || *second > 64) return std::nullopt;
      offset = *first;
      width = *second;
      if (parts.size() == 3) base = parts[2];
      i = close;
    }
    const std::int64_t value = step + offset;
    if (base == "d")
      out += fmt::format("{:0{}d}", value, width);
    else if (base == "x")
      out += fmt::format("{:0{}x}", value, width);
    else if (base == "X")
      out += fmt::format("{:0{}X}", value, width);
    else if (base == "o")
      out += fmt::format("{:0{}o}", value, width);
    else
      return std::nullopt;
  }
  return out;
}

class Reader {
 public:
  Reader(ZoneText& into, const std::string& folder, int depth) : zone_(into), folder_(folder), depth_(depth) {}

  /// `elsewhere` names the $INCLUDE that these lines come from; empty for the file itself.
  Result<void> read(const std::vector<Line>& lines, DomainName origin, std::optional<Seconds> default_ttl,
                    const std::string& elsewhere) {
    origin_ = std::move(origin);
    default_ttl_ = default_ttl;
    elsewhere_ = elsewhere;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Line& line = lines[i];
      if (line.words.empty()) continue;
      const bool directive = !line.starts_with_space && line.words[0].text.starts_with('$');
      if (auto done = directive ? read_directive(line) : read_record(line, i); !done)
        return within(fmt::format("line {}", line.number), done.error());
    }
    return {};
  }

  const DomainName& origin() const { return origin_; }

 private:
  Result<void> read_directive(const Line& line) {
    const std::string name = to_lower(line.words[0].text);
    const auto bad = [&](std::string_view why) {
      return fail(ErrorCode::kInvalid, fmt::format("{} {}", printable(line.words[0].text), why));
    };
    if (line.words.size() < 2) return bad("lacks its value");
    if (name == "$origin") {
      auto origin = DomainName::from_text(line.words[1].text, origin_);
      if (!origin) return origin.error();
      origin_ = *origin;
      return {};
    }
    if (name == "$ttl") {
      default_ttl_ = parse_ttl(line.words[1].text);
      if (!default_ttl_) return bad("is no TTL");
      return {};
    }
    if (name == "$include") return include(line);
    if (name == "$generate") return generate(line);
    return bad("is no zone file directive");
  }

  /// RFC 1035 section 5.1: neither the origin nor the owner of the including file changes.
  Result<void> include(const Line& line) {
    if (depth_ >= kDeepestInclude) return fail(ErrorCode::kInvalid, "$INCLUDE goes round in a circle");
    std::string file = line.words[1].text;
    if (file.size() >= 2 && file.front() == '"') file = file.substr(1, file.size() - 2);
    auto text = read_file(path_from(folder_, file));
    if (!text) return within("$INCLUDE", text.error());
    auto lines = Splitter(*text).split();
    if (!lines) return within(printable(file), lines.error());
    DomainName origin = origin_;
    if (line.words.size() > 2) {
      auto given = DomainName::from_text(line.words[2].text, origin_);
      if (!given) return given.error();
      origin = *given;
    }
    Reader reader(zone_, folder_, depth_ + 1);
    reader.owner_ = owner_;
    reader.last_ttl_ = last_ttl_;
    if (auto read = reader.read(*lines, origin, default_ttl_, fmt::format("$INCLUDE {}", printable(file))); !read)
      return within(printable(file), read.error());
    return {};
  }

  /// $GENERATE range lhs [ttl] [class] type rhs
  Result<void> generate(const Line& line) {
    const auto bad = [] {
      return fail(ErrorCode::kUnsupported,
                  "this $GENERATE is not understood; write its records out (named-compilezone does it)");
    };
    if (line.words.size() < 5) return bad();
    const std::vector<std::string> range_step = split(line.words[1].text, '/');
    const std::vector<std::string> range = split(range_step[0], '-');
    if (range.size() != 2 || range_step.size() > 2) return bad();
    const auto first = parse_number(range[0]), last = parse_number(range[1]);
    const auto step = range_step.size() == 2 ? parse_number(range_step[1]) : std::optional<std::int64_t>(1);
    if (!first || !last || !step || *first < 0 || *last < *first || *step < 1) return bad();
    if (static_cast<std::uint64_t>((*last - *first) / *step) >= kMostGenerated) return bad();
    for (std::int64_t i = *first; i <= *last; i += *step) {
      std::string text;
      for (std::size_t w = 2; w < line.words.size(); ++w) {
        const auto word = generated(line.words[w].text, i);
        if (!word) return bad();
        text += *word + " ";
      }
      auto lines = Splitter(text).split();
      if (!lines || lines->size() != 1) return bad();
      const std::string outer = elsewhere_;
      const auto owner = owner_;
      elsewhere_ = "$GENERATE in line " + std::to_string(line.number);
      auto made = read_record((*lines)[0], 0);
      elsewhere_ = outer;
      owner_ = owner;
      if (!made) return made.error();
    }
    return {};
  }

  Result<void> read_record(const Line& line, std::size_t index) {
    FileRecord record;
    record.line = index;
    record.origin = origin_;
    record.elsewhere = elsewhere_;
    std::size_t at = 0;
    if (!line.starts_with_space) {
      auto owner = DomainName::from_text(line.words[at++].text, origin_);
      if (!owner) return owner.error();
      owner_ = *owner;
      record.owner_written = true;
    }
    if (!owner_) return fail(ErrorCode::kInvalid, "the first record has no owner name");
    record.owner = *owner_;
    // [TTL] [class] or [class] [TTL], then the type.
    std::optional<Seconds> ttl;
    for (; at < line.words.size(); ++at) {
      const std::string& word = line.words[at].text;
      const std::string lower = to_lower(word);
      if (const auto number = parse_ttl(word); number && !ttl) {
        ttl = number;
        record.ttl_word = at;
      } else if (lower == "ch" || lower == "hs") {
        return fail(ErrorCode::kUnsupported, fmt::format("the class {} is not IN", printable(word)));
      } else if (lower != "in") {
        break;
      }
    }
    if (at >= line.words.size()) return fail(ErrorCode::kInvalid, "the record has no type");
    const auto type = net::find_record_type(line.words[at].text);
    if (!type) return fail(ErrorCode::kInvalid, fmt::format("'{}' is no record type", printable(line.words[at].text)));
    record.type = *type;
    record.first_rdata_word = ++at;
    std::string rdata;
    for (; at < line.words.size(); ++at) rdata += (rdata.empty() ? "" : " ") + line.words[at].text;
    auto canonical = net::canonical_rdata(record.type, rdata, origin_);
    if (!canonical) return within(record.key().text(), canonical.error());
    record.rdata = *canonical;
    if (auto known = take_ttl(record, ttl); !known) return known.error();
    zone_.records.push_back(std::move(record));
    return {};
  }

  /// RFC 2308 section 4: $TTL, where there is one; else the last TTL that was written (RFC 1035 section 5.1); and for a
  /// SOA without any, its MINIMUM, as BIND does.
  Result<void> take_ttl(FileRecord& record, std::optional<Seconds> written) {
    if (!written) written = default_ttl_;
    if (!written) written = last_ttl_;
    if (!written && record.type == RecordType::kSoa)
      if (const auto minimum = parse_number(split(record.rdata, ' ').back())) written = Seconds(*minimum);
    if (!written) return fail(ErrorCode::kInvalid, "the record has no TTL, and there is no $TTL before it");
    last_ttl_ = record.ttl = *written;
    return {};
  }

  ZoneText& zone_;
  const std::string& folder_;
  int depth_;
  DomainName origin_;
  std::optional<DomainName> owner_;
  std::optional<Seconds> default_ttl_;
  std::optional<Seconds> last_ttl_;
  std::string elsewhere_;
};

}  // namespace

Result<ZoneText> parse(std::string text, const DomainName& origin, const std::string& folder) {
  ZoneText zone;
  zone.text = std::move(text);
  zone.origin = origin;
  auto lines = Splitter(zone.text).split();
  if (!lines) return lines.error();
  zone.lines = std::move(*lines);
  Reader reader(zone, folder, 0);
  if (auto read = reader.read(zone.lines, origin, std::nullopt, ""); !read) return read.error();
  zone.origin_at_end = reader.origin();
  for (const FileRecord& record : zone.records) {
    if (record.type == RecordType::kRrsig || record.type == RecordType::kNsec || record.type == RecordType::kNsec3)
      return fail(ErrorCode::kUnsupported, fmt::format("it holds signatures ({}): a change of a signed file would "
                                                       "break DNSSEC. Name the unsigned file that it is "
                                                       "made from, or use the provider rfc2136",
                                                       record.key().text()));
  }
  return zone;
}

Result<Zone> ZoneText::zone() const {
  std::vector<net::Record> all;
  for (const FileRecord& record : records)
    all.push_back({record.owner, record.type, net::RecordClass::kIn, static_cast<std::uint32_t>(record.ttl.count()),
                   record.rdata});
  return net::make_zone(origin, all);
}

const FileRecord* ZoneText::soa() const {
  for (const FileRecord& record : records)
    if (record.type == RecordType::kSoa && record.owner == origin) return &record;
  return nullptr;
}

}  // namespace cutover::providers::zonefile
