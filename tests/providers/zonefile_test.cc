#include "providers/zonefile/zonefile.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "providers/zonefile/edit.h"
#include "providers/zonefile/unified_diff.h"
#include "tests/providers/subject.h"

using namespace cutover;
using namespace cutover::tests;
using namespace cutover::providers::zonefile;

namespace {

// Everything that people do in zone files.
constexpr const char* kLayout = R"(; example.com, kept by hand since 1998
$TTL 1h
$ORIGIN com.
example IN SOA ns1.example hostmaster.example (
        2026010107   ; serial, bumped by hand
        2h 15m       ; refresh, retry
        2w           ; expire
        300 )        ; minimum
	NS	ns1.example
	NS	ns2.example.net.
$ORIGIN example.com.
; --- web ---
www	86400	IN	A	198.51.100.10	; old colo
	86400	IN	AAAA	2001:db8:1::10
	IN	HTTPS	1 . alpn="h2,h3" ipv4hint=198.51.100.10
@	A	198.51.100.10
	MX	10 mail
	TXT	( "v=spf1 ip4:198.51.100.10"   ; the old host
		  " -all" )
shop 300 CNAME lb.old.example.net.
pool	A 198.51.100.21 ; first
	A 198.51.100.22
mail.example.com.	IN 600 A 198.51.100.25
WWW.Stage A 198.51.100.30 ; case is kept
; the end)";

std::string edited_text(const std::string& text, const std::vector<Change>& changes,
                        std::optional<std::uint32_t> serial = std::nullopt) {
  const auto zone = parse(text, name("@"), "");
  INFO((zone ? "" : zone.error().message));
  REQUIRE(zone);
  const auto after = edited(*zone, {name("@"), changes, std::nullopt, std::nullopt}, serial, "");
  INFO((after ? "" : after.error().message));
  REQUIRE(after);
  return *after;
}

/// Only the lines that differ, `-` old and `+` new, without the context.
std::string difference(const std::string& from, const std::string& to) {
  std::string lines;
  for (const std::string& line : split(unified_diff(from, to, "zone"), '\n'))
    if (!line.empty() && (line[0] == '-' || line[0] == '+') && line.rfind("---", 0) != 0 && line.rfind("+++", 0) != 0)
      lines += line + "\n";
  return lines;
}

Error refused(const std::string& text, const std::vector<Change>& changes) {
  const auto zone = parse(text, name("@"), "");
  if (!zone) return zone.error();
  const auto after = edited(*zone, {name("@"), changes, std::nullopt, std::nullopt}, 2026010108, "");
  REQUIRE_FALSE(after);
  return after.error();
}

}  // namespace

TEST_CASE("a file that is read and not changed stays what it is, byte for byte") {
  CHECK(edited_text(kLayout, {}) == kLayout);
}

TEST_CASE("only what changes changes") {
  struct Row {
    std::string what;
    std::vector<Change> changes;
    std::string difference;
  };
  const auto row = GENERATE(values<Row>({
      {"a value, its comment stays",
       {change(set("www", "A", 86400, {"198.51.100.10"}), set("www", "A", 86400, {"203.0.113.10"}))},
       "-www\t86400\tIN\tA\t198.51.100.10\t; old colo\n+www\t86400\tIN\tA\t203.0.113.10\t; old colo\n"},
      {"a written TTL",
       {change(set("www", "AAAA", 86400, {"2001:db8:1::10"}), set("www", "AAAA", 60, {"2001:db8:1::10"}))},
       "-\t86400\tIN\tAAAA\t2001:db8:1::10\n+\t60\tIN\tAAAA\t2001:db8:1::10\n"},
      {"a TTL that was taken from $TTL",
       {change(set("@", "A", 3600, {"198.51.100.10"}), set("@", "A", 60, {"198.51.100.10"}))},
       "-@\tA\t198.51.100.10\n+@\t60 A\t198.51.100.10\n"},
      {"a TTL behind the class",
       {change(set("mail", "A", 600, {"198.51.100.25"}), set("mail", "A", 60, {"198.51.100.25"}))},
       "-mail.example.com.\tIN 600 A 198.51.100.25\n+mail.example.com.\tIN 60 A 198.51.100.25\n"},
      {"the record whose owner the next lines borrow goes",
       {remove(set("www", "A", 86400, {"198.51.100.10"}))},
       "-www\t86400\tIN\tA\t198.51.100.10\t; old "
       "colo\n-\t86400\tIN\tAAAA\t2001:db8:1::10\n+www\t86400\tIN\tAAAA\t2001:db8:1::10\n"},
      {"a record within parentheses",
       {change(set("@", "TXT", 3600, {R"("v=spf1 ip4:198.51.100.10" " -all")"}),
               set("@", "TXT", 60, {R"("v=spf1 -all")"}))},
       "-\tTXT\t( \"v=spf1 ip4:198.51.100.10\"   ; the old host\n-\t\t  \" -all\" )\n+@\t60\tIN\tTXT\t\"v=spf1 "
       "-all\"\n"},
      {"a TTL of a record within parentheses",
       {change(set("@", "TXT", 3600, {R"("v=spf1 ip4:198.51.100.10" " -all")"}),
               set("@", "TXT", 60, {R"("v=spf1 ip4:198.51.100.10" " -all")"}))},
       "-\tTXT\t( \"v=spf1 ip4:198.51.100.10\"   ; the old host\n+\t60 TXT\t( \"v=spf1 ip4:198.51.100.10\"   ; the old "
       "host\n"},
      {"fewer and other values",
       {change(set("pool", "A", 3600, {"198.51.100.21", "198.51.100.22"}), set("pool", "A", 3600, {"203.0.113.21"}))},
       "-pool\tA 198.51.100.21 ; first\n-\tA 198.51.100.22\n+pool\tA 203.0.113.21 ; first\n"},
      {"more values",
       {change(set("pool", "A", 3600, {"198.51.100.21", "198.51.100.22"}),
               set("pool", "A", 3600, {"198.51.100.22", "203.0.113.1", "203.0.113.2"}))},
       "-pool\tA 198.51.100.21 ; first\n+pool\tA 203.0.113.1 ; first\n+pool\t3600\tIN\tA\t203.0.113.2\n"},
      {"a new type of a name stands with it",
       {create(set("shop2", "A", 60, {"203.0.113.2"})), create(set("mail", "AAAA", 60, {"2001:db8:2::25"}))},
       "+mail\t60\tIN\tAAAA\t2001:db8:2::25\n-; the end\n\\ No newline\n+; the end\n+shop2\t60\tIN\tA\t203.0.113.2\n"},
      {"a name in other letters",
       {change(set("www.stage", "A", 3600, {"198.51.100.30"}), set("www.stage", "A", 3600, {"203.0.113.30"}))},
       "-WWW.Stage A 198.51.100.30 ; case is kept\n+WWW.Stage A 203.0.113.30 ; case is kept\n"},
      {"CNAME gives way to A",
       {remove(set("shop", "CNAME", 300, {"lb.old.example.net."})), create(set("shop", "A", 60, {"203.0.113.7"}))},
       "-shop 300 CNAME lb.old.example.net.\n+shop\t60\tIN\tA\t203.0.113.7\n"},
  }));
  INFO(row.what);
  std::string wanted;
  for (const std::string& line : split(row.difference, '\n'))
    if (!line.empty() && line[0] != '\\') wanted += line + "\n";
  CHECK(difference(kLayout, edited_text(kLayout, row.changes)) == wanted);
}

TEST_CASE("the serial is raised where it stands") {
  CHECK(difference(kLayout, edited_text(kLayout, {}, 2026010108)) ==
        "-        2026010107   ; serial, bumped by hand\n+        2026010108   ; serial, bumped by hand\n");
}

TEST_CASE("serials go forward, by date where they are dates") {
  const auto on = [](const char* day) { return *parse_instant(std::string(day) + "T12:00:00Z"); };
  CHECK(next_serial(7, on("2026-11-22")) == 8);
  CHECK(next_serial(2026010107, on("2026-11-22")) == 2026112201);
  CHECK(next_serial(2026112201, on("2026-11-22")) == 2026112202);
  CHECK(next_serial(2026112299, on("2026-11-22")) == 2026112300);
  CHECK(next_serial(2027010101, on("2026-11-22")) == 2027010102);  // somebody was ahead of the calendar
  CHECK(next_serial(1795348800, on("2026-11-22")) == 1795348801);  // seconds since 1970, no date
  CHECK(next_serial(4294967295, on("2026-11-22")) == 1);           // RFC 1982
}

TEST_CASE("what would break the file is refused") {
  const std::vector<Change> www{
      change(set("www", "A", 86400, {"198.51.100.10"}), set("www", "A", 60, {"203.0.113.10"}))};
  const std::string soa = "@ 3600 IN SOA ns1 host 1 2 3 4 5\n@ 3600 IN NS ns1\n";
  Error error = refused(soa + "$GENERATE 1-3 www$ 86400 A 198.51.100.$\n",
                        {change(set("www2", "A", 86400, {"198.51.100.2"}), set("www2", "A", 60, {"203.0.113.2"}))});
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK(error.message.find("$GENERATE in line 3") != std::string::npos);
  error = refused(
      soa +
          "www 86400 A 198.51.100.10\nwww 86400 RRSIG A 13 3 86400 20300101000000 20200101000000 1 example.com. AAAA\n",
      www);
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK(error.message.find("signatures") != std::string::npos);
  // Without $TTL the next record borrows this one's TTL: it would silently change too.
  error = refused(soa + "www 86400 A 198.51.100.10\nmail A 198.51.100.25\n", www);
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK(error.message.find("$TTL") != std::string::npos);
  error = refused(kLayout, {create(set("shop", "A", 60, {"203.0.113.7"}))});
  CHECK(error.code == ErrorCode::kInvalid);
  error = refused(soa + "www ( A 192.0.2.1\n", www);
  CHECK(error.message.find("never closed") != std::string::npos);
  error = refused(soa + "www A 192.0.2.300\n", www);
  CHECK(error.message.find("line 3") != std::string::npos);
}

TEST_CASE("$GENERATE is read as BIND reads it") {
  const auto zone = parse(
      "$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\n$GENERATE 8-10/2 h${0,3,d} A 192.0.2.${-5}\n$GENERATE 1-2 $ CNAME "
      "x\\$$\n",
      name("@"), "");
  INFO((zone ? "" : zone.error().message));
  REQUIRE(zone);
  const auto whole = zone->zone();
  REQUIRE(whole);
  CHECK(whole->sets.count({name("h008"), RecordType::kA}) == 1);
  REQUIRE(whole->sets.count({name("h010"), RecordType::kA}) == 1);
  CHECK(whole->sets.at({name("h010"), RecordType::kA}).rdata == std::vector<std::string>{"192.0.2.5"});
  CHECK(whole->sets.count({name("2"), RecordType::kCname}) == 1);
}

namespace {

/// A zone file in a folder, with a publish command that leaves a mark.
struct Folder {
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};
  net::Loop loop;
  SystemClock clock;

  Folder() { folder.write("zone", kLayout); }
  std::unique_ptr<providers::Provider> open(const std::string& publish) {
    auto made = providers::make_provider({"zonefile", {{"file", "zone"}, {"publish", publish}}, folder.path()},
                                         {loop, clock, {}});
    REQUIRE(made);
    return std::move(*made);
  }
  std::string text() const { return servers::read_text(folder.file("zone")); }
};

ChangeSet move_www() {
  return {name("@"),
          {change(set("www", "A", 86400, {"198.51.100.10"}), set("www", "A", 60, {"203.0.113.10"}))},
          std::nullopt,
          std::nullopt};
}

}  // namespace

TEST_CASE("a change whose publishing fails is told as not made, and the same step publishes it later") {
  Folder at;
  const auto failing = at.open("echo no server here >&2; exit 7");
  const auto steps = failing->steps(move_www());
  const auto receipt = failing->apply(steps->at(0));
  REQUIRE_FALSE(receipt);
  CHECK(receipt.error().code == ErrorCode::kUnknown);
  CHECK(receipt.error().message.find("exit status 7") != std::string::npos);
  CHECK(receipt.error().message.find("no server here") != std::string::npos);
  // The file has it, the world does not.
  const std::string changed = at.text();
  CHECK(changed.find("203.0.113.10") != std::string::npos);
  auto seen = failing->read(name("@"));
  REQUIRE(seen);
  CHECK(*seen->find({name("www"), RecordType::kA}) == *move_www().changes[0].before);
  CHECK(seen->soa.serial == 2026010107);

  const auto working = at.open("touch published");
  CHECK(working->apply(steps->at(0)));
  CHECK(::access(at.folder.file("published").c_str(), F_OK) == 0);
  CHECK(at.text() == changed);
  seen = working->read(name("@"));
  REQUIRE(seen);
  CHECK(*seen->find({name("www"), RecordType::kA}) == *move_www().changes[0].after);
  CHECK(::access(at.folder.file(".zone.pending").c_str(), F_OK) != 0);
}

TEST_CASE("killed at any moment of a write, the next one finishes it") {
  const std::string moment =
      GENERATE(values<std::string>({"provider-before-send", "zonefile-before-publish", "provider-after-reply"}));
  INFO(moment);
  Folder at;
  const auto provider = at.open("echo x >> published");
  const auto steps = provider->steps(move_www());
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("CUTOVER_KILL_AT", moment.c_str(), 1);
    (void)provider->apply(steps->at(0));
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));

  const bool published = moment == "provider-after-reply";
  CHECK(servers::read_text(at.folder.file("published")) == (published ? "x\n" : ""));
  auto seen = provider->read(name("@"));
  REQUIRE(seen);
  const Change www = move_www().changes[0];
  CHECK(*seen->find(www.key) == (published ? *www.after : *www.before));
  // Every copy of the file that could have been left is whole.
  CHECK(parse(at.text(), name("@"), ""));
  CHECK(provider->apply(steps->at(0)));
  seen = provider->read(name("@"));
  REQUIRE(seen);
  CHECK(*seen->find(www.key) == *www.after);
  CHECK(seen->soa.serial == next_serial(2026010107, at.clock.now()));
}

TEST_CASE("an unpublished change that somebody edits by hand is taken as it stands in the file") {
  Folder at;
  const auto failing = at.open("exit 1");
  REQUIRE_FALSE(failing->apply(failing->steps(move_www())->at(0)));
  servers::write_text(at.folder.file("zone"), at.text() + "\nnew 60 A 192.0.2.1\n");
  const auto seen = failing->read(name("@"));
  REQUIRE(seen);
  CHECK(*seen->find({name("www"), RecordType::kA}) == *move_www().changes[0].after);
}

TEST_CASE("mode and symbolic link of the file stay, and publishing runs in the plan's folder") {
  Folder at;
  REQUIRE(::chmod(at.folder.file("zone").c_str(), 0640) == 0);
  ::mkdir(at.folder.file("real").c_str(), 0755);
  REQUIRE(::rename(at.folder.file("zone").c_str(), at.folder.file("real/zone").c_str()) == 0);
  REQUIRE(::symlink("real/zone", at.folder.file("zone").c_str()) == 0);
  const auto provider = at.open("pwd > where");
  REQUIRE(provider->apply(provider->steps(move_www())->at(0)));
  struct stat link {
  }, file{};
  REQUIRE(::lstat(at.folder.file("zone").c_str(), &link) == 0);
  REQUIRE(::stat(at.folder.file("real/zone").c_str(), &file) == 0);
  CHECK(S_ISLNK(link.st_mode));
  CHECK((file.st_mode & 07777) == 0640);
  CHECK(servers::read_text(at.folder.file("where")) == at.folder.path() + "\n");
  CHECK(at.text().find("203.0.113.10") != std::string::npos);
}

TEST_CASE("$INCLUDE is read, and what comes from it is not touched") {
  Folder at;
  at.folder.write("web", "www2 60 A 198.51.100.12\n");
  servers::write_text(at.folder.file("zone"), std::string(kLayout) + "\n$INCLUDE web\n");
  const auto provider = at.open("");
  const auto seen = provider->read(name("@"));
  REQUIRE(seen);
  CHECK(seen->find({name("www2"), RecordType::kA}) != nullptr);
  const auto refused_step =
      provider->steps({name("@"),
                       {change(set("www2", "A", 60, {"198.51.100.12"}), set("www2", "A", 60, {"203.0.113.12"}))},
                       std::nullopt,
                       std::nullopt});
  const auto receipt = provider->apply(refused_step->at(0));
  REQUIRE_FALSE(receipt);
  CHECK(receipt.error().code == ErrorCode::kUnsupported);
  CHECK(receipt.error().message.find("$INCLUDE web") != std::string::npos);
  // Others may be changed.
  CHECK(provider->apply(provider->steps(move_www())->at(0)));
}

TEST_CASE("the way back restores the file but for the serial, also when others have edited elsewhere meanwhile") {
  Folder at;
  const auto provider = at.open("touch published");
  const auto script = provider->inverse_script(inverse_of(move_www()));
  REQUIRE(script);
  REQUIRE(provider->apply(provider->steps(move_www())->at(0)));
  std::string text = at.text();
  const auto at_mail = text.find("IN 600 A 198.51.100.25");
  text.replace(at_mail, 22, "IN 900 A 198.51.100.25");
  servers::write_text(at.folder.file("zone"), text);
  ::unlink(at.folder.file("published").c_str());

  const auto done = servers::run_program({"sh", at.folder.write(script->file_name, script->text)});
  INFO(done.output << script->text);
  REQUIRE(done.status == 0);
  const std::string changes = difference(kLayout, at.text());
  CHECK(changes.find("203.0.113.10") == std::string::npos);
  CHECK(changes.find("www") == std::string::npos);
  CHECK(changes.find("+mail.example.com.\tIN 900 A 198.51.100.25") != std::string::npos);
  CHECK(::access(at.folder.file("published").c_str(), F_OK) == 0);
  const auto seen = provider->read(name("@"));
  REQUIRE(seen);
  const auto date = next_serial(2026010107, at.clock.now());
  CHECK((seen->soa.serial == date + 1));

  // Drift in what it would touch: nothing happens.
  text = at.text();
  const std::string before = text;
  const auto again = servers::run_program({"sh", at.folder.file(script->file_name)});
  CHECK(again.status != 0);
  CHECK(again.output.find("nothing was changed") != std::string::npos);
  CHECK(at.text() == before);
}

TEST_CASE("a second writer waits for the first and then sees what it did") {
  Folder at;
  const int fd = ::open(at.folder.file("zone").c_str(), O_RDONLY);
  REQUIRE(::flock(fd, LOCK_EX) == 0);
  const auto provider = at.open("");
  const auto receipt = provider->apply(provider->steps(move_www())->at(0));
  REQUIRE_FALSE(receipt);
  CHECK(receipt.error().code == ErrorCode::kBusy);
  CHECK(at.text() == kLayout);
  ::close(fd);
  CHECK(provider->apply(provider->steps(move_www())->at(0)));
}
