#include "tests/providers/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "core/text.h"
#include "net/message.h"
#include "providers/memory/memory.h"
#include "tests/servers/api_relay.h"
#include "tests/support/examples.h"

namespace cutover::tests {

using namespace providers;

Result<std::unique_ptr<Provider>> Subject::open(net::Loop& loop, const Clock& clock) const {
  return make_provider(config, Context{loop, clock, {}});
}

namespace {

thread_local std::function<std::string(int)> starting_zone;

}  // namespace

StartingZone::StartingZone(std::function<std::string(int high)> text) { starting_zone = std::move(text); }
StartingZone::~StartingZone() { starting_zone = nullptr; }

std::string zone_text(int high) { return starting_zone ? starting_zone(high) : zone_text(high, 200); }

std::string zone_text(int high, int names) {
  std::string text = R"($ORIGIN example.com.
$TTL 3600
@       IN SOA  ns1 hostmaster 2026010101 7200 900 1209600 300
@       IN NS   ns1
@       IN A    192.0.2.1
@       IN MX   10 mail
@       IN TXT  "v=spf1 ip4:192.0.2.1 -all"
ns1     IN A    127.0.0.1
www     IN HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.10
shop    IN CNAME lb.old.example.net.
*.wild  300 IN A 192.0.2.99
pool    IN A    192.0.2.21
pool    IN A    192.0.2.22
pool    IN A    192.0.2.23
mail    IN A    192.0.2.30
old     IN A    192.0.2.40
)";
  text += fmt::format("www {0} IN A 192.0.2.10\nwww {0} IN AAAA 2001:db8:1::10\n", high);
  for (int i = 0; i < names; ++i) text += fmt::format("n{:03} {} IN A 198.51.100.{}\n", i, high, i);
  return text;
}

DomainName name(const std::string& text) {
  auto parsed = DomainName::from_text(text, *DomainName::from_text("example.com"));
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return *parsed;
}

RecordSet set(const std::string& owner, const std::string& type, int ttl, const std::vector<std::string>& rdata) {
  RecordSet made{name(owner), *record_type_from_text(type), Seconds(ttl), {}};
  for (const std::string& value : rdata) {
    auto canonical = net::canonical_rdata(made.type, value, name("@"));
    if (!canonical) throw std::runtime_error(canonical.error().message);
    made.rdata.push_back(*canonical);
  }
  normalize(made);
  return made;
}

Change create(const RecordSet& after) { return {after.key(), std::nullopt, after}; }
Change remove(const RecordSet& before) { return {before.key(), before, std::nullopt}; }
Change change(const RecordSet& before, const RecordSet& after) { return {before.key(), before, after}; }

namespace {

class Memory final : public Subject {
 public:
  Memory() {
    auto zone = net::parse_zone_file(zone_text(), name("@"));
    if (!zone) throw std::runtime_error(zone.error().message);
    config = {"memory", {{"file", "zones.jsonl"}}, folder_.path()};
    folder_.write("zones.jsonl", memory::to_lines({{name("@"), *zone}}));
  }
  void edit_behind(const RecordSet& set) override {
    auto zones = memory::from_lines(servers::read_text(file()));
    if (!zones) throw std::runtime_error(zones.error().message);
    Zone& zone = zones->at(name("@"));
    zone.sets[set.key()] = set;
    servers::write_text(file(), memory::to_lines(*zones));
  }
  servers::Finished run(const InverseScript& script) const override {
    return servers::run_program({"sh", folder_.write(script.file_name, script.text), file()});
  }

 private:
  std::string file() const { return folder_.file("zones.jsonl"); }
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
};

servers::AuthorityOptions options(bool read_only) {
  servers::AuthorityOptions options;
  options.zones = {{"example.com", zone_text()}};
  options.read_only = read_only;
  return options;
}

/// A file that a real BIND serves.
class ZoneFile final : public Subject {
 public:
  ZoneFile() : bind_(options(true)) {
    config = {"zonefile", {{"file", "example.com.zone"}, {"publish", bind_.publish_command()}}, bind_.folder().path()};
  }
  void edit_behind(const RecordSet& set) override {
    std::string text;
    for (const std::string& line : split(servers::read_text(bind_.zone_file("example.com")), '\n'))
      if (line.rfind(set.name.relative_to(name("@")) + " ", 0) != 0 ||
          line.find(" " + to_text(set.type) + " ") == std::string::npos)
        text += line + "\n";
    for (const std::string& value : set.rdata)
      text +=
          fmt::format("{} {} IN {} {}\n", set.name.relative_to(name("@")), set.ttl.count(), to_text(set.type), value);
    servers::write_text(bind_.zone_file("example.com"), text);
  }
  servers::Finished run(const InverseScript& script) const override {
    return servers::run_program({"sh", bind_.folder().write(script.file_name, script.text)});
  }
  Again again() const override { return Again::kHarmless; }

 private:
  servers::Bind bind_;
};

/// Somebody else's edit of one record set.
std::string nsupdate_lines(const RecordSet& set) {
  std::string script = fmt::format("zone example.com\nupdate delete {} {}\n", set.name.text(), to_text(set.type));
  for (const std::string& value : set.rdata)
    script += fmt::format("update add {} {} {} {}\n", set.name.text(), set.ttl.count(), to_text(set.type), value);
  return script;
}

/// A zone on a real server. Somebody else edits with DNS UPDATE.
template <class Server>
class OnServer : public Subject {
 public:
  explicit OnServer(const servers::AuthorityOptions& options) : server_(options) {}
  void edit_behind(const RecordSet& set) override {
    const servers::Finished done = servers::nsupdate(server_.endpoint(), server_.key(), nsupdate_lines(set));
    if (done.status != 0) throw std::runtime_error(done.output);
  }
  servers::Finished run(const InverseScript& script) const override {
    folder_.write(script.file_name, script.text);
    return servers::run_program({"sh", "-c", script.how_to_run}, {}, std::chrono::seconds(30), folder_.path());
  }

 protected:
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
  Server server_;
};

template <class Server>
class Rfc2136 final : public OnServer<Server> {
 public:
  Rfc2136() : OnServer<Server>(options(false)) {
    this->folder_.write("tsig.key", this->server_.key().file_text(), 0600);
    this->config = {
        "rfc2136", {{"server", this->server_.endpoint().text()}, {"key", "file/tsig.key"}}, this->folder_.path()};
  }
  std::vector<std::string> secrets() const override {
    return {this->server_.key().secret, *from_base64(this->server_.key().secret)};
  }
};

/// The HTTP API of a real PowerDNS, by way of what can go wrong before it.
class PowerDnsApi final : public OnServer<servers::PowerDns> {
 public:
  PowerDnsApi() : OnServer(with_api(options(false))) {
    folder_.write("api.key", kKey, 0600);
    config = {"powerdns", {{"url", relay_.url()}, {"key", "file/api.key"}}, folder_.path()};
  }
  std::vector<std::string> secrets() const override { return {kKey}; }
  servers::ApiFake* fake() override { return &relay_; }

 private:
  static constexpr const char* kKey = "not-a-real-key-but-a-secret";
  static servers::AuthorityOptions with_api(servers::AuthorityOptions options) {
    options.api_key = kKey;
    return options;
  }
  servers::ApiRelay relay_{server_.api_url(), "x-api-key", kKey};
};

/// The example in Python: a flat zone file that a real BIND serves.
class ExternalPython final : public Subject {
 public:
  ExternalPython() : bind_(flat(options(true))) {
    examples_on_path();
    config = {"flatzone", {{"file", "example.com.zone"}, {"reload", bind_.publish_command()}}, bind_.folder().path()};
  }
  void edit_behind(const RecordSet& set) override {
    std::string text;
    const std::string start = set.name.text() + " ", middle = " IN " + to_text(set.type) + " ";
    for (const std::string& line : split(servers::read_text(bind_.zone_file("example.com")), '\n'))
      if (!line.starts_with(start) || line.find(middle) == std::string::npos) text += line + "\n";
    servers::write_text(bind_.zone_file("example.com"), text + flat_lines(set));
  }
  servers::Finished run(const InverseScript& script) const override {
    return servers::run_program({"sh", bind_.folder().write(script.file_name, script.text)});
  }

 private:
  static servers::AuthorityOptions flat(servers::AuthorityOptions options) {
    options.zones[0].text = flat_zone_text(options.zones[0].text);
    return options;
  }
  servers::Bind bind_;
};

/// The shortest example: it compares nothing, and each record set is a run of its own.
class ExternalLines final : public Subject {
 public:
  ExternalLines() {
    tests::examples_on_path();
    folder_.write("zone.txt", flat_zone_text(zone_text()));
    config = {"lines", {{"file", "zone.txt"}}, folder_.path()};
  }
  void edit_behind(const RecordSet& set) override {
    std::string text;
    const std::string start = set.name.text() + " ", middle = " IN " + to_text(set.type) + " ";
    for (const std::string& line : split(servers::read_text(folder_.file("zone.txt")), '\n'))
      if (!line.empty() && (!line.starts_with(start) || line.find(middle) == std::string::npos)) text += line + "\n";
    servers::write_text(folder_.file("zone.txt"), text + flat_lines(set));
  }
  servers::Finished run(const InverseScript& script) const override {
    folder_.write(script.file_name, script.text);
    return servers::run_program({"sh", "-c", script.how_to_run}, {}, std::chrono::seconds(60), folder_.path());
  }
  Serial serial() const override { return Serial::kStays; }

 private:
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
};

/// The example in shell: dig and nsupdate before a real Knot.
class ExternalShell final : public OnServer<servers::Knot> {
 public:
  ExternalShell() : OnServer(options(false)) {
    examples_on_path();
    folder_.write("tsig.key", server_.key().file_text(), 0600);
    config = {"external",
              {{"name", "nsupdate"},
               {"server", server_.endpoint().address.text()},
               {"port", std::to_string(server_.endpoint().port)},
               {"key", "file/tsig.key"}},
              folder_.path()};
  }
  std::vector<std::string> secrets() const override {
    return {server_.key().secret, *from_base64(server_.key().secret)};
  }
};

}  // namespace

std::string flat_lines(const RecordSet& set) {
  std::string text;
  for (const std::string& value : set.rdata)
    text += fmt::format("{} {} IN {} {}\n", set.name.text(), set.ttl.count(), to_text(set.type), value);
  return text;
}

std::string flat_zone_text(const std::string& zone_file) {
  const auto zone = net::parse_zone_file(zone_file, name("@"));
  if (!zone) throw std::runtime_error(zone.error().message);
  std::string text = flat_lines(zone->sets.at({zone->origin, RecordType::kSoa}));
  for (const auto& entry : zone->sets)
    if (entry.first.type != RecordType::kSoa) text += flat_lines(entry.second);
  return text;
}

namespace {

/// CUTOVER_SUBJECTS, for whoever works on one of them, and for running the suites side by side: `OVH`, or `2/4` for the
/// second of every four.
std::vector<std::string> chosen(const std::vector<std::string>& all) {
  const char* choice = std::getenv("CUTOVER_SUBJECTS");
  if (choice == nullptr) return all;
  unsigned part = 0, parts = 0;
  if (std::sscanf(choice, "%u/%u", &part, &parts) != 2 || parts == 0) return {choice};
  std::vector<std::string> mine;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (i % parts + 1 == part) mine.push_back(all[i]);
  return mine;
}

}  // namespace

const std::vector<std::string>& subject_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{"memory",       "zonefile",        "Knot",           "BIND",          "PowerDNS",
                                 "PowerDNS API", "external Python", "external shell", "external lines"};
    for (const auto& [name, make] : api_subjects()) all.push_back(name);
    return chosen(all);
  }();
  return names;
}

std::vector<std::string> faked_subject_names() {
  // A real server, and yet everything can happen on the way to it.
  constexpr const char* kPowerDnsApi = "PowerDNS API";
  std::vector<std::string> names = subject_names();
  std::erase_if(names, [](const std::string& name) {
    if (name == kPowerDnsApi) return false;
    return std::none_of(api_subjects().begin(), api_subjects().end(),
                        [&](const auto& each) { return each.first == name; });
  });
  return names;
}

namespace {

std::unique_ptr<Subject> made(const std::string& name) {
  if (name == "memory") return std::make_unique<Memory>();
  if (name == "zonefile") return std::make_unique<ZoneFile>();
  if (name == "Knot") return std::make_unique<Rfc2136<servers::Knot>>();
  if (name == "BIND") return std::make_unique<Rfc2136<servers::Bind>>();
  if (name == "PowerDNS API") return std::make_unique<PowerDnsApi>();
  if (name == "external Python") return std::make_unique<ExternalPython>();
  if (name == "external lines") return std::make_unique<ExternalLines>();
  if (name == "external shell") return std::make_unique<ExternalShell>();
  if (name == "PowerDNS") return std::make_unique<Rfc2136<servers::PowerDns>>();
  for (const auto& [known, make] : api_subjects())
    if (known == name) return make();
  throw std::runtime_error("no subject " + name);
}

}  // namespace

std::unique_ptr<Subject> make_subject(const std::string& name) {
  auto subject = made(name);
  subject->title = name;
  return subject;
}

}  // namespace cutover::tests
