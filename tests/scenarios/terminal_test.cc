#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "core/text.h"
#include "tests/scenarios/stage.h"
#include "tests/support/not_run.h"

// What a person sees of a cutover in a real terminal, which tmux is: on small and large windows, while their size
// changes, without colour, after Ctrl-C, and without a terminal at all.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

constexpr auto kPatience = 120s;

bool has_tmux() {
  if (std::filesystem::exists("/usr/bin/tmux")) return true;
  tests::not_run("the live screen in a terminal", "tmux is not installed");
  return false;
}

struct WindowSize {
  unsigned columns = 80, rows = 24;
};

/// A terminal of the test's own, in which the program runs as a person starts it. When it has ended, its exit status
/// and whether the terminal echoes are told there.
class Terminal {
 public:
  Terminal(const Desk& desk, WindowSize size, const std::string& arguments, const std::string& environment = "")
      : socket_(desk.file("tmux")) {
    desk.write("session.sh", fmt::format("trap : INT\ncd {0}\necho a line from before\n"
                                         "env XDG_STATE_HOME={0}/state {1} {2} {3}\necho \"ended with $?\"\n"
                                         "stty -a | grep -qw -- -echo || echo it echoes\nexec sleep 1000\n",
                                         desk.path(), environment, std::getenv("CUTOVER_PROGRAM"), arguments));
    server_ = std::make_unique<Process>(std::vector<std::string>{"tmux", "-S", socket_, "-f", "/dev/null", "-D"},
                                        desk.file("tmux.log"));
    REQUIRE(wait_until(kPatience, [&] { return std::filesystem::exists(socket_); }));
    tmux({"new-session", "-d", "-x", std::to_string(size.columns), "-y", std::to_string(size.rows),
          "sh " + desk.file("session.sh")});
  }
  ~Terminal() { run_program({"tmux", "-S", socket_, "kill-server"}); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::string tmux(const std::vector<std::string>& args) const {
    std::vector<std::string> argv{"tmux", "-S", socket_};
    argv.insert(argv.end(), args.begin(), args.end());
    const Finished done = run_program(argv);
    INFO(join(argv, " ") << "\n" << done.output);
    REQUIRE(done.status == 0);
    return done.output;
  }
  std::string text() const { return tmux({"capture-pane", "-p"}); }
  std::string with_colours() const { return tmux({"capture-pane", "-p", "-e"}); }
  std::string with_scrollback() const { return tmux({"capture-pane", "-p", "-J", "-S", "-"}); }
  std::string told(const std::string& format) const { return std::string(trim(tmux({"display", "-p", format}))); }
  void resize(WindowSize to) const {
    tmux({"resize-window", "-x", std::to_string(to.columns), "-y", std::to_string(to.rows)});
  }
  /// The screen while nothing is drawn on it: a picture may reach the terminal in parts.
  std::string at_rest() const {
    std::string seen = text();
    for (int tries = 0, same = 0; tries < 100 && same < 2; ++tries) {
      std::this_thread::sleep_for(10ms);
      std::string now = text();
      same = now == seen ? same + 1 : 0;
      seen = std::move(now);
    }
    return seen;
  }
  /// The screen once everything in `wanted` stands on it.
  std::string once_it_shows(const std::vector<std::string>& wanted) const {
    return once([&](const std::string& text) {
      return std::all_of(wanted.begin(), wanted.end(),
                         [&](const std::string& part) { return text.find(part) != std::string::npos; });
    });
  }
  std::string once(const std::function<bool(const std::string&)>& good) const {
    std::string seen;
    const bool found = wait_until(kPatience, [&] { return good(seen = text()) && good(seen = at_rest()); });
    INFO(seen);
    REQUIRE(found);
    return seen;
  }

 private:
  std::string socket_;
  std::unique_ptr<Process> server_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out = split(text, '\n');
  while (!out.empty() && trim(out.back()).empty()) out.pop_back();
  return out;
}

/// However they are broken into lines.
std::string words_of(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (c != '\n' && c != ' ')
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  return out;
}

/// A title reaches from the left to the last column but one: a screen drawn for this width begins so.
bool is_drawn_for(const std::string& text, WindowSize size) {
  const auto lines = lines_of(text);
  return !lines.empty() && lines.front().size() == size.columns - 1 && lines.front().back() == 'Z' &&
         text.find("[>] watch") != std::string::npos && text.find("slowest   ") != std::string::npos;
}

std::size_t count_of(const std::vector<std::string>& lines, const std::string& beginning) {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [&](const std::string& line) { return line.starts_with(beginning); }));
}

bool is_bar(const std::string& line) { return !line.empty() && line.find_first_not_of("#o?.") == std::string::npos; }

/// Each part is there once, in its order, whole, and nothing else is.
void check_whole(const std::string& text, WindowSize size) {
  INFO(size.columns << "x" << size.rows << "\n" << text);
  auto lines = lines_of(text);
  CHECK(lines.size() <= size.rows);
  std::vector<std::string> expected{"a-move ",    "[x] lower-ttl",    "NOT YET   not before ",
                                    "next      ", "swap      # new ", "bound     ",
                                    "observed  ", "slowest   "};
  if (size.rows >= 24)
    expected.insert(expected.end(), {"record set ", "A www.shop.example ", "AAAA www.shop.example ", "settled   "});
  if (size.columns < 150 && size.rows >= 24) expected.insert(expected.end(), {"places    ", "operators "});
  for (const std::string& part : expected) {
    INFO(part);
    CHECK(count_of(lines, part) == 1);
  }
  std::size_t bars = 0;
  for (std::string& line : lines) {
    INFO(line);
    CHECK(line.size() <= size.columns - 1);
    // Beside the rest stand places and operators; above them the answer takes the whole width.
    const bool has_beside = size.columns >= 150 && line.size() > size.columns - 77 && line.front() != '2' &&
                            !line.starts_with("a-move") && !line.starts_with("NOT YET");
    if (has_beside) {
      const std::string beside(trim(line.substr(size.columns - 77)));
      const bool is_head = beside.starts_with("by continent") || beside.starts_with("by operator");
      const bool is_group = beside.find(" of ") != std::string::npos && beside.find("  ") != std::string::npos;
      CHECK((is_head || is_group));
      line = std::string(line.substr(0, line.find_last_not_of(' ', size.columns - 78) + 1));
    }
    if (is_bar(line)) {
      ++bars;
      CHECK(line.size() == std::min<std::size_t>(size.columns >= 150 ? size.columns - 80 : size.columns - 1, 100));
      continue;
    }
    // Where something was left standing, a line begins with none of what lines begin with.
    const bool is_known = line.empty() || line.starts_with("          ") || line.starts_with("[ ] ") ||
                          line.starts_with("20") || line.starts_with("answers   ") || line.starts_with("spread    ") ||
                          line.starts_with("voices    ") ||
                          std::any_of(expected.begin(), expected.end(),
                                      [&](const std::string& part) { return line.starts_with(part); }) ||
                          line.front() != ' ';
    CHECK(is_known);
  }
  CHECK(bars == 1);
  if (size.columns >= 150) CHECK(count_of(lines, "by ") == 0);
}

/// Of the bytes that went to the terminal: whole pictures, each drawn over the one before without clearing first.
void check_calm(const std::string& raw) {
  constexpr std::string_view kBegin = "\x1b[?2026h", kEnd = "\x1b[?2026l";
  for (const char* harsh : {"\x1b[2J", "\x1b[3J",
                            "\x1b"
                            "c",
                            "\x1b[?1049", "\x1b[?25h"})
    CHECK(raw.find(harsh) == std::string::npos);
  std::size_t frames = 0;
  for (std::size_t at = raw.find(kBegin); at != std::string::npos; at = raw.find(kBegin, at)) {
    at += kBegin.size();
    const std::size_t end = raw.find(kEnd, at);
    if (end == std::string::npos) break;  // the recording ended here
    const std::string frame = raw.substr(at, end - at);
    at = end + kEnd.size();
    ++frames;
    if (at < raw.size()) CHECK(raw.compare(at, kBegin.size(), kBegin, 0, raw.size() - at) == 0);
    CHECK(frame.starts_with("\x1b[H"));
    CHECK(frame.ends_with("\x1b[K\x1b[J"));
    std::string rest;
    for (std::size_t i = 3; i + 3 < frame.size(); ++i) {
      if (frame[i] == '\n') CHECK(rest.ends_with("\x1b[K"));
      if (frame[i] != '\r') rest += frame[i];
      if (frame[i] == '\x1b') {  // nothing but colours and ends of lines: the cursor does not jump
        const std::size_t last = frame.find_first_not_of("[0123456789;", i + 1);
        CHECK((frame[last] == 'm' || frame[last] == 'K'));
      }
    }
  }
  CHECK(frames >= 2);
}

constexpr const char* kRehearsedPlan = R"(version: 1
name: a-move
zones:
  - zone: shop.example
    provider: { type: rfc2136, server: 127.0.0.1, key: env/NOT_USED_IN_A_REHEARSAL }
    authoritative: [127.0.0.1]
    changes:
      - { name: www, type: A, from: [198.51.100.10], to: [203.0.113.20] }
      - { name: www, type: AAAA, from: ["2001:db8:1::10"], to: ["2001:db8:2::20"] }
ttl: { during: 3600s, before: 86400s }
watch: { resolvers: default, samples: 2, give-up: 5h }
standby: 48h
)";

/// A name server, a resolver that holds the old answer, and a plan.
class Street {
 public:
  explicit Street(int ttl, const std::string& more = "")
      : sites_({"www.example.com"}), knot_(zones(ttl, sites_.old_address())) {
    UnboundOptions wanted;
    wanted.stubs = {{"example.com", {knot_.endpoint()}}};
    resolver_ = std::make_unique<Unbound>(wanted);
    desk.write("tsig.key", knot_.key().file_text());
    desk.write("cutover.yaml", fmt::format(R"(version: 1
name: street
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{0}", key: file/tsig.key }}
    authoritative: ["{0}"]
    changes:
      - {{ name: www, type: A, from: [{4}], to: [{5}] }}
ttl: {{ during: {2}s }}
endpoints: [{{ names: [www.example.com], port: {6}, http: {{ path: /, expect: 200 }} }}]
watch: {{ resolvers: ["office={1}"], samples: 2 }}
lookup: ["{1}"]
{3})",
                                           knot_.endpoint().text(), resolver_->endpoint().text(), ttl, more,
                                           sites_.old_address(), sites_.new_address(), sites_.port()));
  }
  /// Swaps at once, right after the resolver has asked for the old answer.
  void swap() const {
    REQUIRE_FALSE(look_up(resolver_->endpoint(), "www.example.com", "A").rdata.empty());
    const Run swapped =
        desk.cutover({"swap", "--yes", "--override", "ttl-drained=a test", "--override", "preflight-passed=a test"});
    INFO(swapped.both());
    REQUIRE(swapped.status == 0);
  }

  const std::string& ca_file() const { return sites_.ca_file(); }

  Desk desk;

 private:
  static AuthorityOptions zones(int ttl, const std::string& address) {
    AuthorityOptions options;
    options.zones = {{"example.com", fmt::format(R"($ORIGIN example.com.
$TTL {}
@    IN SOA ns1 hostmaster 7 5 2 1209600 2
@    IN NS  ns1
ns1  IN A   127.0.0.1
www  IN A {}
)",
                                                 ttl, address)}};
    return options;
  }

  Sites sites_;
  Knot knot_;
  std::unique_ptr<Unbound> resolver_;
};

void keep_for_looking(const std::string& name, const std::string& text) {
  const char* source = std::getenv("CUTOVER_SOURCE");
  const std::string folder = std::string(source == nullptr ? "." : source) + "/build/artefacts";
  std::filesystem::create_directories(folder);
  write_text(folder + "/" + name, text);
}

}  // namespace

TEST_CASE("in a terminal that changes its size, one calm screen tells all, and leaves the scrollback alone",
          "[rehearsal]") {
  if (!has_tmux()) return;
  const Desk desk;
  desk.write("cutover.yaml", kRehearsedPlan);
  const WindowSize usual{80, 24};
  const Terminal terminal(desk, usual, "rehearse --speed 20000");
  const auto screen_of = [&](WindowSize size) {
    return terminal.once([&](const std::string& text) { return is_drawn_for(text, size); });
  };
  // Somebody holds the old answer, for most of an hour of the rehearsal: minutes in which to look.
  terminal.once_it_shows({"[>] watch", " old  ", " left "});
  check_whole(screen_of(usual), usual);
  keep_for_looking("terminal-80x24.txt", terminal.at_rest());
  keep_for_looking("terminal-80x24.ansi", terminal.with_colours());
  CHECK(terminal.with_colours().find("\x1b[1m") != std::string::npos);
  CHECK(terminal.told("#{cursor_flag} #{alternate_on}") == "0 1");

  const std::string recording = desk.file("raw");
  terminal.tmux({"pipe-pane", "-O", "cat > " + recording});
  const auto frames = [&] {
    const std::string raw = read_text(recording);
    return std::count(raw.begin(), raw.end(), 'H');
  };
  REQUIRE(wait_until(kPatience, [&] { return frames() > 4; }));
  for (const WindowSize size : {WindowSize{200, 50}, WindowSize{60, 15}, usual, WindowSize{200, 50}, usual}) {
    terminal.resize(size);
    const std::string text = screen_of(size);
    check_whole(text, size);
    if (size.columns == 200) {
      keep_for_looking("terminal-200x50.txt", text);
      CHECK_THAT(text, Contains("by continent") && Contains("by operator") && Contains("preflight   passed"));
    }
    CHECK(terminal.told("#{history_size}") == "0");
  }
  terminal.tmux({"pipe-pane"});
  check_calm(read_text(recording).substr(read_text(recording).find("\x1b[?2026h")));

  terminal.tmux({"send-keys", "C-c"});
  terminal.once_it_shows({"ended with 4", "it echoes"});
  CHECK(terminal.told("#{cursor_flag} #{alternate_on}") == "1 0");
  const std::string all = terminal.with_scrollback();
  INFO(all);
  const auto lines = lines_of(all);
  CHECK(lines.front() == "a line from before");
  CHECK(count_of(lines, "NOT YET ") == 1);  // the last picture, once
  CHECK_THAT(all, Contains("lowered to 3600 s") && Contains("a rehearsal leaves nothing behind") &&
                      !Contains("NOT as it was"));
}

TEST_CASE("a watch that is stopped says how to come back, and tells the same without colour", "[watch]") {
  if (!has_tmux()) return;
  const Street now(900);
  now.swap();
  {
    const Terminal terminal(now.desk, {80, 24}, "watch", "NO_COLOR=1");
    const std::string text = words_of(terminal.once_it_shows({"[>] watch", "slowest   office", "old entry seen"}));
    for (const char* part :
         {"NOT YET not before ", "1 of 1 resolver still gives the old answer", "next wait; `cutover rollback`",
          "A www.example.com", "swap # new 0 % o old 100 %", "bound ", "observed ", " left old"}) {
      INFO(part);
      CHECK_THAT(text, Contains(part));
    }
    CHECK(terminal.with_colours().find('\x1b') == std::string::npos);
    terminal.tmux({"send-keys", "C-c"});
    terminal.once_it_shows({"ended with 4", "it echoes", "watch: stopped; nothing is lost, `cutover watch` goes on"});
    CHECK(terminal.told("#{cursor_flag} #{alternate_on}") == "1 0");
  }
  const Run status = now.desk.cutover({"status"});
  CHECK(status.status == 0);
  CHECK_THAT(status.out, Contains("next: `cutover watch`"));
  {
    const Terminal coloured(now.desk, {80, 24}, "watch");
    coloured.once_it_shows({"[>] watch", "slowest   office"});
    CHECK(coloured.with_colours().find("\x1b[33m") != std::string::npos);
    // Whoever presses it twice does not want to wait, and has a terminal all the same.
    coloured.tmux({"send-keys", "C-c", "C-c"});
    coloured.once_it_shows({"ended with 4", "it echoes"});
    CHECK(coloured.told("#{cursor_flag} #{alternate_on}") == "1 0");
  }
}

TEST_CASE("a run in a terminal: what it waits for, that nobody has to do anything, and in the end every line of it",
          "[run]") {
  if (!has_tmux()) return;
  const Street now(20, "standby: 45s\n");
  const Terminal terminal(now.desk, {100, 30}, "run --yes --look-again 1s --ca-file " + now.ca_file());
  const std::string waiting =
      terminal.once_it_shows({"[x] preflight", "NOT YET   not before ", "CLOSED    ttl-drained, opens in "});
  keep_for_looking("terminal-run-waiting.txt", waiting);
  CHECK_THAT(words_of(waiting), Contains("NOT YET not before") && Contains("next nothing: this goes on by itself"));
  const std::string watching = terminal.once_it_shows({"[>] watch", "bound     "});
  keep_for_looking("terminal-run-watching.txt", watching);
  CHECK_THAT(words_of(watching), Contains("next nothing: this goes on by itself"));
  keep_for_looking("terminal-run-standby.txt",
                   terminal.once_it_shows({"[x] watch", "standby runs until", "monitor   ", "p99 ms  before: p95",
                                           "before the old side is retired", "CLOSED     standby-over"}));
  CHECK(terminal.told("#{history_size} #{alternate_on}") == "0 1");
  terminal.once_it_shows({"ended with 0"});
  CHECK(terminal.told("#{cursor_flag} #{alternate_on}") == "1 0");
  const std::string all = terminal.with_scrollback();
  std::size_t at = 0;
  for (const char* told : {"a line from before", "lowering the TTLs", "the swap opens at", "swapped;", "converged at",
                           "standby", "run: finished"}) {
    INFO(told << "\n" << all);
    at = all.find(told, at);
    REQUIRE(at != std::string::npos);
  }
}

TEST_CASE("without a terminal that can redraw: lines, and no escapes among them", "[watch]") {
  const Street now(900);
  now.swap();
  const auto lines_only = [](const std::string& log) {
    INFO(log);
    CHECK(log.find('\x1b') == std::string::npos);
    CHECK_THAT(log, Contains("asking 1 resolver until all agree") && Contains("stopped; nothing is lost"));
  };
  const auto piped = now.desk.start({"watch"});
  REQUIRE(wait_until(kPatience, [&] { return piped->log().find("level authoritative") != std::string::npos; }));
  piped->signal(SIGINT);
  CHECK(piped->wait_for_end(kPatience) == 4);
  lines_only(piped->log());

  if (!has_tmux()) return;
  for (const auto& [arguments, environment] : {std::pair("watch --ci", ""), std::pair("watch", "TERM=dumb")}) {
    INFO(arguments << " " << environment);
    const Terminal terminal(now.desk, {200, 50}, arguments, environment);
    terminal.once_it_shows({"level authoritative"});
    CHECK(terminal.told("#{cursor_flag} #{alternate_on}") == "1 0");
    terminal.tmux({"send-keys", "C-c"});
    terminal.once_it_shows({"ended with 4"});
    lines_only(terminal.with_colours());
  }
}
