// What is special to Google Cloud DNS: tokens, the search for the managed zone, exact deletions, its error reasons.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

#include "providers/google/service_account.h"
#include "tests/providers/subject.h"
#include "tests/servers/google_fake.h"
#include "tests/servers/prism.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using servers::GoogleFake;

namespace {

/// Google with example.com, and a provider made for it.
class OnGoogle {
 public:
  OnGoogle() {
    fake.add_zone("example.com");
    fake.put("example.com", set("www", "A", 300, {"192.0.2.1"}));
    options = {{"url", fake.url()}, {"key", "file/key.json"}};
    folder.write("key.json", fake.key_file(), 0600);
  }
  Result<std::unique_ptr<providers::Provider>> open() {
    return providers::make_provider({"google", options, folder.path()}, {loop, clock, {}, [this](const std::string&) {
                                                                           if (when_told) when_told();
                                                                         }});
  }
  providers::Provider& provider() {
    if (!provider_) {
      auto opened = open();
      INFO((opened ? "" : opened.error().message));
      REQUIRE(opened);
      provider_ = std::move(*opened);
    }
    return *provider_;
  }
  Result<providers::Receipt> make(const std::vector<Change>& changes) {
    auto steps = provider().steps({name("@"), changes, std::nullopt, std::nullopt});
    REQUIRE(steps);
    REQUIRE(steps->size() == 1);
    return provider().apply(steps->at(0));
  }

  GoogleFake fake;
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};
  std::map<std::string, std::string> options;
  net::Loop loop;
  SystemClock clock;
  std::function<void()> when_told;

 private:
  std::unique_ptr<providers::Provider> provider_;
};

Change www_moves() { return change(set("www", "A", 300, {"192.0.2.1"}), set("www", "A", 60, {"203.0.113.1"})); }

}  // namespace

TEST_CASE("one token serves until a minute before it expires") {
  OnGoogle google;
  SECTION("an hour") {
    for (int i = 0; i < 3; ++i) CHECK(google.provider().read(name("@")));
    CHECK(google.fake.granted() == 1);
  }
  SECTION("less than a minute: each call has its own") {
    google.fake.set_token_life(std::chrono::seconds(59));
    for (int i = 0; i < 3; ++i) CHECK(google.provider().read(name("@")));
    CHECK(google.fake.granted() == 1 + 3);  // the zone is looked for once
  }
}

TEST_CASE("a token that is not accepted is fetched anew, once, and the call goes out again") {
  OnGoogle google;
  REQUIRE(google.provider().read(name("@")));
  SECTION("before a write") {
    google.fake.strike({.kind = ApiFault::Kind::kExpired, .method = "POST", .path = "/changes"});
    CHECK(google.make({www_moves()}));
    CHECK(google.fake.granted() == 2);
    CHECK(google.fake.count("POST", "/changes") == 2);
  }
  SECTION("all were revoked") {
    google.fake.revoke_tokens();
    CHECK(google.provider().read(name("@")));
    CHECK(google.fake.granted() == 2);
  }
  SECTION("the new one does not please either") {
    google.fake.strike({.kind = ApiFault::Kind::kExpired, .path = "/rrsets", .times = 9});
    const auto zone = google.provider().read(name("@"));
    REQUIRE_FALSE(zone);
    CHECK(zone.error().code == ErrorCode::kAuth);
    CHECK(zone.error().message.find("ya29.") == std::string::npos);
    CHECK(google.fake.granted() == 2);
    CHECK(google.fake.struck() == 2);
  }
}

TEST_CASE("no token is granted to a wrong key, and the sentence says why") {
  OnGoogle google;
  std::string key = google.fake.key_file();
  const auto replace = [&](const std::string& from, const std::string& to) {
    key.replace(key.find(from), from.size(), to);
  };
  std::string why = "account not found";
  SECTION("another account") { replace("cutover@", "somebody@"); }
  SECTION("a key that the account does not have") {
    replace("0123456789abcdef0123456789abcdef01234567", "f");
    why = "Invalid JWT header";
  }
  google.folder.write("key.json", key, 0600);
  const auto zone = google.provider().read(name("@"));
  REQUIRE_FALSE(zone);
  CHECK(zone.error().code == ErrorCode::kAuth);
  INFO(zone.error().message);
  CHECK(zone.error().message.find(why) != std::string::npos);
  CHECK(zone.error().message.find(GoogleFake::secret()) == std::string::npos);
}

TEST_CASE("a key file that is none is refused before anything is sent, and not quoted") {
  struct Row {
    const char *file, *why;
    ErrorCode code = ErrorCode::kAuth;
  };
  const Row rows[] = {
      {"not JSON", "no JSON"},
      {R"({"type":"authorized_user","refresh_token":"sesame"})", "not service_account"},
      {R"({"type":"service_account","client_email":"a@b","private_key":"sesame"})", "no `token_uri`"},
      {R"({"type":"service_account","client_email":"a@b","private_key":"sesame","token_uri":"http://192.0.2.1/"})",
       "http://192.0.2.1", ErrorCode::kUsage},
      {R"({"type":"service_account","client_email":"a@b","private_key":"sesame","token_uri":"https://192.0.2.1/"})",
       "needs the option 'project'", ErrorCode::kUsage},
  };
  for (const Row& row : rows) {
    OnGoogle google;
    if (row.code == ErrorCode::kUsage && std::string(row.why).starts_with("http")) google.options["project"] = "p";
    google.folder.write("key.json", row.file, 0600);
    const auto opened = google.open();
    REQUIRE_FALSE(opened);
    INFO(opened.error().message);
    CHECK(opened.error().code == row.code);
    CHECK(opened.error().message.find(row.why) != std::string::npos);
    CHECK(opened.error().message.find("sesame") == std::string::npos);
  }
}

TEST_CASE("a private key that cannot sign is an error of the credential") {
  const auto form =
      providers::google::token_form({"a@b", "p", "", "https://192.0.2.1/",
                                     net::Secret("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")},
                                    Instant());
  REQUIRE_FALSE(form);
  CHECK(form.error().code == ErrorCode::kAuth);
}

TEST_CASE("without the option the key is where Google's own tools look for it") {
  OnGoogle google;
  google.options.erase("key");
  unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
  CHECK(google.open().error().code == ErrorCode::kUsage);
  setenv("GOOGLE_APPLICATION_CREDENTIALS", (google.folder.path() + "/key.json").c_str(), 1);
  const auto zone = google.provider().read(name("@"));
  unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
  CHECK(zone);
}

TEST_CASE("the managed zone is looked for by its DNS name; private ones are left out") {
  OnGoogle google;
  google.fake.add_zone("example.com", "private");
  SECTION("one public") { CHECK(google.provider().read(name("@"))->find(www_moves().key) != nullptr); }
  SECTION("two public: the plan must say which") {
    google.fake.add_zone("example.com");
    const auto zone = google.provider().read(name("@"));
    REQUIRE_FALSE(zone);
    CHECK(zone.error().code == ErrorCode::kUsage);
    CHECK(zone.error().message.find("example-com, example-com-3") != std::string::npos);
  }
  SECTION("the plan says which") {
    google.options["managed_zone"] = "example-com-2";
    CHECK(google.provider().read(name("@"))->find(www_moves().key) == nullptr);
  }
  SECTION("what the plan says holds another zone") {
    google.fake.add_zone("example.org");
    google.options["managed_zone"] = "example-org";
    const auto zone = google.provider().read(name("@"));
    REQUIRE_FALSE(zone);
    CHECK(zone.error().code == ErrorCode::kNotFound);
  }
  SECTION("none of that name in the project") {
    google.options["managed_zone"] = "gone";
    CHECK(google.provider().read(name("@")).error().code == ErrorCode::kNotFound);
  }
}

TEST_CASE("who changes a set between the last look and the call is not overwritten") {
  struct Row {
    const char* what;
    Change ours;
    RecordSet theirs;
  };
  const Row rows[] = {
      {"another value", www_moves(), set("www", "A", 300, {"192.0.2.7"})},
      {"another TTL", www_moves(), set("www", "A", 30, {"192.0.2.1"})},
      {"made what we make", create(set("new", "A", 60, {"203.0.113.1"})), set("new", "A", 60, {"203.0.113.2"})},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    OnGoogle google;
    // The call is throttled, and goes out again after the other edit.
    google.fake.strike({.kind = ApiFault::Kind::kThrottled, .method = "POST", .path = "/changes"});
    google.when_told = [&] { google.fake.put("example.com", row.theirs); };
    const auto made = google.make({row.ours});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kConflict);
    CHECK(google.fake.count("POST", "/changes") == 2);
    const Zone now = *google.provider().read(name("@"));
    REQUIRE(now.find(row.theirs.key()) != nullptr);
    CHECK(*now.find(row.theirs.key()) == row.theirs);
  }
}

TEST_CASE("a set is deleted in the spelling in which it is listed") {
  OnGoogle google;
  google.fake.add("example.com",
                  R"({"name":"www.example.com.","type":"AAAA","ttl":300,"rrdatas":["2001:DB8:0:0::1"]})");
  google.fake.add("example.com", R"({"name":"www.example.com.","type":"TXT","ttl":300,"rrdatas":["bare"]})");
  CHECK(google.make({change(set("www", "AAAA", 300, {"2001:db8::1"}), set("www", "AAAA", 60, {"2001:db8::2"})),
                     remove(set("www", "TXT", 300, {"\"bare\""}))}));
  CHECK(google.fake.set("example.com", "www.example.com", "TXT") == "null");
}

TEST_CASE("a set with a routing policy is shown and not changed") {
  OnGoogle google;
  google.fake.add("example.com", R"({"name":"geo.example.com.","type":"A","ttl":300,"routingPolicy":
    {"geo":{"items":[{"location":"us-east1","rrdatas":["192.0.2.1"]}]}}})");
  const RecordKey key{name("geo"), RecordType::kA};
  const auto sets = google.provider().read_sets(name("@"), {key});
  REQUIRE(sets);
  CHECK(sets->refused.at(key).find("routing policy") != std::string::npos);
  const auto made = google.make({change(sets->sets.at(key), set("geo", "A", 300, {"203.0.113.1"}))});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUnsupported);
  CHECK(google.fake.count("POST", "/changes") == 0);
}

TEST_CASE("a change is in sync when Google says done, not before") {
  OnGoogle google;
  google.fake.set_pending(2);
  const auto receipt = google.make({www_moves()});
  REQUIRE(receipt);
  CHECK_FALSE(*google.provider().in_sync(*receipt));
  CHECK_FALSE(*google.provider().in_sync(*receipt));
  CHECK(*google.provider().in_sync(*receipt));
}

TEST_CASE("Google Cloud DNS and its fake keep the published contract") {
  OnGoogle google;
  google.fake.set_page_limit(2);
  const auto prism = servers::prism_before(google.fake, GoogleFake::kContract, "Google Cloud DNS against its contract");
  if (!prism) return;
  google.options["url"] = prism->url() + "/dns/v1";
  CHECK(google.provider().read(name("@")));
  const auto receipt = google.make({www_moves(), create(set("new", "TXT", 60, {"\"a\" \"b\""}))});
  INFO((receipt ? "" : receipt.error().message));
  REQUIRE(receipt);
  CHECK(google.provider().in_sync(*receipt));
  CHECK(google.make({www_moves()}).error().code == ErrorCode::kConflict);
  CHECK(prism->violations() == std::vector<std::string>());
  std::cout << "Prism: Google Cloud DNS, " << prism->requests() << " requests, " << prism->violations().size()
            << " violations\n";
}
