#include "providers/route53/zone_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <sstream>
#include <stdexcept>

#include "core/text.h"
#include "net/message.h"

namespace cutover::providers::route53 {
namespace {

constexpr const char* kNamespace = "https://route53.amazonaws.com/doc/2013-04-01/";

// These throw on a wrong shape, under the one catch of reading().
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

std::string text_of(const pugi::xml_node& node, const char* child) { return node.child(child).child_value(); }

std::string must_have(const pugi::xml_node& node, const char* child) {
  std::string text = text_of(node, child);
  if (text.empty()) throw std::runtime_error(fmt::format("a {} has no {}", node.name(), child));
  return text;
}

/// The root element of a reply, by its name; `take` makes the value of it.
template <class T, class Take>
Result<T> reading(std::string_view xml, std::vector<std::string_view> roots, Take take) {
  try {
    pugi::xml_document document;
    if (!document.load_buffer(xml.data(), xml.size())) throw std::runtime_error("it is not XML");
    const pugi::xml_node root = document.document_element();
    if (std::find(roots.begin(), roots.end(), root.name()) == roots.end())
      throw std::runtime_error(fmt::format("it begins with {} and not with {}", root.name(), roots[0]));
    return take(root);
  } catch (const std::exception& e) {
    return fail(ErrorCode::kInvalid, fmt::format("the reply cannot be read: {}", printable(e.what())));
  }
}

std::string without(const std::string& text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

/// Why a set is not simply what everybody is answered with.
std::string special_of(const pugi::xml_node& node) {
  struct Kind {
    const char* element;
    const char* what;
  };
  static constexpr Kind kKinds[] = {
      {"TrafficPolicyInstanceId", "is made by a traffic policy"},
      {"AliasTarget", "is an alias, whose answers AWS makes up when it is asked"},
      {"Weight", "is one of several weighted sets"},
      {"Region", "is one of several sets chosen by latency"},
      {"Failover", "is one half of a failover pair"},
      {"GeoLocation", "is one of several sets chosen by the asker's country"},
      {"GeoProximityLocation", "is one of several sets chosen by distance"},
      {"CidrRoutingConfig", "is one of several sets chosen by the asker's network"},
      {"MultiValueAnswer", "is one of several sets of a multivalue answer"},
      {"SetIdentifier", "is one of several sets chosen by a routing policy"},
      {"HealthCheckId", "is answered only while a health check passes"},
  };
  for (const Kind& kind : kKinds)
    if (node.child(kind.element)) return kind.what;
  return {};
}

Seconds ttl_of(const std::string& text) {
  std::uint32_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    throw std::runtime_error("a TTL is not a number of seconds");
  return Seconds(seconds);
}

ListedSet listed(const pugi::xml_node& node) {
  ListedSet made;
  made.name = must_have(node, "Name");
  made.special = special_of(node);
  made.set.name = must(name_from_aws(made.name));
  made.set.type = must(record_type_from_text(must_have(node, "Type")));
  if (const std::string ttl = text_of(node, "TTL"); !ttl.empty()) made.set.ttl = ttl_of(ttl);
  for (const pugi::xml_node& record : node.child("ResourceRecords").children("ResourceRecord")) {
    made.values.emplace_back(text_of(record, "Value"));
    made.set.rdata.push_back(
        must(net::canonical_rdata(made.set.type, value_from_aws(made.values.back()), DomainName())));
  }
  if (made.values.empty() && made.special.empty())
    throw std::runtime_error(fmt::format("{} has no values", made.set.key().text()));
  normalize(made.set);
  return made;
}

HostedZone hosted_zone(const pugi::xml_node& node) {
  return {
      without(must_have(node, "Id"), "/hostedzone/"), must(name_from_aws(must_have(node, "Name"))),
      text_of(node.child("Config"), "PrivateZone") == "true" ? HostedZone::View::kPrivate : HostedZone::View::kPublic};
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The octet that `\` and three digits in `base` stand for at `at`; nullopt: they are not there.
std::optional<unsigned> escape_at(std::string_view text, std::size_t at, unsigned base) {
  if (text[at] != '\\' || at + 3 >= text.size()) return std::nullopt;
  unsigned value = 0;
  for (std::size_t i = at + 1; i <= at + 3; ++i) {
    if (!(base == 8 ? is_octal(text[i]) : is_digit(text[i]))) return std::nullopt;
    value = value * base + static_cast<unsigned>(text[i] - '0');
  }
  return value <= 255 ? std::optional(value) : std::nullopt;
}

void append_child(pugi::xml_node& parent, const char* name, const std::string& text) {
  parent.append_child(name).text().set(text.c_str());
}

}  // namespace

Result<SetsPage> read_sets_page(std::string_view xml) {
  return reading<SetsPage>(xml, {"ListResourceRecordSetsResponse"}, [](const pugi::xml_node& root) {
    SetsPage page;
    for (const pugi::xml_node& node : root.child("ResourceRecordSets").children("ResourceRecordSet"))
      page.sets.push_back(listed(node));
    if (must_have(root, "IsTruncated") == "true")
      page.next = PageStart{must_have(root, "NextRecordName"), must_have(root, "NextRecordType"),
                            text_of(root, "NextRecordIdentifier")};
    return page;
  });
}

Result<ZonesPage> read_zones_page(std::string_view xml) {
  return reading<ZonesPage>(xml, {"ListHostedZonesByNameResponse"}, [](const pugi::xml_node& root) {
    ZonesPage page;
    for (const pugi::xml_node& node : root.child("HostedZones").children("HostedZone"))
      page.zones.push_back(hosted_zone(node));
    if (must_have(root, "IsTruncated") == "true")
      page.next = PageStart{must_have(root, "NextDNSName"), "", must_have(root, "NextHostedZoneId")};
    return page;
  });
}

Result<ChangeInfo> read_change_info(std::string_view xml) {
  return reading<ChangeInfo>(
      xml, {"ChangeResourceRecordSetsResponse", "GetChangeResponse"}, [](const pugi::xml_node& root) {
        const pugi::xml_node info = root.child("ChangeInfo");
        const std::string status = must_have(info, "Status");
        if (status != "PENDING" && status != "INSYNC")
          throw std::runtime_error(fmt::format("the status of the change is '{}'", status));
        return ChangeInfo{without(must_have(info, "Id"), "/change/"),
                          status == "INSYNC" ? ChangeInfo::Status::kInSync : ChangeInfo::Status::kPending};
      });
}

Complaint read_complaint(std::string_view xml) {
  Complaint complaint;
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return complaint;
  const pugi::xml_node root = document.document_element();
  // One operation has a form of its own, with a list of sentences.
  if (std::string_view(root.name()) == "InvalidChangeBatch") {
    complaint.code = root.name();
    for (const pugi::xml_node& message : root.child("Messages").children("Message"))
      complaint.messages.emplace_back(message.child_value());
    return complaint;
  }
  const pugi::xml_node error = root.child("Error");
  complaint.code = text_of(error, "Code");
  if (const std::string message = text_of(error, "Message"); !message.empty()) complaint.messages.push_back(message);
  return complaint;
}

std::string change_body(const std::vector<Edit>& edits) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("ChangeResourceRecordSetsRequest");
  root.append_attribute("xmlns") = kNamespace;
  pugi::xml_node batch = root.append_child("ChangeBatch");
  append_child(batch, "Comment", "cutover");
  pugi::xml_node changes = batch.append_child("Changes");
  for (const Edit& edit : edits) {
    pugi::xml_node change = changes.append_child("Change");
    append_child(change, "Action", edit.action == Edit::Action::kDelete ? "DELETE" : "CREATE");
    pugi::xml_node set = change.append_child("ResourceRecordSet");
    append_child(set, "Name", edit.name);
    append_child(set, "Type", to_text(edit.type));
    append_child(set, "TTL", std::to_string(edit.ttl.count()));
    pugi::xml_node records = set.append_child("ResourceRecords");
    for (const std::string& value : edit.values) {
      pugi::xml_node record = records.append_child("ResourceRecord");
      append_child(record, "Value", value);
    }
  }
  std::ostringstream out;
  document.save(out, "", pugi::format_raw, pugi::encoding_utf8);
  return out.str();
}

std::string aws_name(const DomainName& name) {
  if (name.is_root()) return ".";
  std::string text;
  const std::string& wire = name.wire();
  for (std::size_t at = 0; wire[at] != '\0'; at += 1U + static_cast<unsigned char>(wire[at])) {
    const std::string_view label = std::string_view(wire).substr(at + 1, static_cast<unsigned char>(wire[at]));
    for (const char c : label) {
      const bool plain = (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_' || (at == 0 && label == "*");
      text += plain ? std::string(1, c) : fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    }
    text += '.';
  }
  return text;
}

Result<DomainName> name_from_aws(std::string_view text) { return DomainName::from_text(value_from_aws(text)); }

std::string aws_value(std::string_view rdata) {
  std::string text;
  for (std::size_t at = 0; at < rdata.size(); ++at) {
    if (const auto octet = escape_at(rdata, at, 10)) {
      text += fmt::format("\\{:03o}", *octet);
      at += 3;
    } else {
      text += rdata[at];
      if (rdata[at] == '\\' && at + 1 < rdata.size()) text += rdata[++at];
    }
  }
  return text;
}

std::string value_from_aws(std::string_view value) {
  std::string text;
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (const auto octet = escape_at(value, at, 8)) {
      text += fmt::format("\\{:03}", *octet);
      at += 3;
    } else {
      text += value[at];
      if (value[at] == '\\' && at + 1 < value.size()) text += value[++at];
    }
  }
  return text;
}

const std::vector<RecordType>& aws_types() {
  static const std::vector<RecordType> types{
      RecordType::kA,   RecordType::kAaaa,  RecordType::kCaa,  RecordType::kCname, RecordType::kDs,  RecordType::kHttps,
      RecordType::kMx,  RecordType::kNaptr, RecordType::kNs,   RecordType::kPtr,   RecordType::kSoa, RecordType::kSpf,
      RecordType::kSrv, RecordType::kSshfp, RecordType::kSvcb, RecordType::kTlsa,  RecordType::kTxt};
  return types;
}

}  // namespace cutover::providers::route53
