#include "tests/servers/route53_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "core/text.h"
#include "providers/api.h"
#include "providers/route53/sigv4.h"
#include "providers/route53/zone_xml.h"
#include "tests/servers/route53_sets.h"

namespace cutover::servers {

using providers::percent_encoded;
using route53::Place;
using route53::Refusal;
using route53::Set;

namespace {

constexpr const char* kRouteNamespace = "https://route53.amazonaws.com/doc/2013-04-01/";
constexpr const char* kStsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

ApiReply xml_reply(int status, const std::string& root, const std::string& inside,
                   const std::string& name_space = kRouteNamespace) {
  return {
      status,
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{0} xmlns=\"{1}\">{2}</{0}>", root, name_space, inside),
      "text/xml",
      {}};
}

ApiReply error_reply(int status, const std::string& code, const std::string& why) {
  return xml_reply(status, "ErrorResponse",
                   fmt::format("<Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>"
                               "<RequestId>7eb28fd5-0000-0000-0000-000000000000</RequestId>",
                               code, route53::escaped(why)));
}

/// Between `name=` and the next comma.
std::string part_of(const std::string& text, const std::string& name) {
  const auto at = text.find(name + "=");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 1;
  return text.substr(from, text.find(',', from) - from);
}

struct Keys {
  std::string secret;
  std::string token{};
  Instant until = Instant::max();
};

Instant now() { return SystemClock().now(); }

std::vector<RecordSet> plain_sets(const route53::Zone& zone) {
  std::vector<RecordSet> sets;
  for (const auto& [place, set] : zone.sets) {
    if (!set.ttl || !set.identifier.empty()) continue;
    RecordSet made{
        *providers::route53::name_from_aws(set.name), *record_type_from_text(set.type), Seconds(*set.ttl), {}};
    for (const std::string& value : set.values) made.rdata.push_back(providers::route53::value_from_aws(value));
    sets.push_back(std::move(made));
  }
  return sets;
}

}  // namespace

struct Route53Fake::State {
  std::map<std::string, route53::Zone> zones{};
  std::map<std::string, int> polls{};  ///< by id of a change: how many will still say PENDING
  std::map<std::string, Keys> keys{};
  std::size_t page_size = 300;
  int pending_polls = 1;
  int not_complete = 0;
  BatchError batch_error = BatchError::kErrorResponse;
  std::chrono::seconds role_lifetime{3600};
  int assumed = 0;
  int made = 0;
  std::function<void(const std::string&, const std::vector<RecordSet>&)> serve{};

  route53::Zone& zone(const std::string& id) {
    const auto at = zones.find(id);
    if (at == zones.end()) throw Refusal(404, "NoSuchHostedZone", "No hosted zone found with ID: " + id);
    return at->second;
  }
};

Route53Fake::Route53Fake() : ApiFake({"", "", "", ""}), state_(std::make_unique<State>()) {
  state_->keys[kKeyId] = {kSecret};
  add_routes();
}

Route53Fake::~Route53Fake() { stop(); }

std::string Route53Fake::add_zone(const Zone& zone, View view) {
  const auto hold = locked();
  route53::Zone made{
      fmt::format("Z{:013X}", 0xC0FFEE0000 + state_->zones.size()), zone.origin.text(), view == View::kPrivate, {}};
  for (const auto& [key, set] : zone.sets) {
    Set entry{providers::route53::aws_name(key.name), to_text(key.type), {}, {}, {}, set.ttl.count(), {}};
    entry.name = route53::normal_name(entry.name);
    for (const std::string& rdata : set.rdata) entry.values.push_back(providers::route53::aws_value(rdata));
    made.sets.emplace(route53::place_of(entry.name, entry.type, ""), entry);
  }
  state_->zones.emplace(made.id, made);
  return made.id;
}

void Route53Fake::put(const std::string& zone_id, const RecordSet& set) {
  const auto hold = locked();
  Set entry{
      route53::normal_name(providers::route53::aws_name(set.name)), to_text(set.type), {}, {}, {}, set.ttl.count(), {}};
  for (const std::string& rdata : set.rdata) entry.values.push_back(providers::route53::aws_value(rdata));
  state_->zone(zone_id).sets.insert_or_assign(route53::place_of(entry.name, entry.type, ""), entry);
}

void Route53Fake::put_special(const std::string& zone_id, const std::string& name, const std::string& type,
                              const std::string& identifier, const std::string& policy, const std::string& alias,
                              const std::vector<std::string>& values) {
  const auto hold = locked();
  Set entry{route53::normal_name(name), type, identifier, policy, alias, std::nullopt, values};
  if (alias.empty()) entry.ttl = 300;
  route53::Zone& zone = state_->zone(zone_id);
  zone.sets.erase(route53::place_of(entry.name, type, ""));
  zone.sets.insert_or_assign(route53::place_of(entry.name, type, identifier), entry);
}

void Route53Fake::set_page_size(std::size_t size) {
  const auto hold = locked();
  state_->page_size = size;
}
void Route53Fake::set_pending_polls(int polls) {
  const auto hold = locked();
  state_->pending_polls = polls;
}
void Route53Fake::say_not_complete(int times) {
  const auto hold = locked();
  state_->not_complete = times;
}
void Route53Fake::set_batch_error(BatchError form) {
  const auto hold = locked();
  state_->batch_error = form;
}
void Route53Fake::set_role_lifetime(std::chrono::seconds span) {
  const auto hold = locked();
  state_->role_lifetime = span;
}
void Route53Fake::expire_tokens() {
  const auto hold = locked();
  for (auto& each : state_->keys) each.second.until = now();
}
void Route53Fake::on_change(std::function<void(const std::string&, const std::vector<RecordSet>&)> serve) {
  const auto hold = locked();
  state_->serve = std::move(serve);
}
int Route53Fake::assumed() const {
  const auto hold = locked();
  return state_->assumed;
}
std::vector<std::string> Route53Fake::sets(const std::string& zone_id) const {
  const auto hold = locked();
  std::vector<std::string> lines;
  for (const auto& each : state_->zone(zone_id).sets) lines.push_back(each.second.text());
  return lines;
}

ApiReply Route53Fake::trouble(int status, const std::string& why) const {
  // What the base says in the words of other services, in AWS's.
  if (status == 401) return error_reply(403, "ExpiredToken", "The security token included in the request is expired");
  if (status == 404 || status == 405) return error_reply(404, "UnknownOperationException", why);
  if (status >= 500) return error_reply(status, "InternalFailure", why);
  return error_reply(400, "InvalidInput", why);
}

ApiReply Route53Fake::throttled(std::chrono::seconds) const { return error_reply(400, "Throttling", "Rate exceeded"); }

/// Signature Version 4, as AWS checks it.
std::optional<ApiReply> Route53Fake::refusal(const ApiRequest& request) const {
  const auto no = [](const std::string& code, const std::string& why) { return error_reply(403, code, why); };
  const std::string given = request.header("authorization").value_or("");
  if (!given.starts_with("AWS4-HMAC-SHA256 ")) return no("MissingAuthenticationToken", "Missing Authentication Token");
  const std::vector<std::string> scope = split(part_of(given, "Credential"), '/');
  const std::string service = request.path == "/" ? "sts" : "route53";
  const std::string time = request.header("x-amz-date").value_or("");
  if (scope.size() != 5 || scope[2] != "us-east-1" || scope[3] != service || !time.starts_with(scope[1]))
    return no("SignatureDoesNotMatch", "Credential should be scoped to a valid region and service");
  const auto known = state_->keys.find(scope[0]);
  if (known == state_->keys.end())
    return no("InvalidClientTokenId", "The security token included in the request is invalid.");
  if (request.header("x-amz-security-token").value_or("") != known->second.token)
    return no("InvalidClientTokenId", "The security token included in the request is invalid.");
  if (now() >= known->second.until) return no("ExpiredToken", "The security token included in the request is expired");
  providers::route53::SigningRequest signing{request.method, request.path, {}, request.body};
  std::string query;
  for (const auto& each : request.query)
    query += (query.empty() ? "?" : "&") + percent_encoded(each.first) + "=" + percent_encoded(each.second);
  signing.target += query;
  bool has_host = false, has_date = false;
  for (const std::string& name : split(part_of(given, "SignedHeaders"), ';')) {
    has_host = has_host || name == "host";
    has_date = has_date || name == "x-amz-date";
    if (name != "x-amz-date" && name != "x-amz-security-token")
      signing.headers.emplace_back(name, request.header(name).value_or(""));
  }
  const auto instant =
      parse_instant(fmt::format("{}-{}-{}T{}:{}:{}Z", time.substr(0, 4), time.substr(4, 2), time.substr(6, 2),
                                time.substr(9, 2), time.substr(11, 2), time.substr(13, 2)));
  if (!has_host || !has_date || !instant) return no("IncompleteSignature", "Host and X-Amz-Date have to be signed");
  const providers::route53::AwsKeys keys{
      scope[0], net::Secret(known->second.secret),
      known->second.token.empty() ? std::nullopt : std::optional(net::Secret(known->second.token))};
  if (providers::route53::sign(signing, keys, {scope[2], scope[3]}, *instant).signature != part_of(given, "Signature"))
    return no("SignatureDoesNotMatch",
              "The request signature we calculated does not match the signature you provided. Check your key.");
  if (*instant + std::chrono::minutes(5) < now())
    return no("SignatureDoesNotMatch", "Signature expired: " + time + " is now earlier than (now - 5 min.)");
  if (*instant > now() + std::chrono::minutes(5))
    return no("SignatureDoesNotMatch", "Signature not yet current: " + time + " is still later than (now + 5 min.)");
  return std::nullopt;
}

void Route53Fake::add_routes() {
  // A Refusal is an answer and no trouble of the fake.
  const auto answering = [](std::function<ApiReply(const ApiRequest&)> handler) {
    return [handler = std::move(handler)](const ApiRequest& request) {
      try {
        return handler(request);
      } catch (const Refusal& refused) {
        return error_reply(refused.status, refused.code, refused.what());
      }
    };
  };
  const auto zone_xml = [](const route53::Zone& zone) {
    return fmt::format(
        "<HostedZone><Id>/hostedzone/{}</Id><Name>{}</Name><CallerReference>{}</CallerReference>"
        "<Config><PrivateZone>{}</PrivateZone></Config><ResourceRecordSetCount>{}</ResourceRecordSetCount>"
        "</HostedZone>",
        zone.id, zone.name, zone.id, zone.is_private, zone.sets.size());
  };
  route("GET", "/2013-04-01/hostedzonesbyname",
        answering([this](const ApiRequest& request) { return zones_by_name(request); }));
  route("GET", "/2013-04-01/hostedzone/{id}", answering([this, zone_xml](const ApiRequest& request) {
          return xml_reply(200, "GetHostedZoneResponse", zone_xml(state_->zone(request.parts[0])) + "<VPCs></VPCs>");
        }));
  route("GET", "/2013-04-01/hostedzone/{id}/rrset",
        answering([this](const ApiRequest& request) { return list_sets(request); }));
  for (const char* pattern : {"/2013-04-01/hostedzone/{id}/rrset/", "/2013-04-01/hostedzone/{id}/rrset"})
    route("POST", pattern, answering([this](const ApiRequest& request) { return change_sets(request); }));
  route("GET", "/2013-04-01/change/{id}", answering([this](const ApiRequest& request) {
          const auto at = state_->polls.find(request.parts[0]);
          if (at == state_->polls.end())
            throw Refusal(404, "NoSuchChange", "Could not find resource with ID: " + request.parts[0]);
          const bool pending = at->second > 0;
          if (pending) --at->second;
          return xml_reply(200, "GetChangeResponse",
                           fmt::format("<ChangeInfo><Id>/change/{}</Id><Status>{}</Status>"
                                       "<SubmittedAt>2026-11-22T17:30:00.123Z</SubmittedAt></ChangeInfo>",
                                       at->first, pending ? "PENDING" : "INSYNC"));
        }));
  route("POST", "/", answering([this](const ApiRequest& request) { return assume_role(request); }));
}

ApiReply Route53Fake::zones_by_name(const ApiRequest& request) const {
  const std::string from = request.parameter("dnsname").value_or(".");
  std::map<std::pair<Place, std::string>, const route53::Zone*> sorted;
  for (const auto& each : state_->zones)
    sorted.emplace(std::pair(route53::place_of(each.second.name, "", ""), each.first), &each.second);
  auto at = sorted.lower_bound(
      {route53::place_of(route53::normal_name(from), "", ""), request.parameter("hostedzoneid").value_or("")});
  std::string xml = "<HostedZones>", next;
  for (std::size_t n = 0; at != sorted.end(); ++at, ++n) {
    if (n == state_->page_size) {
      next = fmt::format("<NextDNSName>{}</NextDNSName><NextHostedZoneId>{}</NextHostedZoneId>", at->second->name,
                         at->second->id);
      break;
    }
    xml += fmt::format(
        "<HostedZone><Id>/hostedzone/{}</Id><Name>{}</Name><CallerReference>x</CallerReference>"
        "<Config><PrivateZone>{}</PrivateZone></Config></HostedZone>",
        at->second->id, at->second->name, at->second->is_private);
  }
  xml += fmt::format("</HostedZones><DNSName>{}</DNSName><IsTruncated>{}</IsTruncated>{}<MaxItems>100</MaxItems>",
                     route53::escaped(from), !next.empty(), next);
  return xml_reply(200, "ListHostedZonesByNameResponse", xml);
}

ApiReply Route53Fake::list_sets(const ApiRequest& request) const {
  const route53::Zone& zone = state_->zone(request.parts[0]);
  const auto name = request.parameter("name");
  const auto type = request.parameter("type");
  if (type && !name) throw Refusal(400, "InvalidInput", "a type without a name");
  if (request.parameter("identifier") && !type) throw Refusal(400, "InvalidInput", "an identifier without a type");
  std::size_t size = 300;
  if (const auto asked = request.parameter("maxitems")) {
    const auto read = std::from_chars(asked->data(), asked->data() + asked->size(), size);
    if (read.ec != std::errc() || size == 0) throw Refusal(400, "InvalidInput", "maxitems is no number");
  }
  size = std::min({size, state_->page_size, std::size_t(300)});
  auto at = name ? zone.sets.lower_bound(route53::place_of(route53::normal_name(*name), type.value_or(""),
                                                           request.parameter("identifier").value_or("")))
                 : zone.sets.begin();
  std::string xml = "<ResourceRecordSets>", next;
  for (std::size_t n = 0; at != zone.sets.end(); ++at, ++n) {
    if (n == size) {
      next = fmt::format("<NextRecordName>{}</NextRecordName><NextRecordType>{}</NextRecordType>",
                         route53::escaped(at->second.name), at->second.type);
      if (!at->second.identifier.empty())
        next += fmt::format("<NextRecordIdentifier>{}</NextRecordIdentifier>", route53::escaped(at->second.identifier));
      break;
    }
    xml += to_xml(at->second);
  }
  xml += fmt::format("</ResourceRecordSets><IsTruncated>{}</IsTruncated>{}<MaxItems>{}</MaxItems>", !next.empty(), next,
                     size);
  return xml_reply(200, "ListResourceRecordSetsResponse", xml);
}

ApiReply Route53Fake::change_sets(const ApiRequest& request) {
  if (state_->not_complete > 0) {
    --state_->not_complete;
    return error_reply(400, "PriorRequestNotComplete",
                       "The request was rejected because Route 53 was still processing a prior request.");
  }
  try {
    route53::change(state_->zone(request.parts[0]), request.body);
  } catch (const Refusal& refused) {
    if (refused.code != "InvalidChangeBatch" || state_->batch_error == BatchError::kErrorResponse) throw;
    return xml_reply(400, "InvalidChangeBatch",
                     fmt::format("<Messages><Message>{}</Message></Messages>", route53::escaped(refused.what())));
  }
  if (state_->serve) state_->serve(state_->zone(request.parts[0]).name, plain_sets(state_->zone(request.parts[0])));
  const std::string id = fmt::format("C{:013X}", 0xABCDEF000 + ++state_->made);
  state_->polls[id] = state_->pending_polls;
  return xml_reply(200, "ChangeResourceRecordSetsResponse",
                   fmt::format("<ChangeInfo><Id>/change/{}</Id><Status>PENDING</Status>"
                               "<SubmittedAt>2026-11-22T17:30:00.123Z</SubmittedAt></ChangeInfo>",
                               id));
}

ApiReply Route53Fake::assume_role(const ApiRequest& request) {
  for (const std::string& part :
       {std::string("Action=AssumeRole&"), std::string("Version=2011-06-15&"), "RoleArn=" + percent_encoded(kRole),
        std::string("RoleSessionName="), std::string("ExternalId=42")})
    if (request.body.find(part) == std::string::npos)
      return error_reply(403, "AccessDenied", "User is not authorized to perform: sts:AssumeRole");
  ++state_->assumed;
  const std::string id = fmt::format("ASIANOTREAL{:08}", state_->assumed);
  const Keys keys{fmt::format("a/secret/that/was/assumed/{:014}", state_->assumed),
                  fmt::format("a-token-that-was-assumed/{}==", state_->assumed), now() + state_->role_lifetime};
  state_->keys[id] = keys;
  return xml_reply(200, "AssumeRoleResponse",
                   fmt::format("<AssumeRoleResult><Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}"
                               "</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{}</Expiration>"
                               "</Credentials></AssumeRoleResult>",
                               id, keys.secret, keys.token, format_instant(keys.until)),
                   kStsNamespace);
}

}  // namespace cutover::servers
