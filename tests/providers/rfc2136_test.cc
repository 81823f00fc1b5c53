// What can go wrong between this program and a name server, and the words for it.
#include "providers/rfc2136/rfc2136.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/text.h"
#include "tests/net/scripted_server.h"
#include "tests/providers/subject.h"

using namespace cutover;
using namespace cutover::tests;
using namespace std::chrono_literals;
using providers::Provider;

namespace {

const servers::SharedKey kReader{"reader", "hmac-sha512", "cmVhZGVyLXJlYWRlci1yZWFkZXI="};

std::unique_ptr<servers::Authority> start(const std::string& product, servers::AuthorityOptions options = {}) {
  options.zones = {{"example.com", zone_text()}};
  options.reading_keys = {kReader};
  if (product == "Knot") return std::make_unique<servers::Knot>(options);
  if (product == "BIND") return std::make_unique<servers::Bind>(options);
  return std::make_unique<servers::PowerDns>(options);
}

/// A provider with a key of its own choice.
class Client {
 public:
  Client(const Endpoint& server, const std::optional<servers::SharedKey>& key, const Clock& clock) {
    providers::ProviderConfig config{"rfc2136", {{"server", server.text()}}, folder_.path()};
    if (key) {
      folder_.write("tsig.key", key->file_text(), 0600);
      config.options["key"] = "file/tsig.key";
    }
    auto made = providers::make_provider(config, {loop_, clock, {}});
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
    provider_ = std::move(*made);
  }
  Provider& operator*() { return *provider_; }
  Provider* operator->() { return provider_.get(); }

  Error refused(const ChangeSet& changes) {
    auto steps = provider_->steps(changes);
    REQUIRE(steps);
    auto receipt = provider_->apply(steps->at(0));
    REQUIRE_FALSE(receipt);
    return receipt.error();
  }

 private:
  servers::TempFolder folder_;
  net::Loop loop_;
  std::unique_ptr<Provider> provider_;
};

ChangeSet some_change() {
  return {name("@"), {create(set("new", "A", 60, {"203.0.113.1"}))}, std::nullopt, std::nullopt};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE(
    "a wrong secret, an unknown key, a wrong clock and a missing right are told apart where the server tells them "
    "apart") {
  const std::string product = GENERATE(values<std::string>({"Knot", "BIND", "PowerDNS"}));
  INFO(product);
  const auto server = start(product);
  const SystemClock right;
  const bool tells_apart = product != "PowerDNS";

  servers::SharedKey wrong_secret = server->key();
  wrong_secret.secret = "d3JvbmctcGxhaW5seS13cm9uZw==";
  Client with_wrong_secret(server->endpoint(), wrong_secret, right);
  Error error = with_wrong_secret.refused(some_change());
  CHECK(error.code == ErrorCode::kAuth);
  CHECK(has(error.message, "secret"));
  CHECK(has(error.message, "nothing was changed"));
  CHECK_FALSE(has(error.message, wrong_secret.secret));
  if (tells_apart) CHECK(has(error.message, "BADSIG"));
  if (!tells_apart) CHECK(has(error.message, "clock"));
  const auto unread = with_wrong_secret->read_sets(name("@"), {{name("www"), RecordType::kA}});
  REQUIRE_FALSE(unread);
  CHECK(unread.error().code == ErrorCode::kAuth);

  servers::SharedKey unknown = server->key();
  unknown.name = "nobody-knows-me";
  error = Client(server->endpoint(), unknown, right).refused(some_change());
  CHECK(error.code == ErrorCode::kAuth);
  CHECK(has(error.message, "nobody-knows-me"));
  if (tells_apart) CHECK(has(error.message, "BADKEY"));

  for (const Seconds wrong : {600s, -600s}) {
    const WrongClock clock(wrong);
    Client late(server->endpoint(), server->key(), clock);
    error = late.refused(some_change());
    INFO(error.message);
    CHECK(error.code == (tells_apart ? ErrorCode::kClock : ErrorCode::kAuth));
    CHECK(has(error.message, "clock"));
    if (!tells_apart) continue;
    CHECK((has(error.message, "600 s") || has(error.message, "599 s") || has(error.message, "601 s")));
    CHECK(has(error.message, wrong > 0s ? "behind" : "ahead"));
    REQUIRE(late->clock_skew());
    CHECK(std::chrono::abs(*late->clock_skew() + wrong) <= 2s);
  }

  error = Client(server->endpoint(), kReader, right).refused(some_change());
  INFO(error.message);
  CHECK(error.code == (product == "Knot" ? ErrorCode::kAuth : ErrorCode::kRefused));
  CHECK(has(error.message, "reader"));
  CHECK((has(error.message, "rule") || has(error.message, "rules")));

  error = Client(server->endpoint(), std::nullopt, right).refused(some_change());
  CHECK(error.code == ErrorCode::kRefused);

  // The right key at the right time still works, and shows that the clocks agree.
  Client good(server->endpoint(), server->key(), right);
  CHECK(good->apply(good->steps(some_change())->at(0)));
  REQUIRE(good->clock_skew());
  CHECK(std::chrono::abs(*good->clock_skew()) <= 2s);
}

TEST_CASE("a server that is gone changed nothing; one that falls silent may have") {
  const SystemClock clock;
  const auto server = start("Knot");
  Client client(server->endpoint(), server->key(), clock);
  const auto steps = client->steps(some_change());

  server->stop();
  auto receipt = client->apply(steps->at(0));
  REQUIRE_FALSE(receipt);
  CHECK(receipt.error().code == ErrorCode::kNetwork);
  CHECK(has(receipt.error().message, server->endpoint().text()));
  CHECK(has(receipt.error().message, "nothing was changed"));
  CHECK(client->read(name("@")).error().code == ErrorCode::kNetwork);
  CHECK(client->read_sets(name("@"), {}).error().code == ErrorCode::kNetwork);

  server->start();
  server->pause();
  receipt = client->apply(steps->at(0));
  server->resume();
  REQUIRE_FALSE(receipt);
  INFO(receipt.error().message);
  CHECK(receipt.error().code == ErrorCode::kUnknown);
  CHECK(has(receipt.error().message, "not known"));
}

TEST_CASE("a zone that takes no updates, and a zone the server does not have") {
  const SystemClock clock;
  const std::string product = GENERATE(values<std::string>({"Knot", "BIND", "PowerDNS"}));
  INFO(product);
  servers::AuthorityOptions options;
  options.read_only = true;
  const auto server = start(product, options);
  Client client(server->endpoint(), server->key(), clock);
  Error error = client.refused(some_change());
  INFO(error.message);
  CHECK(error.code == (product == "Knot" ? ErrorCode::kAuth : ErrorCode::kRefused));
  CHECK((has(error.message, "rule") || has(error.message, "rules")));

  ChangeSet elsewhere{*DomainName::from_text("example.org"), {}, std::nullopt, std::nullopt};
  elsewhere.changes = {create(set("www.example.org.", "A", 60, {"203.0.113.1"}))};
  error = client.refused(elsewhere);
  INFO(error.message);
  CHECK(error.code == (product == "Knot" ? ErrorCode::kAuth : ErrorCode::kRefused));
  CHECK(has(error.message, "example.org"));
}

TEST_CASE("answers that a wildcard or a delegation made up are not taken for record sets") {
  const SystemClock clock;
  const std::string product = GENERATE(values<std::string>({"Knot", "BIND", "PowerDNS"}));
  INFO(product);
  servers::AuthorityOptions options;
  const auto server = start(product, options);
  REQUIRE(servers::nsupdate(server->endpoint(), server->key(),
                            "zone example.com\nupdate add child.example.com 300 NS ns.child.example.com.\n"
                            "update add ns.child.example.com 300 A 192.0.2.77")
              .status == 0);
  Client client(server->endpoint(), server->key(), clock);
  const std::vector<RecordKey> keys{{name("some.wild"), RecordType::kA}, {name("*.wild"), RecordType::kA},
                                    {name("ns.child"), RecordType::kA},  {name("nothing"), RecordType::kA},
                                    {name("www"), RecordType::kCname},   {name("shop"), RecordType::kA}};
  const auto found = client->read_sets(name("@"), keys);
  INFO((found ? "" : found.error().message));
  REQUIRE(found);
  CHECK(found->sets.size() == 3);  // the SOA and the two that exist
  CHECK(found->sets.count(keys[1]) == 1);
  CHECK(found->sets.count(keys[2]) == 1);
}

TEST_CASE("many record sets are read by one transfer, and asked for where it is refused") {
  const SystemClock clock;
  const std::string product = GENERATE(values<std::string>({"Knot", "BIND", "PowerDNS"}));
  INFO(product);
  const auto server = start(product);
  std::vector<RecordKey> keys{
      {name("some.wild"), RecordType::kA}, {name("www"), RecordType::kA}, {name("nothing"), RecordType::kA}};
  for (int i = 0; i < 100; ++i) keys.push_back({name(fmt::format("n{:03}", i)), RecordType::kA});
  const auto read = [&](const std::optional<servers::SharedKey>& key) {
    Client client(server->endpoint(), key, clock);
    auto found = client->read_sets(name("@"), keys);
    INFO((found ? "" : found.error().message));
    REQUIRE(found);
    CHECK(found->sets.size() == 102);  // with the SOA, without what a wildcard stands for and what is not there
    CHECK(client->clock_skew().has_value() == key.has_value());
    return *std::move(found);
  };
  const auto transferred = read(server->key());
  REQUIRE(transferred.in_zone);
  CHECK(*transferred.in_zone > 200);
  // Without a key no transfer is to be had, and the wildcard among the names leaves no other way: one name less.
  keys.erase(keys.begin());
  const auto asked = read(std::nullopt);
  CHECK_FALSE(asked.in_zone);
  CHECK(asked.sets == transferred.sets);
  CHECK(asked.soa.serial == transferred.soa.serial);
}

TEST_CASE("servers that sign by themselves take the same changes") {
  const SystemClock clock;
  const std::string product = GENERATE(values<std::string>({"Knot", "BIND", "PowerDNS"}));
  INFO(product);
  servers::AuthorityOptions options;
  options.sign = true;
  const auto server = start(product, options);
  Client client(server->endpoint(), server->key(), clock);
  const std::vector<Change> changes{
      change(set("www", "A", 86400, {"192.0.2.10"}), set("www", "A", 60, {"203.0.113.10"})),
      remove(set("old", "A", 3600, {"192.0.2.40"})),
      create(set("old", "CNAME", 60, {"lb.new.example.net."})),
      create(set("new", "CNAME", 60, {"lb.new.example.net."})),
      remove(set("mail", "A", 3600, {"192.0.2.30"})),
  };
  const ChangeSet forth{name("@"), changes, std::nullopt, std::nullopt};
  std::vector<RecordKey> keys;
  for (const Change& c : changes) keys.push_back(c.key);
  const auto serves = [&](const ChangeSet& wanted) {
    const auto live = client->read_sets(name("@"), keys);
    if (!live) return false;
    return std::all_of(wanted.changes.begin(), wanted.changes.end(), [&](const Change& c) {
      const auto at = live->sets.find(c.key);
      return (at == live->sets.end() ? std::optional<RecordSet>() : std::optional(at->second)) == c.after;
    });
  };
  // The serial that is served and the one that prerequisites are compared with: BIND keeps two zones.
  REQUIRE(servers::wait_until(10s, [&] {
    const auto signature = servers::ask(server->endpoint(), name("@"), 48, false);
    return signature && signature->answers > 0;
  }));
  const auto now = client->read_sets(name("@"), {});
  REQUIRE(now);
  ChangeSet guarded{name("@"),
                    {create(set("guarded", "A", 60, {"203.0.113.1"}))},
                    now->soa.serial,
                    now->sets.at({name("@"), RecordType::kSoa})};
  const auto with_serial = client->apply(client->steps(guarded)->at(0));
  CHECK(static_cast<bool>(with_serial) == (product != "BIND"));
  if (!with_serial) CHECK(with_serial.error().code == ErrorCode::kConflict);

  for (const ChangeSet& changed : {forth, inverse_of(forth)}) {
    const auto receipt = client->apply(client->steps(changed)->at(0));
    INFO((receipt ? "" : receipt.error().message));
    REQUIRE(receipt);
    // The signed copy follows the unsigned one by itself.
    CHECK(servers::wait_until(10s, [&] { return serves(changed); }));
    const auto again = client->apply(client->steps(changed)->at(0));
    REQUIRE_FALSE(again);
    CHECK(again.error().code == ErrorCode::kConflict);
  }
}

TEST_CASE("an update over UDP does the same") {
  const SystemClock clock;
  const auto server = start("Knot");
  servers::TempFolder folder;
  folder.write("tsig.key", server->key().file_text(), 0600);
  net::Loop loop;
  auto provider =
      providers::make_provider({"rfc2136",
                                {{"server", server->endpoint().text()}, {"key", "file/tsig.key"}, {"transport", "udp"}},
                                folder.path()},
                               {loop, clock, {}});
  REQUIRE(provider);
  const auto steps = (*provider)->steps(some_change());
  CHECK((*provider)->apply(steps->at(0)));
  const auto again = (*provider)->apply(steps->at(0));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kConflict);
}

TEST_CASE("a server given by name is looked up where the plan says") {
  const SystemClock clock;
  servers::AuthorityOptions options;
  options.address = "127.0.0.1";  // what the zone says of ns1
  const auto server = start("Knot", options);
  servers::TempFolder folder;
  folder.write("tsig.key", server->key().file_text(), 0600);
  net::Loop loop;
  const std::string ns1 = fmt::format("ns1.example.com:{}", server->endpoint().port);
  providers::Context context{loop, clock, {}};
  context.lookup.servers = {server->endpoint()};
  auto provider =
      providers::make_provider({"rfc2136", {{"server", ns1}, {"key", "file/tsig.key"}}, folder.path()}, context);
  REQUIRE(provider);
  const auto receipt = (*provider)->apply((*provider)->steps(some_change())->at(0));
  INFO((receipt ? "" : receipt.error().message));
  CHECK(receipt);
  CHECK(has((*provider)->inverse_script(inverse_of(some_change()))->text,
            fmt::format("server ns1.example.com {}\n", server->endpoint().port)));

  auto lost = providers::make_provider({"rfc2136", {{"server", "nothing.example.com"}}, ""}, context);
  REQUIRE(lost);
  const auto unread = (*lost)->read(name("@"));
  REQUIRE_FALSE(unread);
  CHECK(has(unread.error().message, "nothing.example.com"));
}

TEST_CASE("a server that answers over TCP only is read over TCP, and stays so") {
  const SystemClock clock;
  const RecordSet www = set("www", "A", 300, {"192.0.2.10"});
  net::ScriptedServer server({nullptr,
                              [&](const std::string& question) {
                                auto reply = net::decode(question);
                                if (!reply) return net::ScriptedServer::Stream{};
                                reply->qr = reply->aa = true;
                                const net::Question asked = reply->question.at(0);
                                if (asked.type == RecordType::kSoa)
                                  reply->answer = {{asked.name, asked.type, net::RecordClass::kIn, 300,
                                                    "ns1.example.com. hostmaster.example.com. 7 7200 900 1209600 300"}};
                                if (asked.name == www.name) reply->answer = net::to_records(www);
                                return net::ScriptedServer::Stream{{net::framed(*net::encode(*reply))}};
                              },
                              false});
  Client client(server.endpoint(), std::nullopt, clock);
  const auto found = client->read_sets(name("@"), {www.key()});
  INFO((found ? "" : found.error().message));
  REQUIRE(found);
  CHECK(found->soa.serial == 7);
  CHECK(found->sets.at(www.key()) == www);
  // The SOA, the set, and the wildcard that could have made it up: each twice over UDP, then once over TCP.
  CHECK(server.udp_questions() == 6);
  CHECK(server.tcp_questions() == 3);
  CHECK(client->read_sets(name("@"), {www.key()}));
  CHECK(server.udp_questions() == 6);
  CHECK(server.tcp_questions() == 6);
}

namespace {

/// Takes connections and datagrams, and never says a word.
struct Silence {
  explicit Silence(const Endpoint& where)
      : udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(where.port);
    inet_pton(AF_INET, where.address.text().c_str(), &address.sin_addr);
    for (const int fd : {udp.get(), tcp.get()})
      REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(tcp.get(), 16) == 0);
  }
  net::Descriptor udp, tcp;
};

/// A server whose name has two addresses: Knot at the one that is asked second.
struct TwoAddresses {
  TwoAddresses() {
    IpAddress one = *IpAddress::from_text(servers::own_address()), two = *IpAddress::from_text(servers::own_address());
    if (two < one) std::swap(one, two);
    servers::AuthorityOptions options;
    options.address = two.text();
    server = start("Knot", options);
    first = {one, server->endpoint().port};
    REQUIRE(servers::nsupdate(server->endpoint(), server->key(),
                              fmt::format("zone example.com\nupdate add twice.example.com 300 A {}\n"
                                          "update add twice.example.com 300 A {}",
                                          one.text(), two.text()))
                .status == 0);
    folder.write("tsig.key", server->key().file_text(), 0600);
  }
  std::unique_ptr<Provider> open() {
    providers::Context context{loop, clock, {}};
    context.lookup.servers = {server->endpoint()};
    auto made = providers::make_provider(
        {"rfc2136",
         {{"server", fmt::format("twice.example.com:{}", first.port)}, {"key", "file/tsig.key"}},
         folder.path()},
        context);
    REQUIRE(made);
    return std::move(*made);
  }
  bool holds_the_change() {
    const auto found = open()->read_sets(name("@"), {{name("new"), RecordType::kA}});
    REQUIRE(found);
    return found->sets.size() == 2;
  }

  const SystemClock clock;
  net::Loop loop;
  servers::TempFolder folder;
  std::unique_ptr<servers::Authority> server;
  Endpoint first;
};

}  // namespace

TEST_CASE("where nobody is at the first address of a server's name, the next one is asked") {
  TwoAddresses two;
  SECTION("a transfer") { CHECK(two.open()->read(name("@"))); }
  SECTION("single sets") { CHECK(two.open()->read_sets(name("@"), {{name("www"), RecordType::kA}})); }
  SECTION("an update: not a byte of it has left for the first address") {
    const auto provider = two.open();
    const auto receipt = provider->apply(provider->steps(some_change())->at(0));
    INFO((receipt ? "" : receipt.error().message));
    CHECK(receipt);
    CHECK(two.holds_the_change());
  }
  SECTION("nobody anywhere is told by the name") {
    const auto provider = two.open();
    CHECK(provider->read_sets(name("@"), {}));
    two.server->stop();
    const auto gone = provider->read_sets(name("@"), {});
    REQUIRE_FALSE(gone);
    CHECK(gone.error().code == ErrorCode::kNetwork);
    CHECK(has(gone.error().message, "twice.example.com"));
    CHECK(provider->read(name("@")).error().code == ErrorCode::kNetwork);
    CHECK(provider->apply(provider->steps(some_change())->at(0)).error().code == ErrorCode::kNetwork);
  }
}

TEST_CASE("a silent first address costs patience once, and never sends an update twice") {
  TwoAddresses two;
  const Silence silence(two.first);
  SECTION("once a question has shown it, everything goes to the other") {
    const auto provider = two.open();
    REQUIRE(provider->read_sets(name("@"), {{name("www"), RecordType::kA}}));
    const auto began = std::chrono::steady_clock::now();
    CHECK(provider->read(name("@")));
    CHECK(provider->apply(provider->steps(some_change())->at(0)));
    CHECK(std::chrono::steady_clock::now() - began < 10s);  // an address that is silent takes at least that
  }
  SECTION("an update that has left is not repeated elsewhere: whoever was silent may have made it") {
    const auto provider = two.open();
    const auto receipt = provider->apply(provider->steps(some_change())->at(0));
    REQUIRE_FALSE(receipt);
    CHECK(receipt.error().code == ErrorCode::kUnknown);
    CHECK_FALSE(two.holds_the_change());
  }
}

TEST_CASE("hmac-sha512 keys and keys from the environment work") {
  const SystemClock clock;
  servers::AuthorityOptions options;
  options.key = {"long-one", "hmac-sha512", "bG9uZyBsb25nIGxvbmcgbG9uZyBzZWNyZXQgb2YgYSB0ZXN0"};
  const auto server = start("BIND", options);
  ::setenv("CUTOVER_TEST_TSIG", ("hmac-sha512:long-one:" + options.key.secret).c_str(), 1);
  net::Loop loop;
  auto provider = providers::make_provider(
      {"rfc2136", {{"server", server->endpoint().text()}, {"key", "env/CUTOVER_TEST_TSIG"}}, ""}, {loop, clock, {}});
  ::unsetenv("CUTOVER_TEST_TSIG");
  INFO((provider ? "" : provider.error().message));
  REQUIRE(provider);
  CHECK((*provider)->apply((*provider)->steps(some_change())->at(0)));
  CHECK(has((*provider)->inverse_script(inverse_of(some_change()))->how_to_run, "KEYFILE"));
}

TEST_CASE("the message says what RFC 2136 wants, in its order") {
  const auto lines_of = [](const std::vector<Change>& changes) {
    const auto update = providers::rfc2136::update_message({name("@"), changes, std::nullopt, std::nullopt});
    REQUIRE(update);
    // The JSON form loses nothing.
    const auto again = providers::rfc2136::update_from_json(providers::rfc2136::to_json(*update));
    REQUIRE(again);
    const std::string text = providers::rfc2136::to_nsupdate(*update, "server 192.0.2.53 53");
    CHECK(providers::rfc2136::to_nsupdate(*again, "server 192.0.2.53 53") == text);
    return text;
  };
  CHECK(lines_of({change(set("www", "A", 86400, {"192.0.2.1", "192.0.2.2"}), set("www", "A", 60, {"203.0.113.1"}))}) ==
        "server 192.0.2.53 53\n"
        "zone example.com.\n"
        "prereq yxrrset www.example.com. IN A 192.0.2.1\n"
        "prereq yxrrset www.example.com. IN A 192.0.2.2\n"
        "update delete www.example.com. A\n"
        "update add www.example.com. 60 IN A 203.0.113.1\n"
        "send\nanswer\n");
  CHECK(lines_of({create(set("www", "CNAME", 60, {"lb.example.net."}))}) ==
        "server 192.0.2.53 53\n"
        "zone example.com.\n"
        "prereq nxdomain www.example.com.\n"
        "update add www.example.com. 60 IN CNAME lb.example.net.\n"
        "send\nanswer\n");
  const std::string gives_way =
      lines_of({create(set("www", "CNAME", 60, {"lb.example.net."})), remove(set("www", "A", 60, {"192.0.2.1"}))});
  CHECK(has(gives_way, "prereq nxrrset www.example.com. IN CNAME\n"));
  CHECK(has(gives_way, "prereq nxrrset www.example.com. IN TXT\n"));
  CHECK_FALSE(has(gives_way, "prereq nxrrset www.example.com. IN A\n"));
  CHECK(has(gives_way, "update delete www.example.com.\n"));
  CHECK(gives_way.find("update delete www.example.com.\n") < gives_way.find("update add www.example.com. 60 IN CNAME"));
}

TEST_CASE("more than one message holds is refused, with a way out") {
  ChangeSet changes{name("@"), {}, std::nullopt, std::nullopt};
  for (int i = 0; i < 3000; ++i)
    changes.changes.push_back(
        change(set(fmt::format("host-{}", i), "A", 60, {fmt::format("10.0.{}.{}", i / 250, i % 250)}),
               set(fmt::format("host-{}", i), "A", 60, {fmt::format("10.1.{}.{}", i / 250, i % 250)})));
  const auto update = providers::rfc2136::update_message(changes);
  REQUIRE_FALSE(update);
  CHECK(update.error().code == ErrorCode::kUnsupported);
  CHECK(has(update.error().message, "--only"));
}

TEST_CASE("servers and options that make no sense are usage errors") {
  const SystemClock clock;
  net::Loop loop;
  const auto code = [&](std::map<std::string, std::string> options) {
    auto made = providers::make_provider({"rfc2136", std::move(options), ""}, {loop, clock, {}});
    return made                                     ? std::string("fine")
           : made.error().code == ErrorCode::kUsage ? made.error().message
                                                    : "another error: " + made.error().message;
  };
  CHECK(code({{"server", "127.0.0.1"}}) == "fine");
  CHECK(code({{"server", "ns1.example.com:5353"}}) == "fine");
  CHECK(code({{"server", "[::1]:5353"}}) == "fine");
  CHECK(has(code({{"server", "ns1.example.com:port"}}), "is no server"));
  CHECK(has(code({{"server", "two..dots"}}), "is no server"));
  CHECK(has(code({}), "needs the option 'server'"));
  CHECK(has(code({{"server", "127.0.0.1"}, {"sever", "x"}}), "no option 'sever'; it takes server, key, transport"));
  CHECK(has(code({{"server", "127.0.0.1"}, {"transport", "doh"}}), "neither tcp nor udp"));
}
