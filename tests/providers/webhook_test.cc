// A server of external-dns's webhook protocol: what it keeps, what it refuses, and what goes wrong on the way.
#include <catch2/catch.hpp>
#include <iostream>

#include "core/text.h"
#include "providers/webhook/endpoints.h"
#include "tests/providers/subject.h"
#include "tests/servers/prism.h"
#include "tests/servers/webhook_fake.h"

using namespace cutover;
using namespace cutover::tests;
using Catch::Contains;
using providers::Provider;
using servers::ApiFault;
using servers::WebhookFake;

namespace {

RecordSet www() { return set("www", "A", 300, {"192.0.2.10"}); }
RecordSet moved() { return set("www", "A", 60, {"203.0.113.10"}); }

struct Bench {
  explicit Bench(const std::string& txt = "quoted") : options_{{"txt", txt}} {
    fake.put("example.com", www());
    fake.put("example.com", set("old", "A", 300, {"192.0.2.40"}));
  }
  Result<std::unique_ptr<Provider>> open(const std::string& url = {}) {
    auto options = options_;
    options.emplace("url", url.empty() ? fake.url() : url);
    return providers::make_provider({"webhook", options, folder.path()}, {loop, clock, {}, {}});
  }
  /// Opens, makes the steps and goes through them; the first error ends it.
  Result<void> write(const std::vector<Change>& changes, const std::string& url = {}) {
    auto provider = open(url);
    if (!provider) return provider.error();
    auto steps = (*provider)->steps({name("@"), changes, std::nullopt, std::nullopt});
    if (!steps) return steps.error();
    for (const providers::Step& step : *steps)
      if (auto made = (*provider)->apply(step); !made) return made.error();
    return {};
  }
  Error refusal(const std::vector<Change>& changes) {
    const auto made = write(changes);
    REQUIRE_FALSE(made);
    return made.error();
  }
  bool holds(const std::string& line) const {
    const auto lines = fake.endpoints();
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  }

  net::Loop loop;
  SystemClock clock;
  servers::TempFolder folder;
  WebhookFake fake;

 private:
  std::map<std::string, std::string> options_;
};

}  // namespace

TEST_CASE("labels and properties of an endpoint stay with it, also on the way back") {
  Bench bench;
  const std::string kept = R"("labels":{"owner":"k8s"},"providerSpecific":[{"name":"aws/zone-type","value":"public"}])";
  bench.fake.put_endpoint(R"({"dnsName":"app.example.com","targets":["192.0.2.7"],"recordType":"A","recordTTL":300,)" +
                          kept + "}");
  const std::string tail = R"( {"owner":"k8s"} [{"name":"aws/zone-type","value":"public"}])";
  const Change move = change(set("app", "A", 300, {"192.0.2.7"}), set("app", "A", 60, {"203.0.113.7"}));
  const auto provider = bench.open();
  REQUIRE(provider);
  const auto script = (*provider)->inverse_script(inverse_of({name("@"), {move}, {}, {}}));
  REQUIRE(script);
  REQUIRE(bench.write({move}));
  CHECK(bench.holds("app.example.com 60 A 203.0.113.7" + tail));
  const auto undone = servers::run_program({"python3", bench.folder.write(script->file_name, script->text)});
  INFO(undone.output);
  CHECK(undone.status == 0);
  CHECK(bench.holds("app.example.com 300 A 192.0.2.7" + tail));
}

TEST_CASE("what the protocol cannot say, or a service would spoil, is refused with the reason") {
  const auto endpoint = [](const std::string& more) {
    return R"({"dnsName":"x.example.com","targets":["192.0.2.1"],"recordType":"A")" + more + "}";
  };
  const auto property = [&](const std::string& name, const std::string& value) {
    return endpoint(R"(,"recordTTL":300,"providerSpecific":[{"name":")" + name + R"(","value":")" + value + R"("}])");
  };
  const std::vector<std::pair<std::string, std::string>> cases{
      {endpoint(R"(,"recordTTL":300,"setIdentifier":"blue")"), "set identifier blue"},
      {property("alias", "true"), "is an alias"},
      {property("external-dns.alpha.kubernetes.io/cloudflare-proxied", "true"), "is proxied"},
      {endpoint(""), "without a TTL"},
      {endpoint(R"(,"recordTTL":0)"), "without a TTL"},
  };
  for (const auto& [json, why] : cases) {
    INFO(json);
    Bench bench;
    bench.fake.put_endpoint(json);
    const auto provider = bench.open();
    REQUIRE(provider);
    const auto sets = (*provider)->read_sets(name("@"), {{name("x"), RecordType::kA}});
    REQUIRE(sets);
    REQUIRE(sets->refused.size() == 1);
    CHECK_THAT(sets->refused.begin()->second, Contains(why));
    RecordSet before = sets->sets.at({name("x"), RecordType::kA});
    before.ttl = Seconds(300);
    const Error error = bench.refusal({change(before, set("x", "A", 60, {"203.0.113.1"}))});
    CHECK(error.code == ErrorCode::kUnsupported);
    CHECK_THAT(error.message, Contains(why) && Contains("nothing was changed"));
    CHECK(bench.fake.writes() == 0);
  }
  Bench bench;
  bench.fake.put_endpoint(property("alias", "false"));
  CHECK(bench.write({change(set("x", "A", 300, {"192.0.2.1"}), set("x", "A", 60, {"203.0.113.1"}))}));
  const Error https = bench.refusal({create(set("www", "HTTPS", 60, {"1 . alpn=h2"}))});
  CHECK(https.code == ErrorCode::kUnsupported);
  CHECK_THAT(https.message, Contains("not HTTPS"));
  CHECK_THAT(bench.refusal({create(set("new", "A", 0, {"192.0.2.1"}))}).message, Contains("TTL of 0 s"));
}

TEST_CASE("TXT is written as the server writes it, and the other way is said to be wrong") {
  const RecordSet spf = set("@", "TXT", 300, {R"("v=spf1 ip4:192.0.2.1 -all")"});
  const RecordSet next = set("@", "TXT", 300, {R"("v=spf1 ip4:203.0.113.1 -all")"});
  for (const auto& [shown, right, wrong, line] :
       {std::tuple(WebhookFake::Txt::kQuoted, "quoted", "bare", R"("v=spf1 ip4:203.0.113.1 -all")"),
        std::tuple(WebhookFake::Txt::kBare, "bare", "quoted", "v=spf1 ip4:203.0.113.1 -all")}) {
    Bench otherwise(wrong);
    otherwise.fake.show_txt(shown);
    otherwise.fake.put("example.com", spf);
    CHECK_THAT(otherwise.refusal({change(spf, next)}).message, Contains("set `txt: " + std::string(right) + "`"));
    CHECK(otherwise.fake.writes() == 0);
    Bench bench(right);
    bench.fake.show_txt(shown);
    bench.fake.put("example.com", spf);
    CHECK(bench.write({change(spf, next)}));
    CHECK(bench.holds("example.com 300 TXT " + std::string(line)));
  }
  Bench bench("perhaps");
  CHECK_FALSE(bench.open());
}

TEST_CASE("a server that speaks something else is not taken for a webhook") {
  Bench bench;
  const auto error = [&] {
    const auto provider = bench.open();
    REQUIRE(provider);
    const auto read = (*provider)->read(name("@"));
    REQUIRE_FALSE(read);
    return read.error();
  };
  for (const char* type : {"application/json", "application/external.dns.webhook+json;version=2", "text/html", ""}) {
    INFO(type);
    bench.fake.say_type(type);
    CHECK(error().code == ErrorCode::kInvalid);
    CHECK_THAT(error().message, Contains("does it speak version 1?"));
  }
  bench.fake.say_type("Application/External.DNS.Webhook+JSON; version=1; charset=utf-8");
  CHECK((*bench.open())->read(name("@")));
  bench.fake.say_type(WebhookFake::kMediaType);
  bench.fake.say_filter(R"({"filters":["example.org",".example.net"]})");
  CHECK(error().code == ErrorCode::kNotFound);
  CHECK_THAT(error().message, Contains("serves example.org, example.net and not this zone"));
  bench.fake.say_filter("[]");
  CHECK(error().code == ErrorCode::kInvalid);
}

TEST_CASE("which zones a filter covers") {
  struct Case {
    std::string filter, zone;
    bool served;
  };
  const std::vector<Case> cases{
      {R"({"filters":[]})", "example.com", true},
      {R"({})", "example.com", true},
      {R"({"filters":["example.com"]})", "example.com", true},
      {R"({"filters":["Example.COM."]})", "example.com", true},
      {R"({"filters":[".example.com"]})", "example.com", true},
      {R"({"filters":["example.com"]})", "sub.example.com", true},
      {R"({"filters":["sub.example.com"]})", "example.com", true},  // a part of it
      {R"({"filters":["example.com"]})", "badexample.com", false},
      {R"({"filters":["example.org"]})", "example.com", false},
      {R"({"include":["example.org"]})", "example.com", false},
      {R"({"include":["example.com"],"exclude":["sub.example.com"]})", "sub.example.com", false},
      {R"({"include":["example.com"],"exclude":["sub.example.com"]})", "example.com", true},
  };
  for (const Case& one : cases) {
    INFO(one.filter << " " << one.zone);
    const auto domains = providers::webhook::domains_from(one.filter);
    REQUIRE(domains);
    CHECK(domains->serve(*DomainName::from_text(one.zone)) == one.served);
  }
}

TEST_CASE("after each fault the zone is as the error says") {
  using Kind = ApiFault::Kind;
  struct Case {
    Kind kind;
    ErrorCode code;
    bool made;
  };
  const std::vector<Case> cases{
      {Kind::kFailBefore, ErrorCode::kUnknown, false}, {Kind::kFailAfter, ErrorCode::kUnknown, true},
      {Kind::kCutBefore, ErrorCode::kUnknown, false},  {Kind::kCutAfter, ErrorCode::kUnknown, true},
      {Kind::kHtml, ErrorCode::kUnknown, true},
  };
  for (const Case& one : cases) {
    INFO(static_cast<int>(one.kind));
    Bench bench;
    ApiFault fault;
    fault.kind = one.kind;
    fault.method = "POST";
    fault.path = "/records";
    bench.fake.strike(fault);
    const Error error = bench.refusal({change(www(), moved())});
    CHECK(error.code == one.code);
    CHECK(bench.fake.count("POST", "/records") == 1);  // never sent twice
    CHECK(bench.holds("www.example.com 60 A 203.0.113.10") == one.made);
  }
}

TEST_CASE("reading is tried again, and what is not whole is not taken for a zone") {
  using Kind = ApiFault::Kind;
  Bench bench;
  ApiFault fault;
  fault.method = "GET";
  fault.path = "/records";
  fault.kind = Kind::kFailBefore;
  bench.fake.strike(fault);
  CHECK((*bench.open())->read(name("@")));
  for (const Kind kind : {Kind::kHtml, Kind::kHalfJson, Kind::kTruncated}) {
    INFO(static_cast<int>(kind));
    fault.kind = kind;
    bench.fake.strike(fault);
    CHECK_FALSE((*bench.open())->read(name("@")));
    bench.fake.no_more_faults();
    // Before a write as well: then nothing is sent.
    bench.fake.strike(fault);
    CHECK_THAT(bench.refusal({change(www(), moved())}).message, Contains("nothing was changed"));
    bench.fake.no_more_faults();
  }
  CHECK(bench.fake.writes() == 0);
}

TEST_CASE("a write that stops half way leaves what was made, and the script takes it back") {
  Bench bench;
  const ChangeSet both{
      name("@"),
      {change(www(), moved()), change(set("old", "A", 300, {"192.0.2.40"}), set("old", "A", 60, {"203.0.113.40"}))},
      std::nullopt,
      std::nullopt};
  const auto before = bench.fake.endpoints();
  const auto provider = bench.open();
  REQUIRE(provider);
  const auto script = (*provider)->inverse_script(inverse_of(both));
  REQUIRE(script);
  CHECK((*provider)->steps(both)->size() == 2);
  ApiFault fault;
  fault.method = "POST";
  fault.path = "/records";
  fault.after = 1;
  bench.fake.strike(fault);
  CHECK(bench.refusal(both.changes).code == ErrorCode::kUnknown);
  CHECK(bench.holds("www.example.com 60 A 203.0.113.10"));
  CHECK(bench.holds("old.example.com 300 A 192.0.2.40"));
  const auto undone = servers::run_program({"python3", bench.folder.write(script->file_name, script->text)});
  INFO(undone.output);
  CHECK(undone.status == 0);
  CHECK(bench.fake.endpoints() == before);
}

TEST_CASE("a server is asked what it would make of a change before anything is written, as external-dns asks it") {
  Bench bench;
  std::vector<std::string> asked;
  bench.fake.adjust_by([&](const std::string& wanted) {
    asked.push_back(wanted);
    return wanted;
  });
  REQUIRE(bench.write({change(www(), moved()), create(set("new", "A", 60, {"203.0.113.1"})),
                       remove(set("old", "A", 300, {"192.0.2.40"}))}));
  // All of it before the first call, and each set again before its own; what goes is not asked about.
  REQUIRE(asked.size() == 2);
  CHECK_THAT(asked[0], Contains("www.example.com") && Contains("203.0.113.10") && Contains("new.example.com") &&
                           !Contains("old.example.com"));
  CHECK(bench.fake.requests()[2].target == "/adjustendpoints");
  CHECK(bench.holds("www.example.com 60 A 203.0.113.10"));
}

TEST_CASE("what a server would adjust is not written, and it is said what would become of it") {
  const auto with = [](const std::string& fields) {
    return R"({"dnsName":"www.example.com","recordType":"A",)" + fields + "}";
  };
  const std::string values = R"("targets":["203.0.113.10"])";
  struct Case {
    std::string answer, says;
    ErrorCode code = ErrorCode::kUnsupported;
  };
  const std::vector<Case> cases{
      {"[" + with(values + R"(,"recordTTL":300)") + "]",
       "www.example.com. A would not become what is wanted: the "
       "server would give it a TTL of 300 s"},
      {"[" + with(values) + "]", "a TTL of the service's choice"},
      {"[" + with(R"("targets":["203.0.113.11"],"recordTTL":60)") + "]", "would give it 203.0.113.11"},
      {"[" + with(R"("targets":["203.0.113.10","203.0.113.11"],"recordTTL":60)") + "]", "203.0.113.10, 203.0.113.11"},
      {"[" + with(values + R"(,"recordTTL":60,"providerSpecific":[{"name":"alias","value":"true"}])") + "]",
       "is an alias"},
      {"[" + with(values + R"(,"recordTTL":60,"providerSpecific":[{"name":"x/cloudflare-proxied","value":"true"}])") +
           "]",
       "is proxied"},
      {"[]", "would leave it out"},
      {"null", "would leave it out"},
      {"[" + with(values + R"(,"recordTTL":60)") +
           R"(,{"dnsName":"a-www.example.com","recordType":"TXT","recordTTL":60,"targets":["\"heritage\""]}])",
       "nobody asked for it"},
      {"{}", "no list of endpoints", ErrorCode::kInvalid},
  };
  for (const Case& one : cases) {
    INFO(one.answer);
    Bench bench;
    bench.fake.adjust_by([&](const std::string&) { return one.answer; });
    // The second of two changes is the one that is adjusted: not even the first is written.
    const Error error = bench.refusal({remove(set("old", "A", 300, {"192.0.2.40"})), change(www(), moved())});
    CHECK(error.code == one.code);
    CHECK_THAT(error.message, Contains(one.says) && Contains("nothing was changed"));
    CHECK(bench.fake.count("POST", "/records") == 0);
  }
}

TEST_CASE("properties that a server adds of its own do not keep a change from being written") {
  Bench bench;
  bench.fake.adjust_by([](const std::string& wanted) {
    std::string adjusted = wanted;
    adjusted.insert(2, R"("providerSpecific":[{"name":"alias","value":"false"}],)");
    return adjusted;
  });
  CHECK(bench.write({create(set("new", "A", 60, {"203.0.113.1"}))}));
  CHECK(bench.holds("new.example.com 60 A 203.0.113.1"));
}

TEST_CASE("a server that cannot be asked what it would make of a change is not written to") {
  Bench bench;
  SECTION("it does not have that") {
    bench.fake.forget_adjusting();
    const Error error = bench.refusal({change(www(), moved())});
    CHECK(error.code == ErrorCode::kInvalid);
    CHECK_THAT(error.message,
               Contains("the protocol demands POST /adjustendpoints") && Contains("nothing was changed"));
  }
  SECTION("it fails, and is asked again") {
    bench.fake.strike({.kind = ApiFault::Kind::kFailBefore, .path = "/adjustendpoints"});
    CHECK(bench.write({change(www(), moved())}));
    CHECK(bench.fake.count("POST", "/adjustendpoints") == 2);
  }
}

TEST_CASE("http:// is for this machine alone") {
  Bench bench;
  const auto made = bench.open("http://dns.example.net:8888");
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUsage);
  CHECK_THAT(made.error().message, Contains("the option 'url' of the provider 'webhook'") && Contains("https://"));
}

TEST_CASE("what is sent to a webhook server, and what the fake says, keeps the published contract") {
  Bench bench;
  bench.fake.put("example.com", set("shop", "CNAME", 300, {"lb.old.example.net."}));
  bench.fake.put("example.com", set("_sip._tcp", "SRV", 300, {"10 5 5060 sip.example.net."}));
  const auto prism =
      servers::prism_before(bench.fake, WebhookFake::kContract, "the webhook against external-dns's contract");
  if (!prism) return;
  REQUIRE(bench.write(
      {change(www(), moved()), remove(set("old", "A", 300, {"192.0.2.40"})),
       create(set("new", "TXT", 60, {R"("a" "b")"})),
       change(set("shop", "CNAME", 300, {"lb.old.example.net."}), set("shop", "CNAME", 60, {"lb.new.example.net."})),
       change(set("_sip._tcp", "SRV", 300, {"10 5 5060 sip.example.net."}),
              set("_sip._tcp", "SRV", 60, {"10 5 5060 sip.example.org."})),
       create(set("@", "MX", 60, {"10 mail.example.net."}))},
      prism->url()));
  const auto found = prism->violations();
  CHECK(found == std::vector<std::string>());
  CHECK(prism->requests() >= 12);
  std::cout << "Prism: external-dns webhook, " << prism->requests() << " requests, " << found.size() << " violations\n";
}
