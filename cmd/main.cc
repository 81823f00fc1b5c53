#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  CLI::App app{"cutover: moves live names from an old side to a new side without an outage"};
  app.set_version_flag("--version", "cutover 0.1.0");
  CLI11_PARSE(app, argc, argv);
  return 0;
}
