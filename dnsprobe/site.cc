#include "dnsprobe/site.h"

#include "core/text.h"
#include "net/exchange.h"

namespace cutover::dnsprobe {
namespace {

constexpr std::chrono::milliseconds kTimeout{1500};
constexpr int kTries = 2;
constexpr std::size_t kInFlight = 256;
constexpr std::size_t kLongest = 64;

net::Question question_of(SiteQuestion question) {
  const auto txt = [](const char* name, net::RecordClass record_class) {
    return net::Question{*DomainName::from_text(name), RecordType::kTxt, record_class};
  };
  switch (question) {
    case SiteQuestion::kIdServer:
      return txt("id.server", net::RecordClass::kCh);
    case SiteQuestion::kGoogle:
      return txt("o-o.myaddr.l.google.com", net::RecordClass::kIn);
    case SiteQuestion::kOpenDns:
      return txt("debug.opendns.com", net::RecordClass::kIn);
  }
  return {};
}

/// The first string of a TXT record, without its quotes.
std::string first_string(const std::string& rdata) {
  const auto end = rdata.find('"', 1);
  return rdata.size() < 2 || rdata.front() != '"' || end == std::string::npos ? "" : rdata.substr(1, end - 1);
}

/// What of one string is the name of the site.
std::string site_in(SiteQuestion question, const std::string& text) {
  constexpr std::string_view kServer = "server ", kSubnet = "edns0-client-subnet";
  switch (question) {
    case SiteQuestion::kIdServer:
      return text;
    case SiteQuestion::kGoogle:
      return text.starts_with(kSubnet) ? "" : text;
    case SiteQuestion::kOpenDns:
      return text.starts_with(kServer) ? text.substr(kServer.size()) : "";
  }
  return "";
}

}  // namespace

SiteQuestion site_question_of(const Resolver& resolver) {
  const std::string name = to_lower(resolver.operator_name);
  if (name == "google") return SiteQuestion::kGoogle;
  if (name == "opendns") return SiteQuestion::kOpenDns;
  return SiteQuestion::kIdServer;
}

std::string site_in(SiteQuestion question, const net::Message& reply) {
  for (const net::Record& record : reply.answer) {
    if (record.type != RecordType::kTxt) continue;
    if (std::string site = site_in(question, first_string(record.rdata)); !site.empty())
      return printable(site.substr(0, kLongest));
  }
  return "";
}

std::vector<std::string> find_sites(net::Loop& loop, const Clock& clock, const std::vector<Resolver>& resolvers) {
  std::vector<net::DnsRequest> requests;
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < resolvers.size(); ++i) {
    if (!is_plain(resolvers[i])) continue;
    net::DnsRequest request;
    request.server = *resolvers[i].endpoint;
    request.message = net::make_query(question_of(site_question_of(resolvers[i])), net::Recursion::kDesired);
    if (resolvers[i].transport == Transport::kTcp) request.transport = net::DnsTransport::kTcp;
    request.timeout = kTimeout;
    request.tries = kTries;
    requests.push_back(std::move(request));
    asked.push_back(i);
  }
  std::vector<std::string> out(resolvers.size());
  const auto answers = net::exchange_all(loop, clock, requests, kInFlight);
  for (std::size_t i = 0; i < answers.size(); ++i)
    if (answers[i].outcome == net::Outcome::kAnswered)
      out[asked[i]] = site_in(site_question_of(resolvers[asked[i]]), answers[i].reply);
  return out;
}

}  // namespace cutover::dnsprobe
