#include "tests/scenarios/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "dnsprobe/catalogue.h"
#include "tests/support/certificates.h"
#include "tests/support/not_run.h"

namespace cutover::stage {
namespace {

std::string zone_text(int ttl) {
  return fmt::format(R"($ORIGIN example.com.
$TTL 3600
@    IN SOA ns1 hostmaster 7 5 2 1209600 4
@    IN NS  ns1
ns1  IN A   127.0.0.1
www  {0} IN A {2}
www  {0} IN AAAA 2001:db8:1::10
shop {0} IN CNAME lb
lb   {0} IN A 198.51.100.20
long {0} IN TXT "{1}" "{1}" "{1}" "{1}" "{1}" "{1}" "{1}"
)",
                     ttl, std::string(250, 'x'), kOldWww);
}

bool is_well_known(const std::string& name) { return name == "google" || name == "cloudflare" || name == "quad9"; }

}  // namespace

std::string identity_of(const std::string& operator_name) {
  static const std::map<std::string, std::string> known{{"quad9", "res710.qbre1.rrdns.pch.net"},
                                                        {"cloudflare", "yul01"}};
  const auto at = known.find(operator_name);
  return at == known.end() ? "" : at->second;
}

std::string identity_lines(const std::string& identity) {
  return identity.empty() ? "  hide-identity: yes\n"
                          : fmt::format("  hide-identity: no\n  identity: \"{}\"\n", identity);
}

bool world_is_allowed(const std::string& what) {
  const std::string refusal = tests::Namespace::refusal();
  if (!refusal.empty()) tests::not_run(what, refusal);
  return refusal.empty();
}

std::map<std::string, std::string> default_addresses() {
  std::map<std::string, std::string> out;
  for (const auto& resolver : dnsprobe::default_resolvers())
    out[resolver.id] = resolver.endpoint ? resolver.endpoint->address.text() : "";
  return out;
}

World::World(int ttl) {
  test::CertificateOptions root;
  root.common_name = "World Root";
  root.authority = true;
  const test::Certificate authority(root);
  test::CertificateOptions leaf;
  for (const dnsprobe::CatalogueEntry& entry : dnsprobe::catalogue()) {
    if (!is_well_known(entry.operator_name)) continue;
    if (!entry.tls_name.empty()) leaf.alternative_names.push_back("DNS:" + entry.tls_name);
    if (const auto at = entry.https_url.find("//"); at != std::string::npos)
      leaf.alternative_names.push_back("DNS:" +
                                       entry.https_url.substr(at + 2, entry.https_url.find('/', at + 2) - at - 2));
  }
  const test::Certificate site(leaf, &authority);
  ca_file_ = folder_.write("ca.pem", authority.pem());
  certificate_ = folder_.write("site.pem", site.pem());
  key_ = folder_.write("site.key", site.key_pem());
  servers::AuthorityOptions options;
  options.zones = {{"example.com", zone_text(ttl)}};
  authority_ = std::make_unique<servers::Knot>(options);
}

void World::take(const CacheOptions& options) {
  network_.add(options.addresses);
  addresses_.insert(addresses_.end(), options.addresses.begin(), options.addresses.end());
}

std::string World::unbound_lines(const CacheOptions& options) {
  std::string text =
      "  do-ip6: yes\n  access-control: 0.0.0.0/0 allow\n  access-control: ::/0 allow\n  hide-version: yes\n"
      "  local-data: \". 3600 IN NS ns1.example.com.\"\n  outgoing-range: 100\n  num-queries-per-thread: 50\n";
  text += identity_lines(options.identity);
  for (std::size_t i = 1; i < options.addresses.size(); ++i)
    text += fmt::format("  interface: {}\n", options.addresses[i]);
  if (options.encryption == CacheOptions::Encryption::kNone) return text + options.extra;
  text += fmt::format("  tls-service-pem: \"{}\"\n  tls-service-key: \"{}\"\n  tls-port: 853\n", certificate_, key_);
  for (const std::string& address : options.addresses) text += fmt::format("  interface: {}@853\n", address);
  if (options.encryption == CacheOptions::Encryption::kOwn) {
    text += "  https-port: 443\n";
    for (const std::string& address : options.addresses) text += fmt::format("  interface: {}@443\n", address);
  } else {
    const std::string hidden = servers::own_address();
    text += fmt::format("  https-port: 8053\n  http-notls-downstream: yes\n  interface: {}@8053\n", hidden);
    put_nginx_in_front(options.addresses.front(), *Endpoint::from_text(hidden, 8053));
  }
  return text + options.extra;
}

/// It hands HTTP/2 on as it is, as gRPC does, and speaks for itself in the headers.
void World::put_nginx_in_front(const std::string& address, const Endpoint& https) {
  nginxes_.push_back(std::make_unique<servers::Nginx>(
      fmt::format("server {{ listen {}:443 ssl http2; ssl_certificate {}; ssl_certificate_key {};\n"
                  "  location = /dns-query {{ grpc_pass grpc://{}; }} }}",
                  address, certificate_, key_, https.text()),
      std::vector<Endpoint>{*Endpoint::from_text(address, 443)}));
}

void World::add_unbound(const CacheOptions& options) {
  take(options);
  servers::UnboundOptions unbound;
  unbound.stubs = {{"example.com", {authority_->endpoint()}}};
  unbound.address = options.addresses.front();
  unbound.port = 53;
  unbound.extra = unbound_lines(options);
  unbounds_.push_back(std::make_unique<servers::Unbound>(unbound));
}

void World::add_knot_resolver(const CacheOptions& options) {
  take(options);
  servers::KnotResolverOptions knot;
  knot.stubs = {{"example.com", {authority_->endpoint()}}};
  knot.addresses = options.addresses;
  if (options.encryption != CacheOptions::Encryption::kNone) {
    knot.certificate = certificate_;
    knot.key = key_;
  }
  knots_.push_back(std::make_unique<servers::KnotResolver>(knot));
}

void World::add_well_known() {
  for (const dnsprobe::CatalogueEntry& entry : dnsprobe::catalogue()) {
    if (!is_well_known(entry.operator_name) || !entry.v4 || !entry.port53) continue;
    CacheOptions options;
    options.addresses = {entry.v4->text()};
    if (entry.v6) options.addresses.push_back(entry.v6->text());
    options.identity = identity_of(entry.operator_name);
    options.encryption =
        entry.operator_name == "cloudflare" ? CacheOptions::Encryption::kBehind : CacheOptions::Encryption::kOwn;
    add_unbound(options);
  }
}

void World::add_national(std::size_t count) {
  std::set<std::string> countries;
  for (const dnsprobe::Resolver& resolver : dnsprobe::default_resolvers()) {
    if (countries.size() == count) return;
    if (resolver.country.empty() || resolver.transport != dnsprobe::Transport::kUdp || !resolver.endpoint) continue;
    const std::string address = resolver.endpoint->address.text();
    if (is_alive(address) || !countries.insert(resolver.country).second) continue;
    CacheOptions options;
    options.addresses = {address};
    if (countries.size() % 3 == 0)
      add_knot_resolver(options);
    else
      add_unbound(options);
  }
  throw std::runtime_error("the default list has fewer countries than that");
}

void World::add_everybody_else() {
  CacheOptions options;
  for (const dnsprobe::Resolver& resolver : dnsprobe::default_resolvers())
    if (resolver.transport == dnsprobe::Transport::kUdp && resolver.endpoint &&
        !is_alive(resolver.endpoint->address.text()))
      options.addresses.push_back(resolver.endpoint->address.text());
  add_unbound(options);
}

bool World::is_alive(const std::string& address) const {
  return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

std::vector<dnsprobe::Resolver> World::alive() const {
  std::vector<dnsprobe::Resolver> out;
  for (const dnsprobe::Resolver& resolver : dnsprobe::default_resolvers())
    if (resolver.endpoint && is_alive(resolver.endpoint->address.text())) out.push_back(resolver);
  return out;
}

void World::move_www(const std::string& to, int ttl) {
  const auto done = servers::nsupdate(
      authority_->endpoint(), authority_->key(),
      fmt::format("update delete www.example.com. A\nupdate add www.example.com. {} A {}\n", ttl, to));
  if (done.status != 0) throw std::runtime_error("nsupdate: " + done.output);
}

}  // namespace cutover::stage
