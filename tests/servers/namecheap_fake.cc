#include "tests/servers/namecheap_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <set>
#include <sstream>

#include "core/endpoint.h"
#include "core/text.h"

namespace cutover::servers {
namespace {

const std::set<std::string>& known_types() {
  static const std::set<std::string> types{"A",   "AAAA", "ALIAS", "CAA", "CNAME",  "MX",
                                           "MXE", "NS",   "TXT",   "URL", "URL301", "FRAME"};
  return types;
}

std::string decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    const bool escaped =
        text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2;
    out += escaped ? static_cast<char>(value) : text[i] == '+' ? ' ' : text[i];
    if (escaped) i += 2;
  }
  return out;
}

std::map<std::string, std::string> form_of(const std::string& body) {
  std::map<std::string, std::string> form;
  for (const std::string& pair : split(body, '&')) {
    const auto equals = pair.find('=');
    form[decoded(pair.substr(0, equals))] = equals == std::string::npos ? "" : decoded(pair.substr(equals + 1));
  }
  return form;
}

ApiReply xml_reply(int status, const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out);
  return {status, out.str(), "text/xml; charset=utf-8", {}};
}

pugi::xml_node begin(pugi::xml_document& document, const char* status) {
  pugi::xml_node reply = document.append_child("ApiResponse");
  reply.append_attribute("Status") = status;
  reply.append_attribute("xmlns") = "http://api.namecheap.com/xml.response";
  return reply;
}

ApiReply failed(long number, const std::string& why) {
  pugi::xml_document document;
  pugi::xml_node error = begin(document, "ERROR").append_child("Errors").append_child("Error");
  error.append_attribute("Number") = static_cast<long long>(number);
  error.text() = why.c_str();
  return xml_reply(200, document);
}

std::string label_of(const DomainName& name, const std::string& domain) {
  return name.host() == domain ? "@" : name.host().substr(0, name.host().size() - domain.size() - 1);
}

std::string unquoted(const std::string& value) {
  std::string text;
  bool inside = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size())
      text += value[++i];
    else if (value[i] == '"')
      inside = !inside;
    else if (inside)
      text += value[i];
  }
  return text;
}

/// What is wrong with one host; empty: nothing.
std::string wrong_with(const NamecheapFake::Host& host, const std::string& mail) {
  if (!known_types().contains(host.type)) return "RecordType is invalid: " + host.type;
  if (host.name.empty() || host.address.empty()) return "HostName or Address is missing";
  if (host.ttl < 60 || host.ttl > 60000) return fmt::format("TTL {} is invalid", host.ttl);
  if (host.type == "A" || host.type == "AAAA") {
    const auto address = IpAddress::from_text(host.address);
    if (!address || address->bytes().size() != (host.type == "A" ? 4U : 16U))
      return "Address is invalid: " + host.address;
  }
  if (host.type == "MX" && mail != "MX") return "MX records need EmailType MX";
  return {};
}

}  // namespace

NamecheapFake::NamecheapFake() : ApiFake({"", "x-none", kKey, "application/x-www-form-urlencoded"}) {
  route("POST", "/xml.response", [this](const ApiRequest& request) { return answer(request); });
}

NamecheapFake::~NamecheapFake() { stop(); }

ApiReply NamecheapFake::trouble(int status, const std::string& why) const {
  if (status == 401) return failed(1011102, "API Key is invalid or API access has not been enabled");
  ApiReply reply = failed(5050900, why);
  reply.status = status;
  return reply;
}

ApiReply NamecheapFake::throttled(std::chrono::seconds) const {
  return {405, "<html><body>Method Not Allowed</body></html>", "text/html", {}};
}

std::optional<ApiReply> NamecheapFake::refusal(const ApiRequest& request) const {
  const Form form = form_of(request.body);
  const auto field = [&](const char* name) {
    const auto at = form.find(name);
    return at == form.end() ? std::string() : at->second;
  };
  if (!request.query.empty()) return failed(1010104, "this fake takes nothing from the URL");
  if (field("ApiUser") != kUser || field("UserName") != kUser) return failed(1011101, "ApiUser is invalid");
  if (field("ApiKey") != kKey) return failed(1011102, "API Key is invalid or API access has not been enabled");
  if (field("ClientIp") != kClientIp || !whitelisted_) return failed(1011150, "Invalid request IP: 198.51.100.77");
  return std::nullopt;
}

ApiReply NamecheapFake::answer(const ApiRequest& request) {
  const Form form = form_of(request.body);
  const std::string name = form.at("SLD") + "." + form.at("TLD");
  const auto at = domains_.find(name);
  if (at == domains_.end()) return failed(2019166, fmt::format("Domain name not found: {}", name));
  if (form.at("Command") == "namecheap.domains.dns.getHosts") return get(name, at->second);
  if (form.at("Command") == "namecheap.domains.dns.setHosts") return set(name, at->second, form);
  return failed(1010104, "Command is invalid");
}

ApiReply NamecheapFake::get(const std::string& name, const Domain& domain) {
  pugi::xml_document document;
  pugi::xml_node result = begin(document, "OK").append_child("CommandResponse").append_child("DomainDNSGetHostsResult");
  result.append_attribute("Domain") = name.c_str();
  result.append_attribute("EmailType") = domain.mail.c_str();
  result.append_attribute("IsUsingOurDNS") = domain.ours;
  int id = 877748;
  for (const Host& host : domain.hosts) {
    pugi::xml_node node = result.append_child("host");
    node.append_attribute("HostId") = ++id;
    node.append_attribute("Name") = host.name.c_str();
    node.append_attribute("Type") = host.type.c_str();
    node.append_attribute("Address") = host.address.c_str();
    node.append_attribute("MXPref") = host.preference.c_str();
    node.append_attribute("TTL") = host.ttl;
    node.append_attribute("AssociatedAppTitle") = "";
    node.append_attribute("FriendlyName") = "";
    node.append_attribute("IsActive") = host.active;
    node.append_attribute("IsDDNSEnabled") = host.dynamic;
  }
  return xml_reply(200, document);
}

/// What is not sent is gone.
ApiReply NamecheapFake::set(const std::string& name, Domain& domain, const Form& form) {
  Domain after;
  if (!form.contains("EmailType")) return failed(2010324, "EmailType is missing");
  after.mail = form.at("EmailType");
  for (int i = 1; form.contains(fmt::format("RecordType{}", i)); ++i) {
    const auto field = [&](const char* part) {
      const auto at = form.find(fmt::format("{}{}", part, i));
      return at == form.end() ? std::string() : at->second;
    };
    Host host{field("HostName"), field("RecordType"), field("Address"), "10", 1800};
    if (host.type == "MX") host.preference = field("MXPref");
    if (!field("TTL").empty()) host.ttl = std::stoi(field("TTL"));
    if (const std::string why = wrong_with(host, after.mail); !why.empty()) return failed(2050900, why);
    after.hosts.push_back(std::move(host));
  }
  for (const Host& one : after.hosts)
    for (const Host& other : after.hosts)
      if (&one != &other && one.name == other.name && one.type == "CNAME")
        return failed(2050900, "a CNAME cannot stand beside other records");
  domain = std::move(after);
  ++rewritten_;
  pugi::xml_document document;
  pugi::xml_node result = begin(document, "OK").append_child("CommandResponse").append_child("DomainDNSSetHostsResult");
  result.append_attribute("Domain") = name.c_str();
  result.append_attribute("IsSuccess") = true;
  return xml_reply(200, document);
}

void NamecheapFake::add_zone(const std::string& domain) {
  const auto hold = locked();
  domains_[domain];
}

void NamecheapFake::put(const std::string& domain, const RecordSet& set) {
  const std::string type = to_text(set.type), label = label_of(set.name, domain);
  if (!known_types().contains(type)) return;
  const auto hold = locked();
  std::vector<Host>& hosts = domains_.at(domain).hosts;
  std::erase_if(hosts, [&](const Host& each) { return each.name == label && each.type == type; });
  for (const std::string& value : set.rdata) {
    Host host{label, type, value, "10", static_cast<int>(set.ttl.count())};
    if (type == "TXT") host.address = unquoted(value);
    if (type == "MX") {
      host.preference = value.substr(0, value.find(' '));
      host.address = value.substr(value.find(' ') + 1);
    }
    hosts.push_back(std::move(host));
  }
}

void NamecheapFake::add(const std::string& domain, const Host& host) {
  const auto hold = locked();
  domains_.at(domain).hosts.push_back(host);
}

void NamecheapFake::set_mail(const std::string& domain, const std::string& type) {
  const auto hold = locked();
  domains_.at(domain).mail = type;
}

void NamecheapFake::lead_elsewhere(const std::string& domain) {
  const auto hold = locked();
  domains_.at(domain).ours = false;
}

void NamecheapFake::empty_whitelist() {
  const auto hold = locked();
  whitelisted_ = false;
}

std::vector<std::string> NamecheapFake::hosts(const std::string& domain) const {
  const auto hold = locked();
  std::vector<std::string> lines;
  for (const Host& host : domains_.at(domain).hosts)
    lines.push_back(fmt::format("{} {} {} {}{}", host.name, host.ttl, host.type,
                                host.type == "MX" ? host.preference + " " : "", host.address));
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string NamecheapFake::mail(const std::string& domain) const {
  const auto hold = locked();
  return domains_.at(domain).mail;
}

int NamecheapFake::rewritten() const {
  const auto hold = locked();
  return rewritten_;
}

}  // namespace cutover::servers
