#include "providers/webhook/webhook.h"

#include <fmt/format.h>

#include "core/text.h"
#include "providers/api_provider.h"
#include "providers/file.h"
#include "providers/webhook/endpoints.h"

namespace cutover::providers::webhook {
namespace {

constexpr std::string_view kUrl = "http://127.0.0.1:8888";

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "an endpoint is a name and a type with all its targets", "2026-11-22"},
      .atomic = {AtomicScope::kNone, "the protocol promises nothing about changes that are sent together",
                 "2026-11-22"},
      .atomic_limit = {1, "one record set a call", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kNone,
                           "servers need not look at updateOld; values and TTLs are read and compared right before "
                           "each call",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "204 says that the server took the change", "2026-11-22"},
      .ttl_floor = {Seconds(1), "0 stands for \"the service's own default\"; its real floor is not told", "2026-11-22"},
      .settle_time = {Seconds(60), "nothing is known about the service behind the server", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCname, T::kTxt, T::kMx, T::kSrv, T::kPtr},
                "external-dns carries A, AAAA, CNAME, TXT, MX, SRV and PTR, and not HTTPS, SVCB, CAA or TLSA",
                "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
import ipaddress


def authorize(request):
    pass


def records():
    for endpoint in fetch("GET", "/records") or []:
        kept = {"labels": endpoint.get("labels") or {}, "providerSpecific": endpoint.get("providerSpecific") or []}
        for target in endpoint.get("targets") or []:
            if endpoint["recordType"] == "AAAA":
                target = str(ipaddress.ip_address(target))
            yield (endpoint["dnsName"], endpoint["recordType"], endpoint.get("recordTTL", 0), target,
                   json.dumps(kept)[1:-1])
)PY";

class Webhook final : public ApiProvider {
 public:
  Webhook(Api api, RecordForm form, std::shared_ptr<const std::string> said_type)
      : ApiProvider(std::move(api), form), said_type_(std::move(said_type)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>*) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override {
    const Change& change = part.changes.changes.at(0);
    const std::string kept = change.before ? ids.record(change.key, change.before->rdata.at(0)) : std::string();
    return ApiCall{"POST", "/records", changes_body(change, form(), kept)};
  }
  Result<void> rehearse(const ChangeSet& changes, const Listing& live) override;
  ServiceInPython in_python() const override { return {std::string(kPython)}; }

 private:
  Result<std::string> ask(const ApiCall& call, const std::string& doing) const;
  Result<void> negotiate(const DomainName& zone, const std::string& doing);

  std::shared_ptr<const std::string> said_type_;  ///< Content-Type of the last answer
  std::optional<Domains> domains_;                ///< as the server said when it was first asked
};

/// A question whose answer has to say by its media type that it is this protocol, and which version of it.
Result<std::string> Webhook::ask(const ApiCall& call, const std::string& doing) const {
  auto body = api().read(call, doing);
  if (!body || is_media_type(*said_type_)) return body;
  return fail(ErrorCode::kInvalid,
              fmt::format("{}: {} answers with content of the type '{}' and not {}: is this such a server, and does it "
                          "speak version 1?",
                          doing, api().who(), printable(said_type_->substr(0, 100)), kMediaType));
}

Result<void> Webhook::negotiate(const DomainName& zone, const std::string& doing) {
  if (!domains_) {
    auto body = ask({"GET", "/"}, doing);
    if (!body) return body.error();
    auto domains = domains_from(*body);
    if (!domains) return within(fmt::format("{}: {}", doing, api().who()), domains.error());
    domains_ = std::move(*domains);
  }
  if (domains_->serve(zone)) return {};
  return fail(ErrorCode::kNotFound,
              fmt::format("{}: {} serves {} and not this zone", doing, api().who(),
                          domains_->included.empty() ? "other domains" : printable(join(domains_->included, ", "))));
}

Result<Listing> Webhook::list(const DomainName& zone, const std::vector<RecordKey>*) {
  const std::string doing = fmt::format("reading {}", zone.text());
  if (auto agreed = negotiate(zone, doing); !agreed) return agreed.error();
  auto body = ask({"GET", "/records"}, doing);
  if (!body) return body.error();
  Listing found = listing(zone);
  if (auto taken = take_endpoints(*body, zone, form(), found); !taken)
    return within(fmt::format("{}: {}", doing, api().who()), taken.error());
  if (found.zone.sets.empty())
    return fail(ErrorCode::kNotFound, fmt::format("{}: {} shows no record of that zone", doing, api().who()));
  return found;
}

/// external-dns lets a server adjust every endpoint that is wanted, and sends what comes back; servers rely on that.
/// What was reviewed is what is to be written: an endpoint that would be adjusted is not written at all.
Result<void> Webhook::rehearse(const ChangeSet& changes, const Listing& live) {
  const std::string wanted = wanted_body(changes, form(), live);
  if (wanted == "[]") return {};
  const std::string doing = fmt::format("asking what would become of a change of {}", changes.zone.text());
  auto body = ask({"POST", "/adjustendpoints", wanted}, doing);
  if (!body && body.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kInvalid,
                fmt::format("{}; the protocol demands POST /adjustendpoints of every server", body.error().message));
  if (!body) return body.error();
  auto fits = check_adjusted(*body, changes, form());
  if (!fits) return within(fmt::format("{}: {}", doing, api().who()), fits.error());
  return {};
}

constexpr OptionSpec kOptions[] = {
    {"url", "where the server is: http:// on this machine, else https://; http://127.0.0.1:8888 when left out", false,
     false},
    {"txt", "how it writes TXT: quoted or bare; quoted when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  const std::string txt = option_of(config, "txt", "quoted");
  if (txt != "quoted" && txt != "bare")
    return fail(
        ErrorCode::kUsage,
        fmt::format("the option 'txt' of the provider 'webhook' is quoted or bare, and not '{}'", printable(txt)));
  const RecordForm form{RecordForm::Names::kWithoutDot,
                        txt == "bare" ? RecordForm::Text::kBare : RecordForm::Text::kQuoted,
                        RecordForm::Priority::kInside};
  const auto said_type = std::make_shared<std::string>();
  Api::Settings settings;
  settings.service = "the external-dns webhook";
  settings.url = option_of(config, "url", kUrl);
  settings.content_type = settings.accept = kMediaType;
  settings.tell = context.tell;
  settings.meaning = [said_type](const net::HttpResponse& response) -> std::optional<ErrorCode> {
    *said_type = std::string(response.header("content-type"));
    return std::nullopt;
  };
  if (const std::string ca = option_of(config, "ca_file"); !ca.empty())
    settings.ca_file = path_from(config.base_folder, ca);
  auto api = Api::make(context.loop, std::move(settings));
  if (!api) return within("the option 'url' of the provider 'webhook'", api.error());
  return std::unique_ptr<Provider>(std::make_unique<Webhook>(std::move(*api), form, said_type));
}

}  // namespace

Entry entry() {
  return {"webhook",
          "A server of external-dns's webhook protocol",
          kOptions,
          open,
          what_it_can,
          "None: the server holds the service's own and listens on this machine alone.",
          "What the server's own manual says: it is the server that needs them."};
}

}  // namespace cutover::providers::webhook
