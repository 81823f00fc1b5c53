#include "providers/namecheap/namecheap.h"

#include <fmt/format.h>

#include <pugixml.hpp>

#include "core/text.h"
#include "providers/api_provider.h"
#include "providers/file.h"
#include "providers/namecheap/hosts.h"

namespace cutover::providers::namecheap {
namespace {

constexpr std::string_view kUrl = "https://api.namecheap.com/xml.response";
constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr RecordForm kRecordForm{RecordForm::Names::kWithDot, RecordForm::Text::kBare, RecordForm::Priority::kApart};
/// Too often is told without a word about when to come back; 20 calls a minute are allowed.
constexpr std::chrono::seconds kFirstPause{5};

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = {Unit::kZone,
               "setHosts replaces every record of the zone, and drops those that the API does not show, such as SRV",
               "2026-11-22"},
      .atomic = {AtomicScope::kZone, "one setHosts is the whole zone", "2026-11-22"},
      .atomic_limit = {100000, "one setHosts is the whole zone", "2026-11-22"},
      .compare_and_swap =
          {CompareAndSwap::kNone,
           "the zone is read and compared right before it is written back whole: whatever somebody edits "
           "in between is lost, in any record",
           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "the answer says that Namecheap has it", "2026-11-22"},
      .ttl_floor = {Seconds(60), "60 s", "2026-11-22"},
      .settle_time = {Seconds(120), "Namecheap promises no time for its servers", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCname, T::kTxt, T::kMx, T::kCaa},
                "A, AAAA, CNAME, TXT, MX and CAA are written",
                "2026-11-22"},
      .ttl_ceiling = {Seconds(60000), "60,000 s", "2026-11-22"},
      .budget = {{20, Seconds(60)}, "also 700 an hour and 8,000 a day", "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
from xml.etree import ElementTree

DOMAIN = ZONE.rstrip(".")
SPACE = "{http://api.namecheap.com/xml.response}"
hosts = None
mail = None


def authorize(request):  # in the body: what is in a URL ends up in logs
    who = credential("user")
    proof = {"ApiUser": who, "UserName": who, "ApiKey": credential("key"), "ClientIp": CLIENT_IP}
    request.data = (request.data or b"") + ("&" + urllib.parse.urlencode(proof)).encode()


fetch_any = fetch_text


def fetch_text(method, path, body=None, headers={}):  # errors come with HTTP 200
    text = fetch_any(method, path, body, headers)
    reply = ElementTree.fromstring(text)
    if reply.get("Status") != "OK":
        raise ValueError(" ".join(error.text or "" for error in reply.iter(SPACE + "Error")))
    return text


def form(command):
    sld, tld = DOMAIN.split(".", 1)
    return [("Command", "namecheap.domains.dns." + command), ("SLD", sld), ("TLD", tld)]


def read_hosts():
    global hosts, mail
    if hosts is None:
        reply = ElementTree.fromstring(fetch_text("POST", "", urllib.parse.urlencode(form("getHosts"))))
        result = next(reply.iter(SPACE + "DomainDNSGetHostsResult"))
        mail = result.get("EmailType")
        hosts = [dict(host.attrib) for host in result.iter(SPACE + "host")]
        for host in hosts:
            if host.get("IsActive") == "false" or host.get("IsDDNSEnabled") == "true":
                stop(host["Name"] + " is switched off or set by dynamic DNS, which it would lose")
    return hosts


def full(host):
    return ZONE if host["Name"] == "@" else host["Name"].lower() + "." + ZONE


def new_host(key, value, ttl):
    name, kind = key.split(" ")
    host = {"Name": name[: -len(ZONE)].rstrip(".") or "@", "Type": kind, "TTL": str(ttl), "Address": value}
    if kind == "TXT":
        host["Address"] = re.sub(r"\\(.)", r"\1", "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', value)))
    if kind == "MX":
        host["MXPref"], host["Address"] = value.split(" ")
    return host


def zone_id():  # all there is to say to setHosts: every other record as it is, and those that go back
    wanted = [host for host in read_hosts() if full(host) + " " + host["Type"] not in LEFT]
    for key, image in WANTED.items():
        wanted += [new_host(key, value, image["ttl"]) for value in (image["values"] if image else [])]
    fields = form("setHosts") + [("EmailType", mail)]
    for number, host in enumerate(wanted, 1):
        for field, part in (("HostName", "Name"), ("RecordType", "Type"), ("Address", "Address"), ("TTL", "TTL")):
            fields.append((field + str(number), host[part]))
        if host["Type"] == "MX":
            fields.append(("MXPref" + str(number), host["MXPref"]))
    return urllib.parse.urlencode(fields)


def records():
    for host in read_hosts():
        value = host["MXPref"] + " " + host["Address"] if host["Type"] == "MX" else host["Address"]
        yield full(host), host["Type"], int(host["TTL"]), value, ""
)PY";

enum class Writing { kRefused, kWholeZone };

struct References {
  std::string user, key, client_ip;
};

class Namecheap final : public ApiProvider {
 public:
  Namecheap(Api api, Writing writing, References where)
      : ApiProvider(std::move(api), kRecordForm), writing_(writing), where_(std::move(where)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override {
    return {std::string(kPython), {{"CLIENT_IP", where_.client_ip}}, {{"user", where_.user}, {"key", where_.key}}};
  }

 private:
  Writing writing_;
  References where_;
};

/// The zone's "id" is all of it: what a call needs to write it back.
Result<Listing> Namecheap::list(const DomainName& zone, const std::vector<RecordKey>*) {
  const std::string doing = fmt::format("reading {}", zone.text());
  auto body = api().read(ApiCall{"POST", "", form_of("getHosts", zone)}, doing);
  if (!body && body.error().code == ErrorCode::kAuth)
    return fail(
        ErrorCode::kAuth,
        fmt::format("{}; Namecheap takes calls only from IPv4 addresses on the account's whitelist (Profile > Tools "
                    "> API access), and client_ip ({}) has to be the one that this machine is seen with",
                    body.error().message, printable(where_.client_ip)));
  if (!body) return body.error();
  auto hosts = hosts_from(*body, zone);
  if (!hosts) return within(fmt::format("{}: {}", doing, api().who()), hosts.error());
  Listing found = listing(zone);
  found.zone_id = packed(*hosts);
  for (const Host& host : hosts->hosts) {
    auto record = record_from(host, zone);
    if (!record) return record.error();
    if (auto added = found.add(*record); !added) return added.error();
  }
  return found;
}

/// In a script the place-holder stands for the whole request, which the script makes from what it reads.
Result<ApiCall> Namecheap::call(const Part& part, const Ids& ids) const {
  if (ids.zone.starts_with("{{")) return ApiCall{"POST", "", ids.zone};
  auto hosts = unpacked(ids.zone);
  if (!hosts) return hosts.error();
  auto after = changed(*hosts, part.changes, form());
  if (!after) return within(api().who(), after.error());
  return ApiCall{"POST", "", form_of(*after, part.changes.zone)};
}

Result<void> Namecheap::check(const Change& change, const DomainName& zone) const {
  if (writing_ == Writing::kRefused)
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{} cannot be changed: Namecheap writes a zone only as a whole, and drops what its API does not "
                    "show (SRV records, for one); where that is understood, set rewrite_zone: \"yes\"",
                    change.key.text()));
  if (change.after && change.key.type == RecordType::kCname && change.key.name == zone)
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} would be a CNAME at the domain's own name, where there are NS records: give A and AAAA "
                            "records",
                            change.key.text()));
  return {};
}

/// Errors come with HTTP 200 and a number; too many calls come with HTTP 405.
std::optional<ErrorCode> meaning_of(const net::HttpResponse& response) {
  if (response.status == 405) return ErrorCode::kBusy;
  if (response.status >= 500) return std::nullopt;
  pugi::xml_document document;
  if (!document.load_string(response.body.c_str())) return std::nullopt;
  const pugi::xml_node reply = document.child("ApiResponse");
  const std::string_view status = reply.attribute("Status").as_string();
  if (status == "OK") {
    const auto written = document.find_node(
        [](const pugi::xml_node& node) { return std::string_view(node.name()) == "DomainDNSSetHostsResult"; });
    return written && !written.attribute("IsSuccess").as_bool(false) ? std::optional(ErrorCode::kRefused)
                                                                     : std::nullopt;
  }
  if (status.empty()) return std::nullopt;
  switch (reply.child("Errors").child("Error").attribute("Number").as_llong()) {
    case 1010101:  // no ApiUser
    case 1010102:  // no ApiKey
    case 1010105:  // no ClientIp
    case 1011101:  // no such ApiUser
    case 1011102:  // wrong ApiKey, or API access is off
    case 1011105:  // ClientIp is no address
    case 1011147:  // ClientIp is locked
    case 1011150:  // the call came from an address that is not on the whitelist
    case 1017150:  // the address is disabled
      return ErrorCode::kAuth;
    case 2019166:  // no such domain
    case 2016166:  // a domain of somebody else
    case 3031510:  // the same, from behind Namecheap
      return ErrorCode::kNotFound;
    default:
      return ErrorCode::kRefused;
  }
}

constexpr std::string_view kUserNames[] = {"NAMECHEAP_API_USER"};
constexpr std::string_view kKeyNames[] = {"NAMECHEAP_API_KEY"};
constexpr std::string_view kAddressNames[] = {"NAMECHEAP_CLIENT_IP"};
constexpr OptionSpec kOptions[] = {
    {"user", "the account's user name", true, true, kUserNames},
    {"key", "its API key", true, true, kKeyNames},
    {"client_ip", "the IPv4 address that calls come from, which is on the account's whitelist", true, false,
     kAddressNames},
    {"rewrite_zone", "yes: a change may write the whole zone, which is the only way there is", false, false},
    {"url", "where the API is; https://api.namecheap.com/xml.response when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<Writing> writing_from(const ProviderConfig& config) {
  const std::string text = option_of(config, "rewrite_zone");
  if (text.empty()) return Writing::kRefused;
  if (text == "yes") return Writing::kWholeZone;
  return fail(ErrorCode::kUsage,
              fmt::format("the option 'rewrite_zone' of the provider 'namecheap' is \"yes\" or is left "
                          "out, and not '{}'",
                          printable(text)));
}

/// In the body: what is in a URL ends up in logs on the way.
Api::Authorize in_form(net::Secret user, net::Secret key, std::string client_ip) {
  return [=](net::HttpRequest& request) -> Result<void> {
    request.body += fmt::format("&ApiUser={0}&UserName={0}&ApiKey={1}&ClientIp={2}", percent_encoded(user.reveal()),
                                percent_encoded(key.reveal()), percent_encoded(client_ip));
    return {};
  };
}

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  auto writing = writing_from(config);
  if (!writing) return writing.error();
  const std::string client_ip = option_of(config, "client_ip");
  std::vector<net::Secret> secrets;
  for (const char* option : {"user", "key"}) {
    auto secret = net::read_credential(option_of(config, option), config.base_folder);
    if (!secret) return within(fmt::format("the option '{}' of the provider 'namecheap'", option), secret.error());
    secrets.push_back(std::move(*secret));
  }
  Api::Settings settings;
  settings.service = "Namecheap";
  settings.url = option_of(config, "url", kUrl);
  settings.form = Api::Form::kXml;
  settings.content_type = kForm;
  settings.meaning = meaning_of;
  settings.first_pause = kFirstPause;
  settings.authorize = in_form(secrets[0], secrets[1], client_ip);
  settings.secrets = {secrets[1]};
  settings.tell = context.tell;
  settings.clock = &context.clock;
  if (const std::string ca = option_of(config, "ca_file"); !ca.empty())
    settings.ca_file = path_from(config.base_folder, ca);
  auto api = Api::make(context.loop, std::move(settings));
  if (!api) return within("the option 'url' of the provider 'namecheap'", api.error());
  const auto where = [&](const char* option) {
    return absolute_reference(option_of(config, option), config.base_folder);
  };
  return std::unique_ptr<Provider>(
      std::make_unique<Namecheap>(std::move(*api), *writing, References{where("user"), where("key"), client_ip}));
}

}  // namespace

Entry entry() {
  return {"namecheap",
          "Namecheap",
          kOptions,
          open,
          what_it_can,
          "The user's name and the account's API key, and the address that is on its whitelist.",
          "The account's API key, which may do everything with every domain of the account: Namecheap knows no lesser "
          "right than that, but takes it only from the addresses on its whitelist."};
}

}  // namespace cutover::providers::namecheap
