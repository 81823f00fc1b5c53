// Zone files (RFC 1035 section 5, RFC 2308 section 4 for $TTL) and the Zone value they and transfers become.
#include <fmt/format.h>

#include "core/text.h"
#include "net/message.h"
#include "net/rdata.h"

namespace cutover::net {
namespace {

class ZoneFileReader {
 public:
  ZoneFileReader(std::string_view text, const DomainName& origin)
      : lexer_(text, Semicolon::kComment), zone_(origin), origin_(origin) {}

  Result<std::vector<Record>> read() {
    while (true) {
      auto line = lexer_.next();
      if (!line) return on_line(lexer_.line(), line.error());
      if (!*line) return std::move(records_);
      const std::vector<Token>& words = (*line)->tokens;
      const bool directive = !words[0].quoted && words[0].text.starts_with('$') && !(*line)->starts_with_space;
      if (auto done = directive ? read_directive(words) : read_record(**line); !done)
        return on_line((*line)->number, done.error());
    }
  }

 private:
  static Error on_line(int number, const Error& error) { return within(fmt::format("line {}", number), error); }

  Result<void> read_directive(const std::vector<Token>& words) {
    const std::string name = to_lower(words[0].text);
    if (name == "$include")
      return fail(ErrorCode::kUnsupported, "$INCLUDE is not followed; put the included records into this file");
    if (name == "$generate")
      return fail(ErrorCode::kUnsupported,
                  "$GENERATE is not supported; write the records out (named-compilezone does it)");
    if (name != "$origin" && name != "$ttl")
      return fail(ErrorCode::kInvalid, fmt::format("'{}' is no zone file directive", printable(words[0].text)));
    if (words.size() != 2)
      return fail(ErrorCode::kInvalid, fmt::format("{} takes one value", printable(words[0].text)));
    if (name == "$origin") {
      auto origin = DomainName::from_text(words[1].text, origin_);
      if (!origin) return origin.error();
      origin_ = *origin;
      return {};
    }
    default_ttl_ = parse_ttl(words[1]);
    if (!default_ttl_) return fail(ErrorCode::kInvalid, fmt::format("'{}' is no TTL", printable(words[1].text)));
    return {};
  }

  Result<void> read_record(const Lexer::Line& line) {
    std::size_t at = 0;
    if (!line.starts_with_space) {
      auto owner = DomainName::from_text(line.tokens[at++].text, origin_);
      if (!owner) return owner.error();
      owner_ = *owner;
    }
    if (!owner_) return fail(ErrorCode::kInvalid, "the first record has no owner name");
    if (!owner_->is_within(zone_))
      return fail(ErrorCode::kInvalid, fmt::format("{} lies outside the zone {}", owner_->text(), zone_.text()));
    // TTL and class in either order, both optional; what follows is the type.
    std::optional<Seconds> ttl;
    bool class_seen = false;
    while (at < line.tokens.size()) {
      const std::string word = to_lower(line.tokens[at].text);
      if (!class_seen && is_class(word)) {
        // CLASS1 is IN written as an unknown class (RFC 3597 section 5).
        if (word != "in" && word != "class1")
          return fail(ErrorCode::kUnsupported, "only records of class IN are supported");
        class_seen = true;
      } else if (const auto parsed = parse_ttl(line.tokens[at]); !ttl && parsed) {
        ttl = parsed;
      } else {
        break;
      }
      ++at;
    }
    if (at >= line.tokens.size()) return fail(ErrorCode::kInvalid, "a record without a type");
    const auto type = find_record_type(line.tokens[at].text);
    if (!type) return fail(ErrorCode::kInvalid, fmt::format("'{}' is no record type", printable(line.tokens[at].text)));
    if (*type == static_cast<RecordType>(0) || *type == RecordType::kOpt || *type == RecordType::kTsig ||
        *type == RecordType::kAxfr || *type == RecordType::kIxfr || *type == RecordType::kAny)
      return fail(ErrorCode::kInvalid, fmt::format("records of type {} cannot stand in a zone", to_text(*type)));
    const std::vector<Token> data(line.tokens.begin() + static_cast<std::ptrdiff_t>(at) + 1, line.tokens.end());
    return add(*type, ttl, data);
  }

  Result<void> add(RecordType type, std::optional<Seconds> ttl, const std::vector<Token>& data) {
    const auto bad = [&](const Error& error) {
      return Error{error.code, fmt::format("{} {}: {}", owner_->text(), to_text(type), error.message)};
    };
    const auto wire = rdata_to_wire(type, data, origin_);
    if (!wire) return bad(wire.error());
    auto text = rdata_to_text(type, *wire, 0, wire->size());
    if (!text) return bad(text.error());
    if (!ttl) ttl = default_ttl_ ? default_ttl_ : last_ttl_;
    if (!ttl && type == RecordType::kSoa) {
      const auto soa = parse_soa(RecordSet{*owner_, type, Seconds(0), {*text}});
      if (soa) ttl = soa->minimum;
    }
    if (!ttl) return bad(fail(ErrorCode::kInvalid, "it has no TTL, and neither $TTL nor a record before it gives one"));
    last_ttl_ = ttl;
    records_.push_back({*owner_, type, RecordClass::kIn, static_cast<std::uint32_t>(ttl->count()), std::move(*text)});
    return {};
  }

  static bool is_class(std::string_view word) {
    if (word == "in" || word == "ch" || word == "hs" || word == "cs") return true;
    return word.size() > 5 && word.starts_with("class") &&
           word.find_first_not_of("0123456789", 5) == std::string_view::npos;
  }

  static std::optional<Seconds> parse_ttl(const Token& word) {
    if (word.text.empty() || word.text[0] < '0' || word.text[0] > '9') return std::nullopt;
    // Longer than a duration takes, but a legal TTL: plain digits up to 2^31 - 1.
    const auto ttl = word.text.size() == 10 && word.text.find_first_not_of("0123456789") == std::string::npos
                         ? Result<Seconds>(Seconds(std::stoll(word.text)))
                         : parse_duration(to_lower(word.text));
    if (!ttl || *ttl > kMaxTtl) return std::nullopt;
    return *ttl;
  }

  Lexer lexer_;
  DomainName zone_;
  DomainName origin_;
  std::optional<DomainName> owner_;
  std::optional<Seconds> default_ttl_;
  std::optional<Seconds> last_ttl_;
  std::vector<Record> records_;
};

}  // namespace

Result<Zone> parse_zone_file(std::string_view text, const DomainName& origin) {
  auto records = ZoneFileReader(text, origin).read();
  if (!records) return records.error();
  return make_zone(origin, *records);
}

Result<Zone> make_zone(const DomainName& origin, const std::vector<Record>& records) {
  Zone zone;
  zone.origin = origin;
  for (RecordSet& set : record_sets(records)) {
    if (!set.name.is_within(origin))
      return fail(ErrorCode::kInvalid, fmt::format("{} lies outside the zone {}", set.name.text(), origin.text()));
    if (set.type == RecordType::kSoa && set.name != origin)
      return fail(ErrorCode::kInvalid,
                  fmt::format("the SOA record belongs to {}, but the zone is {}", set.name.text(), origin.text()));
    RecordKey key = set.key();
    zone.sets.emplace(std::move(key), std::move(set));
  }
  const RecordSet* soa = zone.find({origin, RecordType::kSoa});
  if (soa == nullptr) return fail(ErrorCode::kInvalid, fmt::format("the zone {} has no SOA record", origin.text()));
  if (soa->rdata.size() != 1)
    return fail(ErrorCode::kInvalid,
                fmt::format("the zone {} has {} different SOA records", origin.text(), soa->rdata.size()));
  auto parsed = parse_soa(*soa);
  if (!parsed) return parsed.error();
  zone.soa = *parsed;
  return zone;
}

}  // namespace cutover::net
