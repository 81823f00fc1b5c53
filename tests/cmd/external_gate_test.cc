#include "cmd/plan/external_gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "tests/support/temporary_folder.h"

using namespace cutover;
using test::TemporaryFolder;

namespace {

struct Bench {
  TemporaryFolder folder;
  net::Loop loop;
  SystemClock clock;
  Plan plan;
  Bench() { plan.file = folder.path() / "move.yaml"; }

  Gate run(std::vector<std::string> argv, Seconds timeout = Seconds(20)) {
    ExternalGate gate;
    gate.name = "lag";
    gate.run = std::move(argv);
    gate.timeout = timeout;
    return evaluate(gate, plan, loop, clock);
  }

  void script(const std::string& name, const std::string& text) {
    std::ofstream(folder.path() / name) << "#!/bin/sh\n" << text;
    chmod((folder.path() / name).c_str(), 0700);
  }
};

/// Answers one HTTP request on a loopback port of its own, then ends.
class OneAnswer {
 public:
  explicit OneAnswer(std::string reply) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd_, 1) != 0)
      throw std::runtime_error("no loopback port");
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, text = std::move(reply)] {
      const int peer = accept(fd_, nullptr, nullptr);
      if (peer < 0) return;
      char buffer[4096];
      [[maybe_unused]] const auto n = read(peer, buffer, sizeof buffer);
      [[maybe_unused]] const auto m = send(peer, text.data(), text.size(), MSG_NOSIGNAL);
      shutdown(peer, SHUT_WR);
      while (read(peer, buffer, sizeof buffer) > 0) {
      }
      close(peer);
    });
  }
  ~OneAnswer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/q?token=hush"; }

 private:
  int fd_;
  int port_ = 0;
  std::thread thread_;
};

std::string http(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("a program that ends with 0 opens, and its first line is the evidence") {
  Bench bench;
  bench.script("yes", "echo \"lag is 3 ms\"; echo more");
  const Gate gate = bench.run({"./yes"});
  CHECK(gate.name == "lag");
  CHECK(gate.open);
  CHECK(gate.why == "./yes says yes: lag is 3 ms");
  CHECK(bench.run({"true"}).open);  // from PATH
}

TEST_CASE("every other end closes, with the reason") {
  Bench bench;
  bench.script("no", "echo 'lag is 900 ms' >&2; exit 3");
  bench.script("dies", "kill -9 $$");
  bench.script("colours", "printf '\\033[31mred\\n'; exit 1");
  struct Row {
    std::vector<std::string> argv;
    const char* why;
  };
  const Row rows[] = {
      {{"./no"}, "./no ended with status 3: lag is 900 ms"},
      {{"./dies"}, "./dies was ended by signal 9"},
      {{"./colours"}, "ended with status 1: \\x1b[31mred"},
      {{"./not-there"}, "./not-there could not be started"},
      {{"false"}, "false ended with status 1"},
  };
  for (const Row& row : rows) {
    INFO(row.argv[0]);
    const Gate gate = bench.run(row.argv);
    CHECK_FALSE(gate.open);
    CHECK_THAT(gate.why, Catch::Contains(row.why));
  }
}

TEST_CASE("no shell reads the arguments, and the program runs in the plan's folder") {
  Bench bench;
  bench.script("show", "echo \"$1 $(pwd -P)\"");
  const Gate gate = bench.run({"./show", "$(touch pwned); *"});
  CHECK_THAT(gate.why,
             Catch::Contains("$(touch pwned); * " + std::filesystem::canonical(bench.folder.path()).string()));
  CHECK_FALSE(std::filesystem::exists(bench.folder.path() / "pwned"));
}

TEST_CASE("a program that takes too long is killed with everything it started") {
  Bench bench;
  bench.script("hangs", "sleep 600 & echo $! > child; echo waiting; wait");
  const Gate gate = bench.run({"./hangs"}, Seconds(1));
  CHECK_FALSE(gate.open);
  CHECK_THAT(gate.why, Catch::Contains("did not end within 1s and was killed: waiting"));
  pid_t child = 0;
  std::ifstream(bench.folder.path() / "child") >> child;
  REQUIRE(child > 1);
  // Killed children are reaped by init, which takes its time.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool gone = false;
  while (!gone && std::chrono::steady_clock::now() < deadline) {
    std::string state;
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string skip;
    gone = !(stat >> skip >> skip >> state) || state == "Z" || state == "X";
    if (!gone) usleep(20'000);
  }
  CHECK(gone);
}

TEST_CASE("a program that prints without end neither blocks nor fills memory") {
  Bench bench;
  bench.script("loud", "head -c 3000000 /dev/zero | tr '\\0' x; exit 0");
  const Gate gate = bench.run({"./loud"});
  CHECK(gate.open);
  CHECK(gate.why.size() < 300);
}

TEST_CASE("a number behind a URL is held against its limits") {
  struct Row {
    std::string reply;
    const char* pointer;
    std::optional<double> min, max;
    bool open;
    const char* why;
  };
  const std::string body = R"({"data":{"result":[{"value":[1700000000,"0.004"]}],"n":7,"nan":"NaN","word":"x"}})";
  const Row rows[] = {
      {http("200 OK", body), "/data/result/0/value/1", {}, 0.01, true, "says 0.004 (is at most 0.01)"},
      {http("200 OK", body), "/data/result/0/value/1", {}, 0.004, true, "is at most 0.004"},
      {http("200 OK", body), "/data/result/0/value/1", {}, 0.003, false, "says 0.004 (has to be at most 0.003)"},
      {http("200 OK", body), "/data/n", 8, {}, false, "says 7 (has to be at least 8)"},
      {http("200 OK", body), "/data/n", 7, 7, true, "is from 7 to 7"},
      {http("200 OK", body), "/data/nan", {}, 1, false, "nan"},
      {http("200 OK", body), "/data/word", {}, 1, false, "what stands at /data/word is no number"},
      {http("200 OK", body), "/data/missing", {}, 1, false, "the answer has nothing at /data/missing"},
      {http("200 OK", body), "/data/result/9/value", {}, 1, false, "the answer has nothing at"},
      {http("200 OK", "5"), "", {}, 9, true, "says 5"},
      {http("200 OK", "<html>"), "/a", {}, 1, false, "the answer is not JSON"},
      {http("503 Busy", body), "/data/n", {}, 100, false, "answered with status 503, not 200"},
      {"", "/data/n", {}, 100, false, "could not be asked"},
  };
  for (const Row& row : rows) {
    INFO(row.pointer << " " << row.why);
    Bench bench;
    const OneAnswer server(row.reply);
    ExternalGate gate;
    gate.name = "error-rate";
    gate.url = server.url();
    gate.pointer = row.pointer;
    gate.min = row.min;
    gate.max = row.max;
    const Gate judged = evaluate(gate, bench.plan, bench.loop, bench.clock);
    CHECK(judged.open == row.open);
    CHECK_THAT(judged.why, Catch::Contains(row.why) && !Catch::Contains("hush"));
  }
}
