#include "net/exchange.h"

#include <catch2/catch.hpp>
#include <cctype>
#include <set>

#include "core/text.h"
#include "tests/net/scripted_server.h"

namespace cutover::net {
namespace {

using namespace std::chrono_literals;
using Datagrams = std::vector<std::string>;

DomainName name(std::string_view text) { return *DomainName::from_text(text); }

/// The right reply: the question echoed, one address.
Message reply_to(const std::string& question) {
  Message reply = *decode(question);
  reply.qr = reply.aa = true;
  if (!reply.question.empty())
    reply.answer = {{reply.question[0].name, RecordType::kA, RecordClass::kIn, 60, "192.0.2.1"}};
  return reply;
}
std::string good(const std::string& question) { return *encode(reply_to(question)); }

std::string with_id_plus_one(std::string wire) {
  wire[1] = static_cast<char>(wire[1] + 1);
  return wire;
}

std::string about_another_name(const std::string& question) {
  Message reply = reply_to(question);
  reply.question[0].name = name("other.example.com");
  return *encode(reply);
}

std::string truncated(const std::string& question) {
  Message reply = reply_to(question);
  reply.tc = true;
  reply.answer.clear();
  return *encode(reply);
}

DnsRequest request_to(const Endpoint& server) {
  DnsRequest request;
  request.server = server;
  request.message = make_query({name("www.example.com"), RecordType::kA}, Recursion::kNotDesired);
  request.timeout = 150ms;
  request.tries = 1;
  return request;
}

const TsigKey kKey{name("key.example.com"), TsigAlgorithm::kHmacSha256, "0123456789abcdef0123456789abcdef"};

struct World {
  Loop loop;
  SystemClock clock;
  DnsAnswer ask(const DnsRequest& request) { return exchange(loop, clock, request); }
};

TEST_CASE("an ordinary answer over UDP", "[exchange]") {
  World world;
  ScriptedServer server({.udp = [](const std::string& q) { return Datagrams{good(q)}; }, .tcp = {}});
  const Instant before = world.clock.now();
  const DnsAnswer answer = world.ask(request_to(server.endpoint()));
  CHECK(answer.outcome == Outcome::kAnswered);
  CHECK(find_set(answer.reply.answer, {name("www.example.com"), RecordType::kA})->rdata ==
        std::vector<std::string>{"192.0.2.1"});
  CHECK_FALSE(answer.over_tcp);
  CHECK(answer.sent);
  CHECK(answer.received >= before);
  CHECK(answer.rtt > 0us);
  CHECK(server.udp_questions() == 1);
}

struct Noise {
  std::string what;
  std::function<std::string(const std::string&)> reply;
  std::string detail;
};

std::vector<Noise> noises() {
  return {
      {"another id", [](const std::string& q) { return with_id_plus_one(good(q)); }, "another id"},
      {"another question", about_another_name, "another question"},
      {"no question",
       [](const std::string& q) {
         Message reply = reply_to(q);
         reply.question.clear();
         return *encode(reply);
       },
       "another question"},
      {"the question itself", [](const std::string& q) { return q; }, "a question came back"},
      {"another opcode",
       [](const std::string& q) {
         Message reply = reply_to(q);
         reply.opcode = Opcode::kNotify;
         return *encode(reply);
       },
       "another kind"},
      {"nothing", [](const std::string&) { return std::string(); }, "shorter than a header"},
      {"a compression loop",
       [](const std::string& q) { return q.substr(0, 2) + std::string("\x80\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 16); },
       "cut off"},
      {"64 KB of noise", [](const std::string& q) { return q.substr(0, 2) + std::string(65000, '\xff'); }, "malformed"},
      {"an answer cut short", [](const std::string& q) { return good(q).substr(0, 40); }, "malformed"},
  };
}

TEST_CASE("what is no reply to the question is passed over until the right one comes", "[exchange]") {
  World world;
  for (const Noise& noise : noises()) {
    INFO(noise.what);
    ScriptedServer server({.udp = [&](const std::string& q) { return Datagrams{noise.reply(q), good(q)}; }, .tcp = {}});
    DnsRequest request = request_to(server.endpoint());
    request.timeout = 5000ms;
    CHECK(world.ask(request).outcome == Outcome::kAnswered);
  }
}

TEST_CASE("when nothing better comes than noise, the outcome is garbage and says which", "[exchange]") {
  World world;
  for (const Noise& noise : noises()) {
    INFO(noise.what);
    ScriptedServer server({.udp = [&](const std::string& q) { return Datagrams{noise.reply(q)}; }, .tcp = {}});
    const DnsAnswer answer = world.ask(request_to(server.endpoint()));
    CHECK(answer.outcome == Outcome::kGarbage);
    INFO(answer.detail);
    CHECK(answer.detail.find(noise.detail) != std::string::npos);
  }
}

TEST_CASE("the echoed question may have another case", "[exchange]") {
  World world;
  ScriptedServer server({.udp =
                             [](const std::string& q) {
                               std::string reply = good(q);
                               for (std::size_t i = 12; i < 29; ++i)
                                 reply[i] = static_cast<char>(std::toupper(reply[i]));
                               return Datagrams{reply};
                             },
                         .tcp = {}});
  CHECK(world.ask(request_to(server.endpoint())).outcome == Outcome::kAnswered);
}

TEST_CASE("a reply from another port is not heard", "[exchange]") {
  World world;
  ScriptedServer server(
      {.udp = [](const std::string& q) { return Datagrams{good(q)}; }, .tcp = {}, .from_another_port = true});
  CHECK(world.ask(request_to(server.endpoint())).outcome == Outcome::kTimeout);
}

TEST_CASE("silence: a query is sent as often as allowed, an UPDATE once", "[exchange]") {
  World world;
  ScriptedServer server({});
  DnsRequest request = request_to(server.endpoint());
  request.timeout = 40ms;
  request.tries = 3;
  SECTION("query") {
    CHECK(world.ask(request).outcome == Outcome::kTimeout);
    CHECK(server.udp_questions() == 3);
  }
  SECTION("UPDATE") {
    request.message = Message{};
    request.message.opcode = Opcode::kUpdate;
    request.message.question = {{name("example.com"), RecordType::kSoa, RecordClass::kIn}};
    const DnsAnswer answer = world.ask(request);
    CHECK(answer.outcome == Outcome::kTimeout);
    CHECK(answer.sent);
    CHECK(server.udp_questions() == 1);
  }
}

TEST_CASE("a lost first datagram costs one retransmission", "[exchange]") {
  World world;
  int seen = 0;
  ScriptedServer server(
      {.udp = [&](const std::string& q) { return ++seen < 3 ? Datagrams{} : Datagrams{good(q)}; }, .tcp = {}});
  DnsRequest request = request_to(server.endpoint());
  request.timeout = 50ms;
  request.tries = 40;
  CHECK(world.ask(request).outcome == Outcome::kAnswered);
  CHECK(server.udp_questions() >= 3);
}

TEST_CASE("nobody listens: unreachable at once, long before the timeout", "[exchange]") {
  World world;
  Endpoint nobody;
  { nobody = ScriptedServer({}).endpoint(); }
  DnsRequest request = request_to(nobody);
  request.timeout = 60s;
  request.transport = GENERATE(DnsTransport::kUdpThenTcp, DnsTransport::kTcp);
  const DnsAnswer answer = world.ask(request);
  CHECK(answer.outcome == Outcome::kUnreachable);
  CHECK(answer.detail == "connection refused");
  CHECK(answer.sent == (request.transport == DnsTransport::kUdpThenTcp));
}

TEST_CASE("truncated over UDP: asked again over TCP", "[exchange]") {
  World world;
  // As large as a DNS message gets: 65,535 bytes.
  const auto big = [](const std::string& q) {
    Message reply = reply_to(q);
    while (encode(reply)->size() + 12 + 251 < 65535)
      reply.answer.push_back(
          {reply.question[0].name, RecordType::kTxt, RecordClass::kIn, 60, "\"" + std::string(250, 'x') + "\""});
    const std::size_t room = 65535 - encode(reply)->size() - 13;
    reply.answer.push_back(
        {reply.question[0].name, RecordType::kTxt, RecordClass::kIn, 60, "\"" + std::string(room, 'y') + "\""});
    return *encode(reply);
  };
  std::atomic<std::size_t> size = 0;
  ScriptedServer server({.udp = [](const std::string& q) { return Datagrams{truncated(q)}; },
                         .tcp =
                             [&](const std::string& q) {
                               const std::string wire = big(q);
                               size = wire.size();
                               return ScriptedServer::Stream{{framed(wire)}};
                             }});
  DnsRequest request = request_to(server.endpoint());
  request.timeout = 5000ms;
  const DnsAnswer answer = world.ask(request);
  CHECK(answer.outcome == Outcome::kAnswered);
  CHECK(answer.over_tcp);
  CHECK(size == 65535);
  CHECK(answer.reply.answer.size() > 200);
}

TEST_CASE("TCP comes in pieces", "[exchange]") {
  World world;
  ScriptedServer server({.udp = {}, .tcp = [](const std::string& q) {
                           ScriptedServer::Stream stream;
                           // A stray message first, then the right one, byte by byte.
                           for (const char c : framed(with_id_plus_one(good(q))) + framed(good(q)))
                             stream.pieces.emplace_back(1, c);
                           return stream;
                         }});
  DnsRequest request = request_to(server.endpoint());
  request.transport = DnsTransport::kTcp;
  request.timeout = 5000ms;
  CHECK(world.ask(request).outcome == Outcome::kAnswered);
}

TEST_CASE("TCP that goes wrong", "[exchange]") {
  World world;
  DnsRequest request = request_to({});
  request.transport = DnsTransport::kTcp;
  const auto outcome_of = [&](ScriptedServer::Script script) {
    ScriptedServer server(std::move(script));
    request.server = server.endpoint();
    const DnsAnswer answer = world.ask(request);
    return std::string(to_text(answer.outcome)) + ": " + answer.detail;
  };
  SECTION("half a message") {
    CHECK(outcome_of({.udp = {}, .tcp = [](const std::string& q) {
                        return ScriptedServer::Stream{{framed(good(q)).substr(0, 20)}};
                      }}) == "unreachable: the server closed the connection in the middle of a message");
  }
  SECTION("closed without a word") {
    CHECK(outcome_of({.udp = {}, .tcp = [](const std::string&) { return ScriptedServer::Stream{}; }}) ==
          "unreachable: the server closed the connection");
  }
  SECTION("half a message, then silence") {
    CHECK(outcome_of({.udp = {},
                      .tcp =
                          [](const std::string& q) {
                            return ScriptedServer::Stream{{framed(good(q)).substr(0, 20)}, false};
                          }})
              .starts_with("timeout: no answer within"));
  }
  SECTION("a wrong reply, then closed") {
    CHECK(outcome_of({.udp = {}, .tcp = [](const std::string& q) {
                        return ScriptedServer::Stream{{framed(about_another_name(q))}};
                      }}) == "garbage: the reply has another question");
  }
}

TEST_CASE("a server that does not know EDNS is asked without it", "[exchange]") {
  World world;
  ScriptedServer server({.udp =
                             [](const std::string& q) {
                               Message reply = reply_to(q);
                               if (!reply.edns) return Datagrams{*encode(reply)};
                               reply.edns.reset();
                               reply.answer.clear();
                               reply.question.clear();
                               reply.rcode = Rcode::kFormErr;
                               return Datagrams{*encode(reply)};
                             },
                         .tcp = {}});
  const DnsAnswer answer = world.ask(request_to(server.endpoint()));
  CHECK(answer.outcome == Outcome::kAnswered);
  CHECK(answer.reply.rcode == Rcode::kNoError);
  CHECK(server.udp_questions() == 2);
}

TEST_CASE("an UPDATE goes over TCP when it is long, and its empty reply is one", "[exchange]") {
  World world;
  const auto reply = [](const std::string& q) {
    Message message = *decode(q);
    Message out;
    out.id = message.id;
    out.qr = true;
    out.opcode = Opcode::kUpdate;
    return *encode(out);
  };
  ScriptedServer server({.udp = [&](const std::string& q) { return Datagrams{reply(q)}; },
                         .tcp = [&](const std::string& q) { return ScriptedServer::Stream{{framed(reply(q))}}; }});
  DnsRequest request = request_to(server.endpoint());
  request.timeout = 5000ms;
  request.message = Message{};
  request.message.opcode = Opcode::kUpdate;
  request.message.question = {{name("example.com"), RecordType::kSoa, RecordClass::kIn}};
  const int records = GENERATE(1, 60);
  for (int i = 0; i < records; ++i)
    request.message.authority.push_back(
        {name("www.example.com"), RecordType::kA, RecordClass::kIn, 60, "192.0.2." + std::to_string(i)});
  const DnsAnswer answer = world.ask(request);
  CHECK(answer.outcome == Outcome::kAnswered);
  CHECK(answer.over_tcp == (records == 60));
}

TEST_CASE("before_send is called once, before the server has anything", "[exchange]") {
  World world;
  ScriptedServer server({.udp = [](const std::string& q) { return Datagrams{truncated(q)}; },
                         .tcp = [](const std::string& q) { return ScriptedServer::Stream{{framed(good(q))}}; }});
  DnsRequest request = request_to(server.endpoint());
  request.timeout = 5000ms;
  request.transport = GENERATE(DnsTransport::kUdpThenTcp, DnsTransport::kTcp);
  int calls = 0;
  int seen_by_server = -1;
  request.before_send = [&] {
    ++calls;
    seen_by_server = server.udp_questions() + server.tcp_questions();
  };
  CHECK(world.ask(request).outcome == Outcome::kAnswered);
  CHECK(calls == 1);
  CHECK(seen_by_server == 0);
}

TEST_CASE("many at once: answers in the order of the requests, never more in flight than allowed", "[exchange]") {
  World world;
  ScriptedServer echo({.udp = [](const std::string& q) { return Datagrams{good(q)}; }, .tcp = {}});
  SECTION("in order") {
    std::vector<DnsRequest> requests;
    for (int i = 0; i < 300; ++i) {
      requests.push_back(request_to(echo.endpoint()));
      requests.back().timeout = 5000ms;
      requests.back().tries = 3;
      requests.back().message.question[0].name = name("n" + std::to_string(i) + ".example.com");
    }
    const auto answers = exchange_all(world.loop, world.clock, requests, 32);
    REQUIRE(answers.size() == requests.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      REQUIRE(answers[i].outcome == Outcome::kAnswered);
      REQUIRE(answers[i].reply.question == requests[i].message.question);
    }
  }
  SECTION("bounded") {
    ScriptedServer silent({});
    std::vector<std::chrono::steady_clock::time_point> starts;
    std::vector<DnsRequest> requests(4, request_to(silent.endpoint()));
    for (DnsRequest& request : requests) {
      request.timeout = 60ms;
      request.before_send = [&] { starts.push_back(std::chrono::steady_clock::now()); };
    }
    exchange_all(world.loop, world.clock, requests, 2);
    REQUIRE(starts.size() == 4);
    CHECK(starts[2] - starts[0] >= 60ms);  // the third had to wait for the first to end
  }
  SECTION("none") { CHECK(exchange_all(world.loop, world.clock, {}).empty()); }
}

TEST_CASE("questions that share a socket do not get in each other's way", "[exchange]") {
  World world;
  // Replies are sent in pairs, in the wrong order, each twice, noise around them. When the two of a pair came from
  // different sockets the first loses its reply; its next try, a question seen before, is answered at once.
  std::vector<std::string> held;
  std::set<std::string> seen;
  ScriptedServer server({.udp =
                             [&](const std::string& q) {
                               Message reply = reply_to(q);
                               reply.answer[0].rdata = "192.0.2." + std::to_string(reply.question[0].name.wire()[2]);
                               if (!seen.insert(q).second) return Datagrams{*encode(reply)};
                               held.push_back(*encode(reply));
                               if (held.size() < 2) return Datagrams{"x", about_another_name(q)};
                               const Datagrams out{"", held[1], held[1], with_id_plus_one(held[0]), held[0]};
                               held.clear();
                               return out;
                             },
                         .tcp = {}});
  std::vector<DnsRequest> requests;
  for (char c = 'a'; c <= 'z'; ++c)
    for (const char* rest : {"", "x", "y", "z"}) {
      requests.push_back(request_to(server.endpoint()));
      requests.back().timeout = 2000ms;
      requests.back().tries = 3;
      requests.back().message.question[0].name = name(std::string("n") + c + rest + ".example.com");
    }
  const auto answers = exchange_all(world.loop, world.clock, requests, 64);
  REQUIRE(answers.size() == requests.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    INFO(requests[i].message.question[0].name.text());
    REQUIRE(answers[i].outcome == Outcome::kAnswered);
    REQUIRE(answers[i].reply.question == requests[i].message.question);
    const char second = requests[i].message.question[0].name.wire()[2];
    CHECK(answers[i].reply.answer.at(0).rdata == "192.0.2." + std::to_string(second));
  }
}

TEST_CASE("nobody listens: all questions that share a socket hear it at once", "[exchange]") {
  World world;
  Endpoint nobody;
  { nobody = ScriptedServer({}).endpoint(); }
  std::vector<DnsRequest> requests(100, request_to(nobody));
  for (DnsRequest& request : requests) request.timeout = 60s;
  for (const DnsAnswer& answer : exchange_all(world.loop, world.clock, requests, 64)) {
    CHECK(answer.outcome == Outcome::kUnreachable);
    CHECK(answer.detail == "connection refused");
  }
}

struct Signed {
  std::string what;
  std::function<std::string(const std::string& question, const Bytes& request_mac)> reply;
  Outcome outcome;
  TsigStatus status;
  std::string detail;
};

TEST_CASE("signed questions want signed replies", "[exchange]") {
  World world;
  const SystemClock clock;
  TsigKey other_secret = kKey;
  other_secret.secret = "another secret";
  const std::vector<Signed> table{
      {"signed",
       [&](const std::string& q, const Bytes& mac) { return tsig_sign(good(q), kKey, clock.now(), mac, nullptr); },
       Outcome::kAnswered, TsigStatus::kGood, ""},
      {"unsigned", [&](const std::string& q, const Bytes&) { return good(q); }, Outcome::kTsigFailed,
       TsigStatus::kUnsigned, "not signed"},
      {"another secret",
       [&](const std::string& q, const Bytes& mac) {
         return tsig_sign(good(q), other_secret, clock.now(), mac, nullptr);
       },
       Outcome::kTsigFailed, TsigStatus::kBadSig, "does not fit"},
      {"an hour late",
       [&](const std::string& q, const Bytes& mac) {
         return tsig_sign(good(q), kKey, clock.now() - std::chrono::hours(1), mac, nullptr);
       },
       Outcome::kTsigFailed, TsigStatus::kBadTime, "1h apart"},
      {"key unknown",
       [&](const std::string& q, const Bytes& mac) {
         return tsig_sign_error(good(q), kKey, clock.now(), clock.now(), mac, Rcode::kBadKey);
       },
       Outcome::kTsigFailed, TsigStatus::kPeerBadKey, "BADKEY"},
      {"our clock is wrong",
       [&](const std::string& q, const Bytes& mac) {
         return tsig_sign_error(good(q), kKey, clock.now(), clock.now() + std::chrono::minutes(10), mac,
                                Rcode::kBadTime);
       },
       Outcome::kTsigFailed, TsigStatus::kPeerBadTime, "BADTIME"},
  };
  for (const Signed& row : table) {
    INFO(row.what);
    ScriptedServer server({.udp =
                               [&](const std::string& q) {
                                 const TsigCheck check = tsig_verify(q, kKey, clock.now(), {});
                                 if (check.status != TsigStatus::kGood) return Datagrams{};
                                 return Datagrams{row.reply(q, check.mac)};
                               },
                           .tcp = {}});
    DnsRequest request = request_to(server.endpoint());
    request.timeout = 5000ms;
    request.key = kKey;
    const DnsAnswer answer = world.ask(request);
    CHECK(answer.outcome == row.outcome);
    CHECK(answer.tsig == row.status);
    INFO(answer.detail);
    CHECK(answer.detail.find(row.detail) != std::string::npos);
  }
}

TEST_CASE("a reply to the first try counts although a second one was signed anew", "[exchange]") {
  World world;
  const SystemClock clock;
  std::string first;
  ScriptedServer server({.udp =
                             [&](const std::string& q) {
                               if (first.empty()) {
                                 first = q;
                                 return Datagrams{};
                               }
                               const TsigCheck check = tsig_verify(first, kKey, clock.now(), {});
                               return Datagrams{tsig_sign(good(first), kKey, clock.now(), check.mac, nullptr)};
                             },
                         .tcp = {}});
  DnsRequest request = request_to(server.endpoint());
  request.key = kKey;
  request.timeout = 1100ms;  // the time in the signature has whole seconds: the second one differs
  request.tries = 2;
  const DnsAnswer answer = world.ask(request);
  CHECK(answer.outcome == Outcome::kAnswered);
  CHECK(server.udp_questions() == 2);
}

// --- transfers ---------------------------------------------------------------------------------------------------

const std::string kSoaText = "ns1.example.com. host.example.com. 7 3600 900 604800 300";

Record soa(const std::string& text = kSoaText) {
  return {name("example.com"), RecordType::kSoa, RecordClass::kIn, 3600, text};
}
Record address(std::string_view owner, std::string text) {
  return {name(owner), RecordType::kA, RecordClass::kIn, 60, std::move(text)};
}

/// One message of a transfer.
std::string part(const std::string& question, std::vector<Record> records, Rcode rcode = Rcode::kNoError) {
  Message message;
  message.id = decode(question)->id;
  message.qr = message.aa = true;
  message.rcode = rcode;
  message.question = decode(question)->question;
  message.answer = std::move(records);
  return *encode(message);
}

struct Transferred {
  std::string what;
  std::function<std::vector<std::string>(const std::string& question)> messages;
  ErrorCode code;
  std::string says;
};

TEST_CASE("a zone transfer over several messages", "[transfer]") {
  World world;
  ScriptedServer server({.udp = {}, .tcp = [](const std::string& q) {
                           return ScriptedServer::Stream{
                               {framed(part(q, {soa(), address("www.example.com", "192.0.2.1")})) +
                                    framed(part(q, {address("a.example.com", "192.0.2.2")})),
                                framed(part(q, {soa()}))},
                               false};
                         }});
  const auto zone =
      transfer_zone(world.loop, world.clock, server.endpoint(), name("example.com"), std::nullopt, 5000ms);
  if (!zone) FAIL(zone.error().message);
  CHECK(zone->soa.serial == 7);
  CHECK(zone->sets.size() == 3);
}

TEST_CASE("transfers that fail say why", "[transfer]") {
  World world;
  const std::vector<Transferred> table{
      {"refused", [](const std::string& q) { return Datagrams{part(q, {}, Rcode::kRefused)}; }, ErrorCode::kRefused,
       "REFUSED; allow"},
      {"not authoritative", [](const std::string& q) { return Datagrams{part(q, {}, Rcode::kNotAuth)}; },
       ErrorCode::kRefused, "NOTAUTH"},
      {"broken", [](const std::string& q) { return Datagrams{part(q, {}, Rcode::kServFail)}; }, ErrorCode::kRefused,
       "SERVFAIL"},
      {"empty", [](const std::string& q) { return Datagrams{part(q, {})}; }, ErrorCode::kNetwork, "without a record"},
      {"no SOA in front",
       [](const std::string& q) { return Datagrams{part(q, {address("a.example.com", "192.0.2.1")})}; },
       ErrorCode::kNetwork, "does not begin with the SOA"},
      {"no SOA at the end",
       [](const std::string& q) {
         return Datagrams{part(q, {soa()}), part(q, {address("a.example.com", "192.0.2.1")})};
       },
       ErrorCode::kNetwork, "before the zone was complete"},
      {"another serial at the end",
       [](const std::string& q) {
         return Datagrams{part(q, {soa(), soa("ns1.example.com. host.example.com. 8 3600 900 604800 300")})};
       },
       ErrorCode::kConflict, "changed during the transfer"},
      {"records behind the end",
       [](const std::string& q) {
         return Datagrams{part(q, {soa(), soa(), address("a.example.com", "192.0.2.1")})};
       },
       ErrorCode::kNetwork, "follow the closing SOA"},
      {"another question", [](const std::string& q) { return Datagrams{about_another_name(q)}; }, ErrorCode::kNetwork,
       "another request"},
      {"noise", [](const std::string&) { return Datagrams{std::string(200, '\xff')}; }, ErrorCode::kNetwork,
       "malformed"},
      {"a record from elsewhere",
       [](const std::string& q) {
         return Datagrams{part(q, {soa(), address("a.example.org", "192.0.2.1"), soa()})};
       },
       ErrorCode::kInvalid, "outside the zone"},
  };
  for (const Transferred& row : table) {
    INFO(row.what);
    ScriptedServer server({.udp = {}, .tcp = [&](const std::string& q) {
                             ScriptedServer::Stream stream;
                             for (const std::string& message : row.messages(q))
                               stream.pieces.push_back(framed(message));
                             return stream;
                           }});
    const auto zone =
        transfer_zone(world.loop, world.clock, server.endpoint(), name("example.com"), std::nullopt, 5000ms);
    REQUIRE_FALSE(zone);
    INFO(zone.error().message);
    CHECK(zone.error().code == row.code);
    CHECK(zone.error().message.find("transfer of example.com. from " + server.endpoint().text()) == 0);
    CHECK(zone.error().message.find(row.says) != std::string::npos);
  }
}

TEST_CASE("a transfer from nobody, and from somebody who falls silent", "[transfer]") {
  World world;
  Endpoint nobody;
  { nobody = ScriptedServer({}).endpoint(); }
  auto zone = transfer_zone(world.loop, world.clock, nobody, name("example.com"), std::nullopt, 5000ms);
  CHECK(zone.error().code == ErrorCode::kNetwork);
  CHECK(zone.error().message.find("connection refused") != std::string::npos);
  ScriptedServer server({.udp = {}, .tcp = [](const std::string& q) {
                           return ScriptedServer::Stream{{framed(part(q, {soa()}))}, false};
                         }});
  zone = transfer_zone(world.loop, world.clock, server.endpoint(), name("example.com"), std::nullopt, 100ms);
  CHECK(zone.error().code == ErrorCode::kTimeout);
}

TEST_CASE("a signed transfer: messages in between may be unsigned, first and last may not", "[transfer]") {
  World world;
  const SystemClock clock;
  struct Case {
    std::string what;
    std::function<std::vector<std::string>(const std::string& q, const Bytes& mac)> messages;
    bool good;
    std::string says;
  };
  const auto all = [](const std::string& q) { return part(q, {soa(), address("a.example.com", "192.0.2.1"), soa()}); };
  const std::vector<Case> table{
      {"one message",
       [&](const std::string& q, const Bytes& mac) {
         return Datagrams{tsig_sign(all(q), kKey, clock.now(), mac, nullptr)};
       },
       true, ""},
      {"unsigned", [&](const std::string& q, const Bytes&) { return Datagrams{all(q)}; }, false, "not signed"},
      {"refused, signed by nobody",
       [&](const std::string& q, const Bytes&) { return Datagrams{part(q, {}, Rcode::kRefused)}; }, false, "REFUSED"},
      {"unknown key",
       [&](const std::string& q, const Bytes& mac) {
         return Datagrams{tsig_sign_error(part(q, {}), kKey, clock.now(), clock.now(), mac, Rcode::kBadKey)};
       },
       false, "NOTAUTH: the server does not know the key"},
      {"last message unsigned",
       [&](const std::string& q, const Bytes& mac) {
         return Datagrams{tsig_sign(part(q, {soa()}), kKey, clock.now(), mac, nullptr), part(q, {soa()})};
       },
       false, "last message is not signed"},
      {"a forged message in between",
       [&](const std::string& q, const Bytes& mac) {
         Bytes first;
         const std::string head = tsig_sign(part(q, {soa()}), kKey, clock.now(), mac, &first);
         return Datagrams{head, part(q, {address("evil.example.com", "192.0.2.66")}),
                          tsig_sign(part(q, {soa()}), kKey, clock.now(), first, nullptr)};
       },
       false, "does not fit"},
  };
  for (const Case& row : table) {
    INFO(row.what);
    ScriptedServer server({.udp = {}, .tcp = [&](const std::string& q) {
                             const TsigCheck check = tsig_verify(q, kKey, clock.now(), {});
                             ScriptedServer::Stream stream;
                             for (const std::string& message : row.messages(q, check.mac))
                               stream.pieces.push_back(framed(message));
                             return stream;
                           }});
    const auto zone = transfer_zone(world.loop, world.clock, server.endpoint(), name("example.com"), kKey, 5000ms);
    CHECK(zone.ok() == row.good);
    if (!zone) {
      INFO(zone.error().message);
      CHECK(zone.error().code == ErrorCode::kAuth);
      CHECK(zone.error().message.find(row.says) != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace cutover::net
