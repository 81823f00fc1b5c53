#include "cmd/page/update.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cmd/report/story_json.h"
#include "core/text.h"
#include "tests/page/told_story.h"

using namespace cutover;
using nlohmann::json;

namespace {

const Instant kServed = *parse_instant("2026-10-06T09:00:00Z");

/// What a browser makes of a story and the update after it.
json with_update(json story, const json& update) {
  story["now"] = update.at("now");
  for (const auto& [part, value] : update.at("parts").items()) story[part] = value;
  if (!update.contains("spreading")) return story;
  const json& spreading = update.at("spreading");
  json& propagation = story["propagation"][spreading.at("index").get<std::size_t>()];
  for (const json& each : spreading.at("resolvers")) {
    json& resolver = propagation["resolvers"][each.at(0).get<std::size_t>()];
    resolver["side"] = each.at(1);
    resolver["verdict"] = each.at(2);
    resolver["expires_at"] = each.at(3);
  }
  for (const json& each : spreading.at("turns")) propagation["turns"].push_back(each);
  for (const auto& [fact, value] : spreading.at("facts").items()) propagation[fact] = value;
  return story;
}

json as_json(const Story& story) { return json::parse(story_as_json(story)); }

}  // namespace

TEST_CASE("stories and updates: whoever takes the first story and every update has the last story") {
  tests::ToldStory told({60, Seconds(60), false}, kServed);
  UpdateWriter writer;
  Story story = told.at(kServed);
  CHECK_FALSE(writer.update(story));
  json seen = as_json(story);
  for (int second = 1; second <= 100; ++second) {
    story = told.at(kServed + Seconds(second));
    if (second == 20) story.events.push_back({story.now, Phase::kWatch, "phase", "something happened"});
    if (second == 30) story.writes.front().authoritative_at = story.now;
    if (second == 40) story.checks.push_back(story.checks.front());
    if (second > 50) story.estimates.push_back({"swap", kServed, kServed, story.now, std::nullopt, "", std::nullopt});
    const json before = as_json(story);
    const auto update = writer.update(story);
    REQUIRE(update);
    REQUIRE(as_json(story) == before);  // it was put together again
    seen = with_update(seen, json::parse(*update));
    INFO("after " << second << " seconds");
    REQUIRE(seen == before);
  }
  CHECK_FALSE(story.propagation.back().converged_at == std::nullopt);
}

TEST_CASE("an update holds what differs and nothing else") {
  tests::ToldStory told({1000, Seconds(600), false}, kServed);
  UpdateWriter writer;
  Story story = told.at(kServed + Seconds(60));
  CHECK_FALSE(writer.update(story));

  story.now += Seconds(1);
  json update = json::parse(*writer.update(story));
  CHECK(update.at("parts").empty());
  CHECK_FALSE(update.contains("spreading"));

  StoryResolver& one = story.propagation.back().resolvers[17];
  one.side = Side::kOther;
  one.verdict = "servfail";
  story.propagation.back().turns.push_back({story.now, 17, Side::kOther});
  story.answer.headline = "another";
  update = json::parse(*writer.update(story));
  CHECK(update.at("parts").size() == 1);
  CHECK(update.at("parts").at("answer").at("headline") == "another");
  REQUIRE(update.at("spreading").at("resolvers").size() == 1);
  CHECK(update.at("spreading").at("resolvers").at(0).at(0) == 17);
  CHECK(update.at("spreading").at("resolvers").at(0).at(1) == "other");
  REQUIRE(update.at("spreading").at("turns").size() == 1);
  CHECK(update.at("spreading").at("turns").at(0) == json::array({61000, 17, "other"}));
  CHECK(update.dump().size() < 1000);
}

TEST_CASE("what an update cannot tell asks for the whole story") {
  tests::ToldStory told({10, Seconds(60), false}, kServed);
  UpdateWriter writer;
  Story story = told.at(kServed);
  CHECK_FALSE(writer.update(story));
  CHECK(writer.update(story));

  SECTION("a second propagation") { story.propagation.push_back(story.propagation.front()); }
  SECTION("the propagation is gone") { story.propagation.clear(); }
  SECTION("other resolvers") { story.propagation.back().resolvers[3].id = "another"; }
  SECTION("more resolvers") { story.propagation.back().resolvers.push_back(story.propagation.back().resolvers[3]); }
  SECTION("turns that were taken back") {
    story.propagation.back().turns.clear(), story.propagation.back().served_at += Seconds(1);
  }
  SECTION("a later start") { story.propagation.back().served_at += Seconds(1); }
  SECTION("somebody said so") { writer.reset(); }
  CHECK_FALSE(writer.update(story));
  CHECK(writer.update(story));
}
