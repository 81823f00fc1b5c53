#include "cmd/report/rehearsal_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover {
namespace {

std::string estimate_as_text(const EstimateCheck& check) {
  const auto after = [&](Instant at) { return fmt::format("{} after", format_duration(at - check.served_at)); };
  std::string out =
      fmt::format("  after the {} (served everywhere at {})\n", check.of, format_instant(check.served_at));
  out += fmt::format("    promised for caches that honour TTLs (bound)   {}\n", after(check.bound));
  if (check.observed)
    out += fmt::format("    estimated from what the caches showed           {}\n", after(*check.observed));
  if (check.last_turned)
    out += fmt::format("    the last cache really turned                    {} ({}{})\n", after(*check.last_turned),
                       check.last_holder, *check.last_turned > check.bound ? ", which stretches TTLs" : "");
  if (check.converged_at)
    out += fmt::format("    `watch` said converged                          {}\n", after(*check.converged_at));
  return out;
}

}  // namespace

std::string rehearsal_as_text(const RehearsalResult& result) {
  std::string out = "\nWhat happened\n";
  for (const RehearsalEvent& event : result.events)
    out += fmt::format("  {}  {:<11} {}\n", format_instant(event.at), event.phase, printable(event.text));
  if (!result.estimates.empty()) out += "Estimates against what the caches really held\n";
  for (const EstimateCheck& check : result.estimates) out += estimate_as_text(check);
  const Availability& seen = result.availability;
  if (seen.visits > 0) {
    out += fmt::format("Visitors\n  {} visits: {} met the old side, {} the new side, {} failed\n", seen.visits,
                       seen.reached_old, seen.reached_new, seen.failed);
    if (!seen.first_failure.empty()) out += fmt::format("  first failure: {}\n", printable(seen.first_failure));
  }
  if (!result.stopped) {
    out += "Put back\n";
    if (result.differences.empty()) out += "  every record set has its old values and its old TTL again\n";
    for (const std::string& difference : result.differences)
      out += fmt::format("  NOT as it was: {}\n", printable(difference));
  }
  if (!result.notes.empty()) out += "Not rehearsed\n";
  for (const std::string& note : result.notes) out += fmt::format("  {}\n", printable(note));
  return out + fmt::format("Result: {} ({} rehearsed in {})\n", printable(result.headline),
                           format_duration(result.rehearsed_time), format_duration(result.real_time));
}

std::string rehearsal_as_json(const RehearsalResult& result) {
  using Json = nlohmann::ordered_json;
  const auto instant = [](const std::optional<Instant>& at) {
    return at ? Json(format_instant_ms(*at)) : Json(nullptr);
  };
  Json json{
      {"schema", 1}, {"command", "rehearse"}, {"exit", static_cast<int>(result.exit)}, {"headline", result.headline}};
  json["events"] = Json::array();
  for (const RehearsalEvent& event : result.events)
    json["events"].push_back(Json{{"at", instant(event.at)}, {"phase", event.phase}, {"text", event.text}});
  json["estimates"] = Json::array();
  for (const EstimateCheck& check : result.estimates)
    json["estimates"].push_back(Json{{"of", check.of},
                                     {"served_at", instant(check.served_at)},
                                     {"bound", instant(check.bound)},
                                     {"observed", instant(check.observed)},
                                     {"last_turned", instant(check.last_turned)},
                                     {"last_holder", check.last_holder},
                                     {"converged_at", instant(check.converged_at)}});
  const Availability& seen = result.availability;
  json["visitors"] = Json{{"visits", seen.visits},
                          {"reached_old", seen.reached_old},
                          {"reached_new", seen.reached_new},
                          {"failed", seen.failed},
                          {"first_failure", seen.first_failure}};
  json["differences"] = result.differences;
  json["not_rehearsed"] = result.notes;
  json["real_time_ms"] = result.real_time.count();
  json["rehearsed_time_s"] = std::chrono::duration_cast<Seconds>(result.rehearsed_time).count();
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cutover
