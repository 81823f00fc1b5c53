#include "net/wire.h"

#include <algorithm>

namespace cutover::net {

WireReader::WireReader(std::string_view message, std::size_t at, std::size_t end)
    : message_(message), at_(std::min(at, message.size())), end_(std::min(end, message.size())) {
  if (at > end || end > message.size()) fail();
}

std::string_view WireReader::bytes(std::size_t count) {
  if (failed_ || count > end_ - at_) {
    fail();
    return {};
  }
  const std::string_view field = message_.substr(at_, count);
  at_ += count;
  return field;
}

std::uint8_t WireReader::u8() {
  const std::string_view field = bytes(1);
  return field.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(field[0]);
}

std::uint16_t WireReader::u16() {
  const unsigned high = u8();
  return static_cast<std::uint16_t>(high << 8 | u8());
}

std::uint32_t WireReader::u32() {
  const std::uint32_t high = u16();
  return high << 16 | u16();
}

DomainName WireReader::name() {
  constexpr std::size_t kMaxName = 255;
  constexpr unsigned kPointer = 0xc0;
  std::string wire;
  std::size_t from = at_;     // where the next label is read
  std::size_t limit = end_;   // labels of the first stretch must lie before end_, later ones before the pointer
  std::size_t stretch = at_;  // where the current stretch began: a pointer must point before it
  bool jumped = false;
  while (!failed_) {
    if (from >= limit) break;
    const auto length = static_cast<unsigned char>(message_[from]);
    if ((length & kPointer) == kPointer) {
      if (limit - from < 2) break;
      const std::size_t target = (length & 0x3fU) << 8 | static_cast<unsigned char>(message_[from + 1]);
      if (target >= stretch) break;
      if (!jumped) at_ = from + 2;
      jumped = true;
      limit = stretch;
      stretch = from = target;
      continue;
    }
    if (length >= 64 || limit - from < 1U + length || wire.size() + 1 + length > kMaxName) break;
    wire.append(message_.substr(from, 1U + length));
    from += 1U + length;
    if (length > 0) continue;
    if (!jumped) at_ = from;
    auto name = DomainName::from_wire(wire);
    if (!name) break;
    return *name;
  }
  fail();
  return {};
}

}  // namespace cutover::net
