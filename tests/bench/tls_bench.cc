#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <stdexcept>

#include "core/clock.h"
#include "net/loop.h"
#include "tests/bench/delaying_relay.h"
#include "tests/bench/measure.h"
#include "tests/bench/tls_servers.h"
#include "tests/support/namespace.h"
#include "tlscheck/matrix.h"

// The certificates of 100 names at 4 addresses each, on nginx in a network of the benchmark's own: nothing that a
// scanner looks up on the way leaves the machine. nginx is a process of its own: CPU is that of the client alone.

namespace cutover::bench {
namespace {

constexpr int kTurns = 7;
constexpr int kSweeps = 4;  ///< of the whole matrix, per turn
constexpr std::chrono::milliseconds kEachWay{50};

using Arguments = std::vector<std::string>;

/// What a program cost from its start to its end.
struct Spent {
  Millis wall{};
  double cpu_us = 0;
  servers::Finished finished;
};

Spent spend(const Arguments& argv) {
  Spent out;
  const double cpu = children_cpu_us();
  const auto began = std::chrono::steady_clock::now();
  out.finished = servers::run_program(argv, {}, std::chrono::seconds(300));
  out.wall = std::chrono::steady_clock::now() - began;
  out.cpu_us = children_cpu_us() - cpu;
  return out;
}

Spent spend_well(const Arguments& argv) {
  Spent out = spend(argv);
  if (out.finished.status == 0) return out;
  const std::string& said = out.finished.output;
  throw std::runtime_error(fmt::format("{} ended with {}:\n{}", argv[0], out.finished.status,
                                       said.substr(said.size() - std::min<std::size_t>(said.size(), 2000))));
}

// --- what is measured ---

struct PerHandshake {
  double cpu_us = 0;
  double wall_ms = 0;
};

/// The matrix as users see it: one handshake per name and address, its chain verified, its names and dates judged.
class Matrix {
 public:
  explicit Matrix(const TlsServers& servers) : options_(options_for(servers)) {
    for (const DomainName& name : servers.names())
      for (const Endpoint& endpoint : servers.endpoints()) targets_.push_back({.name = name, .endpoint = endpoint});
  }
  std::size_t size() const { return targets_.size(); }

  PerHandshake sweep(int times) {
    const double cpu = own_cpu_us();
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) all_accepted(tlscheck::check_endpoints(loop_, clock_, targets_, options_));
    const Millis wall = std::chrono::steady_clock::now() - began;
    const double handshakes = times * static_cast<double>(targets_.size());
    return {(own_cpu_us() - cpu) / handshakes, wall.count() / handshakes};
  }

 private:
  static tlscheck::Options options_for(const TlsServers& servers) {
    auto anchors = tlscheck::Anchors::load(servers.ca_file());
    if (!anchors) throw std::runtime_error(anchors.error().message);
    return {.anchors = *anchors, .depth = tlscheck::Depth::kUsers};
  }
  void all_accepted(const std::vector<Check>& checks) const {
    std::size_t trusted = 0;
    for (const Check& check : checks) {
      if (check.verdict == Verdict::kFail && check.severity == Severity::kError)
        throw std::runtime_error(fmt::format("{}: {} ({})", check.id, check.summary, check.evidence));
      if (check.id == "tls-chain" && check.verdict == Verdict::kPass) ++trusted;
    }
    if (trusted != targets_.size())
      throw std::runtime_error(fmt::format("{} of {} chains were accepted", trusted, targets_.size()));
  }

  net::Loop loop_;
  SystemClock clock_;
  tlscheck::Options options_;
  std::vector<tlscheck::Target> targets_;
};

/// One second of handshakes with one of the addresses, each verified; less what the program costs to start.
double s_time_cpu_us(const TlsServers& servers) {
  const double start = spend_well({"openssl", "version"}).cpu_us;
  const Spent spent = spend_well({"openssl", "s_time", "-new", "-verify", "3", "-CAfile", servers.ca_file(), "-connect",
                                  servers.endpoints().front().text(), "-time", "1"});
  // `1234 connections in 0.52s; 2373.08 connections/user sec, bytes read 0`, and the same again in real seconds.
  const std::string& said = spent.finished.output;
  const auto at = said.find(" connections in ");
  if (at == std::string::npos) throw std::runtime_error("openssl s_time said something else:\n" + said);
  const auto line = said.rfind('\n', at);
  const double connections = std::stod(said.substr(line == std::string::npos ? 0 : line + 1));
  if (connections < 100) throw std::runtime_error("openssl s_time had no success:\n" + said);
  return (spent.cpu_us - start) / connections;
}

/// A process per target, as scripts have it, for every name at one address each.
PerHandshake s_client_loop(const TlsServers& servers) {
  const double cpu = children_cpu_us();
  Millis wall{};
  std::size_t i = 0;
  for (const DomainName& name : servers.names()) {
    const Endpoint& at = servers.endpoints()[i++ % servers.endpoints().size()];
    wall += time_program({"openssl", "s_client", "-connect", at.text(), "-servername", name.host(), "-CAfile",
                          servers.ca_file(), "-verify_hostname", name.host(), "-verify_return_error"});
  }
  const auto targets = static_cast<double>(servers.names().size());
  return {(children_cpu_us() - cpu) / targets, wall.count() / targets};
}

std::string targets_text(const TlsServers& servers, const std::vector<Endpoint>& at) {
  std::string text;
  for (const DomainName& name : servers.names())
    for (const Endpoint& endpoint : at) text += fmt::format("{}, {}\n", endpoint.address.text(), name.host());
  return text;
}

/// `cutover tls` over the whole matrix: every question of every kind of client, an HTTP request included.
Millis whole_program(const TlsServers& servers, const std::vector<Endpoint>& at) {
  const servers::TempFolder folder;
  const std::string file = folder.write("targets", targets_text(servers, at));
  return time_program({program(), "tls", "--targets", file, "--ca-file", servers.ca_file()});
}

// --- the rows ---

std::vector<Row> against_openssl(const TlsServers& servers) {
  Matrix matrix(servers);
  matrix.sweep(1);  // libraries have their first-time costs behind them, as s_time has them once in a second
  std::vector<double> our_cpu, our_wall, s_time, s_client_cpu, s_client_wall;
  std::vector<Millis> whole;
  for (int turn = 0; turn < kTurns; ++turn) {
    const PerHandshake ours = matrix.sweep(kSweeps);
    our_cpu.push_back(ours.cpu_us);
    our_wall.push_back(ours.wall_ms);
    s_time.push_back(s_time_cpu_us(servers));
    const PerHandshake s_client = s_client_loop(servers);
    s_client_cpu.push_back(s_client.cpu_us);
    s_client_wall.push_back(s_client.wall_ms);
    whole.push_back(whole_program(servers, servers.endpoints()) / static_cast<double>(matrix.size()));
  }
  const auto what = [&](const char* unit) { return fmt::format("{} certificates, {}", matrix.size(), unit); };
  constexpr const char* kLoop = "openssl s_client, one process each";
  return {{what("CPU per handshake"),
           {median(our_cpu), "us"},
           "openssl s_time -new -verify 3",
           {median(s_time), "us"},
           "<= 1.15 x"},
          {what("wall per target"), Millis(median(our_wall)), kLoop, Millis(median(s_client_wall)), "<= 0.05 x"},
          {what("CPU per target"), {median(our_cpu), "us"}, kLoop, {median(s_client_cpu), "us"}, ""},
          {"cutover tls, all of it, per target", median(whole), kLoop, Millis(median(s_client_wall)), ""}};
}

/// The certificate of one name at one address with each program's own questions, from its start to its end.
std::vector<Row> against_scanners(const TlsServers& servers) {
  const Endpoint& at = servers.endpoints().front();
  const std::string name = servers.names().front().host();
  const Arguments mine{program(), "tls", name, "--connect", at.address.text(), "--ca-file", servers.ca_file()};
  struct Scanner {
    const char* name;
    const char* what;
    Arguments argv;
    int turns;
  };
  const std::vector<Scanner> scanners{
      {"sslscan", "sslscan", {"sslscan", "--no-colour", "--sni-name=" + name, at.text()}, 3},
      {"testssl",
       "testssl.sh -S -p, no DNS",
       {"testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--add-ca", servers.ca_file(),
        "--ip", at.address.text(), "-S", "-p", name + ":443"},
       1}};
  std::vector<Row> rows;
  for (const Scanner& scanner : scanners) {
    if (!on_path(scanner.name)) {
      fmt::print("{} is not on PATH: not held against it\n", scanner.name);
      continue;
    }
    std::vector<Millis> ours, theirs;
    for (int turn = 0; turn < scanner.turns; ++turn) {
      const Spent spent = spend(scanner.argv);  // testssl.sh counts what it found in its status
      if (spent.finished.output.find("TLSv1.3") == std::string::npos &&
          spent.finished.output.find("TLS 1.3") == std::string::npos)
        throw std::runtime_error(fmt::format("{} had no success:\n{}", scanner.name, spent.finished.output));
      theirs.push_back(spent.wall);
      for (int again = 0; again < 5; ++again) ours.push_back(time_program(mine));  // short, so one alone says little
    }
    rows.push_back({"cutover tls, one target", median(ours), scanner.what, median(theirs), ""});
  }
  return rows;
}

/// The whole matrix over a long line, held against one handshake after the other over it.
std::vector<Row> behind_latency(const TlsServers& servers, const tests::Namespace& network) {
  std::vector<Endpoint> far = servers.endpoints();
  std::optional<DelayingRelay> relay;
  const std::string refusal = network.suffer(fmt::format("delay {}ms", kEachWay.count()));
  if (!refusal.empty()) {
    fmt::print(
        "latency: netem is not to be had here ({}); a relay in front of nginx holds all bytes back for {} ms each way, "
        "and what a client says first for a round trip more, in place of TCP's own, which it cannot delay\n",
        refusal, kEachWay.count());
    std::vector<DelayingRelay::Route> routes;
    far.clear();
    for (const Endpoint& near : servers.endpoints()) {
      const auto text = near.address.text();
      far.push_back({*IpAddress::from_text("198.51.100" + text.substr(text.rfind('.'))), near.port});
      routes.push_back({far.back(), near});
    }
    relay.emplace(routes, kEachWay);
  }
  std::vector<Millis> ours, theirs;
  const std::string name = servers.names().front().host();
  for (int turn = 0; turn < 3; ++turn) {
    ours.push_back(whole_program(servers, far));
    theirs.push_back(time_program({"openssl", "s_client", "-connect", far.front().text(), "-servername", name,
                                   "-CAfile", servers.ca_file(), "-verify_return_error"}));
  }
  const std::size_t targets = TlsServers::kNames * far.size();
  const auto away = fmt::format("{} ms away", 2 * kEachWay.count());
  return {{fmt::format("cutover tls, {} targets, {}", targets, away), median(ours), "one openssl s_client",
           median(theirs), "<= 3000 ms"},
          {fmt::format("cutover tls, per target, {}", away), median(ours) / static_cast<double>(targets),
           "openssl s_client, one process each", median(theirs), "<= 0.05 x"}};
}

}  // namespace

std::vector<Row> measure_tls() {
  if (const std::string refusal = tests::Namespace::refusal(); !refusal.empty()) {
    fmt::print("tls: not measured: {}\n", refusal);
    return {};
  }
  const tests::Namespace network;
  network.add(TlsServers::addresses());
  network.add({"198.51.100.11", "198.51.100.12", "198.51.100.13", "198.51.100.14"});
  const TlsServers servers;
  std::vector<Row> rows = against_openssl(servers);
  for (Row& row : against_scanners(servers)) rows.push_back(std::move(row));
  for (Row& row : behind_latency(servers, network)) rows.push_back(std::move(row));
  return rows;
}

}  // namespace cutover::bench
