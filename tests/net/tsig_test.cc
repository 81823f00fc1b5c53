#include "net/tsig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <set>

#include "core/text.h"

namespace cutover::net {
namespace {

Bytes unhex(std::string_view hex) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

Instant at(std::int64_t seconds) { return Instant(Seconds(seconds)); }
constexpr std::int64_t kNoon = 1'790'000'000;

TsigKey test_key(TsigAlgorithm algorithm = TsigAlgorithm::kHmacSha256) {
  return {*DomainName::from_text("Move.Example."), algorithm, "0123456789abcdef0123456789abcdef"};
}

/// `www.example. A`, RD=0, and the same as an answer.
const Bytes kQuery = unhex(
    "1a2b00000001000000000000"
    "03777777076578616d706c6500"
    "00010001");
const Bytes kReply = unhex(
    "1a2b84000001000100000000"
    "03777777076578616d706c6500"
    "00010001"
    "c00c000100010000003c0004c0000201");

TEST_CASE("a signed request is exactly what the RFC says, byte by byte") {
  // The MAC was computed by: openssl mac -digest SHA256 -macopt hexkey:3031...66 HMAC
  // over the request and the TSIG variables (RFC 8945 section 4.3.3).
  Bytes mac;
  const auto wire = tsig_sign(kQuery, test_key(), at(kNoon), {}, &mac);
  CHECK(to_hex(mac) == "dcd1b6c2ccfa15b1ed86443db07a25ba3748aa9a8e5f798c20c47fec695da11e");
  CHECK(to_hex(wire) ==
        "1a2b00000001000000000001"
        "03777777076578616d706c6500"
        "00010001"
        "046d6f7665076578616d706c6500"
        "00fa00ff00000000"
        "003d"
        "0b686d61632d73686132353600"
        "00006ab13b80"
        "012c"
        "0020"
        "dcd1b6c2ccfa15b1ed86443db07a25ba3748aa9a8e5f798c20c47fec695da11e"
        "1a2b"
        "0000"
        "0000");
}

TEST_CASE("request, reply and their algorithms") {
  const auto algorithm = GENERATE(TsigAlgorithm::kHmacSha1, TsigAlgorithm::kHmacSha256, TsigAlgorithm::kHmacSha384,
                                  TsigAlgorithm::kHmacSha512);
  const auto key = test_key(algorithm);
  Bytes request_mac;
  const auto request = tsig_sign(kQuery, key, at(kNoon), {}, &request_mac);
  const auto seen = tsig_verify(request, key, at(kNoon + 2), {});
  CHECK(seen.status == TsigStatus::kGood);
  CHECK(seen.mac == request_mac);
  CHECK(seen.time_signed == at(kNoon));
  CHECK(tsig_key_name(request) == key.name);
  CHECK_FALSE(tsig_key_name(kQuery));

  const auto reply = tsig_sign(kReply, key, at(kNoon + 1), seen.mac, nullptr);
  CHECK(tsig_verify(reply, key, at(kNoon + 2), request_mac).status == TsigStatus::kGood);
  CHECK(tsig_verify(reply, key, at(kNoon + 2), {}).status == TsigStatus::kBadSig);
  CHECK(tsig_verify(reply, key, at(kNoon + 2), Bytes(request_mac.size(), 'x')).status == TsigStatus::kBadSig);
}

TEST_CASE("a forwarder may change the id, the original one counts") {
  auto request = tsig_sign(kQuery, test_key(), at(kNoon), {}, nullptr);
  request[0] = static_cast<char>(0x77);
  CHECK(tsig_verify(request, test_key(), at(kNoon), {}).status == TsigStatus::kGood);
}

TEST_CASE("key names and algorithm names are compared without case") {
  auto request = tsig_sign(kQuery, test_key(), at(kNoon), {}, nullptr);
  for (std::size_t i = kQuery.size(); i < kQuery.size() + 14; ++i)
    if (request[i] >= 'a' && request[i] <= 'z') request[i] = static_cast<char>(request[i] - 0x20);
  CHECK(tsig_verify(request, test_key(), at(kNoon), {}).status == TsigStatus::kGood);
}

TEST_CASE("the owner name may be compressed") {
  // key name: `move` + a pointer to the question's `example.`
  Bytes mac;
  auto request = tsig_sign(kQuery, test_key(), at(kNoon), {}, &mac);
  request.replace(kQuery.size() + 5, 9, unhex("c010"));
  CHECK(tsig_verify(request, test_key(), at(kNoon), {}).status == TsigStatus::kGood);
}

TEST_CASE("no single flipped bit verifies, but for the id and the case of names") {
  Bytes request_mac;
  tsig_sign(kQuery, test_key(), at(kNoon), {}, &request_mac);
  const auto good = tsig_sign(kReply, test_key(), at(kNoon), request_mac, nullptr);
  const std::size_t owner = kReply.size();
  const std::size_t algorithm = owner + 14 + 10;
  std::size_t accepted = 0;
  for (std::size_t byte = 0; byte < good.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      auto bad = good;
      bad[byte] = static_cast<char>(bad[byte] ^ (1 << bit));
      const bool id = byte < 2;
      const bool letter = (good[byte] >= 'a' && good[byte] <= 'z') && bit == 5 &&
                          ((byte >= owner && byte < owner + 14) || (byte >= algorithm && byte < algorithm + 13));
      const auto status = tsig_verify(bad, test_key(), at(kNoon), request_mac).status;
      INFO("byte " << byte << " bit " << bit);
      CHECK((status == TsigStatus::kGood) == (id || letter));
      accepted += status == TsigStatus::kGood;
    }
  }
  CHECK(accepted == 16 + 11 + 7);  // the id; m-o-v-e and e-x-a-m-p-l-e; h-m-a-c and s-h-a
}

TEST_CASE("cut off, longer, shorter: never good and never a crash") {
  const auto good = tsig_sign(kQuery, test_key(), at(kNoon), {}, nullptr);
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(tsig_verify(std::string_view(good).substr(0, size), test_key(), at(kNoon), {}).status != TsigStatus::kGood);
  CHECK(tsig_verify(good + "x", test_key(), at(kNoon), {}).status == TsigStatus::kBadSig);
  CHECK(tsig_verify(good + good, test_key(), at(kNoon), {}).status == TsigStatus::kBadSig);
  CHECK(tsig_verify(kQuery, test_key(), at(kNoon), {}).status == TsigStatus::kUnsigned);
  CHECK(tsig_verify("", test_key(), at(kNoon), {}).status == TsigStatus::kUnsigned);
}

TEST_CASE("what is wrong with a signature is told apart") {
  const auto request = tsig_sign(kQuery, test_key(), at(kNoon), {}, nullptr);
  struct Row {
    std::string what;
    TsigKey key;
    std::int64_t now;
    TsigStatus status;
  };
  auto other_name = test_key();
  other_name.name = *DomainName::from_text("other.");
  auto other_secret = test_key();
  other_secret.secret[0] = 'X';
  const std::vector<Row> rows{
      {"right", test_key(), kNoon, TsigStatus::kGood},
      {"clock ahead to the edge", test_key(), kNoon + 300, TsigStatus::kGood},
      {"clock ahead", test_key(), kNoon + 301, TsigStatus::kBadTime},
      {"clock behind to the edge", test_key(), kNoon - 300, TsigStatus::kGood},
      {"clock behind", test_key(), kNoon - 301, TsigStatus::kBadTime},
      {"another key name", other_name, kNoon, TsigStatus::kBadKey},
      {"another algorithm", test_key(TsigAlgorithm::kHmacSha512), kNoon, TsigStatus::kBadKey},
      {"another secret", other_secret, kNoon, TsigStatus::kBadSig},
      {"another secret and a wrong clock", other_secret, kNoon + 900, TsigStatus::kBadSig},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(tsig_verify(request, row.key, at(row.now), {}).status == row.status);
  }
}

TEST_CASE("a shortened MAC is refused") {
  auto wire = tsig_sign(kQuery, test_key(), at(kNoon), {}, nullptr);
  const std::size_t mac = wire.size() - 6 - 32;
  wire.erase(mac + 16, 16);
  wire[mac - 1] = 16;
  wire[kQuery.size() + 14 + 9] = static_cast<char>(wire[kQuery.size() + 14 + 9] - 16);
  CHECK(tsig_verify(wire, test_key(), at(kNoon), {}).status == TsigStatus::kBadSig);
}

TEST_CASE("what the peer says is wrong") {
  Bytes mac;
  tsig_sign(kQuery, test_key(), at(kNoon), {}, &mac);
  const auto server = at(kNoon + 600);
  const auto error = [&](Rcode code) { return tsig_sign_error(kReply, test_key(), at(kNoon), server, mac, code); };

  const auto late = tsig_verify(error(Rcode::kBadTime), test_key(), at(kNoon), mac);
  CHECK(late.status == TsigStatus::kPeerBadTime);
  CHECK(late.time_signed == server);
  CHECK((error(Rcode::kBadTime)[3] & 0x0f) == 9);
  // BADTIME is signed: with another request it is no word of the peer.
  CHECK(tsig_verify(error(Rcode::kBadTime), test_key(), at(kNoon), Bytes(32, 'x')).status == TsigStatus::kBadSig);

  CHECK(tsig_verify(error(Rcode::kBadKey), test_key(), at(kNoon), mac).status == TsigStatus::kPeerBadKey);
  CHECK(tsig_verify(error(Rcode::kBadSig), test_key(), at(kNoon), mac).status == TsigStatus::kPeerBadSig);
  CHECK_FALSE(tsig_verify(error(Rcode::kBadSig), test_key(), at(kNoon), mac).time_signed);
}

/// `n` messages of one answer; those whose index is in `unsigned_ones` go unsigned. The digest of a signed one
/// then begins with the unsigned ones before it (RFC 8945 section 5.3.1).
std::vector<Bytes> stream_of(int n, const std::set<int>& unsigned_ones, const Bytes& request_mac) {
  std::vector<Bytes> out;
  Bytes prior = request_mac;
  Bytes before;
  for (int i = 0; i < n; ++i) {
    if (unsigned_ones.count(i) > 0) {
      out.push_back(kReply);
      before += kReply;
      continue;
    }
    const auto sign = i == 0 ? tsig_sign : tsig_sign_next;
    Bytes mac;
    Bytes lone_mac;
    sign(before + kReply, test_key(), at(kNoon), prior, &mac);
    auto message = sign(kReply, test_key(), at(kNoon), prior, &lone_mac);
    message.replace(message.find(lone_mac), mac.size(), mac);
    out.push_back(message);
    prior = mac;
    before.clear();
  }
  return out;
}

TEST_CASE("unsigned messages in between are covered by the next signature") {
  const Bytes mac(32, 'm');
  auto messages = stream_of(7, {1, 2, 4}, mac);
  SECTION("as they were sent") {
    TsigStream stream(test_key(), mac);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const bool is_unsigned = i == 1 || i == 2 || i == 4;
      CHECK(stream.next(messages[i], at(kNoon)).status == (is_unsigned ? TsigStatus::kUnsigned : TsigStatus::kGood));
      CHECK(stream.complete() == !is_unsigned);
    }
  }
  SECTION("with one byte changed") {
    messages[2].back() = 7;
    TsigStream stream(test_key(), mac);
    for (int i = 0; i < 3; ++i) stream.next(messages[static_cast<std::size_t>(i)], at(kNoon));
    CHECK(stream.next(messages[3], at(kNoon)).status == TsigStatus::kBadSig);
  }
}

TEST_CASE("every message of a stream signed") {
  const Bytes mac(32, 'm');
  const auto messages = stream_of(5, {}, mac);
  TsigStream stream(test_key(), mac);
  for (const auto& message : messages) {
    CHECK(stream.next(message, at(kNoon)).status == TsigStatus::kGood);
    CHECK(stream.complete());
  }
}

TEST_CASE("a stream that is reordered, short of its signature or starts unsigned is not complete") {
  const Bytes mac(32, 'm');
  const auto messages = stream_of(3, {}, mac);
  SECTION("a message is missing") {
    TsigStream stream(test_key(), mac);
    stream.next(messages[0], at(kNoon));
    CHECK(stream.next(messages[2], at(kNoon)).status == TsigStatus::kBadSig);
    CHECK_FALSE(stream.complete());
    CHECK(stream.next(messages[1], at(kNoon)).status == TsigStatus::kBadSig);
  }
  SECTION("an unsigned message was slipped in") {
    TsigStream stream(test_key(), mac);
    stream.next(messages[0], at(kNoon));
    CHECK(stream.next(kReply, at(kNoon)).status == TsigStatus::kUnsigned);
    CHECK_FALSE(stream.complete());
    CHECK(stream.next(messages[1], at(kNoon)).status == TsigStatus::kBadSig);
  }
  SECTION("the first is unsigned") {
    TsigStream stream(test_key(), mac);
    CHECK(stream.next(kReply, at(kNoon)).status == TsigStatus::kUnsigned);
    CHECK(stream.next(messages[0], at(kNoon)).status == TsigStatus::kBadSig);
    CHECK_FALSE(stream.complete());
  }
  SECTION("a hundred unsigned ones in a row") {
    TsigStream stream(test_key(), mac);
    stream.next(messages[0], at(kNoon));
    for (int i = 0; i < 99; ++i) CHECK(stream.next(kReply, at(kNoon)).status == TsigStatus::kUnsigned);
    CHECK(stream.next(kReply, at(kNoon)).status == TsigStatus::kBadSig);
  }
  SECTION("the clock is wrong in the middle") {
    TsigStream stream(test_key(), mac);
    CHECK(stream.next(messages[0], at(kNoon)).status == TsigStatus::kGood);
    CHECK(stream.next(messages[1], at(kNoon + 301)).status == TsigStatus::kBadTime);
    CHECK_FALSE(stream.complete());
  }
}

TEST_CASE("key files") {
  const std::string secret = "c2VjcmV0IGJ5dGVzIG9mIGEgdGVzdA==";
  const auto clause = "key \"move.example\" {\n\talgorithm hmac-sha512;\n\tsecret \"" + secret + "\";\n};\n";
  const std::vector<std::string> good{
      clause,
      "# made by hand\n// twice\n/* and\n thrice */\n" + clause + "# end\n",
      "key move.example. { secret " + secret + "; algorithm \"HMAC-SHA512\"; }",
      "key \"move.example\"{algorithm hmac-sha512;secret \"" + secret + "\";};",
      "\r\nkey \"move.example\" {\r\n algorithm hmac-sha512;\r\n secret \"" + secret + "\";\r\n};\r\n",
      "hmac-sha512:move.example:" + secret,
      "HMAC-SHA512:Move.Example.:" + secret + "\n",
  };
  for (const auto& text : good) {
    INFO(text);
    const auto key = parse_tsig_key(text);
    REQUIRE(key);
    CHECK(key->name.text() == "move.example.");
    CHECK(key->algorithm == TsigAlgorithm::kHmacSha512);
    CHECK(key->secret == "secret bytes of a test");
  }
}

TEST_CASE("key files that cannot be used, and the secret is never quoted") {
  const std::string secret = "c2VjcmV0IGJ5dGVzIG9mIGEgdGVzdA==";
  const std::vector<std::pair<std::string, std::string>> bad{
      {"", "empty"},
      {"# nothing\n", "empty"},
      {secret, "neither"},
      {"name:" + secret, "neither"},
      {"hmac-md5:name:" + secret, "algorithm"},
      {secret + ":name:hmac-sha256", "algorithm"},
      {"hmac-sha256:" + secret + "..:name", "name"},
      {"hmac-sha256:name:!" + secret, "base64"},
      {"hmac-sha256:name:", "base64"},
      {"key \"name\" { algorithm hmac-sha256; secret \"" + secret + "\";", "closing }"},
      {"key \"name\" { algorithm hmac-sha256; secret \"" + secret + "\" };", "does not end in ;"},
      {"key \"name\" { algorithm hmac-sha256; };", "missing"},
      {"key \"name\" { secret \"" + secret + "\"; secret \"x\"; };", "twice"},
      {"key { secret \"" + secret + "\"; };", "after `key`"},
      {"key \"n\" { algorithm hmac-sha256; secret \"" + secret + "\"; }; key \"m\" { };", "one file holds one key"},
      {"key \"n\" { algorithm hmac-sha256; secret \"" + secret, "does not end in ;"},
      {"key \"n\" { " + secret + " x; };", "only `algorithm`"},
  };
  for (const auto& [text, why] : bad) {
    INFO(text);
    const auto key = parse_tsig_key(text);
    REQUIRE_FALSE(key);
    CHECK_THAT(key.error().message, Catch::Contains(why));
    CHECK(key.error().message.find(secret.substr(0, 12)) == std::string::npos);
  }
}

// --- against BIND's dig: it signs with its own code, and judges what we signed ---

struct Socket {
  explicit Socket(int type) : fd(socket(AF_INET, type, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    const timeval limit{10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Socket() { close(fd); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd;
  int port = 0;
};

struct Dig {
  Dig(int port, const std::string& algorithm, const std::string& arguments) {
    std::array<char, 32> pattern{"/tmp/cutover_tsig_XXXXXX"};
    const int fd = mkstemp(pattern.data());
    REQUIRE(fd >= 0);
    close(fd);
    file = pattern.data();
    std::ofstream(file) << "key \"move.example\" { algorithm " << algorithm << "; secret \""
                        << to_base64(test_key().secret) << "\"; };\n";
    pipe = popen(("dig @127.0.0.1 -p " + std::to_string(port) + " -k " + file + " +tries=1 +time=10 +noedns " +
                  arguments + " 2>&1")
                     .c_str(),
                 "r");
    REQUIRE(pipe != nullptr);
  }
  ~Dig() {
    if (pipe != nullptr) pclose(pipe);
    unlink(file.c_str());
  }
  Dig(const Dig&) = delete;
  Dig& operator=(const Dig&) = delete;
  std::string output() {
    std::string out;
    std::array<char, 512> buffer{};
    while (fgets(buffer.data(), buffer.size(), pipe) != nullptr) out += buffer.data();
    return out;
  }
  std::string file;
  FILE* pipe = nullptr;
};

Instant now() { return SystemClock().now(); }

/// The query's id put into `reply`.
Bytes answer_to(const Bytes& query, Bytes reply) { return reply.replace(0, 2, query.substr(0, 2)); }

TEST_CASE("dig's signature verifies, and dig accepts ours") {
  const std::vector<std::pair<std::string, TsigAlgorithm>> algorithms{{"hmac-sha1", TsigAlgorithm::kHmacSha1},
                                                                      {"hmac-sha256", TsigAlgorithm::kHmacSha256},
                                                                      {"hmac-sha384", TsigAlgorithm::kHmacSha384},
                                                                      {"hmac-sha512", TsigAlgorithm::kHmacSha512}};
  for (const auto& [text, algorithm] : algorithms) {
    INFO(text);
    const auto key = test_key(algorithm);
    const Socket server(SOCK_DGRAM);
    Dig dig(server.port, text, "+norec www.example. A");
    Bytes query(65535, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto got = recvfrom(server.fd, query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    REQUIRE(got > 0);
    query.resize(static_cast<std::size_t>(got));
    const auto check = tsig_verify(query, key, now(), {});
    CHECK(check.status == TsigStatus::kGood);
    auto reply = tsig_sign(answer_to(query, kReply), key, now(), check.mac, nullptr);
    sendto(server.fd, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    const auto output = dig.output();
    CHECK_THAT(output, Catch::Contains("192.0.2.1") && Catch::Contains("NOERROR"));
    CHECK_THAT(output, !Catch::Contains("verify") && !Catch::Contains("BADSIG"));
  }
}

TEST_CASE("dig notices when our signature is wrong") {
  const Socket server(SOCK_DGRAM);
  Dig dig(server.port, "hmac-sha256", "+norec www.example. A");
  Bytes query(65535, '\0');
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const auto got = recvfrom(server.fd, query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  REQUIRE(got > 0);
  query.resize(static_cast<std::size_t>(got));
  auto reply = tsig_sign(answer_to(query, kReply), test_key(), now(), Bytes(32, 'x'), nullptr);
  sendto(server.fd, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  CHECK_THAT(dig.output(), Catch::Contains("tsig indicates error") || Catch::Contains("verify failure"));
}

TEST_CASE("dig reads our BADTIME as one") {
  const Socket server(SOCK_DGRAM);
  Dig dig(server.port, "hmac-sha256", "+norec www.example. A");
  Bytes query(65535, '\0');
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const auto got = recvfrom(server.fd, query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  REQUIRE(got > 0);
  query.resize(static_cast<std::size_t>(got));
  const auto check = tsig_verify(query, test_key(), now() + std::chrono::hours(1), {});
  CHECK(check.status == TsigStatus::kBadTime);
  REQUIRE(check.time_signed);
  auto reply = tsig_sign_error(answer_to(query, kReply), test_key(), *check.time_signed, now() + std::chrono::hours(1),
                               check.mac, Rcode::kBadTime);
  sendto(server.fd, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  const auto output = dig.output();
  CHECK_THAT(output, Catch::Contains("BADTIME") && Catch::Contains("NOTAUTH"));
}

void send_framed(int fd, const Bytes& wire) {
  const Bytes frame = Bytes{static_cast<char>(wire.size() >> 8U), static_cast<char>(wire.size() & 0xffU)} + wire;
  REQUIRE(send(fd, frame.data(), frame.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(frame.size()));
}

TEST_CASE("dig accepts a transfer of several messages that we signed") {
  const Socket server(SOCK_STREAM);
  REQUIRE(listen(server.fd, 1) == 0);
  Dig dig(server.port, "hmac-sha256", "example. AXFR");
  const int peer = accept(server.fd, nullptr, nullptr);
  REQUIRE(peer >= 0);
  Bytes query(65535, '\0');
  auto got = recv(peer, query.data(), 2, MSG_WAITALL);
  REQUIRE(got == 2);
  query.resize(
      static_cast<std::size_t>(static_cast<unsigned char>(query[0]) << 8 | static_cast<unsigned char>(query[1])));
  got = recv(peer, query.data(), query.size(), MSG_WAITALL);
  REQUIRE(got == static_cast<ssize_t>(query.size()));
  const auto check = tsig_verify(query, test_key(), now(), {});
  CHECK(check.status == TsigStatus::kGood);

  // example. SOA . . 1 1 1 1 1 / www.example. A 192.0.2.1 / SOA again, one message each
  const Bytes head = unhex(
      "000084000001000100000000"
      "076578616d706c6500"
      "00fc0001");
  const Bytes soa = head + unhex(
                               "c00c"
                               "00060001"
                               "0000003c"
                               "0016"
                               "0000"
                               "0000000100000001000000010000000100000001");
  const Bytes www = head + unhex(
                               "03777777c00c"
                               "00010001"
                               "0000003c"
                               "0004"
                               "c0000201");
  Bytes prior;
  send_framed(peer, tsig_sign(answer_to(query, soa), test_key(), now(), check.mac, &prior));
  send_framed(peer, tsig_sign_next(answer_to(query, www), test_key(), now(), prior, &prior));
  send_framed(peer, tsig_sign_next(answer_to(query, soa), test_key(), now(), prior, &prior));
  const auto output = dig.output();
  close(peer);
  CHECK_THAT(output, Catch::Contains("192.0.2.1") && Catch::Contains("XFR size: 3 records"));
  CHECK_THAT(output, !Catch::Contains("failed") && !Catch::Contains("verify"));
}

}  // namespace
}  // namespace cutover::net
