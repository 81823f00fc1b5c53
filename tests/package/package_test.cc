// What is installed: the units as systemd reads them, the package as dpkg and lintian do, and a Debian with nothing
// else on it where the program has to run.
#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>

#include "core/text.h"
#include "tests/servers/process.h"
#include "tests/support/not_run.h"

namespace fs = std::filesystem;
using namespace cutover;
using namespace cutover::servers;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  REQUIRE(value != nullptr);
  return value;
}

fs::path source() { return environment("CUTOVER_SOURCE"); }
fs::path program() { return environment("CUTOVER_PROGRAM"); }

Finished shell(const std::string& command, std::chrono::seconds limit = std::chrono::seconds(120)) {
  return run_program({"sh", "-c", command}, {}, limit);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

std::vector<std::string> units() {
  std::vector<std::string> out;
  for (const auto& file : fs::directory_iterator(source() / "packaging"))
    if (file.path().filename().string().find('@') != std::string::npos) out.push_back(file.path().filename());
  return out;
}

/// The unit as the instance `shop`, with this build's program.
void instantiate(const TempFolder& folder, const std::string& unit) {
  std::string text = read_text(source() / "packaging" / unit), name = unit;
  for (auto at = text.find("/usr/bin/cutover"); at != std::string::npos; at = text.find("/usr/bin/cutover"))
    text.replace(at, 16, program());
  name.replace(name.find('@'), 1, "@shop");
  folder.write(name, text);
}

std::vector<std::string> names_of_manuals() {
  std::vector<std::string> out;
  for (const auto& file : fs::directory_iterator(source() / "cmd"))
    if (file.path().extension() == ".md") out.push_back(file.path().stem());
  return out;
}

/// Makes the package of this build in `folder`.
fs::path package_in(const TempFolder& folder) {
  const auto made = run_program(
      {"cpack", "-G", "DEB", "--config", program().parent_path() / "CPackConfig.cmake", "-B", folder.file("out")}, {},
      std::chrono::seconds(300), folder.path());
  INFO(made.output);
  REQUIRE(made.status == 0);
  for (const auto& file : fs::directory_iterator(folder.file("out")))
    if (file.path().extension() == ".deb") return file.path();
  FAIL("cpack made no package");
  return {};
}

/// The mirror that this machine's apt has Debian's bookworm from; empty: none.
std::string mirror() {
  const auto told = shell("apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Identifier: Packages'");
  for (const std::string& line : lines_of(told.output))
    if (line.rfind("bookworm ", 0) == 0) return line.substr(9);
  return "";
}

}  // namespace

TEST_CASE("systemd has nothing to say about the units, once the timer has a time", "[units]") {
  if (shell("command -v systemd-analyze").status != 0) {
    tests::not_run("the units of the package", "systemd-analyze is not installed");
    return;
  }
  const TempFolder folder;
  REQUIRE(units().size() == 3);
  for (const std::string& unit : units()) instantiate(folder, unit);
  const auto verify = [&] {
    return shell(fmt::format("systemd-analyze verify --man=no {0}/*.service {0}/*.timer", folder.path()));
  };
  const auto without = verify();
  INFO(without.output);
  CHECK_THAT(without.output, Catch::Contains("lacks value setting"));
  fs::create_directory(folder.file("cutover-lower-ttl@shop.timer.d"));
  folder.write("cutover-lower-ttl@shop.timer.d/when.conf", "[Timer]\nOnCalendar=2026-10-05 09:00 Europe/Berlin\n");
  const auto with = verify();
  INFO(with.output);
  CHECK(with.status == 0);
  CHECK(with.output.empty());
}

TEST_CASE("units start commands that there are, with options that these have", "[units]") {
  std::size_t seen = 0;
  for (const std::string& unit : units()) {
    for (const std::string& line : lines_of(read_text(source() / "packaging" / unit))) {
      if (line.rfind("ExecStart=", 0) != 0) continue;
      CAPTURE(unit, line);
      ++seen;
      std::istringstream words(line.substr(10));
      std::string path, command;
      words >> path >> command;
      CHECK(path == "/usr/bin/cutover");
      const auto help = run_program({program(), command, "--help"});
      REQUIRE(help.status == 0);
      for (std::string word; words >> word;)
        if (word.rfind("--", 0) == 0) CHECK_THAT(help.output, Catch::Contains(word));
    }
  }
  CHECK(seen == 2);
}

TEST_CASE("the package holds what Debian wants where it wants it, and lintian finds no error", "[package]") {
  const TempFolder folder;
  const fs::path package = package_in(folder);
  std::set<std::string> files;
  for (const std::string& line : lines_of(shell("dpkg-deb --fsys-tarfile '" + package.string() + "' | tar t").output))
    files.insert(line.substr(line.rfind("./", 0) == 0 ? 2 : 0));
  std::vector<std::string> wanted{"usr/bin/cutover",
                                  "usr/share/man/man1/cutover.1.gz",
                                  "usr/share/bash-completion/completions/cutover",
                                  "usr/share/zsh/vendor-completions/_cutover",
                                  "usr/share/fish/vendor_completions.d/cutover.fish",
                                  "usr/share/doc/cutover/copyright",
                                  "usr/share/doc/cutover/changelog.gz",
                                  "usr/share/doc/cutover/tutorial.md",
                                  "usr/share/doc/cutover/examples/cutover.yaml",
                                  "usr/share/doc/cutover/examples/plans/rfc2136.yaml"};
  for (const std::string& command : names_of_manuals())
    wanted.push_back("usr/share/man/man1/cutover-" + command + ".1.gz");
  for (const std::string& unit : units()) wanted.push_back("usr/lib/systemd/system/" + unit);
  for (const std::string& file : wanted) {
    CAPTURE(file);
    CHECK(files.count(file) == 1);
  }
  const std::string control = run_program({"dpkg-deb", "--field", package}).output;
  INFO(control);
  const std::string version = run_program({program(), "--version"}).output;
  CHECK_THAT(control, Catch::Contains("Version: " + version.substr(version.find(' ') + 1)));
  for (const char* library : {"libssl3", "libldns3", "libcurl4", "libsqlite3-0", "libc6"})
    CHECK_THAT(control, Catch::Contains(library));
  const auto judged = run_program({"lintian", "--fail-on", "error", package}, {}, std::chrono::seconds(300));
  INFO(judged.output);
  CHECK(judged.status == 0);
  CHECK(judged.output.find("E: ") == std::string::npos);
}

TEST_CASE(
    "on a Debian with nothing else the package installs, a whole cutover is rehearsed, and it goes without a trace",
    "[clean]") {
  const std::string what = "the package on a clean Debian";
  if (::geteuid() != 0) return tests::not_run(what, "debootstrap and chroot want root");
  if (shell("command -v debootstrap").status != 0) return tests::not_run(what, "debootstrap is not installed");
  const std::string from = mirror();
  if (from.empty()) return tests::not_run(what, "apt has no mirror of bookworm here");
  const TempFolder folder;
  const fs::path package = package_in(folder);
  const std::string root = folder.file("root");
  const auto made =
      run_program({"debootstrap", "--variant=minbase", "bookworm", root, from}, {}, std::chrono::seconds(900));
  if (made.status != 0)
    return tests::not_run(what,
                          "debootstrap could not make one: " +
                              made.output.substr(made.output.size() - std::min<std::size_t>(made.output.size(), 200)));
  fs::copy_file(package, root + "/cutover.deb");
  const auto in_root = [&](const std::string& command) {
    return shell(
        fmt::format("exec chroot '{}' env -i PATH=/usr/sbin:/usr/bin HOME=/root DEBIAN_FRONTEND=noninteractive {}",
                    root, command),
        std::chrono::seconds(600));
  };
  CHECK(in_root("cutover --version").status != 0);
  const auto installed = in_root("apt-get install -y --no-install-recommends /cutover.deb");
  INFO(installed.output);
  REQUIRE(installed.status == 0);
  std::cerr << "Installed-Size of the package (KB), with a program of this build: "
            << in_root("dpkg-query -W -f '${Installed-Size}' cutover").output << "\n";

  // No network but a loopback of its own.
  const auto demo = shell(fmt::format("exec unshare -n sh -c \"ip link set lo up && exec chroot '{}' env -i "
                                      "PATH=/usr/bin HOME=/root cutover demo --ci\"",
                                      root),
                          std::chrono::seconds(300));
  INFO(demo.output);
  CHECK(demo.status == 0);
  CHECK(in_root("cutover completion bash").status == 0);

  const auto gone = in_root("apt-get purge -y cutover");
  INFO(gone.output);
  CHECK(gone.status == 0);
  CHECK(in_root("sh -c 'ls -d /usr/bin/cutover /usr/share/doc/cutover /usr/lib/systemd/system/cutover*'").status != 0);
}
