#include "tlscheck/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/text.h"
#include "net/http.h"
#include "net/starttls.h"
#include "net/tls_stream.h"

namespace cutover::tlscheck {
namespace {

/// What a wildcard is asked as: any name below it would do.
constexpr std::string_view kWildcardLabel = "cutover-check";

/// One target on its way through the passes.
struct Row {
  const Target* target = nullptr;
  DomainName asked{};  ///< the name that is really asked for
  net::TlsAnswer answer{};
  std::vector<Check> checks{};
  std::string leaf{};  ///< fingerprint; empty: no certificate was seen
};

/// As fail() has it, but for checks: nothing on the old side weighs more than a warning.
Severity severity_on(Side side, Severity severity) {
  return side == Side::kOld ? std::min(severity, Severity::kWarning) : severity;
}

Check check_of(const Row& row, std::string_view id, Severity severity, Verdict verdict) {
  Check check;
  check.id = id;
  check.severity = severity_on(row.target->side, severity);
  check.verdict = verdict;
  check.name = row.target->name;
  check.endpoint = row.target->endpoint;
  return check;
}

std::string_view side_prefix(const Row& row) { return row.target->side == Side::kOld ? "old side: " : ""; }

DomainName asked_name(const DomainName& name) {
  if (!name.is_wildcard()) return name;
  const auto asked = DomainName::from_text(fmt::format("{}.{}", kWildcardLabel, name.parent().text()));
  return asked ? *asked : name;  // too long for the label: asked as it is, and the server will not know it
}

std::vector<Row> rows_of(const std::vector<Target>& targets) {
  std::vector<Row> rows;
  for (const auto& target : targets) {
    Row row;
    row.target = &target;
    row.asked = asked_name(target.name);
    rows.push_back(std::move(row));
  }
  const auto order = [](const Row& r) {
    return std::tuple(r.target->name, r.target->side, r.target->endpoint, r.target->starttls);
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return order(a) < order(b); });
  return rows;
}

// --- 1. handshakes ---

net::TlsRequest request_of(const Row& row, const Options& options) {
  net::TlsRequest request;
  request.connect_to = row.target->connect_to.value_or(row.target->endpoint);
  if (!row.asked.is_root()) request.server_name = row.asked.host();
  // Offered where HTTP is spoken only: a server of something else may refuse to go on.
  if (row.target->starttls.empty() && (row.target->http || row.target->endpoint.port == 443))
    request.alpn = {"h2", "http/1.1"};
  request.starttls = row.target->starttls;
  request.timeout = options.timeout;
  return request;
}

bool can_be_asked(const Row& row) { return row.target->starttls.empty() || net::Starttls::known(row.target->starttls); }

void shake_hands(net::Loop& loop, std::vector<Row>& rows, const Options& options) {
  std::vector<net::TlsRequest> requests;
  std::vector<Row*> asked;
  for (auto& row : rows) {
    if (!can_be_asked(row)) continue;
    requests.push_back(request_of(row, options));
    asked.push_back(&row);
  }
  auto answers = net::tls_all(loop, requests, options.in_flight);
  for (std::size_t i = 0; i < answers.size(); ++i) asked[i]->answer = std::move(answers[i]);
}

// --- 2. what came of them ---

std::string milliseconds(std::chrono::microseconds span) {
  return fmt::format("{:.1f} ms", static_cast<double>(span.count()) / 1000);
}

std::string connect_advice(const Row& row) {
  switch (row.answer.outcome) {
    case net::TlsOutcome::kHandshake:
      return "";
    case net::TlsOutcome::kRefused:
      return "start the server there, or check port, listen address and firewall";
    case net::TlsOutcome::kTimeout:
    case net::TlsOutcome::kUnreachable:
      return "check that the machine is up, its routes, and the firewalls between here and there";
    case net::TlsOutcome::kNotAsked:
      return row.target->endpoint.address.family() == Family::kV6
                 ? "run this check from a machine that has IPv6"
                 : "run this check from a machine that can reach this address";
    case net::TlsOutcome::kAlert:
      return "configure this name, with its certificate, on the server at that address";
    case net::TlsOutcome::kNotTls:
      return "check the port, and whether TLS is switched on there";
    case net::TlsOutcome::kClosed:
      return "look at the server's log: it ended the connection by itself";
    case net::TlsOutcome::kNoStarttls:
      return "switch STARTTLS on at the mail server";
    case net::TlsOutcome::kFailed:
      return "look at the server's TLS configuration";
  }
  return "";
}

Check connect_check(const Row& row) {
  const auto& answer = row.answer;
  if (!can_be_asked(row)) {
    auto check = check_of(row, "tls-connect", Severity::kError, Verdict::kUndecided);
    const auto known = net::Starttls::protocols();
    check.summary = fmt::format("STARTTLS for {} is not known to this program ({} are)",
                                printable(row.target->starttls), fmt::join(known.begin(), known.end(), ", "));
    check.advice = "check this endpoint by other means";
    return check;
  }
  const bool done = answer.outcome == net::TlsOutcome::kHandshake;
  const bool undecided = answer.outcome == net::TlsOutcome::kNotAsked;
  auto check = check_of(row, "tls-connect", Severity::kError,
                        done ? Verdict::kPass : (undecided ? Verdict::kUndecided : Verdict::kFail));
  check.summary = done ? fmt::format("{}answers with {}", side_prefix(row), answer.version)
                       : fmt::format("{}no TLS connection: {}", side_prefix(row), answer.detail);
  check.evidence = fmt::format("SNI {}", row.asked.is_root() ? "none" : row.asked.host());
  if (row.target->connect_to) check.evidence += fmt::format(", dialled {}", row.target->connect_to->text());
  if (done) {
    check.evidence += fmt::format(", connected in {}, handshake in {}", milliseconds(answer.connect_time),
                                  milliseconds(answer.handshake_time));
    if (!answer.alpn.empty()) check.evidence += fmt::format(", ALPN {}", answer.alpn);
    if (answer.asks_client_certificate) check.evidence += ", asks for a client certificate";
  }
  check.advice = connect_advice(row);
  return check;
}

Check version_check(const Row& row) {
  const auto& version = row.answer.version;
  const bool old = version == "TLSv1" || version == "TLSv1.1";
  auto check = check_of(row, "tls-version", Severity::kError, old ? Verdict::kFail : Verdict::kPass);
  check.summary = old ? fmt::format("{}the server speaks {} at best, which browsers and current libraries refuse",
                                    side_prefix(row), version)
                      : fmt::format("{}{} is current", side_prefix(row), version);
  check.evidence = fmt::format("negotiated {}", version);
  if (old) check.advice = "switch TLS 1.2 and 1.3 on";
  return check;
}

/// Each distinct chain is parsed and verified once, whatever the number of names and addresses that show it.
class Judge {
 public:
  Judge(const Options& options, const Times& times) : options_(options), times_(times) {}

  std::vector<Check> checks_for(Row& row) {
    const auto& chain = facts_of(row.answer.chain);
    if (chain.leaf) row.leaf = chain.sent.front().sha256;
    auto checks = judge(chain, options_.anchors, {row.asked, row.target->endpoint.address}, times_, row.target->side);
    for (auto& check : checks) {
      check.name = row.target->name;
      check.endpoint = row.target->endpoint;
    }
    return checks;
  }

 private:
  const ChainFacts& facts_of(const std::vector<std::string>& chain) {
    const auto known = chains_.find(chain);
    if (known != chains_.end()) return known->second;
    return chains_.emplace(chain, inspect(chain, options_.anchors, moments_of(times_))).first->second;
  }

  const Options& options_;
  const Times& times_;
  std::map<std::vector<std::string>, ChainFacts> chains_;
};

// --- 3. HTTP ---

std::string url_of(const Row& row) {
  const auto& target = *row.target;
  const auto at = target.endpoint;
  std::string host = row.asked.host();
  if (row.asked.is_root())
    host = at.address.family() == Family::kV6 ? "[" + at.address.text() + "]" : at.address.text();
  const auto port = at.port == 443 ? std::string() : fmt::format(":{}", at.port);
  const auto& path = target.http->path;
  return fmt::format("https://{}{}{}{}", host, port, path.substr(0, 1) == "/" ? "" : "/", path);
}

/// Whether an HTTP client would get as far as a request.
bool is_accepted(const Row& row) {
  return row.answer.outcome == net::TlsOutcome::kHandshake &&
         std::none_of(row.checks.begin(), row.checks.end(), [](const Check& c) {
           return c.verdict == Verdict::kFail && c.id != "old-side-expiry" && c.severity >= Severity::kWarning;
         });
}

Check status_check(const Row& row, const Result<net::HttpResponse>& response) {
  const auto& expected = *row.target->http;
  auto check = check_of(row, "http-status", Severity::kError, Verdict::kPass);
  if (!response) {
    check.verdict = Verdict::kFail;
    check.summary = fmt::format("{}no HTTP answer: {}", side_prefix(row), response.error().message);
    check.evidence = fmt::format("{}, expected {}", url_of(row), expected.status);
    check.advice = "look at the server's log at this moment";
    return check;
  }
  check.summary = fmt::format("{}answers {}", side_prefix(row), response->status);
  check.evidence =
      fmt::format("{} answered {}, expected {}", printable(url_of(row)), response->status, expected.status);
  if (const std::string_view location = response->header("location"); !location.empty())
    check.evidence += fmt::format(", location {}", printable(location.substr(0, 200)));
  if (response->status == expected.status) return check;
  check.verdict = Verdict::kFail;
  check.summary = fmt::format("{}answers {} instead of {}", side_prefix(row), response->status, expected.status);
  check.advice = "make the site answer as expected there, or correct `expect` in the plan";
  return check;
}

void ask_http(net::Loop& loop, std::vector<Row>& rows, const Options& options) {
  std::vector<net::HttpRequest> requests;
  std::vector<Row*> asked;
  for (auto& row : rows) {
    if (!row.target->http) continue;
    if (!is_accepted(row) || !row.target->starttls.empty()) {
      auto check = check_of(row, "http-status", Severity::kError, Verdict::kNotApplicable);
      check.summary = fmt::format("{}not asked: no connection that a client would accept", side_prefix(row));
      row.checks.push_back(std::move(check));
      continue;
    }
    net::HttpRequest request;
    request.url = url_of(row);
    request.connect_to = row.target->connect_to.value_or(row.target->endpoint);
    request.ca_file = options.anchors.path();
    request.timeout = options.timeout;
    request.max_body = 64 * 1024;
    requests.push_back(std::move(request));
    asked.push_back(&row);
  }
  const auto responses = net::http_all(loop, requests, options.in_flight);
  for (std::size_t i = 0; i < responses.size(); ++i) asked[i]->checks.push_back(status_check(*asked[i], responses[i]));
}

// --- 4. across addresses ---

/// Rows [first, last) are one name on one side.
std::vector<Check> same_leaf_checks(const std::vector<Row>& rows, std::size_t first, std::size_t last) {
  std::map<std::uint16_t, std::vector<const Row*>> by_port;
  for (std::size_t i = first; i < last; ++i)
    if (!rows[i].leaf.empty()) by_port[rows[i].target->endpoint.port].push_back(&rows[i]);
  std::vector<Check> checks;
  for (const auto& group : by_port) {
    const auto port = group.first;
    const auto& shown = group.second;
    if (shown.size() < 2) continue;
    const bool same =
        std::all_of(shown.begin(), shown.end(), [&](const Row* r) { return r->leaf == shown.front()->leaf; });
    auto check = check_of(*shown.front(), "tls-same-leaf", Severity::kWarning, same ? Verdict::kPass : Verdict::kFail);
    check.endpoint.reset();
    std::vector<std::string> parts;
    for (const auto* row : shown) parts.push_back(fmt::format("{} sha256 {}", row->target->endpoint.text(), row->leaf));
    check.evidence = join(parts, "; ");
    const auto prefix = side_prefix(*shown.front());
    check.summary =
        same ? fmt::format("{}all {} addresses show the same certificate on port {}", prefix, shown.size(), port)
             : fmt::format("{}the addresses show different certificates on port {}", prefix, port);
    if (!same) check.advice = "install the same certificate everywhere, unless each machine is meant to have its own";
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace

std::vector<Check> check_endpoints(net::Loop& loop, const Clock& clock, const std::vector<Target>& targets,
                                   const Options& options, const CheckSink& sink) {
  const auto tell = [&](const Check& check) {
    if (sink) sink(check);
  };
  Times times;
  times.now = clock.now();
  times.swap = std::max(times.now, options.swap.value_or(times.now));
  times.standby_ends = times.swap + options.standby;

  auto rows = rows_of(targets);
  shake_hands(loop, rows, options);

  // Every target has its answer; from here on nothing but HTTP touches the network.
  Judge judge(options, times);
  for (auto& row : rows) {
    row.checks.push_back(connect_check(row));
    if (row.answer.outcome == net::TlsOutcome::kHandshake && can_be_asked(row)) {
      row.checks.push_back(version_check(row));
      for (auto& check : judge.checks_for(row)) row.checks.push_back(std::move(check));
    }
    std::for_each(row.checks.begin(), row.checks.end(), tell);
  }
  ask_http(loop, rows, options);

  std::vector<Check> all;
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t last = first;
    const auto same_group = [&](const Row& r) {
      return r.target->name == rows[first].target->name && r.target->side == rows[first].target->side;
    };
    for (; last < rows.size() && same_group(rows[last]); ++last) {
      auto& checks = rows[last].checks;
      if (rows[last].target->http) tell(checks.back());
      all.insert(all.end(), checks.begin(), checks.end());
    }
    for (const auto& check : same_leaf_checks(rows, first, last)) {
      tell(check);
      all.push_back(check);
    }
    first = last;
  }
  return all;
}

}  // namespace cutover::tlscheck
