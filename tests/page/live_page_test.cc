#include "cmd/page/live_page.h"

#include <fmt/format.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/text.h"
#include "tests/page/raw_visitor.h"
#include "tests/page/told_story.h"

using namespace cutover;
using namespace cutover::tests;

namespace {

const Instant kServed = *parse_instant("2026-10-06T09:00:00Z");

struct Served {
  explicit Served(const std::string& token = "") : page(*LivePage::start({any_port(), token})), where(place(page)) {}
  static Endpoint any_port() { return {*IpAddress::from_text("127.0.0.1"), 0}; }
  static Endpoint place(const LivePage& page) {
    const std::string url = page.url().substr(std::string("http://").size());
    return *Endpoint::from_text(url.substr(0, url.find('/')), 0);
  }
  /// `GET path` with the right Host and `more` header lines, each with its line break before it.
  std::string get(const std::string& path, const std::string& more = "", const std::string& method = "GET") const {
    return answer_to(where, fmt::format("{} {} HTTP/1.1\r\nHost: {}{}", method, path, where.text(), more));
  }
  RawVisitor stream(int receive_buffer = 0) const {
    RawVisitor out(where, receive_buffer);
    out.say(fmt::format("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", where.text()));
    return out;
  }
  LivePage page;
  Endpoint where;
};

int status_of(const std::string& answer) { return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3)); }
std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? "" : answer.substr(at + 4);
}
std::size_t count(const std::string& text, const std::string& part) {
  std::size_t out = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++out;
  return out;
}

}  // namespace

TEST_CASE("every answer says what browsers may do with it") {
  Served served;
  served.page.publish(ToldStory({5, Seconds(60), false}, kServed).at(kServed));
  for (const char* path : {"/", "/page.css", "/page.js", "/pictures.css", "/pictures.js", "/icon.svg", "/story.json",
                           "/metrics", "/nothing", "/../etc/passwd"}) {
    const std::string answer = served.get(path);
    INFO(path << "\n" << answer.substr(0, 900));
    CHECK(status_of(answer) == (std::string(path).find("n") == 1 || std::string(path).find("..") == 1 ? 404 : 200));
    for (const char* line :
         {"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
          "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
          "X-Content-Type-Options: nosniff\r\n", "Referrer-Policy: no-referrer\r\n", "Cache-Control: no-store\r\n"})
      CHECK(answer.find(line) != std::string::npos);
  }
  const std::string html = body_of(served.get("/"));
  CHECK(html.find("<script>") == std::string::npos);
  CHECK(html.find("style=") == std::string::npos);
  CHECK(html.find("://") == std::string::npos);
}

TEST_CASE("methods, names and parts that are not answered") {
  Served served;
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    INFO(method);
    const std::string answer = served.get("/", "\r\nContent-Length: 0", method);
    CHECK(status_of(answer) == 405);
    CHECK(answer.find("Allow: GET, HEAD") != std::string::npos);
  }
  const std::string head = served.get("/", "", "HEAD");
  CHECK(status_of(head) == 200);
  CHECK(body_of(head).empty());
  for (const char* host : {"evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1"}) {
    INFO(host);
    CHECK(status_of(answer_to(served.where, fmt::format("GET /story.json HTTP/1.1\r\nHost: {}", host))) == 421);
  }
  CHECK(status_of(answer_to(served.where, "GET / HTTP/1.0")) == 421);
  CHECK(status_of(served.get("/", "\r\nHost: evil.example")) == 421);
  CHECK(status_of(served.get("/", "\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors")) == 403);
  CHECK(status_of(served.get("/page.js", "\r\nRange: bytes=0-,0-,0-")) == 416);
  // Compressing a long story for whoever asks would cost seconds.
  CHECK(served.get("/pictures.js", "\r\nAccept-Encoding: br, gzip").find("Content-Encoding") == std::string::npos);
}

TEST_CASE("a token lets in, once by the address and then by the cookie") {
  Served served("let me in");
  CHECK(status_of(served.get("/")) == 403);
  CHECK(status_of(served.get("/story.json?token=wrong")) == 403);
  CHECK(status_of(served.get("/events")) == 403);
  CHECK(status_of(served.get("/metrics", "\r\nAuthorization: Bearer let me in")) == 200);
  const std::string url = served.page.url();
  const std::string answer = served.get(url.substr(url.find('/', 8)));
  CHECK(status_of(answer) == 200);
  const auto at = answer.find("Set-Cookie: ");
  REQUIRE(at != std::string::npos);
  const std::string cookie = answer.substr(at + 12, answer.find(';', at) - at - 12);
  CHECK(status_of(served.get("/story.json", "\r\nCookie: " + cookie)) == 200);
}

TEST_CASE("where a page may not or cannot listen, the sentence says what to do") {
  const auto open = LivePage::start({{*IpAddress::from_text("0.0.0.0"), 0}, ""});
  REQUIRE_FALSE(open);
  CHECK(open.error().code == ErrorCode::kUsage);
  CHECK(open.error().message.find("--http-token") != std::string::npos);
  const Served first;
  const auto second = LivePage::start({first.where, ""});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kIo);
}

TEST_CASE("a stream begins with the whole story, goes on with what differs, and ends with the program") {
  ToldStory told({50, Seconds(60), false}, kServed);
  std::optional<Served> served(std::in_place);
  served->page.publish(told.at(kServed));
  RawVisitor visitor = served->stream();
  visitor.read_until("\"availability\"");
  int second = 0;
  // Until the server knows of its reader, a story is told whole; then by updates.
  while (visitor.read_until("event: update\n", std::chrono::milliseconds(100)).find("event: update\n") ==
         std::string::npos) {
    REQUIRE(second < 200);
    served->page.publish(told.at(kServed + Seconds(++second)));
  }
  CHECK(visitor.read_until("event: update\n").find("event: story\ndata: {\"schema\":1") != std::string::npos);
  served.reset();
  const std::string& all = visitor.read_until("event: end\n");
  CHECK(all.find("event: end\n") != std::string::npos);
  visitor.read_until("");
  CHECK(visitor.is_closed());
}

TEST_CASE("a visitor who comes before the first story waits for it") {
  Served served;
  CHECK(body_of(served.get("/story.json")) == "null");
  RawVisitor visitor = served.stream();
  visitor.read_until("retry:");
  served.page.publish(ToldStory({5, Seconds(60), false}, kServed).at(kServed));
  CHECK(visitor.read_until("event: story").find("event: story") != std::string::npos);
}

TEST_CASE("thirty-two may watch; the next is sent away, and the page is there for everybody") {
  Served served;
  ToldStory told({5, Seconds(60), false}, kServed);
  served.page.publish(told.at(kServed));
  std::vector<RawVisitor> watching;
  for (int i = 0; i < 32; ++i) {
    watching.push_back(served.stream());
    REQUIRE(watching.back().read_until("event: story").find("200 OK") != std::string::npos);
  }
  const std::string refused = served.get("/events");
  CHECK(status_of(refused) == 503);
  CHECK(refused.find("Retry-After: ") != std::string::npos);
  CHECK(status_of(served.get("/")) == 200);
  CHECK(status_of(served.get("/story.json")) == 200);

  watching.pop_back();  // noticed when something is sent to it
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  int status = 503;
  for (int i = 1; status == 503 && std::chrono::steady_clock::now() < deadline; ++i) {
    served.page.publish(told.at(kServed + Seconds(i)));
    RawVisitor next = served.stream();
    status = status_of(next.read_until("\r\n"));
  }
  CHECK(status == 200);
}

TEST_CASE("who reads nothing holds up nobody: not the program, not the others, not the end") {
  ToldStory told({5000, Seconds(3600), false}, kServed);
  std::optional<Served> served(std::in_place);
  served->page.publish(told.at(kServed));
  std::vector<RawVisitor> stuck;
  for (int i = 0; i < 8; ++i) stuck.push_back(served->stream(4096));
  RawVisitor reader = served->stream();
  reader.read_until("event: story");
  std::atomic<bool> over{false};
  std::thread reading([&] {
    while (!over) reader.read_until("event: end", std::chrono::milliseconds(200));
    reader.read_until("event: end");
  });
  const auto began = std::chrono::steady_clock::now();
  for (int second = 1; second <= 100; ++second) served->page.publish(told.at(kServed + Seconds(30 * second)));
  // Nothing waits for a reader: all of it takes a fraction of one write timeout for each.
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(60));
  over = true;
  served.reset();
  reading.join();
  CHECK(count(reader.read_until(""), "event: end\n") == 1);
}

TEST_CASE("hostile words reach the page as words: one line of JSON, nothing that a terminal or a reader would act on") {
  Served served;
  served.page.publish(ToldStory({3, Seconds(60), true}, kServed).at(kServed + Seconds(30)));
  const std::string body = body_of(served.get("/story.json"));
  REQUIRE(nlohmann::json::accept(body));
  for (const char c : body) REQUIRE(static_cast<unsigned char>(c) >= 0x20);
  CHECK(body.find("\u202e") == std::string::npos);
  CHECK(body.find("\u2066") == std::string::npos);
  RawVisitor visitor = served.stream();
  const std::string& events = visitor.read_until("\"availability\":null}\n\n");
  CHECK(count(events, "\ndata: ") == 1);
  CHECK(count(body_of(served.get("/")), "onerror") == 0);
}

TEST_CASE("metrics are what was given, and may be asked for at any time") {
  Served served;
  CHECK(status_of(served.get("/metrics")) == 200);
  served.page.publish_metrics("cutover_up 1\n");
  CHECK(body_of(served.get("/metrics")) == "cutover_up 1\n");
}
