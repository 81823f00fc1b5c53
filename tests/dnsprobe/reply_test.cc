// The reader of replies is held against net::decode(): on whatever bytes, both say malformed, or both mean the same.
#include <catch2/catch.hpp>
#include <random>

#include "core/text.h"
#include "dnsprobe/reply.h"
#include "net/message.h"

using namespace cutover;
using namespace cutover::dnsprobe;

namespace {

struct Dice {
  std::mt19937 random;
  std::size_t below(std::size_t limit) { return random() % limit; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  T pick(std::initializer_list<T> of) {
    return *(of.begin() + below(of.size()));
  }
};

const char* kNames[] = {"www.example.com.", "example.com.", "cdn.example.net.", "a.b.c.d.example.", "."};

net::Record a_record(Dice& dice) {
  struct Kind {
    RecordType type;
    std::initializer_list<const char*> rdata;
  };
  static const Kind kKinds[] = {
      {RecordType::kA, {"192.0.2.1", "203.0.113.255", "0.0.0.0", "10.0.100.7"}},
      {RecordType::kAaaa, {"2001:db8::1", "::", "::ffff:192.0.2.1"}},
      {RecordType::kCname, {"cdn.example.net.", "."}},
      {RecordType::kSoa, {"ns1.example.com. host.example.com. 7 3600 600 86400 60", "a. b. 1 2 3 4 4294967295"}},
      {RecordType::kNs, {"ns1.example.com."}},
      {RecordType::kTxt, {"\"v=spf1 -all\"", "\"\" \"\\255\""}},
      {RecordType::kHttps, {"1 . ipv4hint=192.0.2.1", "0 cdn.example.net."}},
      {RecordType::kMx, {"10 mail.example.com."}},
      {RecordType::kRrsig, {"A 13 3 60 20261201000000 20261101000000 7 example.com. c2lnbmF0dXJl"}},
      {static_cast<RecordType>(65280), {"\\# 3 010203"}},
  };
  // Addresses come most often.
  const Kind& kind = kKinds[dice.one_in(2) ? dice.below(2) : dice.below(std::size(kKinds))];
  const auto record_class = dice.one_in(15) ? net::RecordClass::kCh : net::RecordClass::kIn;
  const std::uint32_t ttl = dice.one_in(10) ? 0xffffffffU : static_cast<std::uint32_t>(dice.below(90000));
  return {*DomainName::from_text(kNames[dice.one_in(2) ? 0 : dice.below(std::size(kNames))]), kind.type, record_class,
          ttl, *(kind.rdata.begin() + dice.below(kind.rdata.size()))};
}

net::Message a_message(Dice& dice) {
  net::Message out;
  out.id = static_cast<std::uint16_t>(dice.random());
  out.qr = true;
  out.ad = dice.one_in(3);
  out.rcode = dice.pick({net::Rcode::kNoError, net::Rcode::kNoError, net::Rcode::kNxDomain, net::Rcode::kServFail});
  for (std::size_t i = dice.one_in(10) ? dice.below(3) : 1; i > 0; --i)
    out.question.push_back({*DomainName::from_text(kNames[0]), RecordType::kA, net::RecordClass::kIn});
  for (std::size_t i = dice.below(6); i > 0; --i) out.answer.push_back(a_record(dice));
  for (std::size_t i = dice.below(3); i > 0; --i) out.authority.push_back(a_record(dice));
  for (std::size_t i = dice.below(3); i > 0; --i) out.additional.push_back(a_record(dice));
  if (dice.one_in(2)) return out;
  out.edns = net::Edns{};
  if (dice.one_in(3)) out.edns->client_subnet = net::SubnetOption{{*IpAddress::from_text("203.0.113.0"), 24}, 16};
  if (dice.one_in(3)) out.edns->nsid = dice.pick<const char*>({"fra1", "\x01\xff", "x"});
  if (dice.one_in(3)) {
    out.edns->extended_error = static_cast<std::uint16_t>(dice.below(25));
    out.edns->extended_error_text = dice.pick<const char*>({"", "stale", "\x1b[2J"});
  }
  if (dice.one_in(5)) out.rcode = static_cast<net::Rcode>(16 + dice.below(4000));
  return out;
}

std::string mutated(Dice& dice, std::string wire) {
  for (std::size_t i = dice.below(4); i > 0 && !wire.empty(); --i) {
    const std::size_t at = dice.below(wire.size());
    switch (dice.below(5)) {
      case 0:
        wire[at] = static_cast<char>(dice.random());
        break;
      case 1:
        wire[at] = static_cast<char>(wire[at] ^ 1 << dice.below(8));
        break;
      case 2:
        wire.resize(at);
        break;
      case 3:
        wire.insert(at, 1, static_cast<char>(dice.random()));
        break;
      default:
        wire[at] = static_cast<char>(0xc0);
    }
  }
  return wire;
}

/// Both readers on the same bytes. What was malformed: false.
bool agree(const std::string& wire) {
  Sample fast;
  const auto read = read_reply(wire, fast);
  const auto message = net::decode(wire);
  REQUIRE(read.ok() == message.ok());
  if (!message) return false;
  net::DnsAnswer answer;
  answer.outcome = net::Outcome::kAnswered;
  answer.reply = *message;
  const Sample slow = sample_of(answer, {});
  REQUIRE(fast.rcode == slow.rcode);
  REQUIRE(fast.answer == slow.answer);
  REQUIRE(fast.negative_ttl == slow.negative_ttl);
  REQUIRE(fast.extended_error == slow.extended_error);
  REQUIRE(fast.extended_error_text == slow.extended_error_text);
  REQUIRE(fast.site == slow.site);
  REQUIRE(fast.authenticated == slow.authenticated);
  REQUIRE(fast.has_signatures == slow.has_signatures);
  REQUIRE(fast.client_subnet == slow.client_subnet);
  if (message->question.empty()) return true;
  Sample compared;
  const DomainName& question = message->question[0].name;
  // Only where it stands there as it is, not through a pointer.
  if (wire.size() < 12 + question.wire().size() || to_lower(wire.substr(12, question.wire().size())) != question.wire())
    return true;
  REQUIRE(read_reply(wire, compared, &question));
  REQUIRE(compared.answer == slow.answer);
  REQUIRE(compared.rcode == slow.rcode);
  return true;
}

}  // namespace

TEST_CASE("reply reader and net::decode agree on generated messages and on what becomes of them") {
  Dice dice{std::mt19937(20261122)};
  std::size_t good = 0, bad = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto wire = net::encode(a_message(dice));
    if (!wire) continue;
    REQUIRE(agree(*wire));
    for (int nth = 0; nth < 3; ++nth) ++(agree(mutated(dice, *wire)) ? good : bad);
  }
  CHECK(good > 5000);
  CHECK(bad > 5000);
}

TEST_CASE("reply reader: a long reply with thousands of names, and what is left of an earlier one") {
  net::Message message;
  message.qr = true;
  message.question.push_back({*DomainName::from_text(kNames[0]), RecordType::kA, net::RecordClass::kIn});
  for (int i = 0; i < 2000; ++i)
    message.answer.push_back({*DomainName::from_text("n" + std::to_string(i) + ".example.com."), RecordType::kA,
                              net::RecordClass::kIn, 60, "192.0.2.1"});
  CHECK(agree(*net::encode(message)));

  Sample sample;
  sample.site = "from before";
  sample.extended_error = 3;
  sample.negative_ttl = Seconds(5);
  message.answer.resize(1);
  REQUIRE(read_reply(*net::encode(message), sample));
  CHECK(sample.site.empty());
  CHECK_FALSE(sample.extended_error);
  CHECK_FALSE(sample.negative_ttl);
  CHECK(sample.answer.size() == 1);
}
