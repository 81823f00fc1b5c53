#include "net/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text.h"
#include "net/random_numbers.h"
#include "net/rdata.h"
#include "net/wire.h"

namespace cutover::net {
namespace {

constexpr std::size_t kMaxMessage = 65535;

// EDNS option codes.
constexpr unsigned kOptionNsid = 3;    // RFC 5001
constexpr unsigned kOptionSubnet = 8;  // RFC 7871
constexpr unsigned kOptionEde = 15;    // RFC 8914
constexpr std::uint32_t kDnssecOk = 0x8000;

// Header bits, RFC 1035 section 4.1.1 and RFC 4035 section 3.
constexpr unsigned kQr = 0x8000, kAa = 0x0400, kTc = 0x0200, kRd = 0x0100, kRa = 0x0080, kAd = 0x0020, kCd = 0x0010;

Error malformed(std::string_view why) {
  return fail(ErrorCode::kInvalid, fmt::format("a malformed DNS message: {}", why));
}

// --- writing --------------------------------------------------------------------------------------------------

/// Writes names, each ending in a pointer to where the same ending was written before (RFC 1035 section 4.1.4).
class NameWriter {
 public:
  explicit NameWriter(Bytes& out) : out_(out) {}
  void write(const DomainName& name) {
    const std::string_view wire = name.wire();
    for (std::size_t at = 0; wire[at] != '\0'; at += 1U + static_cast<unsigned char>(wire[at])) {
      const std::string ending(wire.substr(at));
      if (const auto seen = written_.find(ending); seen != written_.end()) {
        put_u16(out_, 0xc000U | static_cast<unsigned>(seen->second));
        return;
      }
      if (out_.size() < 0x4000) written_.emplace(ending, out_.size());
      out_ += wire.substr(at, 1U + static_cast<unsigned char>(wire[at]));
    }
    put_u8(out_, 0);
  }

 private:
  Bytes& out_;
  std::map<std::string, std::size_t> written_;
};

Result<void> write_record(Bytes& out, NameWriter& names, const Record& record) {
  names.write(record.name);
  put_u16(out, static_cast<unsigned>(record.type));
  put_u16(out, static_cast<unsigned>(record.record_class));
  put_u32(out, record.ttl);
  // "Exists", "does not exist" and "delete" in an UPDATE carry no data (RFC 2136 sections 2.4 and 2.5).
  const bool bare =
      record.rdata.empty() && (record.record_class == RecordClass::kAny || record.record_class == RecordClass::kNone);
  const auto rdata = bare ? Result<std::string>(std::string()) : rdata_to_wire(record.type, record.rdata, DomainName());
  if (!rdata)
    return fail(rdata.error().code,
                fmt::format("{} {}: '{}' is no {} data: {}", record.name.text(), to_text(record.type),
                            printable(record.rdata), to_text(record.type), rdata.error().message));
  put_u16(out, static_cast<unsigned>(rdata->size()));
  out += *rdata;
  return {};
}

void write_option(Bytes& options, unsigned code, std::string_view value) {
  put_u16(options, code);
  put_u16(options, static_cast<unsigned>(value.size()));
  options += value;
}

/// The OPT pseudo-record (RFC 6891 section 6.1.2).
void write_opt(Bytes& out, const Edns& edns, unsigned rcode) {
  Bytes options;
  if (!edns.nsid.empty() || edns.want_nsid) write_option(options, kOptionNsid, edns.nsid);
  if (edns.client_subnet) write_option(options, kOptionSubnet, to_wire(*edns.client_subnet));
  if (edns.extended_error) {
    Bytes value;
    put_u16(value, *edns.extended_error);
    write_option(options, kOptionEde, value + edns.extended_error_text);
  }
  put_u8(out, 0);
  put_u16(out, static_cast<unsigned>(RecordType::kOpt));
  put_u16(out, edns.udp_size);
  put_u32(out, (rcode >> 4) << 24 | (edns.dnssec_ok ? kDnssecOk : 0U));
  put_u16(out, static_cast<unsigned>(options.size()));
  out += options;
}

unsigned flags_of(const Message& message) {
  return (message.qr ? kQr : 0U) | static_cast<unsigned>(message.opcode) << 11 | (message.aa ? kAa : 0U) |
         (message.tc ? kTc : 0U) | (message.rd ? kRd : 0U) | (message.ra ? kRa : 0U) | (message.ad ? kAd : 0U) |
         (message.cd ? kCd : 0U) | (static_cast<unsigned>(message.rcode) & 0xfU);
}

// --- reading --------------------------------------------------------------------------------------------------

/// Types with a name in their data that is not among those of RFC 4034 section 6.2, and so keeps its case when signed.
bool signs_capitals(RecordType type) {
  constexpr auto kLp = static_cast<RecordType>(107);
  return type == RecordType::kNsec || type == RecordType::kSvcb || type == RecordType::kHttps || type == kLp;
}

/// The bytes `as_sent` where a name in them was written in capitals, which `text` has not kept; else nothing.
std::string form_with_capitals(RecordType type, std::string_view text, std::string_view as_sent) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!signs_capitals(type) || std::none_of(as_sent.begin(), as_sent.end(), is_capital)) return {};
  const auto folded = rdata_to_wire(type, text, DomainName());
  if (!folded || *folded == as_sent || to_lower(*folded) != to_lower(as_sent)) return {};
  return std::string(as_sent);
}

enum class Section { kAnswer, kAuthority, kAdditional };

class MessageReader {
 public:
  explicit MessageReader(std::string_view wire) : wire_(wire), in_(wire, 0, wire.size()) {}

  Result<Message> read() {
    message_.id = in_.u16();
    const unsigned flags = in_.u16();
    const unsigned counts[4] = {in_.u16(), in_.u16(), in_.u16(), in_.u16()};
    if (in_.failed()) return malformed("it is shorter than a header");
    read_flags(flags);
    for (unsigned i = 0; i < counts[0]; ++i) {
      Question question;
      question.name = in_.name();
      question.type = static_cast<RecordType>(in_.u16());
      question.record_class = static_cast<RecordClass>(in_.u16());
      if (in_.failed()) return malformed("its question is cut off");
      message_.question.push_back(std::move(question));
    }
    for (unsigned section = 0; section < 3; ++section) {
      for (unsigned i = 0; i < counts[section + 1]; ++i) {
        const bool last = section == 2 && i + 1 == counts[3];
        if (auto done = read_record(static_cast<Section>(section), last); !done) return done.error();
      }
    }
    if (!in_.at_end()) return malformed("bytes follow its last record");
    return std::move(message_);
  }

 private:
  void read_flags(unsigned flags) {
    message_.qr = (flags & kQr) != 0;
    message_.opcode = static_cast<Opcode>(flags >> 11 & 0xfU);
    message_.aa = (flags & kAa) != 0;
    message_.tc = (flags & kTc) != 0;
    message_.rd = (flags & kRd) != 0;
    message_.ra = (flags & kRa) != 0;
    message_.ad = (flags & kAd) != 0;
    message_.cd = (flags & kCd) != 0;
    message_.rcode = static_cast<Rcode>(flags & 0xfU);
  }

  Result<void> read_record(Section section, bool last) {
    Record record;
    record.name = in_.name();
    record.type = static_cast<RecordType>(in_.u16());
    record.record_class = static_cast<RecordClass>(in_.u16());
    record.ttl = in_.u32();
    const std::size_t length = in_.u16();
    const std::size_t at = in_.at();
    in_.bytes(length);
    if (in_.failed()) return malformed("a record is cut off, or its name loops");
    if (record.type == RecordType::kTsig) {
      // RFC 8945 section 5.1: the last record of the message, or nothing at all.
      if (!last) return malformed("a TSIG record is not the last one");
      return {};
    }
    if (record.type == RecordType::kOpt) return read_opt(section, record, at, length);
    const bool bare =
        length == 0 && (record.record_class == RecordClass::kAny || record.record_class == RecordClass::kNone);
    if (!bare) {
      auto text = record_data(record, at, length);
      if (!text)
        return malformed(fmt::format("{} {}: {}", record.name.text(), to_text(record.type), text.error().message));
      record.rdata = std::move(*text);
      record.signed_form = form_with_capitals(record.type, record.rdata, wire_.substr(at, length));
    }
    std::vector<Record>& records = section == Section::kAnswer      ? message_.answer
                                   : section == Section::kAuthority ? message_.authority
                                                                    : message_.additional;
    records.push_back(std::move(record));
    return {};
  }

  Result<std::string> record_data(const Record& record, std::size_t at, std::size_t length) const {
    // Address records mean something else in class CH (RFC 1035 section 3.4 is about IN only).
    const bool other_class = record.record_class != RecordClass::kIn && record.record_class != RecordClass::kNone &&
                             record.record_class != RecordClass::kAny;
    if (other_class && (record.type == RecordType::kA || record.type == RecordType::kAaaa))
      return fmt::format("\\# {}{}{}", length, length == 0 ? "" : " ", to_hex(wire_.substr(at, length)));
    return rdata_to_text(record.type, wire_, at, length);
  }

  Result<void> read_opt(Section section, const Record& record, std::size_t at, std::size_t length) {
    if (section != Section::kAdditional || !record.name.is_root() || message_.edns)
      return malformed("its OPT record is misplaced or not the only one");
    Edns edns;
    edns.udp_size = static_cast<std::uint16_t>(record.record_class);
    edns.dnssec_ok = (record.ttl & kDnssecOk) != 0;
    message_.rcode = static_cast<Rcode>((record.ttl >> 24) << 4 | static_cast<unsigned>(message_.rcode));
    WireReader in(wire_, at, at + length);
    while (!in.at_end()) {
      const unsigned code = in.u16();
      const std::size_t size = in.u16();
      const std::string_view value = in.bytes(size);
      if (in.failed()) return malformed("an EDNS option is cut off");
      if (code == kOptionNsid) {
        edns.nsid = value;
        edns.want_nsid = value.empty();
      } else if (code == kOptionSubnet && !edns.client_subnet) {
        edns.client_subnet = subnet_from_wire(value);
      } else if (code == kOptionEde && !edns.extended_error) {
        WireReader option(value, 0, value.size());
        edns.extended_error = option.u16();
        edns.extended_error_text = option.rest();
        if (option.failed()) return malformed("an extended error is cut off");
      }
    }
    message_.edns = std::move(edns);
    return {};
  }

  std::string_view wire_;
  WireReader in_;
  Message message_;
};

/// RFC 2181 section 8: a TTL with the top bit set means zero.
Seconds ttl_of(const Record& record) { return record.ttl > 0x7fffffffU ? Seconds(0) : Seconds(record.ttl); }

}  // namespace

std::string to_text(Rcode rcode) {
  switch (rcode) {
    case Rcode::kNoError:
      return "NOERROR";
    case Rcode::kFormErr:
      return "FORMERR";
    case Rcode::kServFail:
      return "SERVFAIL";
    case Rcode::kNxDomain:
      return "NXDOMAIN";
    case Rcode::kNotImp:
      return "NOTIMP";
    case Rcode::kRefused:
      return "REFUSED";
    case Rcode::kYxDomain:
      return "YXDOMAIN";
    case Rcode::kYxRrset:
      return "YXRRSET";
    case Rcode::kNxRrset:
      return "NXRRSET";
    case Rcode::kNotAuth:
      return "NOTAUTH";
    case Rcode::kNotZone:
      return "NOTZONE";
    case Rcode::kBadSig:
      return "BADSIG";
    case Rcode::kBadKey:
      return "BADKEY";
    case Rcode::kBadTime:
      return "BADTIME";
    case Rcode::kBadTrunc:
      return "BADTRUNC";
  }
  return fmt::format("RCODE{}", static_cast<unsigned>(rcode));
}

Result<Bytes> encode(const Message& message) {
  const auto rcode = static_cast<unsigned>(message.rcode);
  if (rcode > 15 && !message.edns)
    return fail(ErrorCode::kInvalid, fmt::format("the response code {} needs an EDNS record", to_text(message.rcode)));
  const std::size_t counts[4] = {message.question.size(), message.answer.size(), message.authority.size(),
                                 message.additional.size() + (message.edns ? 1 : 0)};
  Bytes out;
  put_u16(out, message.id);
  put_u16(out, flags_of(message));
  for (const std::size_t count : counts) {
    if (count > 0xffff) return fail(ErrorCode::kInvalid, "a DNS message section holds at most 65535 records");
    put_u16(out, static_cast<unsigned>(count));
  }
  NameWriter names(out);
  for (const Question& question : message.question) {
    names.write(question.name);
    put_u16(out, static_cast<unsigned>(question.type));
    put_u16(out, static_cast<unsigned>(question.record_class));
  }
  for (const std::vector<Record>* section : {&message.answer, &message.authority, &message.additional}) {
    for (const Record& record : *section) {
      if (auto done = write_record(out, names, record); !done) return done.error();
      if (out.size() > kMaxMessage) break;
    }
  }
  if (message.edns) write_opt(out, *message.edns, rcode);
  if (out.size() > kMaxMessage) return fail(ErrorCode::kInvalid, "a DNS message cannot be longer than 65535 bytes");
  return out;
}

Result<Message> decode(std::string_view wire) {
  if (wire.size() > kMaxMessage) return malformed("it is longer than 65535 bytes");
  return MessageReader(wire).read();
}

void echo_letters(std::string_view query, Bytes& reply) {
  constexpr std::size_t kHeader = 12;
  WireReader in(query, std::min(kHeader, query.size()), query.size());
  in.name();
  const std::size_t size = in.at() - std::min(kHeader, in.at());
  if (in.failed() || reply.size() < kHeader + size) return;
  const std::string_view asked = query.substr(kHeader, size);
  if (to_lower(asked) == to_lower(std::string_view(reply).substr(kHeader, size))) reply.replace(kHeader, size, asked);
}

Message make_query(const Question& question, Recursion recursion) {
  Message message;
  message.id = random_id();
  message.rd = recursion == Recursion::kDesired;
  message.question.push_back(question);
  message.edns.emplace();
  return message;
}

std::optional<RecordSet> find_set(const std::vector<Record>& section, const RecordKey& key) {
  std::optional<RecordSet> set;
  for (const Record& record : section) {
    if (record.record_class != RecordClass::kIn || record.type != key.type || record.name != key.name) continue;
    if (!set) set = RecordSet{record.name, record.type, ttl_of(record), {}};
    set->ttl = std::min(set->ttl, ttl_of(record));
    set->rdata.push_back(record.rdata);
  }
  if (set) normalize(*set);
  return set;
}

std::vector<RecordSet> record_sets(const std::vector<Record>& section) {
  std::vector<RecordSet> sets;
  std::map<RecordKey, std::size_t> index;
  for (const Record& record : section) {
    if (record.record_class != RecordClass::kIn) continue;
    const auto [at, fresh] = index.emplace(RecordKey{record.name, record.type}, sets.size());
    if (fresh) sets.push_back(RecordSet{record.name, record.type, ttl_of(record), {}});
    RecordSet& set = sets[at->second];
    set.ttl = std::min(set.ttl, ttl_of(record));
    set.rdata.push_back(record.rdata);
  }
  for (RecordSet& set : sets) normalize(set);
  return sets;
}

std::vector<Record> to_records(const RecordSet& set) {
  std::vector<Record> records;
  for (const std::string& rdata : set.rdata)
    records.push_back({set.name, set.type, RecordClass::kIn, static_cast<std::uint32_t>(set.ttl.count()), rdata});
  return records;
}

}  // namespace cutover::net
