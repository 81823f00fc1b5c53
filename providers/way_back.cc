#include "providers/way_back.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover::providers {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBefore = R"PY(
import base64, hashlib, hmac, json, os, re, ssl, subprocess, sys, time
import urllib.error, urllib.parse, urllib.request


def stop(why):
    sys.exit(why + "; nothing was changed")


def credential(name):
    reference = CREDENTIALS[name]
    if reference.startswith("env/"):
        variable = reference[4:]
        if variable in os.environ:
            return os.environ[variable].strip()
        if variable + "_FILE" not in os.environ:
            stop("set " + variable + " in the environment")
        reference = "file/" + os.environ[variable + "_FILE"]
    with open(reference[5:]) as file:
        return file.read().strip()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None  # the credential goes to the service alone


# What is on this machine is not asked through a proxy.
PROXIES = [urllib.request.ProxyHandler({})] if URL.startswith("http://") else []
TRUST = [urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=CA_FILE))] if CA_FILE else []
OPENER = urllib.request.build_opener(NoRedirect, *PROXIES, *TRUST)


def send(request):
    for attempt in range(4):
        try:
            with OPENER.open(request, timeout=30) as reply:
                send.link = reply.headers.get("Link") or ""
                return reply.read().decode()
        except urllib.error.HTTPError as error:
            wait = error.headers.get("Retry-After") or "1"
            if error.code != 429 or attempt == 3 or not wait.isdigit() or int(wait) > 330:
                raise
            time.sleep(int(wait))


def next_link():  # of the last reply (RFC 8288)
    found = re.search(r'<[a-z]+(://[^>]*)>[^<]*rel="?next"?', send.link)
    base = URL[URL.index("://"):]
    if found and not found.group(1).startswith(base + "/"):
        stop("the next page is elsewhere, where the credential does not go")
    return found.group(1)[len(base):] if found else None


def fetch_text(method, path, body=None, headers={}):
    url = path if "://" in path else URL + path
    request = urllib.request.Request(url, body.encode() if body else None, {**HEADERS, **headers}, method=method)
    if not body:
        request.headers.pop("Content-type", None)
    authorize(request)
    return send(request)


def fetch(method, path, body=None, headers={}):
    text = fetch_text(method, path, body, headers)
    return json.loads(text) if text else None


def zone_id():
    return ""


def commit():
    pass


def settle(reply):
    pass

)PY";

constexpr std::string_view kAfter = R"PY(

def plain(value):  # services write quotes, spaces and the last dot as they like
    return re.sub(r'["\\ ]', "", value.lower()).rstrip(".")


def look():
    found = {key: {} for key in LEFT}
    for name, kind, ttl, value, identity in records():
        key = name.lower().rstrip(".") + ". " + kind
        if key in found:
            found[key][plain(value)] = (ttl, identity)
    return found


def values(image):
    return {plain(value) for value in image["values"]} if image else set()


def is_as_wanted(key):
    ttls = {ttl for ttl, identity in found[key].values()}
    return set(found[key]) == values(WANTED[key]) and (not WANTED[key] or ttls == {WANTED[key]["ttl"]})


created = set()  # sets with records whose names the service has yet to tell


def is_due(step):
    if ALL_AT_ONCE:
        return True
    if step["from"] is None and step["to"] is None:
        return not is_as_wanted(step["key"])
    if step["from"] is not None and step["key"] in created:
        found.update(look())
        created.clear()
    there = found[step["key"]]
    if step["from"] is None:
        return plain(step["to"]) not in there
    return plain(step["from"]) in there


def filled(text):
    def identity(match):
        key, value = IDS[int(match.group(1))]
        return str(found[key][plain(value)][1])

    return re.sub(r"\{\{id:(\d+)\}\}", identity, text.replace("{{zone}}", str(zone)))


try:
    zone = zone_id()
    found = look()
except (urllib.error.URLError, OSError, ValueError, LookupError) as error:
    stop("the zone could not be read: " + str(error))
if all(is_as_wanted(key) for key in LEFT):
    try:
        commit()  # where it was cut off before that
    except (OSError, ValueError) as error:
        stop("the records are as they were before the change already, and not in force: " + str(error))
    stop("the records are as they were before the change already")
for key in LEFT:
    now = set(found[key])
    ours = values(LEFT[key]) | values(WANTED[key])
    if now != values(LEFT[key]) and (ALL_AT_ONCE or not now <= ours):
        stop(key + " is not as the change left it")
try:
    for step in CALLS:
        if is_due(step):
            headers = {name: filled(value) for name, value in step["headers"]}
            settle(fetch_text(step["method"], filled(step["path"]), filled(step["body"]), headers))
            print("made: " + step["what"])
            if step["from"] is None and step["to"] is not None:
                created.add(step["key"])
    commit()
except urllib.error.HTTPError as error:
    sys.exit("the call was not accepted: HTTP %d: %s" % (error.code, error.read(500).decode(errors="replace")))
except (OSError, ValueError) as error:
    sys.exit("the call failed (" + str(error) + "): whether it was made is not known, look at the zone")
print("the records are as they were")
)PY";

Json image_of(const std::optional<RecordSet>& set) {
  if (!set) return nullptr;
  return Json{{"ttl", set->ttl.count()}, {"values", set->rdata}};
}

/// A Python literal: JSON in a raw string cannot be broken out of by what it holds.
std::string literal(const Json& json) { return fmt::format("json.loads({})", Json(json.dump(-1, ' ', true)).dump()); }

Json step_of(const ScriptCall& script) {
  const Part& part = script.part;
  Json headers = Json::array();
  for (const auto& [name, value] : script.call.headers) headers.push_back(Json::array({name, value}));
  const auto side = [&](const std::string& rdata) { return rdata.empty() ? Json(nullptr) : Json(rdata); };
  return Json{{"what", join(diff_lines(part.changes), "; ")},
              {"method", script.call.method},
              {"path", script.call.path},
              {"body", script.call.body},
              {"headers", std::move(headers)},
              {"key", part.changes.changes.at(0).key.text()},
              {"from", part.record ? side(part.record->from) : Json(nullptr)},
              {"to", part.record ? side(part.record->to) : Json(nullptr)}};
}

}  // namespace

Ids PlaceHolders::ids() {
  return {"{{zone}}", [this](const RecordKey& key, const std::string& rdata) {
            records_.emplace_back(key, rdata);
            return fmt::format("{{{{id:{}}}}}", records_.size() - 1);
          }};
}

InverseScript way_back_script(const ChangeSet& inverse, const Api& api, const Capabilities& can,
                              const ServiceInPython& service, const std::vector<ScriptCall>& calls,
                              const PlaceHolders& holders) {
  const std::string name = fmt::format("rollback-{}.py", inverse.zone.host());
  const bool at_once = calls.size() == 1 && can.atomic.value == AtomicScope::kZone;
  std::string text = fmt::format(
      "#!/usr/bin/env python3\n# Undoes a change of {} through {}. Needs {}. It\n# changes nothing "
      "when the values are no longer as that change left them.{}\n#\n",
      printable(inverse.zone.text()), api.who(), service.needs,
      can.compare_and_swap.value == CompareAndSwap::kNone
          ? " Nobody should edit the zone meanwhile: the\n# service cannot compare and change in one call."
          : "");
  for (const std::string& line : diff_lines(inverse)) text += "#   " + line + "\n";
  Json left, wanted, steps = Json::array(), ids = Json::array(), credentials = Json::object();
  for (const Change& change : inverse.changes) {
    left[change.key.text()] = image_of(change.before);
    wanted[change.key.text()] = image_of(change.after);
  }
  for (const ScriptCall& call : calls) steps.push_back(step_of(call));
  for (const auto& [key, rdata] : holders.records_) ids.push_back(Json::array({key.text(), rdata}));
  for (const auto& [credential, reference] : service.credentials) credentials[credential] = reference;
  text += "import json\n\n";
  text += fmt::format("URL = {}\nCA_FILE = {}\nZONE = {}\nALL_AT_ONCE = {}\n", Json(api.url()).dump(),
                      Json(api.ca_file()).dump(), Json(inverse.zone.text()).dump(), at_once ? "True" : "False");
  text += fmt::format("HEADERS = {{\"Accept\": {}, \"Content-type\": {}}}\n", Json(api.accept()).dump(),
                      Json(api.content_type()).dump());
  for (const auto& [setting, value] : service.settings) text += fmt::format("{} = {}\n", setting, Json(value).dump());
  text += fmt::format("CREDENTIALS = {}\nLEFT = {}\nWANTED = {}\nIDS = {}\nCALLS = {}\n", literal(credentials),
                      literal(left), literal(wanted), literal(ids), literal(steps));
  text += kBefore;
  text += service.code;
  text += kAfter;
  return InverseScript{name, "python3 " + name, text};
}

}  // namespace cutover::providers
