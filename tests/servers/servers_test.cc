#include "tests/servers/servers.h"

#include <catch2/catch.hpp>

using namespace cutover;
using namespace cutover::servers;

namespace {

constexpr const char* kZone = R"($ORIGIN example.com.
$TTL 3600
@    IN SOA ns1 hostmaster 7 7200 900 1209600 300
@    IN NS  ns1
ns1  IN A   127.0.0.1
www  60 IN A 192.0.2.1
)";

template <class Server>
void takes_updates_and_refuses_strangers() {
  AuthorityOptions options;
  options.zones = {{"example.com", kZone}};
  const SharedKey reader{"reader", "hmac-sha512", "cmVhZGVyLXJlYWRlci1yZWFkZXI="};
  options.reading_keys = {reader};
  Server server(options);
  REQUIRE(server.serial("example.com") == 7);

  SharedKey stranger = server.key();
  stranger.secret = "d3JvbmctcGxhaW5seS13cm9uZw==";
  CHECK(nsupdate(server.endpoint(), stranger, "zone example.com\nupdate add new.example.com 60 A 192.0.2.9").status !=
        0);
  CHECK(nsupdate(server.endpoint(), reader, "zone example.com\nupdate add new.example.com 60 A 192.0.2.9").status != 0);
  const Finished done =
      nsupdate(server.endpoint(), server.key(), "zone example.com\nupdate add new.example.com 60 A 192.0.2.9");
  INFO(done.output << server.log());
  REQUIRE(done.status == 0);
  CHECK(wait_until(std::chrono::seconds(5),
                   [&] { return served_serial(server.endpoint(), "example.com").value_or(7) > 7; }));
  const std::vector<std::string> expected{"example.com. 3600 IN NS ns1.example.com.",
                                          "new.example.com. 60 IN A 192.0.2.9", "ns1.example.com. 3600 IN A 127.0.0.1",
                                          "www.example.com. 60 IN A 192.0.2.1"};
  CHECK(transferred_lines(server.endpoint(), server.key(), "example.com") == expected);
  CHECK(transferred_lines(server.endpoint(), reader, "example.com") == expected);
  CHECK_THROWS(transferred_lines(server.endpoint(), stranger, "example.com"));

  server.stop();
  CHECK_FALSE(server.serial("example.com"));
  server.start();
  CHECK(transferred_lines(server.endpoint(), server.key(), "example.com") == expected);
}

template <class Primary, class Secondary>
void a_secondary_follows() {
  const std::string address = std::is_same_v<Secondary, Bind> ? "127.0.0.1" : own_address();
  const Endpoint follower = *Endpoint::from_text(address, free_port(address));
  AuthorityOptions options;
  options.zones = {{"example.com", kZone}};
  options.secondaries = {follower};
  Primary primary(options);
  Secondary secondary(secondary_of(primary.endpoint(), follower));
  REQUIRE(nsupdate(primary.endpoint(), primary.key(), "zone example.com\nupdate add new.example.com 60 A 192.0.2.9")
              .status == 0);
  const bool followed =
      wait_until(std::chrono::seconds(15), [&] { return secondary.serial("example.com").value_or(7) > 7; });
  INFO("primary:\n" << primary.log() << "\nsecondary:\n" << secondary.log());
  CHECK(followed);
  // Its key may transfer from the secondary as well.
  CHECK(transferred_lines(secondary.endpoint(), secondary.key(), "example.com").size() == 4);
}

}  // namespace

TEST_CASE("Knot takes keyed updates") { takes_updates_and_refuses_strangers<Knot>(); }
TEST_CASE("BIND takes keyed updates") { takes_updates_and_refuses_strangers<Bind>(); }
TEST_CASE("PowerDNS takes keyed updates") { takes_updates_and_refuses_strangers<PowerDns>(); }

TEST_CASE("Knot and BIND secondaries follow by NOTIFY") {
  SECTION("Knot to Knot") { a_secondary_follows<Knot, Knot>(); }
  SECTION("BIND to BIND") { a_secondary_follows<Bind, Bind>(); }
  SECTION("BIND to Knot") { a_secondary_follows<Bind, Knot>(); }
  SECTION("Knot to BIND") { a_secondary_follows<Knot, Bind>(); }
  SECTION("PowerDNS to Knot") { a_secondary_follows<PowerDns, Knot>(); }
}

TEST_CASE("Signing servers serve signatures") {
  AuthorityOptions options;
  options.zones = {{"example.com", kZone}};
  options.sign = true;
  const auto serves_keys = [](const Authority& server) {
    return wait_until(std::chrono::seconds(15), [&] {
      const auto reply = ask(server.endpoint(), *DomainName::from_text("example.com"), 48, false);
      return reply && reply->answers > 0;
    });
  };
  SECTION("BIND") { CHECK(serves_keys(Bind(options))); }
  SECTION("Knot") { CHECK(serves_keys(Knot(options))); }
  SECTION("PowerDNS") { CHECK(serves_keys(PowerDns(options))); }
}

TEST_CASE("BIND publishes an edited file") {
  AuthorityOptions options;
  options.zones = {{"example.com", kZone}};
  options.read_only = true;
  Bind bind(options);
  std::string text = kZone;
  text.replace(text.find(" 7 "), 3, " 8 ");
  write_text(bind.zone_file("example.com"), text);
  const Finished done = run_program({"/bin/sh", "-c", bind.publish_command()});
  INFO(done.output);
  REQUIRE(done.status == 0);
  CHECK(wait_until(std::chrono::seconds(5), [&] { return bind.serial("example.com") == 8; }));
}

TEST_CASE("Unbound caches what its stub zone says and knows nothing else") {
  AuthorityOptions options;
  options.zones = {{"example.com", kZone}};
  Knot knot(options);
  Unbound unbound({{{"example.com", {knot.endpoint()}}}});
  const auto www = *DomainName::from_text("www.example.com");
  const auto first = ask(unbound.endpoint(), www, 1, true);
  REQUIRE(first);
  CHECK(first->answers == 1);
  CHECK_FALSE(first->authoritative);
  knot.stop();
  const auto cached = ask(unbound.endpoint(), www, 1, true);
  REQUIRE(cached);
  CHECK(cached->answers == 1);
  const auto elsewhere = ask(unbound.endpoint(), *DomainName::from_text("example.org"), 1, true);
  REQUIRE(elsewhere);
  CHECK(elsewhere->rcode == 5);
}

TEST_CASE("nginx serves what its block says") {
  const std::string address = own_address();
  const Endpoint at = *Endpoint::from_text(address, free_port(address));
  Nginx nginx("server { listen " + at.text() + "; location / { return 200 'new side'; } }", {at});
  const Finished got = run_program({"curl", "-s", "http://" + at.text() + "/"});
  CHECK(got.output == "new side");
}
