#include "providers/namecheap/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>

#include "providers/api.h"
#include "providers/json_body.h"

namespace cutover::providers::namecheap {
namespace {

const Change* change_of(const ChangeSet& changes, const Host& host) {
  const auto name = owner_name(host.name, changes.zone);
  for (const Change& change : changes.changes)
    if (name && change.key.name == *name && to_text(change.key.type) == host.type) return &change;
  return nullptr;
}

Result<void> unsupported(const std::string& why) {
  return fail(ErrorCode::kUnsupported, fmt::format("{}; nothing was changed", why));
}

/// Namecheap takes MX records with one mail setting alone, and none of the others may be touched in passing.
Result<void> check_mail(const Hosts& hosts) {
  const auto has = [&](std::string_view type) {
    return std::any_of(hosts.hosts.begin(), hosts.hosts.end(), [&](const Host& host) { return host.type == type; });
  };
  if (hosts.mail != "NONE" && hosts.mail != "MX" && hosts.mail != "MXE" && hosts.mail != "FWD")
    return unsupported(
        fmt::format("the domain's mail is set to {}, and whether that outlives a rewriting of its hosts is "
                    "not known",
                    printable(hosts.mail)));
  if (has("MX") && hosts.mail != "MX")
    return unsupported(
        fmt::format("there would be MX records, and the domain's mail is set to {}: set it to custom MX at "
                    "Namecheap first",
                    hosts.mail));
  if (hosts.mail == "MX" && !has("MX"))
    return unsupported(
        "no MX record would be left, and the domain's mail is set to custom MX: change that at Namecheap "
        "first");
  return {};
}

}  // namespace

Result<Hosts> hosts_from(const std::string& xml, const DomainName& zone) {
  pugi::xml_document document;
  document.load_string(xml.c_str());
  const auto result = document.find_node(
      [](const pugi::xml_node& node) { return std::string_view(node.name()) == "DomainDNSGetHostsResult"; });
  if (!result) return fail(ErrorCode::kInvalid, "it shows no hosts");
  if (!result.attribute("IsUsingOurDNS").as_bool(true))
    return fail(
        ErrorCode::kRefused,
        fmt::format("{} is served by other name servers than Namecheap's: what is written there is nowhere seen",
                    zone.text()));
  Hosts found{result.attribute("EmailType").as_string("NONE"), {}};
  for (const pugi::xml_node& node : result.children("host")) {
    Host host{node.attribute("Name").as_string(), node.attribute("Type").as_string(),
              node.attribute("Address").as_string(), node.attribute("MXPref").as_string("10"),
              Seconds(node.attribute("TTL").as_llong())};
    if (!node.attribute("IsActive").as_bool(true)) host.lost = "is switched off";
    if (node.attribute("IsDDNSEnabled").as_bool(false)) host.lost = "is set by dynamic DNS";
    found.hosts.push_back(std::move(host));
  }
  return found;
}

std::string packed(const Hosts& hosts) {
  Json all = Json::array();
  for (const Host& host : hosts.hosts)
    all.push_back(Json::array({host.name, host.type, host.address, host.preference, host.ttl.count(), host.lost}));
  return Json{{"mail", hosts.mail}, {"hosts", std::move(all)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Hosts> unpacked(const std::string& text) {
  return read_json(text, [](const Json& json) -> Result<Hosts> {
    Hosts hosts{json.at("mail").get<std::string>(), {}};
    for (const Json& host : json.at("hosts"))
      hosts.hosts.push_back(
          {host.at(0), host.at(1), host.at(2), host.at(3), Seconds(host.at(4).get<std::int64_t>()), host.at(5)});
    return hosts;
  });
}

Result<ListedRecord> record_from(const Host& host, const DomainName& zone) {
  auto name = owner_name(host.name, zone);
  if (!name) return name.error();
  ListedRecord record{*name, host.type, host.ttl, ApiData{host.address}};
  if (host.type == "MX")
    record.data.priority = static_cast<unsigned>(std::strtoul(host.preference.c_str(), nullptr, 10));
  return record;
}

namespace {

/// What could not be written must not be left: a rollback would be refused.
Result<void> check_way_back(const Hosts& hosts) {
  if (hosts.hosts.empty())
    return unsupported("the domain has no host record, and no rewriting leads back to that: make one there first");
  if (auto mail = check_mail(hosts); !mail) return within("what is there now could not be written back", mail.error());
  return {};
}

}  // namespace

Result<Hosts> changed(const Hosts& hosts, const ChangeSet& changes, const RecordForm& form) {
  Hosts after{hosts.mail, {}};
  for (const Host& host : hosts.hosts) {
    if (!host.lost.empty()) {
      auto refused = unsupported(fmt::format("the host record {} {} {}, which it would lose when all are written back",
                                             printable(host.name), printable(host.type), host.lost));
      return refused.error();
    }
    if (change_of(changes, host) == nullptr) after.hosts.push_back(host);
  }
  for (const Change& change : changes.changes) {
    if (!change.after) continue;
    for (const std::string& rdata : change.after->rdata) {
      auto data = data_for(rdata, change.key.type, form);
      if (!data) return data.error();
      after.hosts.push_back({owner_text(change.key.name, changes.zone), to_text(change.key.type), data->content,
                             std::to_string(data->priority.value_or(10)), change.after->ttl});
    }
  }
  if (after.hosts.empty()) return unsupported("no host record would be left").error();
  if (auto mail = check_mail(after); !mail) return mail.error();
  if (auto back = check_way_back(hosts); !back) return back.error();
  return after;
}

std::string form_of(std::string_view command, const DomainName& zone) {
  const std::string host = zone.host();
  const auto dot = host.find('.');
  return fmt::format("Command=namecheap.domains.dns.{}&SLD={}&TLD={}", command, percent_encoded(host.substr(0, dot)),
                     percent_encoded(dot == std::string::npos ? "" : host.substr(dot + 1)));
}

std::string form_of(const Hosts& hosts, const DomainName& zone) {
  std::string form = form_of("setHosts", zone) + "&EmailType=" + percent_encoded(hosts.mail);
  int number = 0;
  for (const Host& host : hosts.hosts) {
    ++number;
    form +=
        fmt::format("&HostName{0}={1}&RecordType{0}={2}&Address{0}={3}&TTL{0}={4}", number, percent_encoded(host.name),
                    percent_encoded(host.type), percent_encoded(host.address), host.ttl.count());
    if (host.type == "MX") form += fmt::format("&MXPref{}={}", number, percent_encoded(host.preference));
  }
  return form;
}

}  // namespace cutover::providers::namecheap
