// Providers behind fakes of their services' APIs.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "net/message.h"
#include "tests/providers/subject.h"
#include "tests/servers/azure_fake.h"
#include "tests/servers/cloudflare_fake.h"
#include "tests/servers/desec_fake.h"
#include "tests/servers/digitalocean_fake.h"
#include "tests/servers/dnsimple_fake.h"
#include "tests/servers/gandi_fake.h"
#include "tests/servers/google_fake.h"
#include "tests/servers/hetzner_fake.h"
#include "tests/servers/linode_fake.h"
#include "tests/servers/namecheap_fake.h"
#include "tests/servers/ns1_fake.h"
#include "tests/servers/ovh_fake.h"
#include "tests/servers/porkbun_fake.h"
#include "tests/servers/route53_fake.h"
#include "tests/servers/vultr_fake.h"
#include "tests/servers/webhook_fake.h"

namespace cutover::tests {
namespace {

// Cases that some services cannot carry.
const char* const kTextInPieces = "create several levels down";
const char* const kHttps = "HTTPS with its hints, together with A and AAAA";

/// A fake with the zone in it. Which sets the service keeps to itself (SOA, NS) is its own affair. `Fake` has
/// add_zone(name), put(zone, set) and url().
template <class Fake>
class OnFake : public Subject {
 public:
  explicit OnFake(int high_ttl = 86400, int low_ttl = 1) {
    fake_.add_zone("example.com");
    const auto zone = net::parse_zone_file(zone_text(high_ttl), name("@"));
    if (!zone) throw std::runtime_error(zone.error().message);
    for (auto [key, set] : zone->sets) {
      set.ttl = std::max(set.ttl, Seconds(low_ttl));
      if (key.type != RecordType::kSoa && key.type != RecordType::kNs) fake_.put("example.com", set);
    }
  }
  void edit_behind(const RecordSet& set) override { fake_.put("example.com", set); }
  servers::ApiFake* fake() override { return &fake_; }
  servers::Finished run(const providers::InverseScript& script) const override {
    folder_.write(script.file_name, script.text);
    return servers::run_program({"sh", "-c", script.how_to_run}, {}, std::chrono::seconds(60), folder_.path());
  }

 protected:
  Fake fake_;
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
};

class Cloudflare final : public OnFake<servers::CloudflareFake> {
 public:
  Cloudflare() {
    folder_.write("token", servers::CloudflareFake::kToken, 0600);
    config = {"cloudflare", {{"url", fake_.url()}, {"token", "file/token"}}, folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {servers::CloudflareFake::kToken}; }
  std::optional<Published> published() const override {
    return Published{fake_, servers::CloudflareFake::kContract, servers::CloudflareFake::repaired_contract};
  }
};

class Azure final : public OnFake<servers::AzureFake> {
 public:
  Azure() {
    using Fake = servers::AzureFake;
    fake_.set_page(50);
    folder_.write("secret", Fake::kClientSecret, 0600);
    config = {"azure",
              {{"url", fake_.url()},
               {"login_url", fake_.url()},
               {"tenant", Fake::kTenant},
               {"client_id", Fake::kClient},
               {"client_secret", "file/secret"},
               {"subscription", Fake::kSubscription},
               {"resource_group", Fake::kGroup}},
              folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {servers::AzureFake::kClientSecret, "eyJ."}; }
  std::set<std::string> refuses() const override { return {kHttps}; }
  bool is_write(const servers::ApiRequest& request) const override {
    return request.method != "GET" && !request.path.ends_with("/token");
  }
  Expired expired() const override { return Expired::kRenewed; }
  std::optional<Published> published() const override { return Published{fake_, servers::AzureFake::kContract}; }
  void go_through(const std::string& url) override {
    config.options["url"] = url;
    fake_.set_link_base(url);
  }
};

class Dnsimple : public OnFake<servers::DnsimpleFake> {
 public:
  Dnsimple() {
    fake_.set_page_limit(30);
    fake_.set_undistributed(1);
    folder_.write("token", servers::DnsimpleFake::kToken, 0600);
    config = {"dnsimple", {{"url", fake_.url()}, {"token", "file/token"}}, folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {servers::DnsimpleFake::kToken}; }
  std::set<std::string> refuses() const override { return {kHttps}; }
};

class DnsimpleInBatches final : public Dnsimple {
 public:
  DnsimpleInBatches() {
    fake_.set_plan(servers::DnsimpleFake::Plan::kEnterprise);
    config.options["batch"] = "true";
  }
};

class Google final : public OnFake<servers::GoogleFake> {
 public:
  Google() {
    fake_.set_page_limit(50);
    folder_.write("key.json", fake_.key_file(), 0600);
    config = {"google", {{"url", fake_.url()}, {"key", "file/key.json"}}, folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {servers::GoogleFake::secret(), "ya29."}; }
  bool is_write(const servers::ApiRequest& request) const override {
    return request.method != "GET" && !request.path.ends_with("/token");
  }
  Expired expired() const override { return Expired::kRenewed; }
  std::optional<Published> published() const override { return Published{fake_, servers::GoogleFake::kContract}; }
  void go_through(const std::string& url) override { config.options["url"] = url + "/dns/v1"; }
};

/// The keys are where AWS's own tools keep them; SOA and NS are record sets like others there.
class Route53 final : public Subject {
 public:
  Route53() {
    const auto zone = net::parse_zone_file(zone_text(), name("@"));
    if (!zone) throw std::runtime_error(zone.error().message);
    id_ = fake_.add_zone(*zone);
    fake_.set_page_size(100);
    const std::string keys = fmt::format("[test]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                                         servers::Route53Fake::kKeyId, servers::Route53Fake::kSecret);
    setenv("AWS_SHARED_CREDENTIALS_FILE", folder_.write("credentials", keys, 0600).c_str(), 1);
    config = {"route53", {{"url", fake_.url()}, {"profile", "test"}}, folder_.path()};
  }
  ~Route53() override { unsetenv("AWS_SHARED_CREDENTIALS_FILE"); }
  void edit_behind(const RecordSet& set) override { fake_.put(id_, set); }
  servers::ApiFake* fake() override { return &fake_; }
  servers::Finished run(const providers::InverseScript& script) const override {
    folder_.write(script.file_name, script.text);
    return servers::run_program({"sh", "-c", script.how_to_run}, {}, std::chrono::seconds(60), folder_.path());
  }
  std::vector<std::string> secrets() const override { return {servers::Route53Fake::kSecret}; }
  Serial serial() const override { return Serial::kStays; }

 private:
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
  servers::Route53Fake fake_;
  std::string id_;
};

/// external-dns carries no HTTPS, and no SOA.
class Webhook final : public OnFake<servers::WebhookFake> {
 public:
  Webhook() { config = {"webhook", {{"url", fake_.url()}}, folder_.path()}; }
  std::set<std::string> refuses() const override { return {kHttps}; }
  bool is_write(const servers::ApiRequest& request) const override {
    return request.method == "POST" && request.path == "/records";
  }
  std::optional<Published> published() const override { return Published{fake_, servers::WebhookFake::kContract}; }
};

/// A fake whose pages are so small that the zone takes several, and whose one option is a token.
template <class Fake>
class WithToken : public OnFake<Fake> {
 public:
  explicit WithToken(const std::string& type) {
    this->fake_.set_page_limit(50);
    this->folder_.write("token", Fake::kToken, 0600);
    this->config = {type, {{"url", this->fake_.url()}, {"token", "file/token"}}, this->folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {Fake::kToken}; }
};

class DigitalOcean final : public WithToken<servers::DigitalOceanFake> {
 public:
  DigitalOcean() : WithToken("digitalocean") {}
  std::optional<Published> published() const override { return Published{fake_, "digitalocean/domains.openapi.json"}; }
  std::set<std::string> refuses() const override { return {kTextInPieces, kHttps}; }
};

class Hetzner final : public WithToken<servers::HetznerFake> {
 public:
  Hetzner() : WithToken("hetzner") {}
  std::optional<Published> published() const override { return Published{fake_, "hetzner/hcloud-zones.openapi.json"}; }
};

class Linode final : public WithToken<servers::LinodeFake> {
 public:
  Linode() : WithToken("linode") {}
  std::optional<Published> published() const override {
    return Published{fake_, servers::LinodeFake::kContract, servers::LinodeFake::repaired_contract};
  }
  int low_ttl() const override { return 300; }
  std::set<std::string> refuses() const override { return {kTextInPieces, kHttps}; }
};

class Vultr final : public WithToken<servers::VultrFake> {
 public:
  Vultr() : WithToken("vultr") {}
  int low_ttl() const override { return 120; }
  std::set<std::string> refuses() const override { return {kTextInPieces, kHttps}; }
};

class Porkbun final : public OnFake<servers::PorkbunFake> {
 public:
  Porkbun() : OnFake(86400, kLow) {
    folder_.write("key", servers::PorkbunFake::kKey, 0600);
    folder_.write("secret", servers::PorkbunFake::kSecret, 0600);
    config = {"porkbun", {{"url", fake_.url()}, {"key", "file/key"}, {"secret", "file/secret"}}, folder_.path()};
  }
  std::vector<std::string> secrets() const override {
    return {servers::PorkbunFake::kKey, servers::PorkbunFake::kSecret};
  }
  int low_ttl() const override { return kLow; }
  std::set<std::string> refuses() const override { return {kTextInPieces}; }

 private:
  static constexpr int kLow = 600;
};

/// A domain that was granted TTLs of a minute; what deSEC says without that is in desec_test.cc.
class Desec final : public OnFake<servers::DesecFake> {
 public:
  Desec() {
    fake_.grant("example.com", 60);
    fake_.set_page(90);
    folder_.write("token", servers::DesecFake::kToken, 0600);
    config = {"desec", {{"url", fake_.url()}, {"token", "file/token"}, {"minimum_ttl", "60"}}, folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {servers::DesecFake::kToken}; }
};

class Gandi final : public OnFake<servers::GandiFake> {
 public:
  Gandi() {
    fake_.set_page(90);
    folder_.write("token", servers::GandiFake::kToken, 0600);
    config = {"gandi", {{"url", fake_.url()}, {"token", "file/token"}}, folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {servers::GandiFake::kToken}; }
  int low_ttl() const override { return 300; }
  std::set<std::string> refuses() const override { return {kHttps}; }
};

class Ns1 final : public OnFake<servers::Ns1Fake> {
 public:
  Ns1() {
    fake_.set_page(90);
    folder_.write("key", servers::Ns1Fake::kKey, 0600);
    config = {"ns1", {{"url", fake_.url()}, {"key", "file/key"}}, folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {servers::Ns1Fake::kKey}; }
  std::set<std::string> refuses() const override { return {kTextInPieces}; }
};

class Ovh final : public OnFake<servers::OvhFake> {
 public:
  Ovh() {
    using Fake = servers::OvhFake;
    fake_.set_time_ahead(std::chrono::minutes(3));
    folder_.write("key", Fake::kApplicationKey, 0600);
    folder_.write("secret", Fake::kApplicationSecret, 0600);
    folder_.write("consumer", Fake::kConsumerKey, 0600);
    config = {"ovh",
              {{"url", fake_.url()},
               {"application_key", "file/key"},
               {"application_secret", "file/secret"},
               {"consumer_key", "file/consumer"}},
              folder_.path()};
  }
  std::vector<std::string> secrets() const override {
    return {servers::OvhFake::kApplicationSecret, servers::OvhFake::kConsumerKey};
  }
  std::set<std::string> refuses() const override { return {kHttps}; }
};

class Namecheap final : public OnFake<servers::NamecheapFake> {
 public:
  Namecheap() : OnFake(kHigh) {
    using Fake = servers::NamecheapFake;
    folder_.write("user", Fake::kUser, 0600);
    folder_.write("key", Fake::kKey, 0600);
    config = {"namecheap",
              {{"url", fake_.url()},
               {"user", "file/user"},
               {"key", "file/key"},
               {"client_ip", Fake::kClientIp},
               {"rewrite_zone", "yes"}},
              folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {servers::NamecheapFake::kKey}; }
  int high_ttl() const override { return kHigh; }
  bool is_write(const servers::ApiRequest& request) const override {
    return request.body.find("setHosts") != std::string::npos;
  }
  std::set<std::string> refuses() const override { return {kTextInPieces, kHttps}; }

 private:
  static constexpr int kHigh = 60000;
};

template <class S>
std::unique_ptr<Subject> make() {
  return std::make_unique<S>();
}

}  // namespace

const std::vector<std::pair<std::string, std::unique_ptr<Subject> (*)()>>& api_subjects() {
  // clang-format off
  static const std::vector<std::pair<std::string, std::unique_ptr<Subject> (*)()>> subjects{
      {"Azure", make<Azure>},
      {"Cloudflare", make<Cloudflare>},
      {"DNSimple", make<Dnsimple>},
      {"DNSimple, in batches", make<DnsimpleInBatches>},
      {"Google", make<Google>},
      {"Route 53", make<Route53>},
      {"webhook", make<Webhook>},
      {"DigitalOcean", make<DigitalOcean>},
      {"Hetzner", make<Hetzner>},
      {"Linode", make<Linode>},
      {"Vultr", make<Vultr>},
      {"Porkbun", make<Porkbun>},
      {"deSEC", make<Desec>},
      {"Gandi", make<Gandi>},
      {"NS1", make<Ns1>},
      {"OVH", make<Ovh>},
      {"Namecheap", make<Namecheap>},
  };
  // clang-format on
  return subjects;
}

}  // namespace cutover::tests
