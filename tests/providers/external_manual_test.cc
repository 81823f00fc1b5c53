// Every message in docs/external-providers.md is one that the program sends or takes.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "core/codec.h"
#include "core/text.h"
#include "providers/external/protocol.h"
#include "tests/providers/subject.h"

using namespace cutover;
using namespace cutover::tests;
using namespace cutover::providers;
using Json = nlohmann::ordered_json;

namespace {

std::vector<std::string> messages() {
  const char* source = std::getenv("CUTOVER_SOURCE");
  REQUIRE(source != nullptr);
  const std::string text = servers::read_text(std::string(source) + "/docs/external-providers.md");
  const std::string begin = "```json\n";
  std::vector<std::string> found;
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    const auto end = text.find("```", at);
    found.push_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

/// The request that the program makes of the same parts.
std::string sent(const Json& message) {
  Json rest = Json::object();
  const std::string what = message.at("request");
  if (what == "apply" || what == "inverse") {
    const auto changes = change_set_from_json(message.dump());
    REQUIRE(changes);
    rest = Json::parse(to_json(*changes));
  } else {
    for (const char* key : {"zone", "receipt"})
      if (message.contains(key)) rest[key] = message[key];
  }
  std::map<std::string, std::string> options;
  for (const auto& option : message.at("options").items()) options[option.key()] = option.value();
  return external::request(what, options, rest.dump());
}

/// Reads what comes with `ok` by what is in it.
void check_content(const external::Answer& answer, const Json& message) {
  const DomainName zone = name("@");
  if (message.contains("capabilities")) {
    const auto declared = external::read_declaration(answer);
    INFO((declared ? "" : declared.error().message));
    CHECK(declared);
  } else if (message.contains("record_sets")) {
    const auto read = external::read_zone(answer, zone);
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    CHECK(read->zone.soa.serial == 7);
    CHECK(read->refused.size() == 1);
  } else if (message.contains("in_sync")) {
    CHECK(external::read_in_sync(answer));
  } else {
    CHECK(external::read_inverse(answer));
  }
}

}  // namespace

TEST_CASE("the manual of external providers shows what is sent and what is taken") {
  std::set<std::string> requests, outcomes;
  for (const std::string& text : messages()) {
    INFO(text);
    const Json message = Json::parse(text, nullptr, false);
    REQUIRE_FALSE(message.is_discarded());
    if (message.contains("request")) {
      requests.insert(message["request"].get<std::string>());
      CHECK(Json::parse(sent(message)).dump(1) == message.dump(1));
      continue;
    }
    const auto answer = external::read_answer(text);
    if (message.contains("protocols")) {
      REQUIRE_FALSE(answer);
      CHECK(answer.error().code == ErrorCode::kUnsupported);
      continue;
    }
    INFO((answer ? "" : answer.error().message));
    REQUIRE(answer);
    outcomes.insert(message["outcome"].get<std::string>());
    if (answer->outcome == external::Outcome::kOk) check_content(*answer, message);
  }
  CHECK(requests == std::set<std::string>{"capabilities", "read", "apply", "in_sync", "inverse"});
  CHECK(outcomes == std::set<std::string>{"ok", "applied", "conflict", "partial"});
}

TEST_CASE("mutilated answers are refused with a sentence, or are answers still") {
  std::mt19937 random(20261122);
  std::size_t refused = 0, taken = 0;
  for (const std::string& text : messages())
    for (int round = 0; round < 300; ++round) {
      std::string bad = text;
      for (auto n = random() % 3; n < 3; ++n) {
        const std::size_t at = random() % bad.size();
        switch (random() % 4) {
          case 0:
            bad[at] = static_cast<char>(random());
            break;
          case 1:
            bad.erase(at, 1 + random() % 8);
            break;
          case 2:
            bad.insert(at, bad.substr(random() % bad.size(), random() % 16));
            break;
          default:
            bad[at] = "{}[]:,\"0-9\\n"[random() % 12];
        }
        if (bad.empty()) bad = "{";
      }
      const auto answer = external::read_answer(bad);
      if (!answer) {
        CHECK_FALSE(answer.error().message.empty());
        CHECK(answer.error().message == printable(answer.error().message));
        ++refused;
        continue;
      }
      ++taken;
      static_cast<void>(external::read_declaration(*answer).ok());
      static_cast<void>(external::read_in_sync(*answer).ok());
      static_cast<void>(external::read_inverse(*answer).ok());
      static_cast<void>(external::receipt_in(*answer));
      if (const auto read = external::read_zone(*answer, name("@")))
        for (const auto& set : read->zone.sets) CHECK(set.first.name.is_within(name("@")));
    }
  CHECK(refused > 1000);
  CHECK(taken > 100);
}
