#include "tests/servers/api_fake.h"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/servers/api_client.h"
#include "tests/servers/process.h"

using namespace cutover;
using namespace cutover::servers;
using Kind = ApiFault::Kind;

namespace {

/// The smallest API there can be: a counter that POST moves on.
class CounterFake final : public ApiFake {
 public:
  CounterFake() : ApiFake({"/v1", "x-key", "open sesame"}) {
    route("GET", "/counters/{name}", [this](const ApiRequest& request) {
      return json_reply(200, "{\"" + request.parts[0] + "\":" + std::to_string(value_) + "}");
    });
    route("POST", "/counters/{name}", [this](const ApiRequest& request) {
      if (request.body == "{") throw std::runtime_error("half an object");
      return json_reply(201, "{\"now\":" + std::to_string(++value_) + "}");
    });
    route("GET", "/pages", [](const ApiRequest& request) {
      const auto page = numbered_page(request, 7, {.size = 3, .largest = 5});
      return page ? json_reply(200, std::to_string(page->first) + "+" + std::to_string(page->count))
                  : json_reply(400, "");
    });
    route("GET", "/cursors", [](const ApiRequest& request) {
      const auto page = cursor_page(request, 7, {.place_name = "cursor", .size = 3, .largest = 5});
      return page ? json_reply(
                        200, std::to_string(page->first) + "+" + std::to_string(page->count) + " " + page->next_cursor)
                  : json_reply(400, "");
    });
  }
  ~CounterFake() override { stop(); }

  int value() const {
    const auto hold = locked();
    return value_;
  }

 private:
  ApiReply trouble(int status, const std::string& why) const override {
    return json_reply(status, "{\"problem\":\"" + why + "\"}");
  }
  int value_ = 0;
};

const std::vector<std::pair<std::string, std::string>> kKey{{"X-Key", "open sesame"}};

Result<net::HttpResponse> ask(const CounterFake& fake, const std::string& method, const std::string& path,
                              const std::string& body = {}) {
  return call_api(method, fake.url() + path, body, kKey, std::chrono::seconds(2));
}

}  // namespace

TEST_CASE("a fake serves its routes and refuses the rest in the service's own shape") {
  CounterFake fake;
  struct Case {
    const char *method, *path, *body;
    int status;
    const char* reply;
  };
  const Case cases[] = {
      {"GET", "/counters/a%2Fb", "", 200, "{\"a/b\":0}"},
      {"POST", "/counters/a", "{}", 201, "{\"now\":1}"},
      {"POST", "/counters/a", "{", 400, "{\"problem\":\"unreadable: half an object\"}"},
      {"DELETE", "/counters/a", "", 405, "{\"problem\":\"the method is not allowed here\"}"},
      {"GET", "/counters/", "", 404, "{\"problem\":\"there is no such route\"}"},
      {"GET", "/counters/a/b", "", 404, "{\"problem\":\"there is no such route\"}"},
      {"GET", "/pages", "", 200, "0+3"},
      {"GET", "/pages?page=2", "", 200, "3+3"},
      {"GET", "/pages?page=2&per_page=5", "", 200, "5+2"},
      {"GET", "/pages?page=9", "", 200, "7+0"},
      {"GET", "/pages?page=0", "", 400, ""},
      {"GET", "/pages?page=two", "", 400, ""},
      {"GET", "/pages?per_page=6", "", 400, ""},
      {"GET", "/cursors", "", 200, "0+3 next-64"},
      {"GET", "/cursors?cursor=next-64&per_page=5", "", 200, "3+4 "},
      {"GET", "/cursors?cursor=3", "", 400, ""},
  };
  for (const Case& each : cases) {
    INFO(each.method << " " << each.path);
    const auto reply = ask(fake, each.method, each.path, each.body);
    REQUIRE(reply);
    CHECK(reply->status == each.status);
    CHECK(reply->body == each.reply);
    CHECK_FALSE(reply->header("date").empty());
  }
  const auto without_base = call_api("GET", fake.root() + "/counters/a", "", kKey);
  REQUIRE(without_base);
  CHECK(without_base->status == 200);
  CHECK(fake.count("POST") == 2);
  CHECK(fake.count("", "per_page=5") == 2);
  CHECK(fake.writes() == 3);
}

TEST_CASE("a fake asks for its credential, and shows none in its log") {
  CounterFake fake;
  const auto status = [&](const std::string& key) {
    return call_api("POST", fake.url() + "/counters/a?said=" + (key == "open sesame" ? "" : key), "{}",
                    {{"X-Key", key}})
        ->status;
  };
  CHECK(status("open sesame") == 201);
  CHECK(status("wrong") == 401);
  CHECK(call_api("GET", fake.url() + "/counters/a")->status == 401);
  fake.set_secret("changed");
  CHECK(status("open sesame") == 401);
  CHECK(status("changed") == 201);
  CHECK(fake.value() == 2);
  for (const ApiLogEntry& entry : fake.requests()) {
    CHECK(entry.target.find("changed") == std::string::npos);
    for (const auto& [name, value] : entry.headers)
      if (name == "x-key") CHECK(value == "***");
  }
  CHECK(fake.count("POST", "said=***") == 1);
}

TEST_CASE("a fake misbehaves as it is told, as often as it is told") {
  CounterFake fake;
  struct Case {
    Kind kind;
    int status;  ///< 0: no whole answer came
    int value;   ///< afterwards
    const char* what;
  };
  const Case cases[] = {
      {Kind::kFailBefore, 500, 0, "500 before it is done"},
      {Kind::kFailAfter, 500, 1, "500 after it is done"},
      {Kind::kCutBefore, 0, 0, "cut before it is done"},
      {Kind::kCutAfter, 0, 1, "cut after it is done"},
      {Kind::kTruncated, 0, 1, "half the promised body"},
      {Kind::kHalfJson, 201, 1, "half the JSON"},
      {Kind::kHtml, 200, 1, "a page in HTML"},
      {Kind::kThrottled, 429, 0, "throttled"},
      {Kind::kExpired, 401, 0, "expired"},
      {Kind::kSilentBefore, 0, 0, "silent before it is done"},
      {Kind::kSilentAfter, 0, 1, "silent after it is done"},
  };
  int value = 0;
  for (const Case& each : cases) {
    INFO(each.what);
    fake.strike({.kind = each.kind, .method = "POST", .path = "/counters"});
    REQUIRE(ask(fake, "GET", "/counters/a")->status == 200);
    const bool silent = each.kind == Kind::kSilentBefore || each.kind == Kind::kSilentAfter;
    const auto reply = call_api("POST", fake.url() + "/counters/a", "{}", kKey,
                                silent ? std::chrono::milliseconds(300) : std::chrono::seconds(20));
    CHECK((reply ? reply->status : 0) == each.status);
    if (!reply) CHECK((reply.error().code == ErrorCode::kTimeout) == silent);
    value += each.value;
    CHECK(fake.value() == value);
    CHECK(fake.requests().back().fault == each.kind);
    CHECK(ask(fake, "POST", "/counters/a", "{}")->status == 201);
    ++value;
    if (each.kind == Kind::kThrottled) CHECK(reply->header("retry-after") == "1");
    if (each.kind == Kind::kHtml) CHECK(reply->header("content-type").starts_with("text/html"));
    if (each.kind == Kind::kHalfJson) CHECK(reply->body == std::string("{\"now\":10}").substr(0, reply->body.size()));
  }
  CHECK(fake.struck() == static_cast<int>(std::size(cases)));
}

TEST_CASE("a storm strikes so many times, after so many have passed, where its condition holds") {
  CounterFake fake;
  fake.strike({.kind = Kind::kThrottled,
               .times = 3,
               .after = 1,
               .retry_after = std::chrono::seconds(7),
               .when = [](const ApiRequest& request) { return request.parameter("v") == "1"; }});
  const auto status = [&](const std::string& path) { return ask(fake, "GET", path)->status; };
  CHECK(status("/counters/a?v=1") == 200);
  CHECK(status("/counters/a?v=1") == 429);
  CHECK(status("/counters/a?v=2") == 200);
  CHECK(status("/counters/a?v=1") == 429);
  CHECK(status("/counters/a?v=1") == 429);
  CHECK(status("/counters/a?v=1") == 200);
  CHECK(fake.struck() == 3);
}

TEST_CASE("a fake ends while clients hang on it, and many may ask at once") {
  std::thread waiting;
  Result<net::HttpResponse> answer = net::HttpResponse();
  {
    CounterFake fake;
    fake.strike({.kind = Kind::kSilentBefore});
    waiting = std::thread([&, url = fake.url()] { answer = call_api("GET", url + "/counters/a", "", kKey); });
    REQUIRE(wait_until(std::chrono::seconds(10), [&] { return fake.struck() == 1; }));
    net::Loop loop;
    std::vector<net::HttpRequest> many(100);
    for (auto& request : many) {
      request.method = "POST";
      request.url = fake.url() + "/counters/a";
      request.headers = kKey;
    }
    for (const auto& each : net::http_all(loop, many, 8)) CHECK(each->status == 201);
    CHECK(fake.value() == 100);
  }
  waiting.join();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::kNetwork);
}
