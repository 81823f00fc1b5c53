// Programs as providers where things go wrong: what they say, what they do not say, and what they get to see.
#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "providers/external/program.h"
#include "providers/external/steps.h"
#include "tests/providers/subject.h"

using namespace cutover;
using namespace cutover::tests;
using namespace std::chrono_literals;
using Catch::Contains;
using providers::Provider;

namespace {

const std::string kSecret = "a-token-that-must-not-be-seen";

/// `"unit":{"value":...},...` of a program that can do everything.
std::string able(const std::string& more = "") {
  const auto declared = [](const std::string& key, const std::string& value) {
    return fmt::format(R"("{}":{{"value":{},"why":"seen","verified":"2026-11-22"}})", key, value);
  };
  return declared("unit", R"("record_set")") + "," + declared("atomic", R"("zone")") + "," +
         declared("atomic_limit", "100") + "," + declared("compare_and_swap", R"("values_and_ttl")") + "," +
         declared("types", R"("every")") + more;
}

std::string declaring(const std::string& capabilities, const std::string& more = "") {
  return fmt::format(R"({{"protocol":1,"outcome":"ok","capabilities":{{{}}}{}}})", capabilities, more);
}

const std::string kZone = R"({"protocol":1,"outcome":"ok","record_sets":[
{"name":"example.com.","type":"SOA","ttl_s":3600,"rdata":["ns1.example.com. hostmaster.example.com. 7 7200 900 1209600 300"]},
{"name":"www.example.com","type":"A","ttl_s":86400,"rdata":["192.0.2.10"]}]})";

/// A program `cutover-provider-scripted` in a folder of its own at the front of PATH.
struct Bench {
  explicit Bench(const std::string& capabilities = declaring(able()), const std::string& apply = "answer applied",
                 const std::string& read = "cat zone.json")
      : path(std::getenv("PATH")) {
    setenv("PATH", (folder.path() + ":" + path).c_str(), 1);
    folder.write("capabilities.json", capabilities);
    folder.write("zone.json", kZone);
    program(fmt::format(
        "#!/bin/sh\nrequest=$(cat)\nprintf '%s\\n' \"$request\" >> requests\n"
        "answer() {{ printf '{{\"protocol\":1,\"outcome\":\"%s\",\"message\":\"%s\"}}' \"$1\" \"${{2:-}}\"; }}\n"
        "case $(printf '%s' \"$request\" | tr -d ' ') in\n*'\"request\":\"capabilities\"'*) cat capabilities.json ;;\n"
        "*'\"request\":\"read\"'*) {} ;;\n*'\"request\":\"apply\"'*) {} ;;\n"
        "*) cat other.json ;;\nesac\n",
        read, apply));
  }
  ~Bench() { setenv("PATH", path.c_str(), 1); }
  void program(const std::string& text, unsigned mode = 0755) const {
    folder.write("cutover-provider-scripted", text, mode);
  }

  Result<std::unique_ptr<Provider>> open(std::map<std::string, std::string> options = {}) {
    return providers::make_provider({"scripted", std::move(options), folder.path()}, {loop, clock, {}});
  }
  /// What one apply() says.
  Error fault(std::map<std::string, std::string> options = {}) {
    const auto provider = open(std::move(options));
    INFO((provider ? "" : provider.error().message));
    REQUIRE(provider);
    const auto made = (*provider)->apply((*provider)->steps(move_www())->at(0));
    REQUIRE_FALSE(made);
    CHECK(made.error().message.find(kSecret) == std::string::npos);
    return made.error();
  }
  static ChangeSet move_www() {
    return {name("@"),
            {change(set("www", "A", 86400, {"192.0.2.10"}), set("www", "A", 60, {"203.0.113.10"}))},
            std::nullopt,
            std::nullopt};
  }
  std::string requests() const { return servers::read_text(folder.file("requests")); }

  net::Loop loop;
  SystemClock clock;
  servers::TempFolder folder;
  std::string path;
};

}  // namespace

TEST_CASE("what a program says of a write is what becomes of it") {
  struct Case {
    std::string apply;
    ErrorCode code;
    std::string part;
  };
  const std::vector<Case> cases{
      {"answer conflict 'www moved'", ErrorCode::kConflict, "says no: www moved; nothing was changed"},
      {"answer refused", ErrorCode::kRefused, "nothing was changed"},
      {"answer auth", ErrorCode::kAuth, "nothing was changed"},
      {"answer busy", ErrorCode::kBusy, "nothing was changed"},
      {"answer unsupported", ErrorCode::kUnsupported, "nothing was changed"},
      {"answer not_found", ErrorCode::kNotFound, "nothing was changed"},
      {"answer error 'no route'", ErrorCode::kNetwork, "no route; nothing was changed"},
      {"answer partial 'one of two'", ErrorCode::kPartial, "made a part of it: one of two"},
      {"answer ok", ErrorCode::kUnknown, "is not known"},
      {"answer perhaps", ErrorCode::kUnknown, "'perhaps' is no outcome"},
      {"answer applied; exit 3", ErrorCode::kUnknown, "ended with status 3"},
      {"answer applied; kill -9 $$", ErrorCode::kUnknown, "ended with status 137"},
      {":", ErrorCode::kUnknown, "nothing on stdout"},
      {"echo done", ErrorCode::kUnknown, "not one JSON object"},
      {"answer applied; answer applied", ErrorCode::kUnknown, "not one JSON object"},
      {"answer applied | head -c 20", ErrorCode::kUnknown, "not one JSON object"},
      {"echo '{\"protocol\":2,\"outcome\":\"applied\"}'", ErrorCode::kUnknown, "was asked by 1"},
      {"echo '{\"outcome\":\"applied\"}'", ErrorCode::kUnknown, "'protocol' is missing"},
      {"echo oh; echo 'why not' >&2; exit 1", ErrorCode::kUnknown, "why not"},
  };
  for (const Case& one : cases) {
    INFO(one.apply);
    Bench bench(declaring(able()), one.apply);
    const Error error = bench.fault();
    INFO(error.message);
    CHECK(error.code == one.code);
    CHECK_THAT(error.message, Contains(one.part));
  }
}

TEST_CASE("a program that hangs is ended with everything it started, and nobody knows what it did") {
  Bench bench(declaring(able()), "sleep 1000 & echo $! > child; wait");
  const auto began = std::chrono::steady_clock::now();
  const Error error = bench.fault({{"timeout", "1s"}});
  CHECK(error.code == ErrorCode::kUnknown);
  CHECK_THAT(error.message, Contains("took longer than 1 s and was ended"));
  CHECK(std::chrono::steady_clock::now() - began < 20s);
  const int child = std::stoi(servers::read_text(bench.folder.file("child")));
  CHECK(servers::wait_until(5s, [&] {
    const std::string stat = servers::read_text(fmt::format("/proc/{}/stat", child));
    return stat.empty() || stat.find(") Z ") != std::string::npos;  // nobody has reaped it yet
  }));
}

TEST_CASE("what a program leaves running behind itself is not waited for") {
  Bench bench(declaring(able()), "sleep 20 & echo $! > child; answer applied");
  const auto began = std::chrono::steady_clock::now();
  const auto provider = bench.open();
  REQUIRE(provider);
  CHECK((*provider)->apply((*provider)->steps(Bench::move_www())->at(0)));
  CHECK(std::chrono::steady_clock::now() - began < 15s);
  kill(std::stoi(servers::read_text(bench.folder.file("child"))), SIGKILL);
}

TEST_CASE("endless output is cut off, long complaints are shortened and made printable") {
  Bench endless(declaring(able()), "yes");
  CHECK_THAT(endless.fault().message, Contains("said more than 64 MB and was ended"));
  Bench loud(declaring(able()), "yes complaint | head -n 100000 >&2; printf 'red \\033[31m end' >&2; exit 1");
  const Error error = loud.fault();
  CHECK(error.message.size() < 1000);
  CHECK_THAT(error.message, Contains("red \\x1b[31m end"));
}

TEST_CASE("a program that cannot be started has changed nothing") {
  Bench bench;
  const auto provider = bench.open();
  REQUIRE(provider);
  const auto steps = (*provider)->steps(Bench::move_www());
  bench.program("#!/no/such/interpreter\n");
  const auto made = (*provider)->apply(steps->at(0));
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kIo);
  CHECK_THAT(made.error().message, Contains("nothing was changed"));
}

TEST_CASE("where the program is looked for") {
  Bench bench;
  const auto error = [&](const std::string& type) {
    const auto made = providers::make_provider({type, {}, ""}, {bench.loop, bench.clock, {}});
    REQUIRE_FALSE(made);
    return made.error();
  };
  CHECK(error("missing").code == ErrorCode::kUsage);
  CHECK_THAT(error("missing").message, Contains("known types are rfc2136") && Contains("cutover-provider-missing") &&
                                           Contains(bench.folder.path()));
  CHECK_THAT(error("../evil").message, Contains("is no name of a provider program"));
  CHECK_THAT(error("-rf").message, Contains("is no name of a provider program"));
  SECTION("others can write to it") {
    bench.program("#!/bin/sh\n", 0757);
    CHECK_THAT(error("scripted").message, Contains("everybody can change it") && Contains("chmod o-w"));
  }
  SECTION("it is not executable") {
    bench.program("#!/bin/sh\n", 0644);
    CHECK_THAT(error("scripted").message, Contains("has an executable"));
  }
  SECTION("the folder one happens to be in is no place") {
    setenv("PATH", (":.:" + bench.path).c_str(), 1);
    const auto here = std::filesystem::current_path();
    std::filesystem::current_path(bench.folder.path());
    CHECK_FALSE(providers::external::find_program("scripted"));
    std::filesystem::current_path(here);
  }
  SECTION("the long and the short form are one") {
    CHECK(providers::make_provider({"external", {{"name", "scripted"}}, bench.folder.path()},
                                   {bench.loop, bench.clock, {}}));
    CHECK(bench.open());
    CHECK_FALSE(bench.open({{"name", "other"}}));
    CHECK_THAT(error("external").message, Contains("needs the option 'name'"));
  }
}

TEST_CASE("what a program gets to see, and what nobody else does") {
  Bench bench(
      declaring(able()),
      "env > env; tr '\\0' ' ' < /proc/$$/cmdline > argv; answer error \"token is $TOKEN\"; echo \"$TOKEN\" >&2");
  bench.folder.write("token", kSecret, 0600);
  setenv("TOKEN", kSecret.c_str(), 1);
  setenv("REGION", "north", 1);
  setenv("UNRELATED", "private", 1);
  const Error error =
      bench.fault({{"token", "env/TOKEN"}, {"api-key", "file/token"}, {"environment", "REGION"}, {"colour", "blue"}});
  CHECK_THAT(error.message, Contains("token is (the credential)"));
  const std::string seen = servers::read_text(bench.folder.file("env"));
  for (const char* part : {"TOKEN=", "REGION=north", "PATH=", "HOME="}) CHECK_THAT(seen, Contains(part));
  CHECK(seen.find("UNRELATED") == std::string::npos);
  CHECK(servers::read_text(bench.folder.file("argv")).find(kSecret) == std::string::npos);
  const std::string requests = bench.requests();
  CHECK(requests.find(kSecret) == std::string::npos);
  CHECK_THAT(requests, Contains(R"("token":"env/TOKEN")") && Contains(R"("colour":"blue")") &&
                           Contains(fmt::format(R"("api-key":"file/{}")", bench.folder.file("token"))));
  CHECK(requests.find("REGION") == std::string::npos);

  SECTION("a secret in the plan itself is refused, and not shown") {
    const auto made = bench.open({{"api-token", kSecret}});
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error().message, Contains("sounds like a secret"));
    CHECK(made.error().message.find(kSecret) == std::string::npos);
  }
  SECTION("a credential file that others can read is refused") {
    bench.folder.write("token", kSecret, 0644);
    const auto made = bench.open({{"api-key", "file/token"}});
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error().message, Contains("chmod 600"));
  }
  unsetenv("TOKEN");
  unsetenv("REGION");
  unsetenv("UNRELATED");
}

TEST_CASE("what a program declares is checked") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {declaring(R"("unit":"zone")"), "lacks 'value'"},
      {declaring(R"("unit":{"value":"zone","why":"x"})"), "lacks 'verified'"},
      {declaring(R"("unit":{"value":"zone","why":" ","verified":"2026-11-22"})"), "no reason"},
      {declaring(R"("unit":{"value":"zone","why":"x","verified":"yesterday"})"), "not a day"},
      {declaring(R"("unit":{"value":"zone","why":"x","verified":"2026-13-22"})"), "not a day"},
      {declaring(R"("unit":{"value":"house","why":"x","verified":"2026-11-22"})"), "none of record, record_set, zone"},
      {declaring(R"("unit":{"value":"zone","why":"x","verified":"2026-11-22"})"), "the unit is the zone"},
      {declaring(R"("colour":{"value":"blue","why":"x","verified":"2026-11-22"})"), "no capability 'colour'"},
      {declaring(R"("atomic_limit":{"value":2,"why":"x","verified":"2026-11-22"})"), "'atomic_limit' is above 1"},
      {declaring(R"("atomic_limit":{"value":0,"why":"x","verified":"2026-11-22"})"), "not a whole number"},
      {declaring(R"("ttl_floor_s":{"value":-1,"why":"x","verified":"2026-11-22"})"), "not a whole number"},
      {declaring(R"("types":{"value":["A","NOTYPE"],"why":"x","verified":"2026-11-22"})"), "NOTYPE"},
      {declaring(able(), R"(,"requests":["dance"])"), "optional requests"},
      {R"({"protocol":1,"outcome":"ok"})", "'capabilities' is missing"},
      {R"({"protocol":1,"outcome":"auth","message":"log in first"})", "log in first"},
      {R"({"protocols":[2,3]})", "speaks the protocols [2,3] and cutover speaks 1"},
      {"", "nothing on stdout"},
  };
  for (const auto& one : cases) {
    INFO(one.first);
    Bench bench(one.first);
    const auto made = bench.open();
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error().message, Contains(one.second) && Contains("cutover-provider-scripted"));
  }
}

TEST_CASE("what a program does not declare is the careful value") {
  Bench bench(declaring(""));
  const auto provider = bench.open();
  REQUIRE(provider);
  const providers::Capabilities& can = (*provider)->capabilities();
  CHECK(can.atomic.value == providers::AtomicScope::kNone);
  CHECK(can.compare_and_swap.value == providers::CompareAndSwap::kNone);
  CHECK(can.signal.value == providers::ChangeSignal::kNone);
  CHECK(can.settle_time.value == Seconds(300));
  CHECK(can.types.value == std::vector<RecordType>{RecordType::kA, RecordType::kAaaa, RecordType::kCname});
  CHECK(can.atomic.why == "the program does not declare it");
  const auto mail = (*provider)->steps({name("@"), {create(set("@", "MX", 60, {"10 mail"}))}, {}, {}});
  REQUIRE_FALSE(mail);
  CHECK(mail.error().code == ErrorCode::kUnsupported);
}

TEST_CASE("capabilities that changed are said, and nothing is written with them") {
  Bench bench;
  const auto then = bench.open();
  REQUIRE(then);
  const auto steps = (*then)->steps(Bench::move_www());
  bench.folder.write("capabilities.json", declaring(""));
  const auto now = bench.open();
  REQUIRE(now);
  const auto made = (*now)->apply(steps->at(0));
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kConflict);
  CHECK_THAT(made.error().message, Contains("atomic=zone") && Contains("atomic=none") && Contains("plan it again"));
  CHECK(bench.requests().find(R"("request":"apply")") == std::string::npos);

  const auto relied = bench.open({{"expects", "atomic=zone compare_and_swap=values"}});
  REQUIRE_FALSE(relied);
  CHECK_THAT(relied.error().message, Contains("expects atomic=zone") && Contains("now declares atomic=none"));
  CHECK(bench.open({{"expects", "atomic=none"}}));
  CHECK_FALSE(bench.open({{"expects", "atomic"}}));
  CHECK_FALSE(bench.open({{"expects", "colour=blue"}}));
}

TEST_CASE("a program that does not compare: it is compared for it right before") {
  Bench bench(declaring(""));
  const auto provider = bench.open();
  REQUIRE(provider);
  const auto apply = [&](const std::vector<Change>& changes) {
    const auto steps = (*provider)->steps({name("@"), changes, std::nullopt, std::nullopt});
    REQUIRE(steps);
    return (*provider)->apply(steps->at(0));
  };
  const RecordSet www = set("www", "A", 86400, {"192.0.2.10"});
  CHECK(apply({change(www, set("www", "A", 60, {"203.0.113.10"}))}));
  for (const Change& stale : {change(set("www", "A", 86400, {"192.0.2.11"}), www),      // other values
                              change(set("www", "A", 60, {"192.0.2.10"}), www),         // the TTL rose
                              create(www),                                              // is there
                              remove(set("old", "A", 60, {"192.0.2.10"})),              // is not there
                              create(set("www", "CNAME", 60, {"lb.example.net."}))}) {  // beside other data
    INFO(diff_lines({name("@"), {stale}, {}, {}}).at(0));
    const auto made = apply({stale});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kConflict);
    CHECK_THAT(made.error().message, Contains("nothing was changed"));
  }
}

TEST_CASE("of several runs the first is made only when all of them could be, and a refused set is not touched") {
  Bench bench(declaring(""));
  const auto provider = bench.open();
  REQUIRE(provider);
  const RecordSet www = set("www", "A", 86400, {"192.0.2.10"}), moved = set("www", "A", 60, {"203.0.113.10"});
  const auto first_of = [&](const std::vector<Change>& changes) {
    const auto steps = (*provider)->steps({name("@"), changes, std::nullopt, std::nullopt});
    REQUIRE(steps);
    CHECK(steps->size() == changes.size());
    return (*provider)->apply(steps->at(0));
  };
  CHECK(first_of({change(www, moved), create(set("new", "A", 60, {"192.0.2.1"}))}));
  const auto made = first_of({change(www, moved), remove(set("old", "A", 60, {"192.0.2.1"}))});
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().message, Contains("old.example.com. A is not what it was"));
  bench.folder.write("zone.json", R"({"protocol":1,"outcome":"ok","record_sets":[{"name":"www.example.com.","type":"A",
      "ttl_s":86400,"rdata":["192.0.2.10"],"refused":"has other answers by weight"}]})");
  const auto weighted = first_of({change(www, moved)});
  REQUIRE_FALSE(weighted);
  CHECK(weighted.error().code == ErrorCode::kUnsupported);
  CHECK_THAT(weighted.error().message, Contains("has other answers by weight; nothing was changed"));
  const auto sets = (*provider)->read_sets(name("@"), {www.key()});
  REQUIRE(sets);
  CHECK(sets->refused.at(www.key()) == "has other answers by weight");
}

TEST_CASE("a program gets values in its own words, so that it finds what it has shown") {
  Bench bench;
  bench.folder.write("zone.json",
                     R"({"protocol":1,"outcome":"ok","record_sets":[{"name":"www.example.com.","type":"HTTPS",
      "ttl_s":300,"rdata":["1 . alpn=\"h2\""]}]})");
  const RecordSet before = set("www", "HTTPS", 300, {"1 . alpn=h2"}), after = set("www", "HTTPS", 60, {"1 . alpn=h2"});
  const ChangeSet lower{name("@"), {change(before, after)}, std::nullopt, std::nullopt};
  const auto first = bench.open();
  REQUIRE(first);
  REQUIRE((*first)->apply((*first)->steps(lower)->at(0)));
  const std::string sets =
      R"("before":{"name":"www.example.com.","type":"HTTPS","ttl_s":300,"rdata":["1 . alpn=\"h2\""]},)"
      R"("after":{"name":"www.example.com.","type":"HTTPS","ttl_s":60,"rdata":["1 . alpn=\"h2\""]})";
  CHECK_THAT(bench.requests(), Contains(sets));
  const auto script = (*first)->inverse_script(inverse_of(lower));
  REQUIRE(script);
  CHECK_THAT(script->text, Contains(R"("ttl_s":60,"rdata":["1 . alpn=\"h2\""])"));
}

TEST_CASE("a TTL that cannot be set is refused with the one that can") {
  Bench bench(declaring(able(R"(,"ttl_steps_s":{"value":[300,3600],"why":"fixed","verified":"2026-11-22"})")));
  const auto provider = bench.open();
  REQUIRE(provider);
  const auto steps = (*provider)->steps(Bench::move_www());
  REQUIRE_FALSE(steps);
  CHECK(steps.error().code == ErrorCode::kUnsupported);
  CHECK_THAT(steps.error().message, Contains("TTL of 60 s") && Contains("is 300 s"));
}

TEST_CASE("changes are cut into what happens together, and a name is free before its CNAME comes") {
  const Change gone = remove(set("old", "A", 60, {"192.0.2.40"})), gone_too = remove(set("z", "A", 60, {"192.0.2.1"}));
  const Change alias = create(set("old", "CNAME", 60, {"lb.example.net."}));
  const Change moved = change(set("www", "A", 60, {"192.0.2.10"}), set("www", "A", 60, {"192.0.2.11"}));
  const ChangeSet changes{name("@"), {gone_too, moved, alias, gone}, 7, std::nullopt};
  const auto shape = [&](providers::AtomicScope scope, std::size_t limit) {
    providers::Capabilities can{};
    can.atomic.value = scope;
    can.atomic_limit.value = limit;
    std::vector<std::string> pieces;
    for (const ChangeSet& piece : providers::external::pieces_of(changes, can)) {
      std::string text = piece.guard_serial ? "guarded:" : "";
      for (const Change& one : piece.changes)
        text += " " + one.key.name.relative_to(name("@")) + "/" + to_text(one.key.type);
      pieces.push_back(text);
    }
    return join(pieces, " |");
  };
  using providers::AtomicScope;
  CHECK(shape(AtomicScope::kNone, 1) == "guarded: www/A | old/A | old/CNAME | z/A");
  CHECK(shape(AtomicScope::kRecordSet, 1) == "guarded: www/A | old/A | old/CNAME | z/A");
  CHECK(shape(AtomicScope::kZone, 100) == "guarded: www/A old/A old/CNAME z/A");
  CHECK(shape(AtomicScope::kMessage, 2) == "guarded: www/A old/A | old/CNAME z/A");
}

TEST_CASE("what reads as no zone is said to be none") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"protocol":1,"outcome":"ok"})", "'record_sets' is missing"},
      {R"({"protocol":1,"outcome":"ok","record_sets":[]})", "is not a list of record sets"},
      {R"({"protocol":1,"outcome":"not_found","message":"no such zone here"})", "no such zone here"},
      {R"({"protocol":1,"outcome":"ok","record_sets":[{"name":"a.example.com.","type":"A","ttl_s":1,"rdata":["x"]}]})",
       "a.example.com. A"},
      {R"({"protocol":1,"outcome":"ok","record_sets":[{"name":"a.example.com.","type":"A","ttl_s":"1","rdata":["x"]}]})",
       "'ttl_s' is not a whole number"},
      {R"({"protocol":1,"outcome":"ok","record_sets":[{"name":"a.example.com.","type":"A","ttl_s":1,"rdata":[]}]})",
       "'rdata' is not a list"},
      {R"({"protocol":1,"outcome":"ok","record_sets":[{"name":"a.example.com.","type":"A","ttl_s":1,"rdata":["192.0.2.1"]},
           {"name":"A.example.com.","type":"A","ttl_s":1,"rdata":["192.0.2.2"]}]})",
       "twice"},
  };
  for (const auto& one : cases) {
    INFO(one.first);
    Bench bench;
    bench.folder.write("zone.json", one.first);
    const auto provider = bench.open();
    REQUIRE(provider);
    const auto read = (*provider)->read(name("@"));
    REQUIRE_FALSE(read);
    CHECK_THAT(read.error().message, Contains(one.second) && Contains("reading example.com."));
  }
}

TEST_CASE("a receipt goes back to the program that gave it, and its clock is heard") {
  Bench bench(declaring(able(), R"(,"requests":["in_sync"])"),
              R"(echo '{"protocol":1,"outcome":"applied","receipt":{"id":"c-17"},"now":"2001-01-01T00:00:00Z"}')");
  const auto provider = bench.open();
  REQUIRE(provider);
  const auto made = (*provider)->apply((*provider)->steps(Bench::move_www())->at(0));
  REQUIRE(made);
  CHECK((*provider)->clock_skew().value_or(Span(0)) < Span(Seconds(-1000)));
  for (const bool in_sync : {true, false}) {
    bench.folder.write("other.json", fmt::format(R"({{"protocol":1,"outcome":"ok","in_sync":{}}})", in_sync));
    const auto said = (*provider)->in_sync(*made);
    REQUIRE(said);
    CHECK(*said == in_sync);
  }
  CHECK_THAT(bench.requests(), Contains(R"("request":"in_sync")") && Contains(R"("receipt":{"id":"c-17"})"));
}

TEST_CASE("the way back by a program that compares is a script for sh") {
  Bench bench(declaring(able()), "answer \"$(cat outcome)\" 'why it did so'");
  const auto provider = bench.open({{"colour", "it's blue"}});
  REQUIRE(provider);
  const auto script = (*provider)->inverse_script(inverse_of(Bench::move_www()));
  REQUIRE(script);
  const std::string file = bench.folder.write(script->file_name, script->text);
  bench.folder.write("outcome", "conflict");
  auto ran = servers::run_program({"sh", file});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.output, Contains("it was not applied") && Contains("why it did so"));
  bench.folder.write("outcome", "applied");
  ran = servers::run_program({"sh", file});
  INFO(ran.output);
  CHECK(ran.status == 0);
  CHECK_THAT(bench.requests(), Contains(R"("colour":"it's blue")"));
  bench.program("#!/bin/sh\nexit 1\n");
  ran = servers::run_program({"sh", file});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.output, Contains("whether it was made is not known"));
}

TEST_CASE("the way back by a program that does not compare compares for it, and leaves out what is as it was") {
  Bench bench(declaring(""), "answer \"$(cat outcome)\" 'why it did so'");
  const auto provider = bench.open();
  REQUIRE(provider);
  // Made: www at 192.0.2.10, as zone.json says. To be undone, with `a` as it was already.
  const Change www = change(set("www", "A", 86400, {"192.0.2.10"}), set("www", "A", 300, {"192.0.2.1"}));
  const Change gone = remove(set("a", "A", 60, {"192.0.2.1"}));
  const auto script = (*provider)->inverse_script({name("@"), {gone, www}, std::nullopt, std::nullopt});
  REQUIRE(script);
  const std::string file = bench.folder.write(script->file_name, script->text);
  const auto run = [&](const std::string& outcome) {
    bench.folder.write("outcome", outcome);
    servers::write_text(bench.folder.file("requests"), "");
    return servers::run_program({"python3", file});
  };
  auto ran = run("applied");
  INFO(ran.output);
  CHECK(ran.status == 0);
  CHECK_THAT(bench.requests(),
             Contains(R"("request": "apply")") && !Contains(R"("name": "a.example.com.", "type": "A", "before")"));
  ran = run("busy");
  CHECK(ran.status == 1);
  CHECK_THAT(ran.output, Contains("was not applied") && Contains("why it did so"));
  // Somebody else's value: nothing is sent.
  bench.folder.write("zone.json", std::string(kZone).replace(kZone.find("192.0.2.10"), 10, "192.0.2.77"));
  ran = run("applied");
  CHECK(ran.status == 1);
  CHECK_THAT(ran.output, Contains("www.example.com. A is not as the change left it; nothing was changed"));
  CHECK(bench.requests().find("apply") == std::string::npos);
}

TEST_CASE("a way back that the program writes is checked before it is kept") {
  const std::vector<std::pair<std::string, bool>> cases{
      {R"("file_name":"undo.sh","how_to_run":"sh undo.sh","text":"echo"})", true},
      {R"("file_name":"../undo.sh","how_to_run":"sh undo.sh","text":"echo"})", false},
      {R"("file_name":".undo","how_to_run":"sh undo.sh","text":"echo"})", false},
      {R"("file_name":"undo.sh","how_to_run":"sh undo.sh","text":""})", false},
      {R"("file_name":"undo.sh","text":"echo"})", false},
  };
  for (const auto& one : cases) {
    INFO(one.first);
    Bench bench(declaring(able(), R"(,"requests":["inverse"])"));
    bench.folder.write("other.json", R"({"protocol":1,"outcome":"ok",)" + one.first);
    const auto provider = bench.open();
    REQUIRE(provider);
    CHECK((*provider)->inverse_script(Bench::move_www()).ok() == one.second);
  }
}
