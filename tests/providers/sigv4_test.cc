// AWS's Signature Version 4: the cases that AWS publishes, and some of our own in the shape of Route 53's requests.
#include <catch2/catch.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "providers/route53/sigv4.h"
#include "tests/support/test_data.h"

using namespace cutover;
using namespace cutover::providers::route53;
using tests::read_all;

namespace {

const std::string kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

AwsKeys keys(const std::string& token = {}) {
  return {"AKIDEXAMPLE", net::Secret(kSecret), token.empty() ? std::nullopt : std::optional(net::Secret(token))};
}

/// `GET /a b HTTP/1.1`, header lines `Name:value`, an empty line and a body.
SigningRequest read_request(const std::string& text) {
  const auto end = text.find("\n\n");
  SigningRequest request;
  if (end != std::string::npos) request.body = text.substr(end + 2);
  const std::vector<std::string> lines = split(trim(text.substr(0, end)), '\n');
  const auto from = lines[0].find(' ');
  const auto to = lines[0].rfind(' ');
  request.method = lines[0].substr(0, from);
  request.target = lines[0].substr(from + 1, to - from - 1);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto colon = lines[i].find(':');
    request.headers.emplace_back(lines[i].substr(0, colon), lines[i].substr(colon + 1));
  }
  return request;
}

std::string authorization(const SigV4& made) { return made.headers.back().second; }

}  // namespace

TEST_CASE("AWS's published cases: canonical request, string to sign and signature of every one") {
  const auto folder = tests::test_data("AWS's SigV4 test suite", "corpora/aws-sigv4");
  if (!folder) return;
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (!entry.is_directory()) continue;
    INFO(entry.path().filename().string());
    const auto context = nlohmann::json::parse(read_all(entry.path() / "context.json"));
    const auto& credentials = context.at("credentials");
    SigningRequest request = read_request(read_all(entry.path() / "request.txt"));
    if (context.at("sign_body").get<bool>())
      request.headers.emplace_back("x-amz-content-sha256", sha256_hex(request.body));
    const AwsKeys given{
        credentials.at("access_key_id"), net::Secret(credentials.at("secret_access_key")),
        credentials.contains("token") ? std::optional(net::Secret(credentials.at("token"))) : std::nullopt};
    const SigV4 made = sign(request, given, {context.at("region"), context.at("service")},
                            *parse_instant(context.at("timestamp").get<std::string>()),
                            context.at("normalize").get<bool>() ? PathForm::kNormalized : PathForm::kAsSent);
    CHECK(made.canonical_request == read_all(entry.path() / "header-canonical-request.txt"));
    CHECK(made.string_to_sign == read_all(entry.path() / "header-string-to-sign.txt"));
    CHECK(made.signature == read_all(entry.path() / "header-signature.txt"));
    const std::string whole = read_all(entry.path() / "header-signed-request.txt");
    CHECK(whole.find("Authorization:" + authorization(made) + "\n") != std::string::npos);
    ++cases;
  }
  std::cerr << "AWS's SigV4 test suite: " << cases << " cases, none left out\n";
  CHECK(cases >= 19);
}

TEST_CASE("requests in the shape of Route 53's are signed as another program signs them") {
  const Instant now = *parse_instant("2026-11-22T17:30:00Z");
  const Headers host{{"Host", "route53.amazonaws.com"}};
  // The signatures were made with Python's hmac and hashlib, from canonical requests written by hand.
  SECTION("a page of a zone: parameters in any order, escapes in small or capital letters, a bare *") {
    for (const std::string query :
         {"maxitems=300&name=%5C052.wild.example.com.&type=A", "type=A&name=%5c052.wild.example.com.&maxitems=300"}) {
      const SigV4 made = sign({"GET", "/2013-04-01/hostedzone/Z0EXAMPLE/rrset?" + query, host, ""}, keys(), {}, now);
      CHECK(made.signature == "2815b4965dfdf3e4de6bb3ab02e3c4bd0a25fdba311e19b2c7c0558040c8aaba");
    }
  }
  SECTION("a change, with keys that have a token") {
    const SigV4 made = sign({"POST",
                             "/2013-04-01/hostedzone/Z0EXAMPLE/rrset",
                             {{"host", "route53.amazonaws.com"}, {"Content-Type", " application/xml "}},
                             "<a/>"},
                            keys("a/token=="), {}, now);
    CHECK(made.signature == "43c3603aeab7ef99cf8524be7ea092b9e8eb9d981556f4664b5e88440569f395");
    CHECK(made.headers.at(0).second == "20261122T173000Z");
    CHECK(made.headers.at(1) == std::pair<std::string, std::string>("X-Amz-Security-Token", "a/token=="));
    CHECK(authorization(made) ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/route53/aws4_request, "
          "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=" +
              made.signature);
  }
  SECTION("a percent sign in the path is encoded again; a parameter without a value") {
    const SigV4 made = sign({"GET", "/2013-04-01/a%20b?x=*%20%2b&flag", host, ""}, keys(), {}, now);
    CHECK(made.signature == "2c39dce282def07ed9551f6ec22d090ad0e26d7e0e5e82b823f4298888dc8703");
  }
  SECTION("spaces inside a header count once") {
    CHECK(sign({"GET", "/", {{"Host", "a"}, {"X", " a   b "}}, ""}, keys(), {}, now).signature ==
          sign({"GET", "/", {{"host", "a"}, {"x", "a b"}}, ""}, keys(), {}, now).signature);
  }
}

TEST_CASE("the secret key is in nothing that a signature is made of or sent with") {
  const SigV4 made = sign({"GET", "/", {{"Host", "a"}}, ""}, keys("token"), {}, *parse_instant("2026-11-22T17:30:00Z"));
  std::string all = made.canonical_request + made.string_to_sign + made.signature;
  for (const auto& header : made.headers) all += header.first + header.second;
  CHECK(all.find(kSecret) == std::string::npos);
}

TEST_CASE("paths are made one before they are signed, unless they are taken as they are") {
  const auto path = [](const std::string& target, PathForm form) {
    const auto made = sign({"GET", target, {{"Host", "a"}}, ""}, keys(), {}, Instant{}, form);
    return split(made.canonical_request, '\n').at(1);
  };
  struct Case {
    std::string sent, normalized, as_sent;
  };
  for (const Case& one : {Case{"/", "/", "/"}, Case{"//", "/", "//"}, Case{"/a/../b/./c/", "/b/c/", "/a/../b/./c/"},
                          Case{"/a/b/..", "/a/", "/a/b/.."}, Case{"/../../x", "/x", "/../../x"},
                          Case{"/a//b", "/a/b", "/a//b"}, Case{"/%41*", "/%2541%2A", "/%2541%2A"}}) {
    INFO(one.sent);
    CHECK(path(one.sent, PathForm::kNormalized) == one.normalized);
    CHECK(path(one.sent, PathForm::kAsSent) == one.as_sent);
  }
}
