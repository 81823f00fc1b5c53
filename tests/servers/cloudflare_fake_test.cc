#include "tests/servers/cloudflare_fake.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/servers/api_client.h"

using namespace cutover;
using namespace cutover::servers;
using Json = nlohmann::json;

namespace {

class Account {
 public:
  explicit Account(CloudflareFake::Plan plan = CloudflareFake::Plan::kFree) : fake(plan) {
    zone = fake.add_zone("example.com");
    www = fake.add("example.com", R"({"name":"www","type":"A","content":"192.0.2.1","ttl":300})");
    shop = fake.add("example.com", R"({"name":"shop.example.com","type":"CNAME","content":"lb.example.net"})");
  }
  struct Reply {
    int status = 0;
    Json body;
    int error() const { return body.at("errors").empty() ? 0 : body.at("errors").at(0).at("code").get<int>(); }
  };
  Reply ask(const std::string& method, const std::string& path, const std::string& body = {}) const {
    const auto reply =
        call_api(method, fake.url() + path, body, {{"Authorization", std::string("Bearer ") + CloudflareFake::kToken}});
    REQUIRE(reply);
    return {reply->status, Json::parse(reply->body)};
  }
  std::string records(const std::string& rest = {}) const { return "/zones/" + zone + "/dns_records" + rest; }

  CloudflareFake fake;
  std::string zone, www, shop;
};

}  // namespace

TEST_CASE("Cloudflare's fake holds a record to the rules") {
  const Account account;
  struct Case {
    const char *record, *what;
    int status, error;
  };
  const Case cases[] = {
      {R"({"name":"a","type":"A","content":"192.0.2.9","ttl":60})", "a record", 200, 0},
      {R"({"name":"@","type":"MX","content":"mail.example.com","priority":10})", "the apex, automatic TTL", 200, 0},
      {R"({"name":"a","type":"A","content":"192.0.2.9","ttl":59})", "TTL below the floor", 400, 9021},
      {R"({"name":"a","type":"A","content":"192.0.2.9","ttl":86401})", "TTL above", 400, 9021},
      {R"({"name":"a","type":"A","content":"192.0.2.9","ttl":"300"})", "TTL as text", 400, 9021},
      {R"({"name":"a","type":"A","content":"192.0.2"})", "no address", 400, 9005},
      {R"({"name":"a","type":"AAAA","content":"192.0.2.9"})", "an address of the other family", 400, 9005},
      {R"({"name":"a.","type":"A","content":"192.0.2.9"})", "a final dot", 400, 9000},
      {R"({"name":"a","type":"TXT","content":"\"x\"","proxied":true})", "TXT cannot be proxied", 400, 9041},
      {R"({"name":"a","type":"MX","content":"mail.example.com"})", "MX without priority", 400, 1004},
      {R"({"name":"a","type":"HTTPS","content":"1 . alpn=h2"})", "HTTPS wants data", 400, 1004},
      {R"({"name":"a","type":"HTTPS","data":{"priority":1,"target":".","value":"alpn=\"h2\""}})", "HTTPS", 200, 0},
      {R"({"name":"a","type":"A","value":"192.0.2.9"})", "a field of another API", 400, 1004},
      {R"({"type":"A","content":"192.0.2.9"})", "no name", 400, 1004},
      {R"({"name":"www","type":"A","content":"192.0.2.1","ttl":60})", "the same again", 400, 81058},
      {R"({"name":"www","type":"CNAME","content":"a.example.net"})", "CNAME beside A", 400, 81053},
      {R"({"name":"shop","type":"CNAME","content":"b.example.net"})", "a second CNAME", 400, 81053},
      {R"({"name":"shop","type":"AAAA","content":"2001:db8::1"})", "AAAA beside CNAME", 400, 81054},
      {"{", "half an object", 400, 9207},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    const auto reply = account.ask("POST", account.records(), each.record);
    INFO(reply.body.dump());
    CHECK(reply.status == each.status);
    CHECK(reply.error() == each.error);
    CHECK(reply.body.at("success") == (each.status == 200));
  }
}

TEST_CASE("Cloudflare's fake lists in pages, with filters") {
  Account account;
  for (int i = 0; i < 250; ++i)
    account.fake.add("example.com", fmt::format(R"({{"name":"n{0}","type":"A","content":"198.51.100.{0}"}})", i));
  const auto count = [&](const std::string& query) {
    const auto reply = account.ask("GET", account.records(query));
    REQUIRE(reply.status == 200);
    CHECK(reply.body.at("result_info").at("count") == reply.body.at("result").size());
    return std::pair(reply.body.at("result").size(), reply.body.at("result_info").at("total_count").get<std::size_t>());
  };
  CHECK(count("") == std::pair<std::size_t, std::size_t>(100, 252));
  CHECK(count("?page=3") == std::pair<std::size_t, std::size_t>(52, 252));
  CHECK(count("?page=4") == std::pair<std::size_t, std::size_t>(0, 252));
  CHECK(count("?per_page=5000") == std::pair<std::size_t, std::size_t>(252, 252));
  CHECK(count("?name=n7.example.com") == std::pair<std::size_t, std::size_t>(1, 1));
  CHECK(count("?type=CNAME") == std::pair<std::size_t, std::size_t>(1, 1));
  CHECK(account.ask("GET", account.records("?per_page=0")).status == 400);
  CHECK(account.ask("GET", account.records("?limit=5")).status == 400);

  CHECK(account.ask("GET", "/zones?name=example.com").body.at("result").at(0).at("id") == account.zone);
  CHECK(account.ask("GET", "/zones?name=example.org").body.at("result").empty());
  CHECK(account.ask("GET", "/zones/" + account.zone).body.at("result").at("name") == "example.com");
  CHECK(account.ask("GET", "/zones/example.com").error() == 7003);
}

TEST_CASE("Cloudflare's fake keeps what a patch does not name, and loses what a put does not") {
  Account account;
  const std::string id = account.fake.add(
      "example.com", R"({"name":"api","type":"A","content":"192.0.2.5","ttl":300,"comment":"ours","tags":["a:b"]})");
  CHECK(account.ask("PATCH", account.records("/" + id), R"({"content":"192.0.2.6"})").status == 200);
  CHECK(account.fake.records("example.com").front() ==
        R"(api.example.com 300 A 192.0.2.6 comment="ours" tags=["a:b"])");
  CHECK(account.ask("PATCH", account.records("/" + id), R"({"proxied":true,"ttl":60})").body.at("result").at("ttl") ==
        1);
  CHECK(account.ask("PUT", account.records("/" + id), R"({"name":"api","type":"A","content":"192.0.2.7","ttl":120})")
            .status == 200);
  CHECK(account.fake.records("example.com").front() == "api.example.com 120 A 192.0.2.7");
  CHECK(account.ask("DELETE", account.records("/" + id)).body.at("result").at("id") == id);
  CHECK(account.ask("GET", account.records("/" + id)).error() == 81044);
  CHECK(account.ask("DELETE", account.records("/" + id)).status == 404);
}

TEST_CASE("Cloudflare's fake makes a batch in its order, as a whole or not at all") {
  Account account;
  const auto before = account.fake.records("example.com");
  const auto batch = [&](const Json& body) { return account.ask("POST", account.records("/batch"), body.dump()); };
  struct Case {
    Json body;
    int status, error;
    const char* what;
  };
  const Json good{{"name", "new"}, {"type", "A"}, {"content", "192.0.2.8"}, {"ttl", 60}};
  const Case cases[] = {
      {{{"patches", {{{"id", account.www}, {"ttl", 60}}}}, {"deletes", {{{"id", "gone"}}}}}, 404, 81044, "a stale id"},
      {{{"posts", {good, good}}}, 400, 81058, "the same twice"},
      {{{"posts", {good}}, {"patches", {{{"id", account.www}, {"ttl", 5}}}}}, 400, 9021, "one bad TTL"},
      {{{"deletes", {{{"id", account.www}}}}, {"patches", {{{"id", account.www}, {"ttl", 60}}}}},
       404,
       81044,
       "deleted before it is patched"},
      {{{"posts", Json::array()}}, 400, 9207, "nothing"},
      {{{"post", {good}}}, 400, 9207, "a list of another name"},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    const auto reply = batch(each.body);
    CHECK(reply.status == each.status);
    CHECK(reply.error() == each.error);
    CHECK(account.fake.records("example.com") == before);
  }
  // A CNAME takes the place of an A record, since deletes come first.
  const auto reply = batch({{"posts", {{{"name", "www"}, {"type", "CNAME"}, {"content", "new.example.net"}}}},
                            {"deletes", {{{"id", account.www}}}},
                            {"patches", {{{"id", account.shop}, {"content", "lb.example.org"}}}}});
  CHECK(reply.status == 200);
  CHECK(reply.body.at("result").at("deletes").at(0).at("content") == "192.0.2.1");
  CHECK(account.fake.records("example.com") ==
        std::vector<std::string>{"shop.example.com 1 CNAME lb.example.org", "www.example.com 1 CNAME new.example.net"});
}

TEST_CASE("Cloudflare's fake knows its plans") {
  const auto batch_of = [](CloudflareFake::Plan plan, int size) {
    const Account account(plan);
    Json posts = Json::array();
    for (int i = 0; i < size; ++i)
      posts.push_back({{"name", fmt::format("m{}", i)}, {"type", "A"}, {"content", "192.0.2.9"}});
    return account.ask("POST", account.records("/batch"), Json{{"posts", posts}}.dump()).status;
  };
  CHECK(batch_of(CloudflareFake::Plan::kFree, 200) == 200);
  CHECK(batch_of(CloudflareFake::Plan::kFree, 201) == 400);
  CHECK(batch_of(CloudflareFake::Plan::kPaid, 201) == 200);
  const Account enterprise(CloudflareFake::Plan::kEnterprise);
  CHECK(enterprise.ask("PATCH", enterprise.records("/" + enterprise.www), R"({"ttl":30})").status == 200);
}

TEST_CASE("Cloudflare's fake shows zones and records to its token alone") {
  Account account;
  const auto with = [&](const std::vector<std::pair<std::string, std::string>>& headers) {
    const auto reply = call_api("GET", account.fake.url() + "/zones", "", headers);
    return std::pair(reply->status, Json::parse(reply->body).at("errors").at(0).at("code").get<int>());
  };
  CHECK(with({}) == std::pair(400, 9106));
  CHECK(with({{"Authorization", "Bearer other"}}) == std::pair(403, 10000));
  account.fake.hide_zone("example.com");
  CHECK(account.ask("GET", account.records()).error() == 9109);
  CHECK(account.ask("GET", "/zones").body.at("result").empty());
  account.fake.strike({.kind = ApiFault::Kind::kExpired});
  CHECK(account.ask("GET", "/zones").error() == 9109);
}

TEST_CASE("Somebody else edits a set at Cloudflare") {
  Account account;
  const auto name = *DomainName::from_text("www.example.com");
  account.fake.put("example.com", {name, RecordType::kA, Seconds(60), {"192.0.2.3", "192.0.2.4"}});
  account.fake.put("example.com", {name, RecordType::kHttps, Seconds(60), {R"(1 . alpn="h2,h3" ipv4hint=192.0.2.3)"}});
  account.fake.put("example.com", {name, RecordType::kMx, Seconds(60), {"10 mail.example.com."}});
  account.fake.put("example.com", {name, RecordType::kCaa, Seconds(60), {R"(0 issue "ca.example.net")"}});
  account.fake.put("example.com", {name, RecordType::kSrv, Seconds(60), {"1 2 443 www.example.com."}});
  CHECK(account.fake.records("example.com") ==
        std::vector<std::string>{"shop.example.com 1 CNAME lb.example.net", "www.example.com 60 A 192.0.2.3",
                                 "www.example.com 60 A 192.0.2.4", R"(www.example.com 60 CAA 0 issue "ca.example.net")",
                                 R"(www.example.com 60 HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.3)",
                                 "www.example.com 60 MX 10 mail.example.com",
                                 "www.example.com 60 SRV 1 2 443 www.example.com"});
  CHECK(account.fake.ids("example.com", "www.example.com", "A").size() == 2);
  CHECK(account.fake.ids("example.com", "www.example.com", "A").front() != account.www);
}
