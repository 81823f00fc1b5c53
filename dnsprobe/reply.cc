#include "dnsprobe/reply.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/text.h"
#include "core/zone.h"
#include "net/rdata.h"
#include "net/wire.h"

// The same walk as net::decode() makes, with nothing kept that no verdict needs. The numbers are those of RFC 1035
// section 4.1 and RFC 6891 section 6.1. What costs time in a reply is text and memory: names that only point at the
// question are not read again, addresses are written without going through the grammar of their type, and records
// outside the answer are checked and dropped.

namespace cutover::dnsprobe {

namespace {

using net::RecordClass;
using net::WireReader;

/// Sets are found by looking at each, which many sets of a long reply would make slow.
constexpr std::size_t kShort = 4096;
constexpr unsigned kOptionNsid = 3;            // RFC 5001
constexpr unsigned kOptionSubnet = 8;          // RFC 7871
constexpr unsigned kOptionExtendedError = 15;  // RFC 8914
constexpr unsigned kAuthenticated = 0x0020;    // RFC 4035 section 3.2.3

/// One resource record but for its owner and data, which are still on the wire.
struct Frame {
  RecordType type{};
  RecordClass record_class{};
  std::uint32_t ttl = 0;
  std::size_t at = 0;
  std::size_t length = 0;

  /// RFC 2181 section 8: a TTL with the top bit set means zero.
  Seconds time_to_live() const { return ttl > 0x7fffffffU ? Seconds(0) : Seconds(ttl); }
};

enum class Section { kAnswer, kAuthority, kAdditional };

Error malformed(std::string_view why) {
  return fail(ErrorCode::kInvalid, std::string("a malformed DNS message: ").append(why));
}

unsigned u16_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) * 256U + static_cast<unsigned char>(bytes[at + 1]);
}

std::string address_text(std::string_view bytes) {
  char text[16];
  char* at = text;
  for (const char byte : bytes) {
    if (at != text) *at++ = '.';
    at = std::to_chars(at, text + sizeof text, static_cast<unsigned char>(byte)).ptr;
  }
  return {text, at};
}

/// Whether a record of these bytes needs no look into its data.
bool needs_no_look(const Frame& frame) {
  const bool is_update_class = frame.record_class == RecordClass::kAny || frame.record_class == RecordClass::kNone;
  if (frame.length == 0 && is_update_class) return true;
  const bool is_other_class = frame.record_class != RecordClass::kIn && !is_update_class;
  return is_other_class && (frame.type == RecordType::kA || frame.type == RecordType::kAaaa);
}

class ReplyReader {
 public:
  ReplyReader(std::string_view wire, Sample& out, const DomainName* question)
      : wire_(wire), in_(wire, 0, wire.size()), out_(out), asked_(question) {}

  Result<void> read() {
    const std::string_view header = in_.bytes(12);
    if (in_.failed()) return malformed("it is shorter than a header");
    const unsigned flags = u16_at(header, 2);
    rcode_ = flags & 0xfU;
    out_.authenticated = (flags & kAuthenticated) != 0;
    const unsigned counts[4] = {u16_at(header, 4), u16_at(header, 6), u16_at(header, 8), u16_at(header, 10)};
    for (unsigned i = 0; i < counts[0]; ++i)
      if (!read_question(i == 0)) return malformed("its question is cut off");
    if (counts[0] == 0) asked_ = nullptr;
    for (unsigned section = 0; section < 3; ++section) {
      for (unsigned i = 0; i < counts[section + 1]; ++i) {
        const bool last = section == 2 && i + 1 == counts[3];
        if (auto done = read_record(static_cast<Section>(section), last); !done) return done;
      }
    }
    if (!in_.at_end()) return malformed("bytes follow its last record");
    finish();
    return {};
  }

 private:
  bool read_question(bool is_first) {
    if (is_first && asked_ != nullptr) {
      in_.bytes(asked_->wire().size() + 4);
      return !in_.failed();
    }
    DomainName name = in_.name();
    in_.bytes(4);
    if (is_first) {
      read_name_ = std::move(name);
      asked_ = &read_name_;
    }
    return !in_.failed();
  }

  Result<void> read_record(Section section, bool last) {
    // Nearly every owner is a pointer to the name that was asked for, or the root of OPT.
    DomainName other;
    const DomainName* owner = &other;
    const std::string_view start = wire_.substr(in_.at(), 2);
    if (asked_ != nullptr && start == std::string_view("\xc0\x0c", 2)) {
      in_.bytes(2);
      owner = asked_;
    } else if (!start.empty() && start[0] == '\0') {
      in_.bytes(1);
    } else {
      other = in_.name();
    }
    const std::string_view fixed = in_.bytes(10);
    if (in_.failed()) return malformed("a record is cut off, or its name loops");
    Frame frame;
    frame.type = static_cast<RecordType>(u16_at(fixed, 0));
    frame.record_class = static_cast<RecordClass>(u16_at(fixed, 2));
    frame.ttl = u16_at(fixed, 4) << 16 | u16_at(fixed, 6);
    frame.length = u16_at(fixed, 8);
    frame.at = in_.at();
    in_.bytes(frame.length);
    if (in_.failed()) return malformed("a record is cut off, or its name loops");
    if (frame.type == RecordType::kTsig) {
      if (!last) return malformed("a TSIG record is not the last one");
      return {};
    }
    if (frame.type == RecordType::kOpt) {
      if (section != Section::kAdditional || !owner->is_root() || has_edns_)
        return malformed("its OPT record is misplaced or not the only one");
      return read_opt(frame);
    }
    if (needs_no_look(frame)) return {};
    return read_data(section, *owner, frame);
  }

  Result<void> read_data(Section section, const DomainName& owner, const Frame& frame) {
    const bool is_wanted =
        frame.record_class == RecordClass::kIn &&
        (section == Section::kAnswer || (section == Section::kAuthority && frame.type == RecordType::kSoa));
    const std::string_view data = wire_.substr(frame.at, frame.length);
    if (frame.type == RecordType::kA && frame.length == 4) {
      if (is_wanted) add(out_.answer, owner, frame, address_text(data));
      return {};
    }
    if (frame.type == RecordType::kAaaa && frame.length == 16) {
      if (is_wanted) add(out_.answer, owner, frame, IpAddress::from_bytes(data)->text());
      return {};
    }
    auto text = net::rdata_to_text(frame.type, wire_, frame.at, frame.length);
    if (!text) return malformed(text.error().message);
    if (is_wanted) add(section == Section::kAnswer ? out_.answer : authority_, owner, frame, std::move(*text));
    return {};
  }

  static void add(std::vector<RecordSet>& sets, const DomainName& owner, const Frame& frame, std::string rdata) {
    const Seconds ttl = frame.time_to_live();
    for (RecordSet& set : sets) {
      if (set.type != frame.type || set.name != owner) continue;
      set.ttl = std::min(set.ttl, ttl);
      set.rdata.push_back(std::move(rdata));
      return;
    }
    RecordSet& set = sets.emplace_back();
    set.name = owner;
    set.type = frame.type;
    set.ttl = ttl;
    set.rdata.push_back(std::move(rdata));
  }

  Result<void> read_opt(const Frame& frame) {
    has_edns_ = true;
    rcode_ |= frame.ttl >> 24 << 4;
    WireReader in(wire_, frame.at, frame.at + frame.length);
    while (!in.at_end()) {
      const unsigned code = in.u16();
      const std::size_t size = in.u16();
      const std::string_view value = in.bytes(size);
      if (in.failed()) return malformed("an EDNS option is cut off");
      if (code == kOptionNsid) {
        site_ = value;
      } else if (code == kOptionSubnet && !out_.client_subnet) {
        out_.client_subnet = net::subnet_from_wire(value);
      } else if (code == kOptionExtendedError && !out_.extended_error) {
        WireReader option(value, 0, value.size());
        const std::uint16_t info = option.u16();
        const std::string_view text = option.rest();
        if (option.failed()) return malformed("an extended error is cut off");
        out_.extended_error = info;
        out_.extended_error_text = printable(text);
      }
    }
    return {};
  }

  void finish() {
    out_.rcode = static_cast<net::Rcode>(rcode_);
    for (RecordSet& set : out_.answer) {
      if (set.rdata.size() > 1) normalize(set);
      if (set.type == RecordType::kRrsig) out_.has_signatures = true;
    }
    for (RecordSet& set : authority_) {
      normalize(set);
      if (const auto soa = parse_soa(set)) out_.negative_ttl = soa->negative_ttl();
    }
    if (!site_.empty()) out_.site = printable(site_);
  }

  std::string_view wire_;
  WireReader in_;
  Sample& out_;
  const DomainName* asked_;  ///< the first question's; null: there is none, or it is not read yet
  DomainName read_name_;
  std::vector<RecordSet> authority_;
  std::string_view site_;
  unsigned rcode_ = 0;
  bool has_edns_ = false;
};

Result<void> read_long_reply(std::string_view wire, Sample& sample) {
  auto message = net::decode(wire);
  if (!message) return message.error();
  net::DnsAnswer answer;
  answer.outcome = net::Outcome::kAnswered;
  answer.reply = *std::move(message);
  Sample read = sample_of(answer, sample.asked);
  sample.rcode = read.rcode;
  sample.answer = std::move(read.answer);
  sample.negative_ttl = read.negative_ttl;
  sample.extended_error = read.extended_error;
  sample.extended_error_text = std::move(read.extended_error_text);
  sample.site = std::move(read.site);
  sample.authenticated = read.authenticated;
  sample.has_signatures = read.has_signatures;
  sample.client_subnet = read.client_subnet;
  return {};
}

}  // namespace

Result<void> read_reply(std::string_view wire, Sample& sample, const DomainName* question) {
  if (wire.size() > kShort) return read_long_reply(wire, sample);
  sample.rcode = net::Rcode::kNoError;
  sample.answer.clear();
  sample.negative_ttl.reset();
  sample.extended_error.reset();
  sample.extended_error_text.clear();
  sample.site.clear();
  sample.authenticated = sample.has_signatures = false;
  sample.client_subnet.reset();
  return ReplyReader(wire, sample, question).read();
}

bool is_for(const Asking& asking, const Sample& sample) {
  return !asking.client_subnet || !sample.client_subnet || sample.client_subnet->subnet == *asking.client_subnet;
}

}  // namespace cutover::dnsprobe
