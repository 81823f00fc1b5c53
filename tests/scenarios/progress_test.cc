#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

#include "cmd/report/wrapped.h"
#include "core/text.h"
#include "net/loop.h"
#include "net/message.h"
#include "tests/servers/servers.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"

// Long work says how far it has come: the program on a terminal, where the line is drawn over itself, and elsewhere.

using namespace cutover;

namespace {

/// UDP and TCP sockets that take what comes and never answer.
class Silent {
 public:
  explicit Silent(std::size_t many) : address_(servers::own_address()) {
    for (std::size_t i = 0; i < many; ++i) {
      const Endpoint at{*IpAddress::from_text(address_), servers::free_port(address_)};
      for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        net::Descriptor& one = sockets_.emplace_back(socket(AF_INET, type, 0));
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_port = htons(at.port);
        inet_pton(AF_INET, address_.c_str(), &where.sin_addr);
        REQUIRE(bind(one.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
        if (type == SOCK_STREAM) REQUIRE(listen(one.get(), 16) == 0);
      }
      endpoints_.push_back(at);
    }
  }
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }

 private:
  std::string address_;
  std::vector<net::Descriptor> sockets_;
  std::vector<Endpoint> endpoints_;
};

struct Desk {
  servers::TempFolder folder;

  std::string command(const std::string& arguments) const {
    return fmt::format("cd {0} && XDG_STATE_HOME={0}/state exec {1} {2}", folder.path(), std::getenv("CUTOVER_PROGRAM"),
                       arguments);
  }
  std::string plainly(const std::string& arguments) const {
    return servers::run_program({"sh", "-c", command(arguments)}).output;
  }
  /// On a terminal of 60 columns.
  std::string on_terminal(const std::string& arguments, const std::string& setting = "NO_COLOR=1") const {
    folder.write("script.sh", "stty cols 60 rows 20 -onlcr\n" + command(arguments) + "\n");
    return servers::run_program(
               {"env", "TERM=xterm", setting, "script", "-qec", "sh " + folder.file("script.sh"), "/dev/null"})
        .output;
  }
};

/// What stands on a terminal afterwards, and every line that was drawn over.
struct Screen {
  std::string text;
  std::vector<std::string> drawn;
};
Screen screen_of(std::string_view written) {
  Screen out;
  std::string line;
  while (!written.empty()) {
    if (written.starts_with("\r")) {
      if (!line.empty()) out.drawn.push_back(std::exchange(line, {}));
      written.remove_prefix(1);
    } else if (written.starts_with("\x1b[K")) {
      written.remove_prefix(3);  // what follows the cursor; this line never leaves a rest of a longer one
    } else {
      line += written.front();
      if (line.back() == '\n') out.text += std::exchange(line, {});
      written.remove_prefix(1);
    }
  }
  out.text += line;
  return out;
}

/// The same work on a terminal, off it, with --ci and on a dumb one.
void check_everywhere(const Desk& desk, const std::string& arguments, const std::string& line) {
  const std::string plain = desk.plainly(arguments);
  INFO(plain);
  CHECK(plain.find_first_of("\r\x1b") == std::string::npos);
  CHECK(plain.find(line) == std::string::npos);
  const std::string written = desk.on_terminal(arguments);
  const Screen screen = screen_of(written);
  INFO(printable(written));
  CHECK(screen.text.find_first_of("\r\x1b") == std::string::npos);
  CHECK(screen.text.find(line) == std::string::npos);
  REQUIRE_FALSE(screen.drawn.empty());
  CHECK_THAT(screen.drawn.front(), Catch::StartsWith(line));
  for (const std::string& drawn : screen.drawn) CHECK(columns_of(drawn) < 60);
  // Nothing stands where it was drawn: results and errors begin their lines.
  CHECK(split(screen.text, '\n').size() == split(plain, '\n').size());
  CHECK(desk.on_terminal(arguments + " --ci").find_first_of("\r\x1b") == std::string::npos);
  CHECK(desk.on_terminal(arguments, "TERM=dumb").find_first_of("\r\x1b") == std::string::npos);
}

}  // namespace

TEST_CASE("progress: resolvers check, on a terminal and elsewhere") {
  const Desk desk;
  const Silent silent(3);
  std::string list;
  for (const Endpoint& each : silent.endpoints()) list += each.text() + "\n";
  desk.folder.write("mine.txt", list);
  check_everywhere(desk, "resolvers check --list mine.txt --timeout 1s --forget -o json",
                   "resolvers check: 0 of 3 resolvers");
}

TEST_CASE("progress: without a terminal a whole line now and then") {
  const Desk desk;
  const Silent silent(3);
  std::string list;
  for (const Endpoint& each : silent.endpoints()) list += each.text() + "\n";
  desk.folder.write("mine.txt", list);
  // Two tries of six seconds each: past the first line, which comes after ten.
  const std::string written = desk.plainly("resolvers check --list mine.txt --timeout 6s --forget");
  INFO(written);
  CHECK(written.find_first_of("\r\x1b") == std::string::npos);
  CHECK_THAT(written, Catch::Contains("\nresolvers check: 0 of 3 resolvers\n"));
}

TEST_CASE("progress: preflight and tls, on a terminal and elsewhere") {
  const Desk desk;
  const Silent silent(2);
  const Endpoint& at = silent.endpoints().front();
  const test::Certificate root({.common_name = "Test root", .authority = true});
  desk.folder.write("ca.pem", root.pem());
  desk.folder.write(
      "cutover.yaml",
      fmt::format("version: 1\nname: shop-move\nzones:\n  - zone: shop.example\n    provider: {{ type: zonefile, "
                  "file: shop.zone }}\n    changes:\n      - {{ name: www, type: A, from: [{3}], to: [{0}] }}\n"
                  "lookup: [\"{0}:{1}\"]\nendpoints:\n  - {{ names: [www.shop.example], port: {2}, new: [{0}] }}\n"
                  "  - {{ names: [api.shop.example], port: {2}, new: [{0}] }}\n",
                  at.address.text(), servers::free_port(at.address.text()), at.port, servers::own_address()));
  check_everywhere(desk, "preflight --ca-file ca.pem --http-01 off --timeout 2s",
                   "preflight of shop-move: 1 of 3 TLS handshakes");
  check_everywhere(desk,
                   fmt::format("tls --ca-file ca.pem --timeout 2s {0}:{1} {0}:{2}", at.address.text(), at.port,
                               silent.endpoints().back().port),
                   "tls: 0 of 2 TLS handshakes");
}

TEST_CASE("progress: assess, on a terminal and elsewhere") {
  const Desk desk;
  const Silent silent(2);
  desk.folder.write("shop.zone",
                    "$ORIGIN shop.example.\n$TTL 300\n@ SOA ns1 admin 1 3600 600 86400 300\n@ NS ns1\nns1 A "
                    "192.0.2.53\nwww A 192.0.2.1\n");
  check_everywhere(
      desk,
      fmt::format("assess --zone shop.example --provider zonefile --option file=shop.zone --from 192.0.2.1 "
                  "--to 192.0.2.2 --authoritative {} --authoritative {}",
                  silent.endpoints()[0].text(), silent.endpoints()[1].text()),
      "assess shop.example: 0 of 2 DNS questions");
}

namespace {

/// The beginning of a long zone transfer, a hundred records at a time, which then breaks off.
void begin_transfer(int fd) {
  const std::string query = test::hear_some(fd);
  if (query.size() < 2) return;
  const auto asked = net::decode(std::string_view(query).substr(2));
  if (!asked || asked->question.size() != 1) return;
  const DomainName zone = asked->question.front().name;
  for (int part = 0; part < 8; ++part) {
    net::Message reply;
    reply.id = asked->id;
    reply.qr = reply.aa = true;
    if (part == 0) {
      reply.question = asked->question;
      reply.answer.push_back(
          {zone, RecordType::kSoa, net::RecordClass::kIn, 300, "ns1.shop.example. admin.shop.example. 1 2 3 4 5"});
    }
    for (int i = 0; i < 100; ++i)
      reply.answer.push_back({*DomainName::from_text(fmt::format("host-{}-{}", part, i), zone), RecordType::kA,
                              net::RecordClass::kIn, 300, "192.0.2.1"});
    const auto wire = net::encode(reply);
    if (!wire) return;
    std::string framed{static_cast<char>(wire->size() >> 8U), static_cast<char>(wire->size() & 0xffU)};
    test::say(fd, framed.append(wire->begin(), wire->end()));
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
  }
}

}  // namespace

TEST_CASE("progress: a zone transfer counts records, of nobody knows how many") {
  const Desk desk;
  const test::ScriptedServer server(begin_transfer);
  const std::string written =
      desk.on_terminal(fmt::format("assess --zone shop.example --server {0} --from 192.0.2.1 --to 192.0.2.2 "
                                   "--authoritative {0}",
                                   server.endpoint().text()));
  const Screen screen = screen_of(written);
  INFO(printable(written));
  REQUIRE_FALSE(screen.drawn.empty());
  for (const std::string& drawn : screen.drawn) {
    CHECK_THAT(drawn, Catch::StartsWith("assess shop.example: ") && Catch::Contains("01 records"));
    CHECK(drawn.find("left") == std::string::npos);
  }
  CHECK_THAT(screen.text, Catch::StartsWith("cutover: ") && Catch::Contains("before the zone was complete"));
}

TEST_CASE("progress: what takes no second shows nothing") {
  const Desk desk;
  desk.folder.write("public.csv", "ip,name,country_id\n192.0.2.1,a.,DE\n");
  const std::string written = desk.on_terminal("resolvers import public.csv --to mine.tsv");
  INFO(printable(written));
  CHECK(written.find_first_of("\r\x1b") == std::string::npos);
}

TEST_CASE("Ctrl-C ends what has nothing to finish") {
  const Desk desk;
  const Silent silent(1);
  servers::Process asking({std::getenv("CUTOVER_PROGRAM"), "tls", "--timeout", "300s", silent.endpoints()[0].text()},
                          desk.folder.file("tls.log"));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // it asks now; earlier, the signal ends it as well
  REQUIRE(asking.running());
  asking.signal(SIGINT);
  CHECK(asking.wait_for_end(std::chrono::seconds(20)) == 128 + SIGINT);
}
