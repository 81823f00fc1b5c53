#pragma once
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace cutover::bench {

using Millis = std::chrono::duration<double, std::milli>;

/// What was measured, and in what: `2.10 ms`.
struct Figure {
  Figure(Millis time) : value(time.count()), unit("ms") {}  // NOLINT(google-explicit-constructor)
  Figure(double of, std::string in) : value(of), unit(std::move(in)) {}
  double value;
  std::string unit;
};

/// One line of the table: something of ours, held against something else that was measured in the same run.
struct Row {
  std::string what;
  Figure ours;
  std::string held_against;
  Figure theirs;
  std::string target;  ///< as promised: `<= 3.0 x`, `<= 10 ms`; empty: none
};

/// Wall time from starting a program to its end, its output kept out of the way. Throws std::runtime_error with the
/// end of that output when it does not end with 0: a failure is no measurement.
Millis time_program(const std::vector<std::string>& argv, const std::vector<std::string>& environment = {});

/// Throws when there is none.
Millis median(std::vector<Millis> times);
double median(std::vector<double> values);

/// CPU, user and system, of this process, and of those of its child processes that have ended.
double own_cpu_us();
double children_cpu_us();

/// Whether PATH leads to a program of that name.
bool on_path(const std::string& name);

/// The program under measurement, from CUTOVER_PROGRAM. Throws without it.
std::string program();

std::vector<Row> measure_swap();
std::vector<Row> measure_start();
std::vector<Row> measure_journal();
std::vector<Row> measure_probe();
std::vector<Row> measure_forecast();
std::vector<Row> measure_page();
/// Moves the process into a network of its own, for good: to be measured last.
std::vector<Row> measure_tls();

}  // namespace cutover::bench
