#include "cmd/report/checks_metrics.h"

#include <fmt/format.h>

#include <functional>

#include "core/text.h"

namespace cutover {
namespace {

using tlscheck::EndpointFacts;

/// A label's value: backslash, quote and line feed are escaped; printable() has left no other control character.
std::string label(std::string_view name, const std::string& value) {
  std::string out = std::string(name) + "=\"";
  for (const char c : printable(value)) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string labels(const EndpointFacts& facts) {
  return join({label("name", facts.name.host()), label("address", facts.endpoint.address.text()),
               label("port", std::to_string(facts.endpoint.port)), label("side", std::string(to_text(facts.side)))},
              ",");
}

std::string labels(const Check& check) {
  std::vector<std::string> out{label("id", check.id), label("severity", std::string(to_text(check.severity)))};
  if (check.name) out.push_back(label("name", check.name->host()));
  if (check.endpoint) {
    out.push_back(label("address", check.endpoint->address.text()));
    out.push_back(label("port", std::to_string(check.endpoint->port)));
  }
  return join(out, ",");
}

std::string seconds(Instant at) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
}

/// One sample: more labels, which may be none, and the value; an empty value: there is none.
struct Sample {
  std::string more;
  std::string value;
};

class Metrics {
 public:
  explicit Metrics(const CheckReport& report) : report_(report) {}

  void add(const std::string& name, const std::string& help, const std::function<Sample(const EndpointFacts&)>& of) {
    std::string lines;
    for (const EndpointFacts& facts : report_.endpoints) {
      const Sample sample = of(facts);
      if (!sample.value.empty())
        lines += fmt::format("{}{{{}{}{}}} {}\n", name, labels(facts), sample.more.empty() ? "" : ",", sample.more,
                             sample.value);
    }
    add_family(name, help, lines);
  }
  void add_checks() {
    std::string lines;
    for (const Check& check : report_.checks)
      if (check.verdict == Verdict::kPass || check.verdict == Verdict::kFail)
        lines += fmt::format("cutover_check{{{}}} {}\n", labels(check), check.verdict == Verdict::kPass ? 1 : 0);
    add_family("cutover_check", "Whether a check passed.", lines);
  }
  const std::string& text() const { return out_; }

 private:
  void add_family(const std::string& name, const std::string& help, const std::string& lines) {
    if (!lines.empty()) out_ += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{2}", name, help, lines);
  }
  const CheckReport& report_;
  std::string out_;
};

Sample instant(const std::optional<Instant>& at) { return {"", at ? seconds(*at) : ""}; }

Sample chain_info(const EndpointFacts& facts) {
  if (!facts.leaf) return {};
  return {join({label("fingerprint_sha256", facts.leaf->sha256), label("issuer", facts.leaf->issuer),
                label("subject", facts.leaf->subject), label("subjectalternative", join(facts.leaf->names, ","))},
               ","),
          "1"};
}

/// `TLS 1.3`, as blackbox_exporter writes what OpenSSL calls TLSv1.3.
Sample version_info(const EndpointFacts& facts) {
  constexpr std::string_view kPrefix = "TLSv";
  if (!facts.version.starts_with(kPrefix)) return {};
  const std::string number = facts.version.substr(kPrefix.size());
  return {label("version", "TLS " + (number == "1" ? "1.0" : number)), "1"};
}

}  // namespace

std::string checks_as_metrics(const CheckReport& report) {
  Metrics metrics(report);
  metrics.add("probe_success", "Whether a TLS handshake came about and no client would refuse the certificate.",
              [](const EndpointFacts& f) {
                return Sample{"", f.accepted ? "1" : "0"};
              });
  metrics.add("probe_duration_seconds", "How long connection and handshake took.", [](const EndpointFacts& f) {
    return Sample{"", f.leaf ? fmt::format("{:.6f}", static_cast<double>(f.duration.count()) / 1e6) : ""};
  });
  metrics.add("probe_ssl_earliest_cert_expiry", "Unix time at which the first of the certificates sent expires.",
              [](const EndpointFacts& f) { return instant(f.earliest_expiry); });
  metrics.add("probe_ssl_last_chain_expiry_timestamp_seconds", "Unix time at which the path that clients take expires.",
              [](const EndpointFacts& f) { return instant(f.path_expiry); });
  metrics.add("probe_ssl_last_chain_info", "The certificate of the server.", chain_info);
  metrics.add("probe_tls_version_info", "The version of TLS that was negotiated.", version_info);
  metrics.add("probe_http_status_code", "The status of the HTTP answer.", [](const EndpointFacts& f) {
    return Sample{"", f.http_status == 0 ? "" : std::to_string(f.http_status)};
  });
  metrics.add_checks();
  return metrics.text();
}

}  // namespace cutover
