#include "tests/servers/prism.h"

#include <catch2/catch.hpp>
#include <iostream>

#include "tests/servers/api_client.h"
#include "tests/servers/cloudflare_fake.h"

using namespace cutover;
using namespace cutover::servers;

namespace {

struct Call {
  std::string method, path, body;
  int status;
};

std::unique_ptr<Prism> before(const ApiFake& fake, const std::string& what) {
  return prism_before(fake, CloudflareFake::kContract, what, CloudflareFake::repaired_contract);
}

net::HttpResponse ask(const Prism& prism, const Call& call) {
  const auto reply = call_api(call.method, prism.url() + call.path, call.body,
                              {{"Authorization", std::string("Bearer ") + CloudflareFake::kToken}});
  REQUIRE(reply);
  return *reply;
}

/// Says `success` with a word and leaves out who the zone is.
class SloppyFake final : public ApiFake {
 public:
  SloppyFake() : ApiFake(Settings()) {
    route("GET", "/zones", [](const ApiRequest&) { return json_reply(200, R"({"success":"yes","result":[{}]})"); });
    route("GET", "/zones/{zone}", [](const ApiRequest&) { return json_reply(503, "{}"); });
  }
  ~SloppyFake() override { stop(); }

 private:
  ApiReply trouble(int status, const std::string& why) const override { return json_reply(status, "\"" + why + "\""); }
};

}  // namespace

TEST_CASE("Cloudflare's fake and a client of it keep Cloudflare's published contract") {
  CloudflareFake fake;
  const std::string zone = "/zones/" + fake.add_zone("example.com");
  const std::string id = fake.add("example.com", R"({"name":"www","type":"A","content":"192.0.2.1","ttl":300})");
  const auto prism = before(fake, "Cloudflare's fake against its contract");
  if (!prism) return;
  const std::string records = zone + "/dns_records";
  const Call good[] = {
      {"GET", "/zones?name=example.com", "", 200},
      {"GET", zone, "", 200},
      {"POST", records, R"({"name":"a","type":"A","content":"192.0.2.2","ttl":300,"comment":"x"})", 200},
      {"POST", records, R"({"name":"@","type":"MX","content":"mail.example.com","priority":10})", 200},
      {"POST", records, R"({"name":"@","type":"HTTPS","data":{"priority":1,"target":".","value":"alpn=h2"}})", 200},
      {"POST", records, R"({"name":"www","type":"CNAME","content":"a.example.net"})", 400},
      {"GET", records + "?per_page=5000", "", 200},
      {"GET", records + "?type=A&page=2", "", 200},
      {"PATCH", records + "/" + id, R"({"ttl":60})", 200},
      {"PATCH", records + "/" + id, R"({"ttl":59})", 400},
      {"PUT", records + "/" + id, R"({"name":"www","type":"A","content":"192.0.2.3"})", 200},
      {"POST", records + "/batch",
       R"({"patches":[{"id":")" + id + R"(","ttl":120}],"posts":[{"name":"b","type":"TXT","content":"\"x\""}]})", 200},
      {"POST", records + "/batch", R"({"deletes":[{"id":"gone"}]})", 404},
      {"DELETE", records + "/" + id, "", 200},
      {"GET", records + "/" + id, "", 404},
  };
  for (const Call& call : good) {
    INFO(call.method << " " << call.path << " " << call.body);
    CHECK(ask(*prism, call).status == call.status);
  }
  const auto found = prism->violations();
  CHECK(found == std::vector<std::string>());
  CHECK(prism->requests() == std::size(good));
  std::cout << "Prism: Cloudflare, " << prism->requests() << " requests, " << found.size() << " violations\n";
}

TEST_CASE("Prism stops what Cloudflare would not take, and says why") {
  CloudflareFake fake;
  const std::string records = "/zones/" + fake.add_zone("example.com") + "/dns_records";
  const auto prism = before(fake, "bad requests against Cloudflare's contract");
  if (!prism) return;
  const Call bad[] = {
      {"POST", records, R"({"name":"a","type":"A","content":"192.0.2"})", 422},
      {"POST", records, R"({"name":"a","type":"A","content":"192.0.2.1","ttl":"300"})", 422},
      {"POST", records, R"({"name":"a","type":"HTTPS","content":"1 . alpn=h2"})", 422},
      {"POST", records + "/batch", R"({"deletes":["0123"]})", 422},
      {"POST", records + "/batch", R"({"delete":[{"id":"0123"}]})", 422},
      {"GET", "/client/v4/zones", "", 404},
  };
  for (const Call& call : bad) {
    INFO(call.method << " " << call.path << " " << call.body);
    CHECK(ask(*prism, call).status == call.status);
  }
  CHECK(call_api("GET", prism->url() + records)->status == 401);
  CHECK(fake.requests().empty());
  const auto found = prism->violations();
  REQUIRE(found.size() == std::size(bad) + 1);
  CHECK(found[3].find("deletes") != std::string::npos);
}

TEST_CASE("Prism notices a fake that leaves the contract") {
  SloppyFake fake;
  const auto prism = before(fake, "bad answers against Cloudflare's contract");
  if (!prism) return;
  CHECK(ask(*prism, {"GET", "/zones", "", 500}).status == 500);
  ask(*prism, {"GET", "/zones/0123", "", 503});
  const auto found = prism->violations();
  REQUIRE(found.size() == 2);
  CHECK(found[0].find("success") != std::string::npos);
  CHECK(found[1].find("status code") != std::string::npos);
}

TEST_CASE("a specification that points elsewhere is refused: nothing is fetched") {
  SloppyFake fake;
  CHECK_THROWS(Prism(R"({"paths":{"/":{"$ref":"https://api.example.com/spec.json"}}})", fake));
}
