#include "providers/capabilities.h"

#include <algorithm>

namespace cutover::providers {

Seconds settable_ttl(const Capabilities& can, Seconds wanted) {
  const std::vector<Seconds>& steps = can.ttl_steps.value;
  if (const auto at = std::lower_bound(steps.begin(), steps.end(), wanted); at != steps.end()) return *at;
  if (!steps.empty()) return steps.back();
  const Seconds ceiling = can.ttl_ceiling.value > Seconds(0) ? can.ttl_ceiling.value : kMaxTtl;
  return std::min(ceiling, std::max(can.ttl_floor.value, wanted));
}

std::string_view to_text(Unit unit) {
  switch (unit) {
    case Unit::kRecord:
      return "record";
    case Unit::kRecordSet:
      return "record set";
    case Unit::kZone:
      return "zone";
  }
  return "";
}

std::string_view to_text(AtomicScope scope) {
  switch (scope) {
    case AtomicScope::kNone:
      return "none";
    case AtomicScope::kRecordSet:
      return "record set";
    case AtomicScope::kMessage:
      return "message";
    case AtomicScope::kZone:
      return "zone";
  }
  return "";
}

std::string_view to_text(CompareAndSwap kind) {
  switch (kind) {
    case CompareAndSwap::kNone:
      return "none";
    case CompareAndSwap::kValues:
      return "values";
    case CompareAndSwap::kValuesAndTtl:
      return "values and TTL";
    case CompareAndSwap::kVersion:
      return "version";
  }
  return "";
}

std::string_view to_text(ChangeSignal signal) {
  switch (signal) {
    case ChangeSignal::kNone:
      return "none";
    case ChangeSignal::kSent:
      return "sent";
    case ChangeSignal::kServing:
      return "serving";
  }
  return "";
}

}  // namespace cutover::providers
