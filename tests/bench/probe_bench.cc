#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tests/bench/measure.h"
#include "tests/bench/probe_runs.h"
#include "tests/bench/responder.h"

// Probes by the hundred thousand against a responder on loopback that is a process of its own. What is compared runs
// in turns, so that a busy machine is busy for both.

namespace cutover::bench {
namespace {

constexpr int kTurns = 7;
constexpr std::size_t kWindow = 512;

void no_losses(const Cost& cost, const char* who) {
  if (cost.lost * 1000 > cost.probes)
    throw std::runtime_error(fmt::format("{}: {} of {} probes were lost", who, cost.lost, cost.probes));
}

Row against_floor(const Responder& responder) {
  constexpr std::size_t kResolvers = 5000;
  constexpr std::uint64_t kProbes = 100000;
  const auto resolvers = responder.resolvers(kResolvers);
  std::vector<double> ours, theirs;
  for (int turn = 0; turn < kTurns; ++turn) {
    const Cost floor = bare_loop(responder.port(), kResolvers, kProbes, kWindow);
    const Cost engine_cost = engine(resolvers, kProbes, kWindow);
    no_losses(floor, "bare loop");
    no_losses(engine_cost, "engine");
    theirs.push_back(floor.cpu_us);
    ours.push_back(engine_cost.cpu_us);
  }
  return {"CPU per probe, 5000 resolvers",
          {median(ours), "us"},
          "bare sendmmsg and recvmmsg",
          {median(theirs), "us"},
          "<= 1.6 x"};
}

/// CPU of a whole massdns run over the same resolvers, less what it takes to start with one probe.
std::vector<Row> against_massdns(const Responder& responder, const Figure& ours) {
  if (!on_path("massdns")) {
    fmt::print("massdns is not on PATH: not held against it (<= 0.75 x)\n");
    return {};
  }
  constexpr int kProbes = 100000;
  const servers::TempFolder folder;
  std::string resolvers, names;
  for (const auto& resolver : responder.resolvers(5000)) resolvers += resolver.endpoint->text() + "\n";
  for (int i = 0; i < kProbes; ++i) names += fmt::format("www{}.example.com\n", i);
  const std::string list = folder.write("resolvers", resolvers);
  const auto cpu_us = [&](const std::string& of) {
    const double before = children_cpu_us();
    const auto done = servers::run_program({"massdns", "-r", list, "-t", "A", "-s", std::to_string(kWindow), "-o", "S",
                                            "-w", "/dev/null", "-q", folder.write("names", of)},
                                           {}, std::chrono::seconds(120));
    if (done.status != 0) throw std::runtime_error("massdns failed:\n" + done.output);
    return children_cpu_us() - before;
  };
  std::vector<double> theirs;
  for (int turn = 0; turn < 3; ++turn) theirs.push_back((cpu_us(names) - cpu_us("www.example.com\n")) / kProbes);
  return {{"CPU per probe, 5000 resolvers", ours, "massdns", {median(theirs), "us"}, "<= 0.75 x"}};
}

Cost dnsperf(std::uint16_t port, std::uint64_t probes) {
  const servers::TempFolder folder;
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "www.example.com A\n";
  const std::string file = folder.write("queries", lines);
  const double before = children_cpu_us();
  const auto done =
      servers::run_program({"dnsperf", "-s", "127.0.0.1", "-p", std::to_string(port), "-d", file, "-c", "1", "-T", "1",
                            "-q", std::to_string(kWindow), "-n", std::to_string(probes / 1000)},
                           {}, std::chrono::seconds(120));
  const auto at = done.output.find("Queries per second:");
  if (done.status != 0 || at == std::string::npos) throw std::runtime_error("dnsperf failed:\n" + done.output);
  Cost out;
  out.probes = probes;
  out.per_second = std::strtod(done.output.c_str() + at + 19, nullptr);
  out.cpu_us = (children_cpu_us() - before) / static_cast<double>(probes);
  return out;
}

std::vector<Row> against_dnsperf(const Responder& responder) {
  constexpr std::uint64_t kProbes = 500000;
  if (!on_path("dnsperf")) {
    fmt::print("dnsperf is not on PATH: not held against it\n");
    return {};
  }
  const auto resolvers = responder.resolvers(1);
  std::vector<double> ours, theirs, our_cpu, their_cpu;
  for (int turn = 0; turn < 3; ++turn) {
    const Cost other = dnsperf(responder.port(), kProbes);
    const Cost cost = engine(resolvers, kProbes, kWindow);
    no_losses(cost, "engine");
    theirs.push_back(other.per_second);
    ours.push_back(cost.per_second);
    their_cpu.push_back(other.cpu_us);
    our_cpu.push_back(cost.cpu_us);
  }
  return {{"probes per second, one server",
           {median(ours), "/s"},
           "dnsperf, one client",
           {median(theirs), "/s"},
           ">= 1.0 x"},
          {"CPU per probe, one server", {median(our_cpu), "us"}, "dnsperf, one client", {median(their_cpu), "us"}, ""}};
}

Row linearity(const Responder& responder) {
  const auto few = responder.resolvers(1000), many = responder.resolvers(60000);
  std::vector<double> ours, theirs;
  for (int turn = 0; turn < 3; ++turn) {
    ours.push_back(watch_rounds(many, kWindow).cpu_us);
    std::vector<double> small;
    for (int i = 0; i < 20; ++i) small.push_back(watch_rounds(few, kWindow).cpu_us);
    theirs.push_back(median(small));
  }
  return {"CPU per probe, watch of 60000",
          {median(ours), "us"},
          "the same, watch of 1000",
          {median(theirs), "us"},
          "<= 1.3 x"};
}

/// The number behind `key=` in what a program said.
double said(const std::string& output, const std::string& key) {
  const auto at = output.find(key + "=");
  if (at == std::string::npos) throw std::runtime_error(fmt::format("no {} in:\n{}", key, output));
  return std::strtod(output.c_str() + at + key.size() + 1, nullptr);
}

/// 60,000 simulated resolvers watched through a swap, in a process of their own.
std::vector<Row> memory() {
  const auto done =
      servers::run_program({own_folder() + "/probe_load", "story", "60000", "10"}, {}, std::chrono::seconds(300));
  if (done.status != 0) throw std::runtime_error("the story of 60000 resolvers:\n" + done.output);
  fmt::print("60000 resolvers through a swap: {} questions, {:.1f} s, {:.2f} s of CPU, verdicts wrong: {}\n",
             said(done.output, "questions"), said(done.output, "wall_s"), said(done.output, "cpu_s"),
             said(done.output, "wrong"));
  return {{"memory per idle resolver, 60000",
           {said(done.output, "bytes_per_resolver"), "B"},
           "what is promised",
           {2048, "B"},
           "<= 1.0 x"},
          {"peak memory, 60000 watched",
           {said(done.output, "peak_mb"), "MB"},
           "what is promised",
           {200, "MB"},
           "<= 1.0 x"}};
}

/// The baseline is a number in a file beside this one; write there what a deliberate change has made of it.
std::vector<Row> instructions() {
  constexpr int kProbes = 20000;
  if (!on_path("valgrind")) {
    fmt::print("valgrind is not on PATH: instructions are not counted\n");
    return {};
  }
  const servers::TempFolder folder;
  const auto done = servers::run_program({"valgrind", "--tool=callgrind", "--toggle-collect=counted_turn",
                                          "--callgrind-out-file=" + folder.file("callgrind.out"),
                                          own_folder() + "/probe_load", "lockstep", std::to_string(kProbes)},
                                         {}, std::chrono::seconds(120));
  const auto at = done.output.find("Collected :");
  if (done.status != 0 || at == std::string::npos) throw std::runtime_error("callgrind:\n" + done.output);
  const double counted = std::strtod(done.output.c_str() + at + 11, nullptr) / said(done.output, "answered");
  const double baseline = said(servers::read_text(CUTOVER_BENCH_FOLDER "/probe.baseline"), "instructions_per_probe");
  return {{"instructions per probe", {counted, ""}, "probe.baseline", {baseline, ""}, "<= 1.02 x"}};
}

}  // namespace

std::vector<Row> measure_probe() {
  const Responder responder;
  std::vector<Row> rows{against_floor(responder)};
  for (Row& row : against_massdns(responder, rows.front().ours)) rows.push_back(std::move(row));
  for (Row& row : against_dnsperf(responder)) rows.push_back(std::move(row));
  rows.push_back(linearity(responder));
  for (Row& row : memory()) rows.push_back(std::move(row));
  for (Row& row : instructions()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace cutover::bench
