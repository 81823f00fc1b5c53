#include "cmd/plan/service_binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace cutover {
namespace {

/// The next field: ends at a space outside quotes; a backslash takes the next character with it.
std::string_view next_field(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size() && (quoted || rest[at] != ' '); ++at) {
    if (rest[at] == '"') quoted = !quoted;
    if (rest[at] == '\\') ++at;
  }
  at = std::min(at, rest.size());
  const std::string_view field = rest.substr(0, at);
  rest.remove_prefix(at);
  return field;
}

bool is_hint(std::string_view key) { return key == "ipv4hint" || key == "ipv6hint"; }

}  // namespace

const ServiceBinding::Parameter* ServiceBinding::find(std::string_view key) const {
  const auto at = std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& p) { return p.key == key; });
  return at == parameters.end() ? nullptr : &*at;
}

std::string ServiceBinding::text() const {
  std::string out = fmt::format("{} {}", priority, target.text());
  for (const Parameter& parameter : parameters) {
    out += " " + parameter.key;
    if (parameter.quoted)
      out += "=\"" + parameter.value + "\"";
    else if (!parameter.value.empty())
      out += "=" + parameter.value;
  }
  return out;
}

Result<ServiceBinding> parse_service_binding(std::string_view rdata) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid, fmt::format("'{}' cannot be taken apart: {}", printable(rdata), why));
  };
  std::string_view rest = rdata;
  ServiceBinding binding;
  const std::string_view priority = next_field(rest);
  const auto [end, error] = std::from_chars(priority.data(), priority.data() + priority.size(), binding.priority);
  if (error != std::errc{} || end != priority.data() + priority.size()) return bad("it does not begin with a priority");
  auto target = DomainName::from_text(next_field(rest));
  if (!target) return bad("its second field is no target name");
  binding.target = *target;
  for (std::string_view field = next_field(rest); !field.empty(); field = next_field(rest)) {
    ServiceBinding::Parameter parameter;
    const auto equals = field.find('=');
    parameter.key = to_lower(field.substr(0, equals));
    // RFC 9460 section 14.3.2: 4 and 6 are the hints, 0 is mandatory, 5 is ech.
    for (const std::string_view numbered : {"key0", "key4", "key5", "key6"})
      if (parameter.key == numbered) return bad("a known parameter is written by its number");
    if (equals != std::string_view::npos) {
      std::string_view value = field.substr(equals + 1);
      if (value.starts_with('"')) {
        if (value.size() < 2 || !value.ends_with('"')) return bad("a quote does not close");
        value = value.substr(1, value.size() - 2);
        parameter.quoted = true;
      }
      parameter.value = std::string(value);
    }
    if (is_hint(parameter.key)) {
      parameter.quoted = false;
      for (const std::string& hint : split(parameter.value, ','))
        if (!IpAddress::from_text(hint)) return bad("a hint is no address");
    }
    binding.parameters.push_back(std::move(parameter));
  }
  return binding;
}

std::vector<IpAddress> hints_of(const ServiceBinding& binding) {
  std::vector<IpAddress> hints;
  for (const auto& parameter : binding.parameters)
    if (is_hint(parameter.key))
      for (const std::string& text : split(parameter.value, ','))
        if (auto address = IpAddress::from_text(text)) hints.push_back(*address);
  return hints;
}

Result<ServiceBinding> moved(const ServiceBinding& binding, const Mapping& mapping) {
  ServiceBinding result = binding;
  if (const auto at = mapping.targets.find(binding.target); at != mapping.targets.end()) result.target = at->second;
  std::vector<std::string> dropped;
  for (auto& parameter : result.parameters) {
    if (!is_hint(parameter.key)) continue;
    std::vector<std::string> hints;
    const auto add = [&](const IpAddress& address) {
      const std::string text = address.text();
      if (std::find(hints.begin(), hints.end(), text) == hints.end()) hints.push_back(text);
    };
    // A client tries hints in the order given, so each new one stands where the old one stood.
    for (const std::string& text : split(parameter.value, ',')) {
      auto address = IpAddress::from_text(text);
      if (!address) continue;
      const auto at = mapping.addresses.find(*address);
      if (at == mapping.addresses.end())
        add(*address);
      else
        for (const IpAddress& place : at->second) add(place);
    }
    parameter.value = join(hints, ",");
    if (hints.empty()) dropped.push_back(parameter.key);
  }
  const auto* mandatory = result.find("mandatory");
  for (const std::string& key : dropped) {
    const std::vector<std::string> listed = split(mandatory ? mandatory->value : "", ',');
    if (std::find(listed.begin(), listed.end(), key) != listed.end())
      return fail(ErrorCode::kUnsupported, fmt::format("{} would end up empty, and `mandatory` lists it", key));
    result.parameters.erase(std::remove_if(result.parameters.begin(), result.parameters.end(),
                                           [&](const ServiceBinding::Parameter& p) { return p.key == key; }),
                            result.parameters.end());
  }
  return result;
}

}  // namespace cutover
