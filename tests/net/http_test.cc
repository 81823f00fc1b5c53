#include "net/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>

#include "net/loop.h"
#include "tests/servers/servers.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"

namespace cutover::net {
namespace {

using servers::free_port;
using servers::Nginx;
using servers::own_address;
using servers::TempFolder;
using test::say;
using test::wait_for_end;

Endpoint endpoint(const std::string& address) { return {*IpAddress::from_text(address), free_port(address)}; }

std::string header(const HttpResponse& response, const std::string& name) {
  const auto at =
      std::find_if(response.headers.begin(), response.headers.end(), [&](const auto& h) { return h.first == name; });
  return at == response.headers.end() ? "" : at->second;
}

Result<HttpResponse> one(HttpRequest request) {
  Loop loop;
  return http_all(loop, {std::move(request)}).front();
}

/// An authority and a certificate for `www.example.test`, in files.
struct Trust {
  test::Certificate root{{.common_name = "Test Root", .authority = true}};
  test::Certificate leaf{{.common_name = "x", .alternative_names = {"DNS:www.example.test"}}, &root};
  TempFolder folder;
  std::string ca = folder.write("ca.pem", root.pem());
  std::string certificate = folder.write("leaf.pem", leaf.pem());
  std::string key = folder.write("leaf.key", leaf.key_pem(), 0600);
  std::string tls_lines() const { return fmt::format("ssl_certificate {}; ssl_certificate_key {};", certificate, key); }
};

TEST_CASE("https to a given address: name, trust, method and body arrive as asked") {
  const Trust trust;
  const auto v4 = endpoint(own_address());
  const auto v6 = endpoint("::1");
  const Nginx nginx(fmt::format("server {{ listen {} ssl http2; listen {} ssl http2; server_name www.example.test; {}\n"
                                "  location / {{ add_header X-Method $request_method; add_header X-Host $http_host;\n"
                                "    add_header X-Type \"<$content_type>\"; add_header X-Sni $ssl_server_name; "
                                "add_header X-Custom $http_x_token;\n"
                                "    return 204; }}\n"
                                "  location /echo {{ proxy_pass http://unix:/nowhere; }}\n"
                                "  location /moved {{ return 302 https://elsewhere.test/; }} }}",
                                v4.text(), v6.text(), trust.tls_lines()),
                    {v4, v6});
  for (const auto& server : {v4, v6}) {
    INFO(server.text());
    HttpRequest request;
    request.url = "https://www.example.test/healthz";
    request.connect_to = server;
    request.ca_file = trust.ca;
    request.headers = {{"X-Token", "abc"}};
    const auto got = one(request);
    REQUIRE(got);
    CHECK(got->status == 204);
    CHECK(got->remote == server.text());
    CHECK(header(*got, "x-method") == "GET");
    CHECK(header(*got, "x-host") == "www.example.test");
    CHECK(header(*got, "x-sni") == "www.example.test");
    CHECK(header(*got, "x-custom") == "abc");
    CHECK(got->elapsed.count() > 0);

    request.method = "POST";
    request.body = "{}";
    const auto posted = one(request);
    INFO((posted ? "" : posted.error().message));
    REQUIRE(posted);
    CHECK(header(*posted, "x-method") == "POST");
    CHECK(header(*posted, "x-type") == "<>");

    request.method = "HEAD";
    request.body.clear();
    const auto head = one(request);
    REQUIRE(head);
    CHECK(header(*head, "x-method") == "HEAD");

    request.method = "DELETE";
    const auto removed = one(request);
    REQUIRE(removed);
    CHECK(header(*removed, "x-method") == "DELETE");

    request.method = "GET";
    request.url = "https://www.example.test/moved";
    const auto moved = one(request);
    REQUIRE(moved);
    CHECK(moved->status == 302);
    CHECK(header(*moved, "location") == "https://elsewhere.test/");
  }
}

TEST_CASE("https: what is not trusted is an error that says so") {
  const Trust trust;
  const Trust other;
  const auto server = endpoint(own_address());
  const Nginx nginx(
      fmt::format("server {{ listen {} ssl; {} location / {{ return 200; }} }}", server.text(), trust.tls_lines()),
      {server});
  struct Row {
    std::string what, url, ca;
    ErrorCode code;
    std::string says;
  };
  const std::vector<Row> rows{
      {"another authority", "https://www.example.test/", other.ca, ErrorCode::kNetwork, "certificate was not accepted"},
      {"the system's authorities", "https://www.example.test/", "", ErrorCode::kNetwork,
       "certificate was not accepted"},
      {"another name", "https://wrong.example.test/", trust.ca, ErrorCode::kNetwork, "certificate was not accepted"},
      {"no such CA file", "https://www.example.test/", "/nonexistent/ca.pem", ErrorCode::kIo, "/nonexistent/ca.pem"},
      {"a CA file without certificates", "https://www.example.test/", trust.key, ErrorCode::kIo, ""},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    HttpRequest request;
    request.url = row.url + "?token=s3cret";
    request.connect_to = server;
    request.ca_file = row.ca;
    const auto got = one(request);
    REQUIRE_FALSE(got);
    INFO(got.error().message);
    CHECK(got.error().code == row.code);
    CHECK_THAT(got.error().message, Catch::Contains(row.says) && !Catch::Contains("s3cret"));
  }
}

TEST_CASE("one name at many addresses in one go: each answer comes from its own address") {
  std::vector<Endpoint> listening;
  std::string blocks;
  for (int i = 0; i < 8; ++i) {
    listening.push_back(endpoint(own_address()));
    blocks +=
        fmt::format("server {{ listen {}; location / {{ return 200 'server {}'; }} }}\n", listening.back().text(), i);
  }
  const Nginx nginx(blocks, listening);
  std::vector<HttpRequest> requests;
  for (std::size_t i = 0; i < 200; ++i) {
    HttpRequest request;
    request.url = "http://www.example.test/";
    request.connect_to = listening[i % listening.size()];
    requests.push_back(request);
  }
  Loop loop;
  const auto in_flight = GENERATE(1, 3, 64);
  const auto got = http_all(loop, requests, static_cast<std::size_t>(in_flight));
  REQUIRE(got.size() == requests.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    REQUIRE(got[i]);
    CHECK(got[i]->body == fmt::format("server {}", i % listening.size()));
    CHECK(got[i]->remote == listening[i % listening.size()].text());
  }
}

/// Hears the request, then does as the script says.
test::ScriptedServer answering(std::function<void(int)> script) {
  return test::ScriptedServer([script = std::move(script)](int fd) {
    test::hear_some(fd);
    script(fd);
  });
}

HttpRequest request_to(const test::ScriptedServer& server) {
  HttpRequest request;
  request.url = "http://user:s3cret@www.example.test/?s3cret";
  request.connect_to = server.endpoint();
  return request;
}

TEST_CASE("a body without end is cut off at the limit") {
  const auto server =
      answering([](int fd) { say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(5'000'000, 'x')); });
  auto request = request_to(server);
  request.max_body = 100'001;
  const auto got = one(request);
  REQUIRE(got);
  CHECK(got->status == 200);
  CHECK(got->body_cut);
  CHECK(got->body.size() == 100'001);
}

TEST_CASE("a body of exactly the limit is whole") {
  const auto server = answering([](int fd) { say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"); });
  auto request = request_to(server);
  request.max_body = 10;
  const auto got = one(request);
  REQUIRE(got);
  CHECK_FALSE(got->body_cut);
  CHECK(got->body == "0123456789");
}

TEST_CASE("servers that misbehave are told apart, and the URL's secrets are not shown") {
  struct Row {
    std::string what;
    std::function<void(int)> script;
    ErrorCode code;
  };
  const std::vector<Row> rows{
      {"silent", wait_for_end, ErrorCode::kTimeout},
      {"closes at once", [](int) {}, ErrorCode::kNetwork},
      {"closes in the middle", [](int fd) { say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012"); },
       ErrorCode::kNetwork},
      {"no HTTP at all", [](int fd) { say(fd, std::string("\0\x01\x02SSH-2.0\r\n", 12)); }, ErrorCode::kNetwork},
      {"headers without end",
       [](int fd) {
         say(fd, "HTTP/1.1 200 OK\r\n");
         for (int i = 0; i < 400; ++i) say(fd, "X-" + std::to_string(i) + ": " + std::string(1000, 'h') + "\r\n");
       },
       ErrorCode::kNetwork},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto server = answering(row.script);
    auto request = request_to(server);
    request.timeout = std::chrono::milliseconds(row.code == ErrorCode::kTimeout ? 200 : 5000);
    const auto got = one(request);
    REQUIRE_FALSE(got);
    INFO(got.error().message);
    CHECK(got.error().code == row.code);
    CHECK_THAT(got.error().message, !Catch::Contains("s3cret") && Catch::Contains("http://www.example.test"));
  }
}

TEST_CASE("an interim reply does not leave its headers behind") {
  const auto server = answering([](int fd) {
    say(fd,
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nX-Real: Yes \r\nContent-Length: 0\r\n\r\n");
  });
  const auto got = one(request_to(server));
  REQUIRE(got);
  CHECK(got->status == 200);
  CHECK(header(*got, "link").empty());
  CHECK(header(*got, "x-real") == "Yes");
}

TEST_CASE("a request where nothing listens") {
  HttpRequest request;
  request.url = "http://www.example.test/";
  request.connect_to = endpoint(own_address());
  const auto got = one(request);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == ErrorCode::kNetwork);
  CHECK_THAT(got.error().message, Catch::Contains(request.connect_to->text()));
}

TEST_CASE("requests that make no sense never reach the network") {
  const std::vector<HttpRequest> rows{
      {.method = "get it", .url = "http://127.0.0.1:1/"},
      {.method = "GET", .url = "http://127.0.0.1:1/", .headers = {{"X", "a\r\nInjected: yes"}}},
      {.method = "GET", .url = "http://127.0.0.1:1/", .headers = {{"", "a"}}},
      {.method = "GET", .url = "file:///etc/passwd"},
      {.method = "GET", .url = "gopher://127.0.0.1:1/"},
      {.method = "GET", .url = "http://"},
      {.method = "GET", .url = ""},
  };
  Loop loop;
  const auto got = http_all(loop, rows);
  REQUIRE(got.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INFO(i);
    REQUIRE_FALSE(got[i]);
    INFO(got[i].error().message);
    CHECK(got[i].error().code == ErrorCode::kUsage);
  }
  CHECK(http_all(loop, {}).empty());
}

TEST_CASE("a proxy from the environment does not stand between us and a given address") {
  const auto server = endpoint(own_address());
  const Nginx nginx(fmt::format("server {{ listen {}; location / {{ return 200 'direct'; }} }}", server.text()),
                    {server});
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  HttpRequest request;
  request.url = "http://www.example.test/";
  request.connect_to = server;
  const auto got = one(request);
  unsetenv("http_proxy");
  REQUIRE(got);
  CHECK(got->body == "direct");
}

}  // namespace
}  // namespace cutover::net
