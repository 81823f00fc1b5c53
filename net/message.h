#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record_set.h"
#include "core/zone.h"
#include "net/client_subnet.h"

namespace cutover::net {

/// Bytes on the wire.
using Bytes = std::string;

enum class RecordClass : std::uint16_t { kIn = 1, kCh = 3, kNone = 254, kAny = 255 };
enum class Opcode : std::uint8_t { kQuery = 0, kNotify = 4, kUpdate = 5 };
/// Response codes, TSIG's included (RFC 8945 section 3).
enum class Rcode : std::uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kYxDomain = 6,
  kYxRrset = 7,
  kNxRrset = 8,
  kNotAuth = 9,
  kNotZone = 10,
  kBadSig = 16,
  kBadKey = 17,
  kBadTime = 18,
  kBadTrunc = 22,
};
std::string to_text(Rcode rcode);

struct Question {
  DomainName name;
  RecordType type = RecordType::kA;
  RecordClass record_class = RecordClass::kIn;
  friend bool operator==(const Question&, const Question&) = default;
};

/// One record of a message. `rdata` is canonical presentation text (see core/record_set.h); empty
/// for the class ANY and NONE forms of UPDATE that carry none.
struct Record {
  DomainName name;
  RecordType type = RecordType::kA;
  RecordClass record_class = RecordClass::kIn;
  std::uint32_t ttl = 0;
  std::string rdata;
  /// Set by decode() only, and only where a name in the data of NSEC, SVCB, HTTPS or LP has capitals: the data as they
  /// came, uncompressed. DNSSEC signs these types' names with their capitals (RFC 6840 section 5.1), `rdata` has none.
  std::string signed_form{};
  /// How names were written is no difference.
  friend bool operator==(const Record& a, const Record& b) {
    return a.name == b.name && a.type == b.type && a.record_class == b.record_class && a.ttl == b.ttl &&
           a.rdata == b.rdata;
  }
};

/// EDNS(0) (RFC 6891) with the options the program reads.
struct Edns {
  std::uint16_t udp_size = 1232;
  bool dnssec_ok = false;
  std::optional<std::uint16_t> extended_error;  ///< RFC 8914 INFO-CODE of the first EDE option
  std::string extended_error_text;
  std::string nsid;  ///< RFC 5001, raw bytes; asked for with want_nsid
  bool want_nsid = false;
  std::optional<SubnetOption> client_subnet{};  ///< RFC 7871; one that it does not allow is read as none
  friend bool operator==(const Edns&, const Edns&) = default;
};

/// A DNS message (RFC 1035 section 4; UPDATE: RFC 2136 section 2, where the four sections are
/// zone, prerequisite, update, additional). OPT and TSIG records are never in `additional`.
struct Message {
  std::uint16_t id = 0;
  bool qr = false, aa = false, tc = false, rd = false, ra = false, ad = false, cd = false;
  Opcode opcode = Opcode::kQuery;
  Rcode rcode = Rcode::kNoError;  ///< with the extended bits of EDNS merged in
  std::vector<Question> question;
  std::vector<Record> answer, authority, additional;
  std::optional<Edns> edns;
  friend bool operator==(const Message&, const Message&) = default;
};

/// Wire form; names compressed. An rdata text that does not parse is an error that quotes it.
Result<Bytes> encode(const Message& message);
/// Reads a whole message. Malformed input of any kind (compression loops, cut-off records, 64 KB
/// of noise) is kInvalid and never aborts; a record whose rdata does not fit its type too.
Result<Message> decode(std::string_view wire);

/// Writes the question of `reply` in the letters of the query that it answers, as servers do: names are folded to small
/// letters here, and whoever asks in mixed case wants its own back. Does nothing where the questions differ otherwise.
void echo_letters(std::string_view query, Bytes& reply);

/// A query with a random id, EDNS 1232 and RD as given.
enum class Recursion { kDesired, kNotDesired };
Message make_query(const Question& question, Recursion recursion);

/// The record set of `question` in `section`, or nullopt; TTL is the smallest in the set.
std::optional<RecordSet> find_set(const std::vector<Record>& section, const RecordKey& key);
/// All record sets of a section, in order of first appearance.
std::vector<RecordSet> record_sets(const std::vector<Record>& section);
/// The records of a set, class IN.
std::vector<Record> to_records(const RecordSet& set);

/// Canonical presentation text of rdata that a person or a provider wrote (RFC 1035 section 5,
/// relative names taken as relative to `origin`). The error says what is wrong with it.
Result<std::string> canonical_rdata(RecordType type, std::string_view text, const DomainName& origin);
/// The names that a canonical rdata text mentions: targets of CNAME, NS, MX, SRV, PTR, DNAME, SVCB, HTTPS, SOA.
std::vector<DomainName> names_in_rdata(RecordType type, std::string_view rdata);

/// Reads a zone file (RFC 1035 section 5, $ORIGIN, $TTL, no $INCLUDE) from text. Errors name the line.
Result<Zone> parse_zone_file(std::string_view text, const DomainName& origin);
/// Builds a Zone from the records of an AXFR or a file; the SOA must be there.
Result<Zone> make_zone(const DomainName& origin, const std::vector<Record>& records);

}  // namespace cutover::net
