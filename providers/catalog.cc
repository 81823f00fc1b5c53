#include "providers/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "providers/azure/azure.h"
#include "providers/cloudflare/cloudflare.h"
#include "providers/desec/desec.h"
#include "providers/digitalocean/digitalocean.h"
#include "providers/dnsimple/dnsimple.h"
#include "providers/environment.h"
#include "providers/external/external.h"
#include "providers/external/program.h"
#include "providers/gandi/gandi.h"
#include "providers/google/google.h"
#include "providers/hetzner/hetzner.h"
#include "providers/linode/linode.h"
#include "providers/memory/memory.h"
#include "providers/namecheap/namecheap.h"
#include "providers/ns1/ns1.h"
#include "providers/ovh/ovh.h"
#include "providers/porkbun/porkbun.h"
#include "providers/powerdns/powerdns.h"
#include "providers/rfc2136/rfc2136.h"
#include "providers/route53/route53.h"
#include "providers/vultr/vultr.h"
#include "providers/webhook/webhook.h"
#include "providers/zonefile/zonefile.h"

namespace cutover::providers {
namespace {

std::string names_of(std::span<const OptionSpec> options) {
  std::vector<std::string> names;
  for (const OptionSpec& option : options) names.emplace_back(option.name);
  return join(names, ", ");
}

std::string names_tried(const OptionSpec& option) {
  const auto names = variables_of(option);
  if (names.empty()) return "";
  return fmt::format("; the plan does not give it, nor the environment in {}", join(names, ", "));
}

Result<void> check_options(const Entry& entry, const ProviderConfig& config) {
  for (const auto& given : config.options) {
    const bool known = std::any_of(entry.options.begin(), entry.options.end(),
                                   [&](const OptionSpec& option) { return option.name == given.first; });
    if (!known && entry.further_options == Entry::FurtherOptions::kRefused)
      return fail(ErrorCode::kUsage, fmt::format("the provider '{}' has no option '{}'; it takes {}", entry.type,
                                                 printable(given.first), names_of(entry.options)));
  }
  for (const OptionSpec& option : entry.options) {
    const auto given = config.options.find(std::string(option.name));
    if (option.required && (given == config.options.end() || given->second.empty()))
      return fail(ErrorCode::kUsage, fmt::format("the provider '{}' needs the option '{}': {}{}", entry.type,
                                                 option.name, option.what, names_tried(option)));
  }
  return {};
}

}  // namespace

std::span<const Entry> catalog() {
  // clang-format off
  static const std::array entries{
      rfc2136::entry(),
      zonefile::entry(),
      powerdns::entry(),
      cloudflare::entry(),
      route53::entry(),
      google::entry(),
      azure::entry(),
      digitalocean::entry(),
      hetzner::entry(),
      ovh::entry(),
      desec::entry(),
      gandi::entry(),
      linode::entry(),
      dnsimple::entry(),
      ns1::entry(),
      namecheap::entry(),
      vultr::entry(),
      porkbun::entry(),
      external::entry(),
      webhook::entry(),
      memory::entry(),
  };
  // clang-format on
  return entries;
}

Result<const Entry*> find_entry(std::string_view type) {
  std::vector<std::string> known;
  const Entry* by_program = nullptr;
  for (const Entry& entry : catalog()) {
    known.emplace_back(entry.type);
    if (entry.type == type) return &entry;
    if (entry.type == external::kType) by_program = &entry;
  }
  const auto program = external::find_program(type);
  if (program) return by_program;
  return fail(ErrorCode::kUsage, fmt::format("there is no provider type '{}'; known types are {}, and {}",
                                             printable(type), join(known, ", "), program.error().message));
}

Result<std::unique_ptr<Provider>> make_provider(const ProviderConfig& config, const Context& context) {
  const auto entry = find_entry(config.type);
  if (!entry) return entry.error();
  ProviderConfig meant = config;
  // `type: hostsfile` is short for `type: external, name: hostsfile`.
  if ((*entry)->type != config.type && !meant.options.emplace("name", config.type).second)
    return fail(ErrorCode::kUsage,
                fmt::format("the provider type '{0}' names the program cutover-provider-{0}, and the "
                            "option 'name' another: leave one out",
                            config.type));
  meant = with_environment(meant, (*entry)->options);
  if (auto fits = check_options(**entry, meant); !fits) return fits.error();
  return (*entry)->make(meant, context);
}

}  // namespace cutover::providers
