// Providers behind fakes of their services' APIs.
#include <stdexcept>

#include "net/message.h"
#include "tests/providers/subject.h"
#include "tests/servers/cloudflare_fake.h"

namespace cutover::tests {
namespace {

/// A fake with the zone in it. Which sets the service keeps to itself (SOA, NS) is its own affair. `Fake` has
/// add_zone(name), put(zone, set) and url().
template <class Fake>
class OnFake : public Subject {
 public:
  OnFake() {
    fake_.add_zone("example.com");
    const auto zone = net::parse_zone_file(zone_text(), name("@"));
    if (!zone) throw std::runtime_error(zone.error().message);
    for (const auto& [key, set] : zone->sets)
      if (key.type != RecordType::kSoa && key.type != RecordType::kNs) fake_.put("example.com", set);
  }
  void edit_behind(const RecordSet& set) override { fake_.put("example.com", set); }
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
};

template <class S>
std::unique_ptr<Subject> make() {
  return std::make_unique<S>();
}

}  // namespace

const std::vector<std::pair<std::string, std::unique_ptr<Subject> (*)()>>& api_subjects() {
  static const std::vector<std::pair<std::string, std::unique_ptr<Subject> (*)()>> subjects{
      {"Cloudflare", make<Cloudflare>},
  };
  return subjects;
}

}  // namespace cutover::tests
