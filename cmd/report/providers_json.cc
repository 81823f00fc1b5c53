#include "cmd/report/providers_json.h"

#include <nlohmann/json.hpp>

#include "providers/environment.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;
using providers::Entry;

template <class T>
Json stated(const providers::Declared<T>& declared, Json value) {
  if (declared.why.empty()) return nullptr;
  return {{"value", std::move(value)}, {"why", declared.why}, {"verified", declared.verified}};
}

Json capabilities_json(const Entry& entry) {
  if (entry.capabilities == nullptr) return nullptr;
  const providers::Capabilities& can = entry.capabilities();
  Json types = Json::array();
  for (const RecordType type : can.types.value) types.push_back(to_text(type));
  Json steps = Json::array();
  for (const Seconds step : can.ttl_steps.value) steps.push_back(step.count());
  const auto worded = [](const auto& declared) { return stated(declared, to_text(declared.value)); };
  return {{"unit", worded(can.unit)},
          {"atomic", worded(can.atomic)},
          {"atomic_limit", stated(can.atomic_limit, can.atomic_limit.value)},
          {"compare_and_swap", worded(can.compare_and_swap)},
          {"commit_step", stated(can.commit_step, can.commit_step.value)},
          {"signal", worded(can.signal)},
          {"ttl_floor_s", stated(can.ttl_floor, can.ttl_floor.value.count())},
          {"settle_time_s", stated(can.settle_time, can.settle_time.value.count())},
          {"types", stated(can.types, std::move(types))},
          {"ttl_ceiling_s", stated(can.ttl_ceiling, can.ttl_ceiling.value.count())},
          {"ttl_steps_s", stated(can.ttl_steps, std::move(steps))},
          {"budget", stated(can.budget, {{"calls", can.budget.value.calls}, {"per_s", can.budget.value.per.count()}})}};
}

Json entry_json(const Entry& entry) {
  Json options = Json::array();
  for (const providers::OptionSpec& option : entry.options)
    options.push_back({{"name", option.name},
                       {"what", option.what},
                       {"required", option.required},
                       {"credential", option.is_credential},
                       {"environment", providers::variables_of(option)}});
  return {{"type", entry.type},
          {"title", entry.title},
          {"capabilities", capabilities_json(entry)},
          {"options", std::move(options)},
          {"credentials", entry.credentials},
          {"rights", entry.rights}};
}

}  // namespace

std::string providers_as_json(std::span<const Entry> entries) {
  Json out{{"schema", 1}, {"providers", Json::array()}};
  for (const Entry& entry : entries) out["providers"].push_back(entry_json(entry));
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string provider_as_json(const Entry& entry) {
  Json out{{"schema", 1}};
  out.update(entry_json(entry));
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cutover
