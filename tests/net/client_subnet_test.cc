#include "net/client_subnet.h"

#include <catch2/catch.hpp>

#include "core/text.h"
#include "net/message.h"

using namespace cutover;
using namespace cutover::net;
using namespace std::string_literals;

namespace {

SubnetOption option(const char* address, unsigned prefix, unsigned scope = 0) {
  return {{*IpAddress::from_text(address), static_cast<std::uint8_t>(prefix)}, static_cast<std::uint8_t>(scope)};
}

}  // namespace

TEST_CASE("client subnet on the wire: family, lengths, and no more octets than the prefix has (RFC 7871 section 6)") {
  struct Row {
    SubnetOption option;
    const char* hex;
  };
  const auto row = GENERATE(values<Row>({
      {option("203.0.113.0", 24), "00011800cb0071"},
      {option("203.0.113.0", 24, 16), "00011810cb0071"},
      {option("203.0.112.0", 20), "00011400cb0070"},
      {option("203.0.113.7", 32), "00012000cb007107"},
      {option("0.0.0.0", 0), "00010000"},
      {option("2001:db8:12::", 56, 48), "0002383020010db8001200"},
  }));
  INFO(row.hex);
  CHECK(to_hex(to_wire(row.option)) == row.hex);
  CHECK(subnet_from_wire(to_wire(row.option)) == row.option);
}

TEST_CASE("client subnets that no server may send are read as none (RFC 7871 section 7.1.1)") {
  const auto wire = GENERATE(values<std::string>({
      ""s,
      "\0\1"s,
      "\0\1\x18"s,
      "\0\1\x18\0"s,              // /24 without an address
      "\0\1\x18\0\xcb\0"s,        // an octet too few
      "\0\1\x18\0\xcb\0\x71\0"s,  // one too many
      "\0\3\x18\0\xcb\0\x71"s,    // a family that is none
      "\0\0\x20\0"s,
      "\0\1\x21\0\xcb\0\x71\7\0"s,  // /33
      "\0\1\x18\x21\xcb\0\x71"s,    // a scope of 33
      "\0\1\x14\0\xcb\0\x71"s,      // a bit behind /20
      "\0\2"s,
  }));
  INFO(to_hex(wire));
  CHECK(subnet_from_wire(wire) == std::nullopt);
}

TEST_CASE("a message carries a client subnet there and back, and an unreadable one does not spoil it") {
  Message message =
      make_query({*DomainName::from_text("www.example.com"), RecordType::kA, RecordClass::kIn}, Recursion::kDesired);
  message.edns->client_subnet = option("2001:db8::", 32, 24);
  Bytes wire = *encode(message);
  CHECK(*decode(wire) == message);
  // The family is the octet after the option's code and length: there is no family 9.
  const auto at = wire.find(to_wire(*message.edns->client_subnet));
  REQUIRE(at != Bytes::npos);
  wire[at + 1] = 9;
  const auto read = decode(wire);
  REQUIRE(read.ok());
  CHECK_FALSE(read->edns->client_subnet);
}
