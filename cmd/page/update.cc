#include "cmd/page/update.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "cmd/report/story_json.h"
#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

/// What is known of a list that only ever grows, or of which every change shows in `mark`: it need not be written out
/// to see whether it differs.
struct Mark {
  std::size_t count = 0;
  std::size_t mark = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};
Mark mark_of(const std::vector<CheckRecord>& checks) { return {checks.size(), 0}; }
Mark mark_of(const std::vector<EventRecord>& events) { return {events.size(), 0}; }
Mark mark_of(const std::vector<WriteRecord>& writes) {
  Mark out{writes.size(), 0};
  for (const WriteRecord& write : writes) {
    out.mark = out.mark * 31 + static_cast<std::size_t>(write.state) + (write.ended ? 8 : 0) +
               (write.authoritative_at ? 16 : 0);
    for (const IntentRecord& intent : write.intents)
      out.mark = out.mark * 31 + (intent.outcome ? 1 + static_cast<std::size_t>(*intent.outcome) : 0);
  }
  return out;
}

/// Takes a part out of a story for as long as it lives.
template <class T>
class SetAside {
 public:
  explicit SetAside(T& part) : part_(part), kept_(std::exchange(part, T{})) {}
  ~SetAside() { part_ = std::move(kept_); }
  SetAside(const SetAside&) = delete;
  SetAside& operator=(const SetAside&) = delete;
  T& kept() { return kept_; }

 private:
  T& part_;
  T kept_;
};

struct Held {
  std::string id;
  Side side = Side::kSilent;
  std::string verdict;
  std::optional<Instant> expires_at;
};
struct Spreading {
  Phase of = Phase::kSwap;
  Instant served_at{};
  std::vector<Held> resolvers;
  std::size_t turns = 0;
};
bool differs(const Held& known, const StoryResolver& now) {
  return known.side != now.side || known.expires_at != now.expires_at || known.verdict != now.verdict;
}

}  // namespace

struct UpdateWriter::Memory {
  bool valid = false;
  std::size_t propagations = 0;
  std::size_t older_turns = 0;  ///< of all propagations but the last
  Spreading spreading;
  Mark checks, events, writes;
  Json parts;
  Json facts;

  bool same_frame(const std::vector<Propagation>& all) const {
    if (!valid || all.size() != propagations || turns_before_last(all) != older_turns) return false;
    if (all.empty()) return true;
    const Propagation& last = all.back();
    if (last.of != spreading.of || last.served_at != spreading.served_at || last.turns.size() < spreading.turns ||
        last.resolvers.size() != spreading.resolvers.size())
      return false;
    for (std::size_t i = 0; i < last.resolvers.size(); ++i)
      if (last.resolvers[i].id != spreading.resolvers[i].id) return false;
    return true;
  }
  static std::size_t turns_before_last(const std::vector<Propagation>& all) {
    std::size_t out = 0;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) out += all[i].turns.size();
    return out;
  }

  void remember(const std::vector<Propagation>& all) {
    propagations = all.size();
    older_turns = turns_before_last(all);
    spreading = {};
    if (all.empty()) return;
    const Propagation& last = all.back();
    spreading.of = last.of;
    spreading.served_at = last.served_at;
    spreading.turns = last.turns.size();
    for (const StoryResolver& each : last.resolvers)
      spreading.resolvers.push_back({each.id, each.side, each.verdict, each.expires_at});
  }

  /// The resolvers that differ and the turns that are new, which are remembered.
  Json changes(const Propagation& last) {
    Json out{{"resolvers", Json::array()}, {"turns", Json::array()}};
    for (std::size_t i = 0; i < last.resolvers.size(); ++i) {
      const StoryResolver& now = last.resolvers[i];
      Held& known = spreading.resolvers[i];
      if (!differs(known, now)) continue;
      known = {now.id, now.side, now.verdict, now.expires_at};
      out["resolvers"].push_back(
          Json::array({i, to_text(now.side), printable(now.verdict),
                       now.expires_at ? Json(format_instant_ms(*now.expires_at)) : Json(nullptr)}));
    }
    for (; spreading.turns < last.turns.size(); ++spreading.turns) {
      const Turn& turn = last.turns[spreading.turns];
      const auto after = std::chrono::duration_cast<std::chrono::milliseconds>(turn.at - last.served_at);
      out["turns"].push_back(Json::array({after.count(), turn.resolver, to_text(turn.side)}));
    }
    return out;
  }

  /// Takes those parts of `now` into memory that differ, and gives them.
  static Json take(Json& known, Json now) {
    Json out = Json::object();
    for (auto& [name, value] : now.items()) {
      const auto at = known.find(name);
      if (at != known.end() && *at == value) continue;
      out[name] = value;
      known[name] = std::move(value);
    }
    return out;
  }
};

UpdateWriter::UpdateWriter() : memory_(std::make_unique<Memory>()) {}
UpdateWriter::~UpdateWriter() = default;

void UpdateWriter::reset() { *memory_ = {}; }

std::optional<std::string> UpdateWriter::update(Story& story) {
  Memory& memory = *memory_;
  const bool tellable = memory.same_frame(story.propagation);
  Json spreading;
  if (tellable && !story.propagation.empty()) spreading = memory.changes(story.propagation.back());
  if (!tellable) memory.remember(story.propagation);

  // The story without what is long and unchanged: a few kilobytes.
  std::optional<SetAside<std::vector<CheckRecord>>> checks;
  std::optional<SetAside<std::vector<EventRecord>>> events;
  std::optional<SetAside<std::vector<WriteRecord>>> writes;
  if (const Mark mark = mark_of(story.checks); !tellable || std::exchange(memory.checks, mark) != mark)
    memory.checks = mark;
  else
    checks.emplace(story.checks);
  if (const Mark mark = mark_of(story.events); !tellable || std::exchange(memory.events, mark) != mark)
    memory.events = mark;
  else
    events.emplace(story.events);
  if (const Mark mark = mark_of(story.writes); !tellable || std::exchange(memory.writes, mark) != mark)
    memory.writes = mark;
  else
    writes.emplace(story.writes);
  Json now;
  {
    SetAside<std::vector<Propagation>> propagation(story.propagation);
    if (!propagation.kept().empty()) {
      Propagation& last = propagation.kept().back();
      const SetAside<std::vector<StoryResolver>> resolvers(last.resolvers);
      const SetAside<std::vector<Turn>> turns(last.turns);
      story.propagation.push_back(last);
    }
    now = Json::parse(story_as_json(story));
  }
  Json facts = now["propagation"].empty() ? Json::object() : now["propagation"].front();
  const Json at = now["now"];
  for (const char* each : {"resolvers", "turns"}) facts.erase(each);
  for (const char* each : {"schema", "kind", "now", "propagation"}) now.erase(each);
  if (checks) now.erase("certificates");
  if (events) now.erase("events");
  if (writes) now.erase("writes");

  Json parts = Memory::take(memory.parts, std::move(now));
  Json changed_facts = Memory::take(memory.facts, std::move(facts));
  memory.valid = true;
  if (!tellable) return std::nullopt;
  Json out{{"now", at}, {"parts", std::move(parts)}};
  if (!spreading.is_null() &&
      !(spreading["resolvers"].empty() && spreading["turns"].empty() && changed_facts.empty())) {
    out["spreading"] = Json{{"index", story.propagation.size() - 1}, {"facts", std::move(changed_facts)}};
    out["spreading"].update(spreading);
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cutover
