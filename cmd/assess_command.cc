#include <fmt/format.h>

#include "cmd/command.h"
#include "cmd/phases/assess.h"
#include "cmd/progress.h"
#include "cmd/report/assess_json.h"
#include "cmd/report/assess_text.h"
#include "core/text.h"

namespace cutover {
namespace {

Result<std::vector<Endpoint>> endpoints(const char* flag, const std::vector<std::string>& texts) {
  std::vector<Endpoint> out;
  for (const std::string& text : texts) {
    auto endpoint = Endpoint::from_text(text, 53);
    if (!endpoint) return within(flag, endpoint.error());
    out.push_back(*endpoint);
  }
  return out;
}

Result<providers::ProviderConfig> provider_of(const AssessFlags& flags) {
  providers::ProviderConfig config;
  config.type = flags.provider;
  if (!flags.server.empty()) config.options["server"] = flags.server;
  if (!flags.key.empty()) config.options["key"] = flags.key;
  for (const std::string& option : flags.options) {
    const auto equals = option.find('=');
    if (equals == std::string::npos)
      return fail(ErrorCode::kUsage,
                  fmt::format("--option '{}' has no value; write --option KEY=VALUE", printable(option)));
    config.options[option.substr(0, equals)] = option.substr(equals + 1);
  }
  return config;
}

Result<AssessRequest> request_of(const GlobalOptions& global, const AssessFlags& flags) {
  AssessRequest request;
  if (flags.map.empty() == flags.from.empty())
    return fail(ErrorCode::kUsage,
                "assess needs to know what moves where: either --from ADDRESS... --to ADDRESS..., or --map OLD=NEW...");
  auto mapping = flags.map.empty() ? mapping_from_sides(flags.from, flags.to) : mapping_from_pairs(flags.map);
  if (!mapping) return mapping.error();
  request.mapping = std::move(*mapping);
  auto lookup = endpoints("--lookup", flags.lookup);
  if (!lookup) return lookup.error();
  request.lookup = std::move(*lookup);
  auto authoritative = endpoints("--authoritative", flags.authoritative);
  if (!authoritative) return authoritative.error();
  auto provider = provider_of(flags);
  if (!provider) return provider.error();
  if (!flags.zone_file.empty() && flags.zones.size() != 1)
    return fail(ErrorCode::kUsage, "--zone-file holds one zone: give exactly one --zone with it");
  for (const std::string& text : flags.zones) {
    auto zone = DomainName::from_text(text);
    if (!zone) return within("--zone", zone.error());
    AssessZone asked;
    asked.zone = *zone;
    asked.provider = *provider;
    if (!flags.zone_file.empty()) asked.zone_file = flags.zone_file;
    asked.authoritative = *authoritative;
    asked.view = flags.view;
    request.zones.push_back(std::move(asked));
  }
  request.plan_name = flags.name;
  request.output = global.plan_file;
  if (flags.force) request.existing = AssessRequest::Existing::kReplace;
  if (flags.offline) request.servers = AssessRequest::Servers::kSkip;
  return request;
}

std::string zones_in_short(const AssessRequest& request) {
  return request.zones.size() == 1 ? request.zones.front().zone.host() : counted(request.zones.size(), "zone");
}

}  // namespace

ExitCode run_assess(const GlobalOptions& global, const AssessFlags& flags) {
  auto request = request_of(global, flags);
  if (!request) return tell(request.error());
  net::Loop loop;
  const SystemClock clock;
  Progress progress(global, loop, "assess " + zones_in_short(*request));
  auto result = assess(loop, clock, *request);
  progress.finish();
  if (!result) return tell(result.error());
  print_result(global.output == OutputForm::kText ? render_assess_text(*result) : render_assess_json(*result));
  // Nothing to move is a failed check, not a success: a script that goes on to `lower-ttl` would use yesterday's plan.
  return result->plan_file.empty() ? ExitCode::kFailed : ExitCode::kDone;
}

}  // namespace cutover
