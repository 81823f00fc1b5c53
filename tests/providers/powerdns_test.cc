// PowerDNS's HTTP API where things go wrong: a real server, and scripted ones that say what a real one rarely does.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "providers/api.h"
#include "tests/providers/subject.h"
#include "tests/support/http_script.h"

using namespace cutover;
using namespace cutover::tests;
using namespace std::chrono_literals;
using providers::Api;
using providers::Provider;
using test::http_reply;
using test::HttpScript;

namespace {

const std::string kKey = "a-key-that-must-not-be-seen";

struct Bench {
  net::Loop loop;
  SystemClock clock;
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};

  Result<std::unique_ptr<Provider>> open(const std::string& url, const std::string& key = kKey) {
    folder.write("api.key", key + "\n", 0600);
    return providers::make_provider({"powerdns", {{"url", url}, {"key", "file/api.key"}}, folder.path()},
                                    {loop, clock, {}});
  }
  Result<Api> api(const std::string& url) {
    Api::Settings settings;
    settings.service = "The service";
    settings.url = url;
    settings.authorize = providers::in_header("X-API-Key", "", net::Secret(kKey));
    settings.secrets = {net::Secret(kKey)};
    settings.first_pause = 1ms;
    return Api::make(loop, settings);
  }
};

servers::AuthorityOptions with_api() {
  servers::AuthorityOptions options;
  options.zones = {{"example.com", zone_text()}};
  options.api_key = kKey;
  return options;
}

Endpoint api_of(const servers::PowerDns& server) { return *Endpoint::from_text(server.api_url().substr(7), 0); }

ChangeSet move_www() {
  return {name("@"),
          {change(set("www", "A", 86400, {"192.0.2.10"}), set("www", "A", 60, {"203.0.113.10"}))},
          std::nullopt,
          std::nullopt};
}

template <class T>
Error error_of(const Result<T>& result) {
  REQUIRE_FALSE(result);
  INFO(result.error().message);
  CHECK(result.error().message.find(kKey) == std::string::npos);
  return result.error();
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a wrong key is said to be wrong, and neither key is seen") {
  const servers::PowerDns server(with_api());
  Bench bench;
  const auto provider = bench.open(server.api_url(), "not-" + kKey);
  REQUIRE(provider);
  const Error error = error_of((*provider)->read(name("@")));
  CHECK(error.code == ErrorCode::kAuth);
  CHECK(holds(error.message, "did not accept the credential"));
  const auto made = (*provider)->apply((*provider)->steps(move_www())->at(0));
  CHECK(error_of(made).code == ErrorCode::kAuth);
  CHECK(holds(made.error().message, "nothing was changed"));
}

TEST_CASE("where no server listens nothing was changed") {
  Bench bench;
  const std::string address = servers::own_address();
  const auto provider = bench.open(fmt::format("http://{}:{}", address, servers::free_port(address)));
  REQUIRE(provider);
  CHECK(error_of((*provider)->read(name("@"))).code == ErrorCode::kNetwork);
  const auto made = (*provider)->apply((*provider)->steps(move_www())->at(0));
  CHECK(error_of(made).code == ErrorCode::kNetwork);
  CHECK(holds(made.error().message, "nothing was changed"));
}

TEST_CASE("a reply that is lost after the change was made leaves the outcome unknown, and the change is sent once") {
  const servers::PowerDns server(with_api());
  const HttpScript relay([&](const std::string& request) {
    const std::string reply = test::forwarded(api_of(server), request);
    return request.starts_with("PATCH") ? std::string() : reply;
  });
  Bench bench;
  const auto provider = bench.open(relay.url());
  REQUIRE(provider);
  const auto made = (*provider)->apply((*provider)->steps(move_www())->at(0));
  CHECK(error_of(made).code == ErrorCode::kUnknown);
  CHECK(relay.count("PATCH ") == 1);
  const ChangeSet changes = move_www();
  const auto live = (*provider)->read_sets(name("@"), {changes.changes[0].key});
  REQUIRE(live);
  CHECK(live->sets.at(changes.changes[0].key) == *changes.changes[0].after);
}

TEST_CASE("disabled records are not lost, secondaries are not written to, a serial that would stay is not accepted") {
  const servers::PowerDns server(with_api());
  std::string twist_from, twist_to;
  const HttpScript relay([&](const std::string& request) {
    std::string reply = test::forwarded(api_of(server), request);
    const auto body = reply.find("\r\n\r\n") + 4;
    std::string json = reply.substr(body);
    for (auto at = json.find(twist_from); at != std::string::npos; at = json.find(twist_from, at + twist_to.size()))
      json.replace(at, twist_from.size(), twist_to);
    return http_reply("200 OK", json);
  });
  Bench bench;
  const auto provider = bench.open(relay.url());
  REQUIRE(provider);
  ErrorCode wanted = ErrorCode::kUnsupported;
  SECTION("disabled") {
    twist_from = "192.0.2.10\", \"disabled\": false", twist_to = "192.0.2.10\", \"disabled\": true";
  }
  SECTION("serial") { twist_from = "\"soa_edit_api\": \"INCREASE\"", twist_to = "\"soa_edit_api\": \"\""; }
  SECTION("secondary") {
    twist_from = "\"kind\": \"Master\"", twist_to = "\"kind\": \"Slave\"", wanted = ErrorCode::kRefused;
  }
  const auto made = (*provider)->apply((*provider)->steps(move_www())->at(0));
  CHECK(error_of(made).code == wanted);
  CHECK(holds(made.error().message, "nothing was changed"));
  CHECK(relay.count("PATCH ") == 0);
}

TEST_CASE("ALIAS and LUA are refused with the reason") {
  Bench bench;
  const auto provider = bench.open("http://127.0.0.1:9");
  REQUIRE(provider);
  for (const int type : {65401, 65402}) {
    const RecordSet made_up{name("www"), RecordType(type), Seconds(60), {"\\# 1 00"}};
    const auto steps = (*provider)->steps({name("@"), {remove(made_up)}, std::nullopt, std::nullopt});
    CHECK(error_of(steps).code == ErrorCode::kUnsupported);
    CHECK(holds(steps.error().message, type == 65401 ? "ALIAS" : "LUA"));
  }
}

TEST_CASE("reads are tried again as the service asks, writes only when the service says that it did not take them") {
  struct Case {
    std::string what;
    std::vector<std::string> replies;  // the last one again and again
    std::optional<ErrorCode> read, write;
    int reads = 1;
    int writes = 1;
  };
  const std::string busy = http_reply("429 Too Many Requests", R"({"error":"slow down"})", "Retry-After: 0\r\n");
  const std::string good = http_reply("200 OK", "{}");
  const std::vector<Case> cases{
      {"good", {good}, std::nullopt, std::nullopt, 1},
      {"busy twice", {busy, busy, good}, std::nullopt, std::nullopt, 3, 3},
      {"busy for ever", {busy}, ErrorCode::kBusy, ErrorCode::kBusy, 4, 4},
      {"asks to wait an hour",
       {http_reply("429 Too Many Requests", "", "Retry-After: 3600\r\n")},
       ErrorCode::kBusy,
       ErrorCode::kBusy,
       1},
      {"down once", {http_reply("503 Gone Away", "<html>"), good}, std::nullopt, ErrorCode::kUnknown, 2},
      {"broken", {http_reply("500 Oops", R"({"error":"no database"})")}, ErrorCode::kNetwork, ErrorCode::kUnknown, 4},
      {"says nothing", {""}, ErrorCode::kNetwork, ErrorCode::kUnknown, 1},
      {"half a reply",
       {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{"},
       ErrorCode::kNetwork,
       ErrorCode::kUnknown,
       1},
      {"a login page", {http_reply("200 OK", "<html>log in</html>")}, ErrorCode::kInvalid, ErrorCode::kUnknown, 1},
      {"not HTTP", {"SSH-2.0-OpenSSH, Connection: close\r\n"}, ErrorCode::kNetwork, ErrorCode::kUnknown, 1},
      {"not there", {http_reply("404 Not Found", "Not Found")}, ErrorCode::kNotFound, ErrorCode::kNotFound, 1},
      {"moved", {http_reply("409 Conflict", "{}")}, ErrorCode::kConflict, ErrorCode::kConflict, 1},
      {"version", {http_reply("412 Precondition Failed", "")}, ErrorCode::kConflict, ErrorCode::kConflict, 1},
      {"bad data", {http_reply("422 Unprocessable", R"({"error":"no"})")}, ErrorCode::kInvalid, ErrorCode::kInvalid, 1},
      {"forbidden", {http_reply("403 Forbidden", "key " + kKey)}, ErrorCode::kAuth, ErrorCode::kAuth, 1},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    std::size_t next = 0;
    const HttpScript server([&](const std::string&) { return one.replies[std::min(next++, one.replies.size() - 1)]; });
    Bench bench;
    const auto api = bench.api(server.url());
    REQUIRE(api);
    const auto got = api->read("/zone", "reading it");
    CHECK(server.count("GET ") == one.reads);
    if (one.read) {
      CHECK(error_of(got).code == *one.read);
      CHECK(got.error().message.starts_with("reading it: The service at http://127."));
    } else {
      CHECK(got);
    }
    next = 0;
    const auto made = api->write({"PATCH", "/zone", "{}"}, "changing it");
    CHECK(server.count("PATCH ") == one.writes);
    if (one.write)
      CHECK(error_of(made).code == *one.write);
    else
      CHECK(made);
  }
}

TEST_CASE("a kept connection that closes on a write does not make it go out twice") {
  const HttpScript server([](const std::string& request) {
    return request.starts_with("GET") ? http_reply("200 OK", "{}") : std::string();
  });
  Bench bench;
  const auto api = bench.api(server.url());
  REQUIRE(api);
  REQUIRE(api->read("/zone", "reading it"));
  CHECK(error_of(api->write({"PATCH", "/zone", "{}"}, "changing it")).code == ErrorCode::kUnknown);
  CHECK(server.count("PATCH ") == 1);
}

TEST_CASE("names and data out of the ordinary go through the API and back as they are") {
  servers::AuthorityOptions options = with_api();
  options.zones[0].text += "alias IN ALIAS lb.old.example.net.\n";
  const servers::PowerDns server(options);
  Bench bench;
  const auto provider = bench.open(server.api_url());
  REQUIRE(provider);
  const std::string long_text(255, 'x');
  const std::vector<RecordSet> odd{
      set("_dmarc", "TXT", 60, {R"("v=DMARC1; p=none" "a \"quoted\" word, a \\ and \195\164")"}),
      set("long._domainkey", "TXT", 60, {fmt::format("\"{0}\" \"{0}\" \"rest\"", long_text)}),
      set("xn--bcher-kva", "A", 1, {"192.0.2.7"}),
      set("a/b", "CNAME", 60, {"c/d.example.net."}),
      set("_443._tcp.www", "TLSA", 60, {"3 1 1 " + std::string(64, 'a')}),
      set("_sip._tcp", "SRV", 60, {"0 5 5060 sip.example.net.", "10 5 5060 sip2.example.net."}),
      set("@", "CAA", 60, {R"(0 issue "ca.example.net; account=1")", R"(0 issuewild ";")"}),
      set("ssh", "SSHFP", 60, {"4 2 " + std::string(64, 'b')}),
      set("naptr", "NAPTR", 60, {R"(100 10 "u" "E2U+sip" "!^.*$!sip:info@example.net!" .)"}),
      set("_8443._https", "SVCB", 60, {R"(1 svc.example.net. alpn="h2,h3" port=8443 ipv6hint=2001:db8::1)"}),
      set("far", "AAAA", 2147483647, {"2001:db8::1", "2001:db8::2"}),
  };
  ChangeSet changes{name("@"), {}, std::nullopt, std::nullopt};
  std::vector<RecordKey> keys;
  for (const RecordSet& one : odd) changes.changes.push_back(create(one)), keys.push_back(one.key());
  const auto made = (*provider)->apply((*provider)->steps(changes)->at(0));
  INFO((made ? "" : made.error().message));
  REQUIRE(made);
  const auto zone = (*provider)->read(name("@"));
  REQUIRE(zone);
  for (const RecordSet& one : odd) {
    INFO(one.key().text());
    REQUIRE(zone->find(one.key()) != nullptr);
    CHECK(*zone->find(one.key()) == one);
    const auto alone = (*provider)->read_sets(name("@"), {one.key()});
    REQUIRE(alone);
    CHECK(alone->sets.at(one.key()) == one);
  }
  CHECK(zone->find({name("alias"), RecordType(65401)}) != nullptr);
  const auto script = (*provider)->inverse_script(inverse_of(changes));
  REQUIRE(script);
  const auto undone = servers::run_program({"sh", bench.folder.write(script->file_name, script->text)});
  INFO(script->text << undone.output);
  CHECK(undone.status == 0);
  const auto back = (*provider)->read_sets(name("@"), keys);
  REQUIRE(back);
  CHECK(back->sets.size() == 1);  // the SOA
}

TEST_CASE("a zone that the server signs is changed like any other, there and back") {
  servers::AuthorityOptions options = with_api();
  options.sign = true;
  const servers::PowerDns server(options);
  Bench bench;
  const auto provider = bench.open(server.api_url());
  REQUIRE(provider);
  const auto before = (*provider)->read(name("@"));
  REQUIRE(before);
  const auto serial = server.serial("example.com");
  REQUIRE(serial);
  const auto made = (*provider)->apply((*provider)->steps(move_www())->at(0));
  INFO((made ? "" : made.error().message));
  REQUIRE(made);
  // Nothing of what it answered before is kept: whoever asks now gets the change.
  const auto now_served = server.serial("example.com");
  REQUIRE(now_served);
  CHECK(serial_is_after(*now_served, *serial));
  REQUIRE((*provider)->apply((*provider)->steps(inverse_of(move_www()))->at(0)));
  auto after = (*provider)->read(name("@"));
  REQUIRE(after);
  const RecordKey soa{name("@"), RecordType::kSoa};
  after->sets.at(soa) = before->sets.at(soa);
  CHECK((after->sets == before->sets));
}

TEST_CASE("a zone of 20,000 record sets is read whole, and changed") {
  servers::AuthorityOptions options = with_api();
  for (int i = 0; i < 20000; ++i)
    options.zones[0].text += fmt::format("many{} 3600 IN A 198.51.{}.{}\n", i, i / 250, i % 250);
  const servers::PowerDns server(options);
  Bench bench;
  const auto provider = bench.open(server.api_url());
  REQUIRE(provider);
  const auto zone = (*provider)->read(name("@"));
  INFO((zone ? "" : zone.error().message));
  REQUIRE(zone);
  CHECK(zone->sets.size() > 20200);
  CHECK((*provider)->apply((*provider)->steps(move_www())->at(0)));
}

TEST_CASE("the script for the way back takes the key from where the plan has it") {
  const servers::PowerDns server(with_api());
  Bench bench;
  REQUIRE(bench.open(server.api_url()));
  setenv("CUTOVER_TEST_API_KEY", kKey.c_str(), 1);
  const auto provider = providers::make_provider(
      {"powerdns", {{"url", server.api_url()}, {"key", "env/CUTOVER_TEST_API_KEY"}}, bench.folder.path()},
      {bench.loop, bench.clock, {}});
  REQUIRE(provider);
  REQUIRE((*provider)->apply((*provider)->steps(move_www())->at(0)));
  const auto script = (*provider)->inverse_script(inverse_of(move_www()));
  REQUIRE(script);
  CHECK(!holds(script->text, kKey));
  const std::string file = bench.folder.write(script->file_name, script->text);
  unsetenv("CUTOVER_TEST_API_KEY");
  const auto without = servers::run_program({"sh", file});
  CHECK(without.status != 0);
  CHECK(holds(without.output, "CUTOVER_TEST_API_KEY"));
  const auto run =
      servers::run_program({"env", "CUTOVER_TEST_API_KEY_FILE=" + bench.folder.file("api.key"), "sh", file});
  INFO(run.output);
  CHECK(run.status == 0);
  const auto live = (*provider)->read_sets(name("@"), {move_www().changes[0].key});
  REQUIRE(live);
  CHECK(live->sets.at(move_www().changes[0].key) == *move_www().changes[0].before);
}

TEST_CASE("the credential does not follow a redirect") {
  const HttpScript other([](const std::string&) { return http_reply("200 OK", "{}"); });
  const HttpScript server([&](const std::string&) {
    return http_reply("307 Temporary Redirect", "", "Location: " + other.url() + "/zone\r\n");
  });
  Bench bench;
  const auto api = bench.api(server.url());
  REQUIRE(api);
  CHECK(error_of(api->read("/zone", "reading it")).code == ErrorCode::kRefused);
  const Error error = error_of(api->write({"PATCH", "/zone", "{}"}, "changing it"));
  CHECK(error.code == ErrorCode::kRefused);
  CHECK(holds(error.message, other.url()));
  CHECK(other.count("") == 0);
}

TEST_CASE("URLs that a credential may be sent to") {
  Bench bench;
  for (const std::string url :
       {"https://dns.example.net", "https://dns.example.net:8081/pdns/", "http://127.0.0.1:8081", "http://127.9.9.9",
        "http://localhost:8081", "http://[::1]:8081", "HTTPS://[2001:db8::1]"}) {
    INFO(url);
    CHECK(bench.api(url));
  }
  for (const std::string url :
       {"http://dns.example.net:8081", "http://192.0.2.1", "http://127.0.0.1.example.net",
        "http://localhost.example.net", "http://[2001:db8::1]:8081", "ftp://127.0.0.1", "127.0.0.1:8081", "https://",
        "https://:443", "https://a:b", "https://a:0", "https://a:70000", "https://[::1",
        "https://user:a-key-that-must-not-be-seen@dns.example.net",
        "https://dns.example.net?key=a-key-that-must-not-be-seen", "https://dns.example.net/#x", "https://a b", ""}) {
    INFO(url);
    CHECK(error_of(bench.api(url)).code == ErrorCode::kUsage);
  }
}

TEST_CASE("a key file that others can read is not used") {
  Bench bench;
  bench.folder.write("open.key", kKey, 0644);
  const auto provider = providers::make_provider(
      {"powerdns", {{"url", "http://127.0.0.1:8081"}, {"key", "file/open.key"}}, bench.folder.path()},
      {bench.loop, bench.clock, {}});
  CHECK(error_of(provider).code == ErrorCode::kAuth);
}
