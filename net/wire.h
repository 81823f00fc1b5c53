#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/domain_name.h"

namespace cutover::net {

/// Reads the fields of a DNS message one after the other, never beyond `end`. The first field that does not fit
/// makes the reader fail for good: every later read gives zero or nothing, so that a caller may read a whole
/// structure and ask failed() once. Borrows the message.
class WireReader {
 public:
  /// `message` is the whole message, which compression pointers refer to; reading goes from `at` up to `end`.
  WireReader(std::string_view message, std::size_t at, std::size_t end);

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::string_view bytes(std::size_t count);
  std::string_view rest() { return bytes(end_ - at_); }
  /// One length octet and as many bytes (RFC 1035 section 3.3).
  std::string_view character_string() { return bytes(u8()); }
  /// A domain name, decompressed (RFC 1035 section 4.1.4). Pointers must point backwards, so loops cannot happen.
  DomainName name();

  bool failed() const { return failed_; }
  bool at_end() const { return at_ == end_; }
  std::size_t at() const { return at_; }
  void fail() { failed_ = true, at_ = end_; }

 private:
  std::string_view message_;
  std::size_t at_;
  std::size_t end_;
  bool failed_ = false;
};

inline void put_u8(std::string& out, unsigned value) { out += static_cast<char>(value & 0xffU); }
inline void put_u16(std::string& out, unsigned value) { put_u8(out, value >> 8), put_u8(out, value); }
inline void put_u32(std::string& out, std::uint32_t value) { put_u16(out, value >> 16), put_u16(out, value & 0xffffU); }

}  // namespace cutover::net
