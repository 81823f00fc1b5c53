#include "cmd/notify/notifier.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/text.h"
#include "tests/support/http_script.h"
#include "tests/support/temporary_folder.h"

using namespace cutover;
using namespace std::chrono_literals;
using Json = nlohmann::json;
using test::http_reply;
using test::HttpScript;

namespace {

constexpr const char* kToken = "T00SECRET00TOKEN";

Notice failure(const std::string& title = "monitor: latency broke") {
  return {{}, NoticeEvent::kFailure, "", title, "p95 is <slow> & \"bad\"\x1b[31m", "cutover rollback p.yaml --yes"};
}

/// A server that hears notices: answers what it is told to, one reply after the other, then 200.
class Hearer {
 public:
  explicit Hearer(std::vector<std::string> replies = {})
      : replies_(std::move(replies)), server_([this](const std::string& request) { return hear(request); }) {}
  std::string url() const { return server_.url() + "/hooks/" + kToken; }
  std::vector<std::string> bodies() const {
    const std::lock_guard hold(lock_);
    return bodies_;
  }
  std::vector<std::string> requests() const {
    const std::lock_guard hold(lock_);
    return requests_;
  }

 private:
  std::string hear(const std::string& request) {
    const std::lock_guard hold(lock_);
    requests_.push_back(request);
    bodies_.push_back(request.substr(request.find("\r\n\r\n") + 4));
    if (bodies_.size() <= replies_.size()) return replies_[bodies_.size() - 1];
    return http_reply("200 OK", "ok");
  }
  mutable std::mutex lock_;
  std::vector<std::string> replies_, bodies_, requests_;
  HttpScript server_;
};

/// A plan with hooks, and whoever tells them.
struct Office {
  test::TemporaryFolder folder;
  net::Loop loop;
  VirtualClock clock{Instant(Seconds(1'790'000'000))};
  Plan plan;
  std::vector<std::string> log;
  std::optional<Journal> journal;
  NotifierOptions options;
  std::unique_ptr<Notifier> notifier;

  Office() {
    plan.name = "example";
    plan.file = folder.path() / "move.yaml";
    options.first_pause = 5ms;
    options.answer_within = 2000ms;
    options.patience = 10000ms;
    auto opened = Journal::open(plan, clock);
    journal.emplace(std::move(*opened));
  }
  NotifyPlan& webhook(const std::string& url, const std::string& form = "") {
    const std::string file = "url" + std::to_string(plan.notify.size());
    std::ofstream(folder.path() / file) << url << "\n";
    chmod((folder.path() / file).c_str(), 0600);
    plan.notify.push_back({"file/" + file, {}, form, {}});
    return plan.notify.back();
  }
  void open() {
    notifier = std::make_unique<Notifier>(
        plan, &*journal, loop, clock, [this](const std::string& line) { log.push_back(line); }, options);
  }
  void tell(const Notice& notice) {
    if (!notifier) open();
    notifier->tell(notice);
    notifier->finish();
  }
  std::string everything_written() const {
    std::string all = join(log, "\n");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path() / "move.cutover")) {
      std::ostringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      all += text.str();
    }
    return all;
  }
};

}  // namespace

TEST_CASE("three forms of one notice, each escaped for its medium") {
  const Hearer json, slack, teams;
  Office office;
  office.webhook(json.url());
  office.webhook(slack.url(), "slack");
  office.webhook(teams.url(), "teams");
  office.tell(failure());
  CHECK(office.log.empty());

  REQUIRE(json.bodies().size() == 1);
  const Json plain = Json::parse(json.bodies()[0]);
  CHECK(plain.at("schema") == 1);
  CHECK(plain.at("plan") == "example");
  CHECK(plain.at("event") == "failure");
  CHECK(plain.at("title") == "monitor: latency broke");
  CHECK(plain.at("text") == "p95 is <slow> & \"bad\"\\x1b[31m");
  CHECK(plain.at("next") == "cutover rollback p.yaml --yes");
  CHECK(plain.at("held_back") == 0);
  CHECK(parse_instant(plain.at("at").get<std::string>()));

  REQUIRE(slack.bodies().size() == 1);
  const Json text = Json::parse(slack.bodies()[0]);
  CHECK(text.at("text") ==
        "cutover example: monitor: latency broke\np95 is &lt;slow&gt; &amp; \"bad\"\\x1b[31m\ncutover rollback p.yaml "
        "--yes");
  CHECK(text.at("mrkdwn") == false);

  REQUIRE(teams.bodies().size() == 1);
  const Json message = Json::parse(teams.bodies()[0]);
  CHECK(message.at("type") == "message");
  const Json& attachment = message.at("attachments").at(0);
  CHECK(attachment.at("contentType") == "application/vnd.microsoft.card.adaptive");
  CHECK(attachment.at("content").at("type") == "AdaptiveCard");
  CHECK(attachment.at("content").at("body").at(0).at("inlines").at(0).at("text") ==
        "cutover example: monitor: latency broke");
  for (const Json& line : attachment.at("content").at("body")) CHECK(line.at("type") == "RichTextBlock");

  for (const std::string& request : json.requests()) {
    CHECK(request.starts_with("POST /hooks/"));
    CHECK_THAT(request, Catch::Contains("Content-Type: application/json"));
  }
}

TEST_CASE("a hook hears the events that it asked for") {
  const Hearer hearer;
  Office office;
  office.webhook(hearer.url()).events = {"overdue", "gate"};
  office.tell(failure());
  CHECK(hearer.bodies().empty());
  office.tell({{}, NoticeEvent::kGate, "", "swap: open", "", ""});
  CHECK(hearer.bodies().size() == 1);
}

TEST_CASE("429 and 5xx are tried again, as late as they ask for; other refusals and redirects are not") {
  struct Row {
    const char* name;
    std::vector<std::string> replies;
    std::size_t requests;
    const char* log;
  };
  const std::string busy = http_reply("429 Too Many Requests", "", "Retry-After: 0\r\n");
  const std::string broken = http_reply("500 Internal Server Error", "oops");
  const Row rows[] = {
      {"429, then 500, then well", {busy, broken}, 3, ""},
      {"hangs up once", {""}, 2, ""},
      {"never well", {broken, broken, broken, broken, broken}, 4, "answered with status 500"},
      {"asked to wait for longer than a notice is worth", {http_reply("429 X", "", "Retry-After: 3600\r\n")}, 1, "429"},
      {"refused", {http_reply("403 Forbidden", "")}, 1, "answered with status 403"},
      {"elsewhere",
       {http_reply("302 Found", "", "Location: http://127.0.0.1:9/\r\n")},
       1,
       "redirects are not followed"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Hearer hearer(row.replies);
    Office office;
    office.webhook(hearer.url());
    office.tell(failure());
    CHECK(hearer.bodies().size() == row.requests);
    CHECK_THAT(join(office.log, "\n"), Catch::Contains(row.log));
    CHECK(office.log.empty() == std::string(row.log).empty());
  }
}

TEST_CASE("Retry-After is waited for") {
  const Hearer hearer({http_reply("503 Service Unavailable", "", "Retry-After: 1\r\n")});
  Office office;
  office.webhook(hearer.url());
  const auto began = std::chrono::steady_clock::now();
  office.tell(failure());
  CHECK(hearer.bodies().size() == 2);
  CHECK(std::chrono::steady_clock::now() - began >= 1s);
}

TEST_CASE("the same notice goes out once in ten minutes, 30 an hour at most, and what was held back is counted") {
  const Hearer hearer;
  Office office;
  office.webhook(hearer.url());
  for (int i = 0; i < 5; ++i) office.tell(failure());
  CHECK(hearer.bodies().size() == 1);
  // Another process later: the journal remembers.
  office.notifier.reset();
  office.clock.advance(Seconds(300));
  office.tell(failure());
  CHECK(hearer.bodies().size() == 1);
  office.clock.advance(Seconds(301));
  office.tell(failure());
  REQUIRE(hearer.bodies().size() == 2);
  CHECK(Json::parse(hearer.bodies()[1]).at("held_back") == 5);

  for (int i = 0; i < 40; ++i) office.tell(failure("another " + std::to_string(i)));
  CHECK(hearer.bodies().size() == 30);
  office.clock.advance(Seconds(3601));
  office.tell(failure("later"));
  REQUIRE(hearer.bodies().size() == 31);
  CHECK(Json::parse(hearer.bodies()[30]).at("held_back") == 12);
}

TEST_CASE("a hook that fails is logged once, and its URL is nowhere: not in the log, not in the journal") {
  const Hearer refusing(std::vector<std::string>(10, http_reply("404 Not Found", kToken)));
  Office office;
  office.webhook(refusing.url());
  office.webhook("https://127.0.0.1:9/" + std::string(kToken));
  office.tell(failure("one"));
  office.tell(failure("two"));
  CHECK(office.log.size() == 2);
  CHECK_THAT(join(office.log, "\n"), Catch::Contains("file/url0 is not told: it answered with status 404"));
  CHECK(office.everything_written().find(kToken) == std::string::npos);
}

TEST_CASE("a URL that would carry a secret in the open is refused, without a word of it") {
  struct Row {
    const char* url;
    const char* why;
  };
  const Row rows[] = {
      {"http://hooks.example.com/T00SECRET00TOKEN", "an http:// URL: notices go over https but to this machine"},
      {"http://127.0.0.1@hooks.example.com/T00SECRET00TOKEN", "a host that cannot be read"},
      {"http://127.0.0.1\\@hooks.example.com/T00SECRET00TOKEN", "a host that cannot be read"},
      {"http://127.0.0.1.example.com/T00SECRET00TOKEN", "an http:// URL"},
      {"ftp://127.0.0.1/T00SECRET00TOKEN", "it holds no https:// URL"},
      {"T00SECRET00TOKEN", "it holds no https:// URL"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.url);
    Office office;
    office.webhook(row.url);
    office.tell(failure());
    REQUIRE(office.log.size() == 1);
    CHECK_THAT(office.log[0], Catch::Contains("file/url0 is not told") && Catch::Contains(row.why));
    CHECK(office.log[0].find(kToken) == std::string::npos);
  }
  Office none;
  none.plan.notify.push_back({"env/CUTOVER_NO_SUCH_HOOK", {}, "", {}});
  none.tell(failure());
  REQUIRE(none.log.size() == 1);
  CHECK_THAT(none.log[0], Catch::Contains("env/CUTOVER_NO_SUCH_HOOK"));
}

TEST_CASE("a program gets the notice as JSON on stdin, without a shell, in the plan's folder") {
  Office office;
  std::ofstream(office.folder.path() / "hook") << "#!/bin/sh\ncat > \"heard by $1\"\n";
  chmod((office.folder.path() / "hook").c_str(), 0700);
  office.plan.notify.push_back({"", {}, "", {"./hook", "$(id); *"}});
  office.tell(failure());
  CHECK(office.log.empty());
  std::ifstream heard(office.folder.path() / "heard by $(id); *");
  REQUIRE(heard);
  CHECK(Json::parse(heard).at("title") == "monitor: latency broke");
}

TEST_CASE("a program that fails, hangs or is not there is told once, and holds nobody up") {
  struct Row {
    const char* text;
    const char* log;
  };
  const Row rows[] = {{"#!/bin/sh\necho no; exit 3\n", "ended with status 3: no"},
                      {"#!/bin/sh\nsleep 1000 & sleep 1000\n", "did not end within"},
                      {nullptr, "could not be started: No such file"}};
  for (const Row& row : rows) {
    CAPTURE(row.log);
    Office office;
    office.options.answer_within = 1000ms;
    if (row.text != nullptr) {
      std::ofstream(office.folder.path() / "hook") << row.text;
      chmod((office.folder.path() / "hook").c_str(), 0700);
    }
    office.plan.notify.push_back({"", {}, "", {"./hook"}});
    office.open();
    const auto began = std::chrono::steady_clock::now();
    office.notifier->tell(failure());
    CHECK(std::chrono::steady_clock::now() - began < 900ms);
    office.notifier->finish();
    REQUIRE(office.log.size() == 1);
    CHECK_THAT(office.log[0], Catch::Contains("./hook is not told") && Catch::Contains(row.log));
  }
}

TEST_CASE("waiting for hooks ends when the person wants to go") {
  const Hearer slow({http_reply("503 X", "", "Retry-After: 8\r\n")});
  Office office;
  office.webhook(slow.url());
  office.open();
  office.notifier->tell(failure());
  int asked = 0;
  office.notifier->finish([&] { return ++asked > 3; });
  CHECK(asked == 4);
}
