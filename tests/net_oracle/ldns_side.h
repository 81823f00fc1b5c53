#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

// ldns as values: what it reads from a message, a line or a zone file, and the message it writes. Nothing of net/ is
// used on this side.

namespace cutover::oracle {

/// A record as it lies on the wire, uncompressed. In questions ttl and rdata are empty.
struct Record {
  std::string owner;
  unsigned type = 0;
  unsigned record_class = 1;
  std::uint32_t ttl = 0;
  std::string rdata;
  friend bool operator==(const Record&, const Record&) = default;
  friend auto operator<=>(const Record&, const Record&) = default;
};
std::ostream& operator<<(std::ostream& out, const Record& record);

using Option = std::pair<unsigned, std::string>;

struct Edns {
  unsigned udp_size = 0;
  unsigned version = 0;
  bool dnssec_ok = false;
  std::vector<Option> options;
  friend bool operator==(const Edns&, const Edns&) = default;
};

struct Packet {
  unsigned id = 0;
  bool qr = false, aa = false, tc = false, rd = false, ra = false, ad = false, cd = false;
  unsigned opcode = 0;
  unsigned rcode = 0;  ///< with the extended bits
  std::vector<Record> question, answer, authority, additional;
  std::optional<Edns> edns;
};

/// The names of `record` in lower case, those in its data included. An error where ldns knows no such data.
Result<Record> folded(const Record& record);
/// Reads a message; names come back in lower case.
Result<Packet> read_message(std::string_view wire);
/// Writes a message, names compressed where ldns compresses them.
Result<std::string> write_message(const Packet& packet);
/// Reads `OWNER TTL CLASS TYPE DATA`, names absolute; they come back in lower case.
Result<Record> read_line(const std::string& line);
/// How ldns writes the data.
Result<std::string> data_text(const Record& record);
/// Reads a zone file; the SOA comes first, names in lower case.
Result<std::vector<Record>> read_zone(const std::string& text, const std::string& origin);

}  // namespace cutover::oracle
