#include "providers/route53/inverse.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "providers/route53/batch.h"

namespace cutover::providers::route53 {
namespace {

constexpr std::string_view kProgram = R"PY(

def stop(why):
    sys.exit(why + ("" if made else "; nothing was changed"))


def from_environment():
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    found = tuple(os.environ.get(name) for name in names)
    if not found[0] or not found[1]:
        stop("no AWS keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" +
             (", or make a profile '" + PROFILE + "'" if PROFILE else ""))
    return found


def from_profile():
    """None where the profile has no keys on this machine."""
    for variable, usual, section in (
        ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", PROFILE),
        ("AWS_CONFIG_FILE", "~/.aws/config", PROFILE if PROFILE == "default" else "profile " + PROFILE),
    ):
        path = os.path.expanduser(os.environ.get(variable) or usual)
        file = configparser.RawConfigParser(strict=False)
        file.read(path)
        if not file.has_option(section, "aws_secret_access_key"):
            continue
        if os.stat(path).st_mode & 0o077:
            stop("others than its owner can read " + path + "; run: chmod 600 " + path)
        return tuple(file.get(section, "aws_" + key, fallback=None)
                     for key in ("access_key_id", "secret_access_key", "session_token"))
    return None


def keys():
    """Key id, secret and token. Keys of the environment that stand in for a profile are taken as they are."""
    found = from_profile() if PROFILE else from_environment()
    if not found:
        return from_environment()
    for role in ROLES:
        form = urllib.parse.urlencode({"Action": "AssumeRole", "Version": "2011-06-15", **role})
        given = call("POST", "/", body=form, url=STS_URL, service="sts", keys=found).find(".//{*}Credentials")
        if given is None:
            stop("AWS STS gave no keys for the role " + role["RoleArn"])
        found = tuple(text_of(given, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    return found


def signed(method, url, path, query, body, service, keys):
    """Headers with Signature Version 4."""
    key_id, secret, token = keys
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    place = urllib.parse.urlsplit(url)
    headers = {"host": place.netloc, "x-amz-date": now}
    if token:
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    digest = hashlib.sha256(body).hexdigest()
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join([method, place.path + path, query, lines, names, digest])
    scope = f"{now[:8]}/{REGION}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/") + [text]:
        mac = hmac.new(key, part.encode(), hashlib.sha256)
        key = mac.digest()
    headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, "
                                f"SignedHeaders={names}, Signature={mac.hexdigest()}")
    del headers["host"]  # sent anyway
    return headers


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def call(method, path, query=(), body="", url=URL, service="route53", keys=None):
    text = "&".join(f"{name}={urllib.parse.quote(value, safe='')}" for name, value in sorted(query))
    proxies = urllib.request.ProxyHandler({}) if url.startswith("http:") else urllib.request.ProxyHandler()
    trust = [urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=CA_FILE))] if CA_FILE else []
    opener = urllib.request.build_opener(proxies, NoRedirect, *trust)
    for wait in (1, 2, 4, 8, 16, 0):
        headers = signed(method, url, path, text, body.encode(), service, keys or KEYS)
        if body:
            headers["Content-Type"] = "application/xml" if body[0] == "<" else "application/x-www-form-urlencoded"
        target = url + path + ("?" + text if text else "")
        try:
            request = urllib.request.Request(target, data=body.encode() or None, headers=headers, method=method)
            with opener.open(request, timeout=30) as reply:
                return ET.fromstring(reply.read())
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            if wait and ("<Code>Throttling" in said or "<Code>PriorRequestNotComplete" in said):
                time.sleep(wait)
                continue
            if error.code < 500 or service == "sts" or not body:
                stop(f"{method} {path}: HTTP {error.code}: {said.strip()}")
            sys.exit(f"{method} {path}: HTTP {error.code}: whether the change was made is not known: look at the zone")
        except (OSError, ET.ParseError) as error:
            if service == "sts" or not body:
                stop(f"{method} {path}: {error}")
            sys.exit(f"{method} {path}: {error}: whether the change was made is not known: look at the zone")


def text_of(node, path):
    return node.findtext("/".join("{*}" + part for part in path.split("/")), "")


def zone_id():
    if ZONE_ID:
        return ZONE_ID
    reply = call("GET", "/2013-04-01/hostedzonesbyname", [("dnsname", ZONE), ("maxitems", "100")])
    found = [text_of(zone, "Id").split("/")[-1] for zone in reply.iterfind(".//{*}HostedZone")
             if text_of(zone, "Name") == ZONE and text_of(zone, "Config/PrivateZone") != "true"]
    if len(found) != 1:
        stop(f"{len(found)} public hosted zones are called {ZONE}: write the id of the right one into ZONE_ID")
    return found[0]


made = 0
KEYS = keys()
zone = zone_id()
for number, body in enumerate(REQUESTS, 1):
    reply = call("POST", f"/2013-04-01/hostedzone/{zone}/rrset/", body=body)
    made = number
    change = text_of(reply, "ChangeInfo/Id").split("/")[-1]
    print(f"request {number} of {len(REQUESTS)} is made")
    for attempt in range(150):
        if text_of(call("GET", "/2013-04-01/change/" + change), "ChangeInfo/Status") == "INSYNC":
            break
        time.sleep(2 if attempt > 3 else 0.1)
    else:
        print(f"Route 53 has not said within five minutes that all its servers have it: {change}")
print("the records are as they were")
)PY";

/// A literal that JSON and Python share.
std::string literal(const std::string& text) { return nlohmann::json(text).dump(-1, ' ', true); }

/// The fields of AssumeRole.
std::string role_in_python(const AwsRole& role) {
  nlohmann::ordered_json fields{{"RoleArn", role.arn},
                                {"RoleSessionName", role.session_name},
                                {"DurationSeconds", std::to_string(role.duration.count())}};
  if (!role.external_id.empty()) fields["ExternalId"] = role.external_id;
  return fields.dump(-1, ' ', true);
}

}  // namespace

InverseScript inverse_script(const ChangeSet& inverse, const std::vector<ChangeSet>& batches, const Door& door) {
  const std::string name = fmt::format("rollback-{}.py", inverse.zone.host());
  std::string text = fmt::format(
      "#!/usr/bin/env python3\n# Undoes a change of {} at Amazon Route 53. Needs Python 3 and AWS keys, in the "
      "environment or a profile;\n# changes nothing when the records are no longer as that change left them.\n#\n",
      printable(inverse.zone.text()));
  for (const std::string& line : diff_lines(inverse)) text += "#   " + line + "\n";
  text +=
      "import configparser\nimport datetime\nimport hashlib\nimport hmac\nimport os\nimport ssl\nimport sys\nimport "
      "time\n"
      "import urllib.error\nimport urllib.parse\nimport urllib.request\nimport xml.etree.ElementTree as ET\n\n";
  text += fmt::format("URL = {}\nSTS_URL = {}\nCA_FILE = {}\nREGION = {}\nZONE = {}\nZONE_ID = {}\n", literal(door.url),
                      literal(door.keys.sts_url), literal(door.ca_file), literal(door.keys.region),
                      literal(aws_name(inverse.zone)), literal(door.zone_id));
  text +=
      fmt::format("# Keys stand in the profile, or where there is none in the environment.\nPROFILE = {}\nROLES = [\n",
                  literal(door.keys.profile));
  for (const AwsRole& role : door.keys.roles) text += "    " + role_in_python(role) + ",\n";
  text += "]\n";
  text += "# Each is made whole or not at all.\nREQUESTS = [\n";
  for (const ChangeSet& batch : batches) text += "    " + literal(change_body(edits_of(batch, nullptr))) + ",\n";
  text += "]\n";
  text += kProgram;
  return InverseScript{name, "python3 " + name, text};
}

}  // namespace cutover::providers::route53
