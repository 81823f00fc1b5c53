#include "providers/google/in_python.h"

namespace cutover::providers::google {

const std::string_view kPython = R"PY(
def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(text, key):
    reader, writer = os.pipe()  # the key is in no file and on no command line
    os.write(writer, key.encode())
    os.close(writer)
    command = ["openssl", "dgst", "-sha256", "-sign", "/dev/fd/%d" % reader]
    done = subprocess.run(command, input=text.encode(), capture_output=True, pass_fds=[reader])
    os.close(reader)
    if done.returncode != 0:
        stop("openssl cannot sign with the service account's key")
    return done.stdout


def access_token():
    account = json.loads(credential("key"))
    uri = account["token_uri"]
    if not re.match(r"https://|http://(127\.|localhost[:/]|\[::1\])", uri):
        stop("the key file's token_uri is not https://")
    now = int(time.time())
    claims = {"iss": account["client_email"], "scope": "https://www.googleapis.com/auth/ndev.clouddns.readwrite",
              "aud": uri, "iat": now, "exp": now + 3600}
    header = {"alg": "RS256", "typ": "JWT", "kid": account.get("private_key_id", "")}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": text + "." + base64url(signature(text, account["private_key"]))}
    request = urllib.request.Request(uri, urllib.parse.urlencode(form).encode(), method="POST")
    return json.loads(send(request))["access_token"]


TOKEN = []


def authorize(request):
    if not TOKEN:
        TOKEN.append(access_token())
    request.add_header("Authorization", "Bearer " + TOKEN[0])


def pages(path, query):
    while True:
        reply = fetch("GET", path + "?" + urllib.parse.urlencode(query))
        yield reply
        if not reply.get("nextPageToken"):
            return
        query = {**query, "pageToken": reply["nextPageToken"]}


def zone_id():
    if MANAGED_ZONE:
        return MANAGED_ZONE
    found = [zone["name"] for reply in pages("/projects/%s/managedZones" % PROJECT, {"dnsName": ZONE})
             for zone in reply.get("managedZones", []) if zone.get("visibility") != "private"]
    if len(found) != 1:
        stop("there are %d public zones of that name" % len(found))
    return found[0]


def records():
    path = "/projects/%s/managedZones/%s/rrsets" % (PROJECT, zone_id())
    for reply in pages(path, {}):
        for each in reply.get("rrsets", []):
            as_listed = json.dumps({field: each[field] for field in ("name", "type", "ttl", "rrdatas") if field in each})
            for value in each.get("rrdatas", []):
                yield each["name"], each["type"], each.get("ttl"), value, as_listed
)PY";

}  // namespace cutover::providers::google
