#include "tests/scenarios/api_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "core/text.h"
#include "net/message.h"

namespace cutover::stage {
namespace {

using servers::ApiFault;
using servers::ApiRequest;

/// Of every kind: a single value, several that become others, a name that becomes an alias.
const std::vector<Planned> kPlanned{
    {"www", "A", {"127.0.2.10"}, {"127.0.113.10"}},
    {"pool",
     "A",
     {"127.0.2.21", "127.0.2.22", "127.0.2.23"},
     {"127.0.2.22", "127.0.113.21", "127.0.113.22", "127.0.113.24"}},
    {"old", "A", {"127.0.2.40"}, {}},
    {"old", "CNAME", {}, {"www.example.com."}},
};
/// And where the service has such records.
const Planned kHints{
    "www", "HTTPS", {"1 . alpn=\"h2,h3\" ipv4hint=127.0.2.10"}, {"1 . alpn=\"h2,h3\" ipv4hint=127.0.113.10"}};

bool has(const providers::Capabilities& can, RecordType type) {
  const std::vector<RecordType>& types = can.types.value;
  return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
}

RecordSet canonical(const Planned& planned, const std::vector<std::string>& values) {
  return tests::set(planned.name, planned.type, 60, values);
}

/// More than a page at most services, and no more: a whole zone is read again and again. The program looks at the sites
/// of both sides, so all of them are on this machine.
std::string small_zone(int high) {
  std::string text = tests::zone_text(high, 50);
  const std::string_view away = "192.0.2.";
  for (auto at = text.find(away); at != std::string::npos; at = text.find(away))
    text.replace(at, away.size(), "127.0.2.");
  return text;
}
std::unique_ptr<tests::Subject> small(const std::string& subject) {
  const tests::StartingZone zone(small_zone);
  return tests::make_subject(subject);
}

/// Counts up for a while.
class During {
 public:
  explicit During(std::atomic<int>& counter) : counter_(counter) { ++counter_; }
  ~During() { --counter_; }
  During(const During&) = delete;
  During& operator=(const During&) = delete;

 private:
  std::atomic<int>& counter_;
};

}  // namespace

RecordKey Planned::key() const { return {tests::name(name), *record_type_from_text(type)}; }

ApiStage::ApiStage(const std::string& subject)
    : subject_(small(subject)), provider_(subject_->open(loop_, clock_)), planned_(kPlanned) {
  if (!provider_) throw std::runtime_error(provider_.error().message);
  if (has(capabilities(), RecordType::kHttps)) planned_.push_back(kHints);
  listen_in();
  open_authority();
  first_ = sets();
  publish(first_);
  follower_ = std::thread([this] { follow(); });
  write_plan("cutover.yaml", planned_);
}

ApiStage::~ApiStage() {
  over_ = true;
  if (follower_.joinable()) follower_.join();
  lab_.stop();
}

Run ApiStage::cutover(const std::string& command, const std::vector<std::string>& environment,
                      const std::string& plan) {
  std::vector<std::string> args{command, plan, "--yes", "--resume"};
  // What is tested is the writing, not the waiting.
  if (command == "swap")
    for (const char* gate : {"ttl-drained", "preflight-passed"})
      args.insert(args.end(), {"--override", fmt::format("{}=a test", gate)});
  if (command == "restore-ttl") args.insert(args.end(), {"--override", "standby-over=a test"});
  Run run = desk_.cutover(args, environment);
  ++runs_;
  for (const std::string& secret : subject_->secrets())
    if (run.both().find(secret) != std::string::npos) throw std::runtime_error(command + " shows a secret");
  return run;
}

ApiStage::Sets ApiStage::sets() {
  auto found = read(**provider_);
  if (!found) throw std::runtime_error("the service does not give what it holds");
  return *std::move(found);
}

std::optional<ApiStage::Sets> ApiStage::read(providers::Provider& provider) {
  const During looking(looking_);
  std::vector<RecordKey> keys;
  for (const Planned& planned : planned_) keys.push_back(planned.key());
  auto found = provider.read_sets(tests::name("@"), keys);
  if (!found) return std::nullopt;
  Sets wanted;
  for (const RecordKey& key : keys)
    if (const auto at = found->sets.find(key); at != found->sets.end()) wanted.insert(*at);
  return wanted;
}

ApiStage::State ApiStage::state_of(const Sets& sets) const {
  const auto holds = [&](std::vector<std::string> Planned::*side) {
    return std::all_of(planned_.begin(), planned_.end(), [&](const Planned& planned) {
      const auto at = sets.find(planned.key());
      if ((planned.*side).empty() || at == sets.end()) return (planned.*side).empty() && at == sets.end();
      return same_values(at->second, canonical(planned, planned.*side));
    });
  };
  return holds(&Planned::from) ? State::kOld : holds(&Planned::to) ? State::kNew : State::kMixed;
}

void ApiStage::edit_behind(const RecordSet& set) {
  subject_->edit_behind(set);
  publish(sets());
}

void ApiStage::strike(ApiFault::Kind kind, Side side, int after, int times) {
  ApiFault fault;
  fault.kind = kind;
  fault.times = times;
  fault.after = after;
  fault.retry_after = std::chrono::seconds(0);
  fault.when = [this, side](const ApiRequest& request) {
    // Nobody else writes.
    return side == Side::kWrites ? subject_->is_write(request) : looking_ == 0 && !subject_->is_write(request);
  };
  service().strike(std::move(fault));
}

void ApiStage::no_more_faults() {
  service().no_more_faults();
  listen_in();
}

/// A fault that never strikes hears of every request.
void ApiStage::listen_in() {
  ApiFault ear;
  ear.when = [this](const ApiRequest& request) {
    const bool writes = subject_->is_write(request);
    if (writes) ++changes_;
    if (writes || looking_ == 0) ++(writes ? writes_ : reads_);
    return false;
  };
  service().strike(std::move(ear));
}

ApiStage::Calls ApiStage::calls_since() { return {reads_.exchange(0), writes_.exchange(0)}; }

void ApiStage::open_authority() {
  const auto zone = net::parse_zone_file(
      "@ 3600 IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ 3600 IN NS ns1\nns1 3600 IN A 127.0.0.1\n",
      tests::name("@"));
  lab::AuthoritySpec spec;
  spec.zones = {*zone};
  spec.addresses = {{*Endpoint::from_text(servers::own_address(), 0), {}}};
  auto authority = lab::Authority::open(lab_.loop(), clock_, std::move(spec));
  if (!authority) throw std::runtime_error(authority.error().message);
  authority_ = std::move(*authority);
  lab_.start();
}

/// Makes the name server serve `sets`.
void ApiStage::publish(const Sets& sets) {
  for (const Planned& planned : planned_)
    if (sets.count(planned.key()) == 0 && authority_->lookup(planned.key()))
      static_cast<void>(authority_->remove_record_set(planned.key()).ok());
  for (const auto& [key, set] : sets)
    if (authority_->lookup(key) != set) static_cast<void>(authority_->set_record_set(set).ok());
}

/// As the service's own name servers would: soon after each write.
void ApiStage::follow() {
  net::Loop loop;
  auto reader = subject_->open(loop, clock_);
  int seen = 0;
  while (!over_ && reader) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    // Requests are counted before they are served, and served one by one: a read after this one finds it made.
    const int now = changes_;
    if (now == seen) continue;
    if (const auto found = read(**reader)) {
      publish(*found);
      seen = now;
    }
  }
}

void ApiStage::write_plan(const std::string& file, const std::vector<Planned>& planned) const {
  const tests::Subject& subject = *subject_;
  std::string options = fmt::format("type: {}", subject.config.type);
  for (const auto& [key, value] : subject.config.options)
    options +=
        fmt::format(", {}: \"{}\"", key,
                    value.starts_with("file/") ? "file/" + subject.config.base_folder + "/" + value.substr(5) : value);
  const std::string authority = authority_->endpoints().at(0).text();
  const auto list = [](const std::vector<std::string>& values) {
    return values.empty() ? "" : "'" + join(values, "', '") + "'";
  };
  std::string changes;
  for (const Planned& each : planned)
    changes += fmt::format("      - {{ name: {}, type: {}, from: [{}], to: [{}] }}\n", each.name, each.type,
                           list(each.from), list(each.to));
  desk_.write(file, fmt::format("version: 1\nname: api\nzones:\n  - zone: example.com\n    provider: {{ {} }}\n"
                                "    authoritative: [\"{}\"]\n    changes:\n{}ttl: {{ during: 60s }}\n"
                                "watch: {{ resolvers: [\"{}\"] }}\nlookup: [\"{}\"]\n",
                                options, authority, changes, authority, authority));
}

std::string lies(ApiStage& stage, const Run& run, const std::string& command, const ApiStage::Sets& before) {
  using State = ApiStage::State;
  const ApiStage::Sets after = stage.sets();
  const State now = stage.state_of(after);
  std::string found;
  if (run.status == 0 && now != (command == "swap" ? State::kNew : State::kOld)) found = "says done, and it is not";
  if ((run.status == 1 || run.status == 2) && after != before) found = "says that nothing was written, and it was";
  // Where the service cannot be asked, nobody can know.
  if (run.status == 5 && now == (command == "swap" ? State::kOld : State::kNew) &&
      run.both().find("is not known") == std::string::npos)
    found = "says partial, and nothing is written";
  if (run.status == 4 && after != before && now != (command == "swap" ? State::kNew : State::kOld))
    found = "says that it waits in vain, or could not look, and something is written";
  if (run.status < 0 || run.status == 3 || run.status > 5) found = "ends otherwise than it may";
  if (found.empty()) return {};
  return fmt::format("{} ended with {}: {}:\n{}\nthe service heard:\n{}", command, run.status, found, run.both(),
                     stage.service().log());
}

}  // namespace cutover::stage
