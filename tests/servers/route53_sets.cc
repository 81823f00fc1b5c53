#include "tests/servers/route53_sets.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <pugixml.hpp>
#include <set>
#include <sstream>

#include "core/text.h"
#include "net/message.h"

namespace cutover::servers::route53 {
namespace {

constexpr const char* kNamespace = "https://route53.amazonaws.com/doc/2013-04-01/";
constexpr std::size_t kMaxRecords = 1000;
constexpr std::size_t kMaxCharacters = 32000;
constexpr std::array<std::string_view, 17> kTypes{"SOA", "A",    "TXT", "NS", "CNAME", "MX",    "NAPTR", "PTR",  "SRV",
                                                  "SPF", "AAAA", "CAA", "DS", "TLSA",  "SSHFP", "SVCB",  "HTTPS"};

[[noreturn]] void invalid_batch(const std::string& why) { throw Refusal(400, "InvalidChangeBatch", why); }
[[noreturn]] void invalid_input(const std::string& why) { throw Refusal(400, "InvalidInput", why); }

bool is_octal(char c) { return c >= '0' && c <= '7'; }

/// The octet of a `\ooo` at `at`; nullopt: there is none.
std::optional<unsigned char> octal_at(const std::string& text, std::size_t at) {
  if (at + 3 >= text.size() || text[at] != '\\') return std::nullopt;
  unsigned value = 0;
  for (std::size_t i = at + 1; i <= at + 3; ++i) {
    if (!is_octal(text[i])) return std::nullopt;
    value = value * 8 + static_cast<unsigned>(text[i] - '0');
  }
  return value < 256 ? std::optional(static_cast<unsigned char>(value)) : std::nullopt;
}

/// Strings in quotes of at most 255 octets, with spaces between.
bool is_text_value(const std::string& value) {
  std::size_t at = 0;
  while (at < value.size()) {
    if (value[at] != '"') return false;
    std::size_t octets = 0;
    for (++at; at < value.size() && value[at] != '"'; ++at, ++octets) {
      if (static_cast<unsigned char>(value[at]) < ' ' || static_cast<unsigned char>(value[at]) > '~') return false;
      if (value[at] != '\\') continue;
      if (octal_at(value, at))
        at += 3;
      else if (at + 1 < value.size() && (value[at + 1] == '"' || value[at + 1] == '\\'))
        ++at;
      else
        return false;  // a decimal escape, among others
    }
    if (at >= value.size() || octets > 255) return false;
    ++at;
    while (at < value.size() && value[at] == ' ') ++at;
  }
  return !value.empty();
}

bool is_value(const std::string& type, const std::string& value) {
  std::array<unsigned char, 16> address{};
  if (type == "A") return inet_pton(AF_INET, value.c_str(), address.data()) == 1;
  if (type == "AAAA") return inet_pton(AF_INET6, value.c_str(), address.data()) == 1;
  if (type == "TXT" || type == "SPF") return is_text_value(value);
  return static_cast<bool>(net::canonical_rdata(*record_type_from_text(type), value, DomainName()));
}

std::string child(const pugi::xml_node& node, const char* name) { return node.child(name).child_value(); }

Set read_set(const pugi::xml_node& node) {
  Set set;
  set.name = normal_name(child(node, "Name"));
  set.type = child(node, "Type");
  if (std::find(kTypes.begin(), kTypes.end(), set.type) == kTypes.end())
    invalid_input("Value '" + set.type +
                  "' at 'type' failed to satisfy constraint: Member must satisfy enum value set");
  set.identifier = child(node, "SetIdentifier");
  if (const std::string ttl = child(node, "TTL"); !ttl.empty()) {
    long value = -1;
    const auto read = std::from_chars(ttl.data(), ttl.data() + ttl.size(), value);
    if (read.ec != std::errc() || value < 0 || value > 2147483647) invalid_input("the TTL is out of range");
    set.ttl = value;
  }
  for (const pugi::xml_node& record : node.child("ResourceRecords").children("ResourceRecord")) {
    set.values.push_back(child(record, "Value"));
    if (!is_value(set.type, set.values.back()))
      invalid_batch(fmt::format("Invalid Resource Record: FATAL problem: {} is encountered with '{}'",
                                set.type == "A" ? "ARRDATAIllegalIPv4Address" : "Illegal " + set.type + " data",
                                set.values.back()));
  }
  if (set.values.empty() || !set.ttl) invalid_input("Invalid request: missing field TTL or ResourceRecords");
  if (std::set<std::string>(set.values.begin(), set.values.end()).size() != set.values.size())
    invalid_batch(fmt::format("Duplicate Resource Record: '{}'", set.values.front()));
  if (set.type == "CNAME" && set.values.size() > 1) invalid_batch("a CNAME has one value");
  return set;
}

std::string named(const Set& set) { return fmt::format("[name='{}', type='{}']", set.name, set.type); }

bool same(const Set& a, const Set& b) {
  auto left = a.values, right = b.values;
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  return a.ttl == b.ttl && left == right && a.alias == b.alias;
}

void check_place(const Zone& zone, const Set& set) {
  const bool is_within = set.name == zone.name || set.name.ends_with("." + zone.name);
  if (!is_within) invalid_batch(fmt::format("RRSet with DNS name {} is not permitted in zone {}", set.name, zone.name));
}

/// What must hold when all changes are made.
void check_whole(const Zone& zone) {
  std::map<std::string, std::set<std::string>> types;
  for (const auto& [place, set] : zone.sets) types[set.name].insert(set.type);
  for (const auto& [name, at] : types)
    if (at.count("CNAME") != 0 && (at.size() > 1 || name == zone.name))
      invalid_batch(
          fmt::format("RRSet of type CNAME with DNS name {} is not permitted as it conflicts with other "
                      "records with the same DNS name in zone {}",
                      name, zone.name));
  const auto apex = types.find(zone.name);
  if (apex == types.end() || apex->second.count("SOA") == 0)
    invalid_batch("A HostedZone must contain exactly one SOA record.");
  if (apex->second.count("NS") == 0)
    invalid_batch("A HostedZone must contain at least one NS record for the zone itself.");
}

void make(Zone& zone, const std::string& action, const Set& set) {
  const Place place = place_of(set.name, set.type, set.identifier);
  const auto at = zone.sets.find(place);
  if (action == "CREATE") {
    if (at != zone.sets.end())
      invalid_batch("Tried to create resource record set " + named(set) + " but it already exists");
    zone.sets.emplace(place, set);
  } else if (action == "DELETE") {
    if (at == zone.sets.end())
      invalid_batch("Tried to delete resource record set " + named(set) + " but it was not found");
    if (!same(at->second, set))
      invalid_batch("Tried to delete resource record set " + named(set) +
                    " but the values provided do not match the current values");
    zone.sets.erase(at);
  } else if (action == "UPSERT") {
    zone.sets.insert_or_assign(place, set);
  } else {
    invalid_input("Value '" + action + "' at 'action' failed to satisfy constraint");
  }
}

}  // namespace

std::string normal_name(const std::string& name) {
  if (name.empty() || name.size() > 1024) throw Refusal(400, "InvalidInput", "a name is missing or too long");
  std::string text;
  for (std::size_t at = 0; at < name.size(); ++at) {
    unsigned char c = static_cast<unsigned char>(name[at]);
    const auto octet = octal_at(name, at);
    if (c == '\\' && !octet)
      invalid_batch("FATAL problem: DomainNameContainsBadEscape encountered with '" + name + "'");
    if (c == '.') {
      text += '.';
      continue;
    }
    if (octet) c = *octet, at += 3;
    if (c >= 'A' && c <= 'Z') c = static_cast<unsigned char>(c + 32);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    text += plain ? std::string(1, static_cast<char>(c)) : fmt::format("\\{:03o}", c);
  }
  return text.ends_with('.') ? text : text + ".";
}

Place place_of(const std::string& name, const std::string& type, const std::string& identifier) {
  std::vector<std::string> labels = split(name, '.');
  if (!labels.empty() && labels.back().empty()) labels.pop_back();
  std::reverse(labels.begin(), labels.end());
  return {join(labels, ".") + ".", type, identifier};
}

void change(Zone& zone, const std::string& xml) {
  pugi::xml_document document;
  if (!document.load_string(xml.c_str())) invalid_input("the body is not XML");
  const pugi::xml_node root = document.document_element();
  if (std::string_view(root.name()) != "ChangeResourceRecordSetsRequest" ||
      std::string_view(root.attribute("xmlns").value()) != kNamespace)
    invalid_input("the body is no ChangeResourceRecordSetsRequest of 2013-04-01");
  Zone copy = zone;
  std::size_t records = 0, characters = 0, changes = 0;
  for (const pugi::xml_node& node : root.child("ChangeBatch").child("Changes").children("Change")) {
    ++changes;
    const std::string action = child(node, "Action");
    const Set set = read_set(node.child("ResourceRecordSet"));
    const std::size_t weight = action == "UPSERT" ? 2 : 1;
    records += weight * set.values.size();
    for (const std::string& value : set.values) characters += weight * value.size();
    check_place(copy, set);
    make(copy, action, set);
  }
  if (changes == 0) invalid_input("a change batch has at least one change");
  if (records > kMaxRecords) invalid_batch("Number of records limit of 1000 exceeded.");
  if (characters > kMaxCharacters) invalid_batch("Number of characters limit of 32000 exceeded.");
  check_whole(copy);
  zone = std::move(copy);
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&apos;";
    else
      out += c;
  }
  return out;
}

std::string to_xml(const Set& set) {
  std::string xml = fmt::format("<ResourceRecordSet><Name>{}</Name><Type>{}</Type>", escaped(set.name), set.type);
  if (!set.identifier.empty()) xml += "<SetIdentifier>" + escaped(set.identifier) + "</SetIdentifier>";
  xml += set.policy;
  if (set.ttl) xml += fmt::format("<TTL>{}</TTL>", *set.ttl);
  if (!set.values.empty()) {
    xml += "<ResourceRecords>";
    for (const std::string& value : set.values)
      xml += "<ResourceRecord><Value>" + escaped(value) + "</Value></ResourceRecord>";
    xml += "</ResourceRecords>";
  }
  return xml + set.alias + "</ResourceRecordSet>";
}

std::string Set::text() const {
  return fmt::format("{} {} {} {}{}", name, ttl ? std::to_string(*ttl) : "-", type, join(values, " | "),
                     identifier.empty() ? "" : " (" + identifier + ")");
}

}  // namespace cutover::servers::route53
