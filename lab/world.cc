#include "lab/world.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/text.h"

namespace cutover::lab {
namespace {

constexpr std::chrono::hours kDay{24};
constexpr int kMaxChain = 12;

/// Who lives where, so that a person who looks at packets or sockets knows at once. Ports are free ones.
enum class Quarter { kAuthority = 0, kResolvers = 1, kEndpoints = 64 };

Endpoint address_in(Quarter quarter, std::size_t number) {
  const auto n = static_cast<unsigned>(number);
  const unsigned third = static_cast<unsigned>(quarter) + n / 250;
  const std::string bytes{'\x7f', '\x35', static_cast<char>(third), static_cast<char>(1 + n % 250)};  // 127.53.x.y
  return {IpAddress::from_bytes(bytes).value_or(IpAddress()), 0};
}

bool gives_honest_answers(const Habits& habits) { return habits.mood == Habits::Mood::kHonest; }

Result<void> write_private(const std::string& path, const std::string& text) {
  const net::Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return fail(ErrorCode::kIo, fmt::format("the lab cannot write {}: {}", path, std::strerror(errno)));
  return {};
}

Habits honest() { return {}; }
Habits with_mood(Habits::Mood mood) {
  Habits habits;
  habits.mood = mood;
  return habits;
}
Habits with_floor(Seconds floor) {
  Habits habits;
  habits.cache.min_ttl = floor;
  return habits;
}
Habits with_ceiling(Seconds ceiling) {
  Habits habits;
  habits.cache.max_ttl = ceiling;
  return habits;
}
Habits with_stale(CacheHabits::Stale stale) {
  Habits habits;
  habits.cache.stale = stale;
  habits.cache.stale_limit = Seconds(3 * 86400);
  return habits;
}
Habits with_caches(int caches) {
  Habits habits;
  habits.caches = caches;
  return habits;
}

}  // namespace

std::vector<WorldSpec::ResolverPlan> usual_resolvers() {
  using Mood = Habits::Mood;
  using Stale = CacheHabits::Stale;
  return {
      {"lab-honest-one", "Lab Honest Network", honest(), {}},
      {"lab-honest-two", "Lab Honest Network", honest(), {}},
      {"lab-honest-three", "Lab Village Cable", honest(), {}},
      {"lab-honest-four", "Lab Campus", honest(), {}},
      {"lab-many-caches", "Lab Anycast Works", with_caches(6), {}},
      {"lab-few-caches", "Lab Two Rooms", with_caches(2), {}},
      {"lab-low-ceiling", "Lab Short Memory", with_ceiling(Seconds(300)), {}},
      {"lab-high-ceiling", "Lab Quarter Day", with_ceiling(Seconds(21600)), {}},
      {"lab-floor", "Lab Frugal Uplink", with_floor(Seconds(300)), {}},
      {"lab-stale-first", "Lab Eager Answers", with_stale(Stale::kThenRefresh), {}},
      {"lab-stale-alone", "Lab Island", with_stale(Stale::kWhenUnreachable), {}},
      {"lab-servfail", "Lab Broken Validator", with_mood(Mood::kServFail), {}},
      {"lab-refused", "Lab Members Only", with_mood(Mood::kRefused), {}},
      {"lab-silent", "Lab Void", with_mood(Mood::kSilent), {}},
      {"lab-filter", "Lab Family Filter", with_mood(Mood::kLiesNxDomain), {}},
      {"lab-sinkhole", "Lab Sinkhole", with_mood(Mood::kLiesNullAddress), {}},
  };
}

Result<std::unique_ptr<World>> World::start(const Clock& clock, WorldSpec spec) {
  std::unique_ptr<World> world(new World(clock, spec.seed));
  if (auto built = world->build(std::move(spec)); !built) return std::move(built).error();
  // From here on everything below lives on the lab's thread.
  world->thread_.start();
  return world;
}

World::~World() {
  thread_.stop();
  if (folder_.empty()) return;
  std::error_code ignored;  // a temporary folder that stays behind harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

Result<void> World::build(WorldSpec spec) {
  auto ca = CertificateAuthority::make(clock_.now());
  if (!ca) return std::move(ca).error();
  auto trust = TlsTrust::make((*ca)->root_pem());
  if (!trust) return std::move(trust).error();
  trust_ = *std::move(trust);

  auto key_name = DomainName::from_text(spec.key_name);
  if (!key_name) return std::move(key_name).error();
  key_.name = *std::move(key_name);
  for (int i = 0; i < 32; ++i) key_.secret.push_back(static_cast<char>(random_() & 0xff));
  if (auto made = make_files((*ca)->root_pem()); !made) return made;

  AuthoritySpec authority;
  authority.zones = spec.zones;
  authority.keys = {{key_, KeyGrant::Transfer::kAllowed, KeyGrant::Update::kAllowed}};
  for (std::size_t i = 0; i < spec.authority.size(); ++i)
    authority.addresses.push_back({address_in(Quarter::kAuthority, i), spec.authority[i]});
  auto opened = Authority::open(thread_.loop(), clock_, std::move(authority));
  if (!opened) return std::move(opened).error();
  authority_ = *std::move(opened);

  if (auto done = open_endpoints(spec.endpoints, **ca); !done) return done;
  if (auto done = open_resolvers(spec); !done) return done;
  if (spec.visitors) invite_visitors(*spec.visitors);
  return {};
}

Result<void> World::make_files(const std::string& root_pem) {
  std::error_code error;
  std::string folder = (std::filesystem::temp_directory_path(error) / "cutover-lab-XXXXXX").string();
  if (error || ::mkdtemp(folder.data()) == nullptr)
    return fail(ErrorCode::kIo, fmt::format("the lab cannot make the folder {}: {}", folder, std::strerror(errno)));
  folder_ = folder;
  if (auto written = write_private(ca_file(), root_pem); !written) return written;
  return write_private(key_file(), fmt::format("key \"{}\" {{\n\talgorithm hmac-sha256;\n\tsecret \"{}\";\n}};\n",
                                               key_.name.host(), to_base64(key_.secret)));
}

Result<void> World::open_endpoints(const std::vector<WorldSpec::EndpointPlan>& plans, const CertificateAuthority& ca) {
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const WorldSpec::EndpointPlan& plan = plans[i];
    TlsServerSpec spec;
    spec.side = plan.side;
    spec.where = address_in(Quarter::kEndpoints, i);
    spec.protocol = plan.protocol;
    spec.mail = plan.mail;
    spec.statuses = plan.statuses;
    if (plan.protocol != TlsServerSpec::Protocol::kHttp) {
      const Instant now = clock_.now();
      const auto certificate = ca.issue({plan.names, now - 10 * kDay, now + plan.valid_for});
      if (!certificate) return certificate.error();
      auto identity = TlsIdentity::make(*certificate);
      if (!identity) return std::move(identity).error();
      spec.identity = *std::move(identity);
    }
    auto server = TlsServer::open(thread_.loop(), clock_, std::move(spec));
    if (!server) return std::move(server).error();
    routes_[plan.logical] = (*server)->endpoint();
    endpoints_.push_back(*std::move(server));
  }
  return {};
}

Result<void> World::open_resolvers(const WorldSpec& spec) {
  for (std::size_t i = 0; i < spec.resolvers.size(); ++i) {
    const WorldSpec::ResolverPlan& plan = spec.resolvers[i];
    ResolverSpec resolver;
    resolver.name = plan.name;
    resolver.operated_by = plan.operated_by;
    resolver.habits = plan.habits;
    resolver.filtered = plan.filtered;
    resolver.where = address_in(Quarter::kResolvers, i);
    resolver.seed = random_();
    for (const Zone& zone : spec.zones) resolver.zones[zone.origin] = authority_->endpoints();
    auto opened = Resolver::open(thread_.loop(), clock_, std::move(resolver));
    if (!opened) return std::move(opened).error();
    resolvers_.push_back(*std::move(opened));
  }
  return {};
}

void World::invite_visitors(const WorldSpec::VisitorPlan& plan) {
  if (plan.sites.empty()) return;
  for (const auto& resolver : resolvers_) {
    if (!gives_honest_answers(resolver->habits())) continue;
    VisitorSpec spec;
    spec.resolver_name = resolver->name();
    spec.resolver = resolver->endpoint();
    spec.sites = plan.sites;
    spec.port = plan.port;
    spec.protocol = plan.protocol;
    spec.every = plan.every;
    spec.seed = random_();
    visitors_.push_back(std::make_unique<Visitor>(thread_.loop(), clock_, std::move(spec), *trust_, routes_, log_));
    visitors_.back()->start();
  }
}

void World::warm(const std::vector<RecordKey>& keys) {
  const std::lock_guard lock(mutex_);
  for (const RecordKey& key : keys) {
    // The set itself, or the chain that leads to it, as far as the lab's zones go.
    std::vector<RecordSet> chain;
    RecordKey at = key;
    for (int link = 0; link < kMaxChain; ++link) {
      const auto found = authority_->lookup(at);
      if (!found) break;
      chain.push_back(*found);
      if (found->type == at.type) break;
      const auto target = DomainName::from_text(found->rdata.at(0));
      if (!target) break;
      at.name = *target;
    }
    for (const auto& resolver : resolvers_) {
      if (!gives_honest_answers(resolver->habits())) continue;
      const CacheHabits& habits = resolver->habits().cache;
      for (int cache = 0; cache < std::max(1, resolver->habits().caches); ++cache)
        for (const RecordSet& set : chain) {
          Seconds ttl = std::max(set.ttl, habits.min_ttl.value_or(Seconds(0)));
          ttl = std::max(Seconds(1), std::min(ttl, habits.max_ttl.value_or(kMaxTtl)));
          const auto left = 1 + random_() % static_cast<std::uint64_t>(ttl.count());
          resolver->prefill(cache, set, Seconds(static_cast<Seconds::rep>(left)));
        }
    }
  }
}

void World::schedule(Instant at, std::function<void(World&)> action) {
  {
    const std::lock_guard lock(mutex_);
    events_.emplace(at, std::move(action));
  }
  thread_.post([this] { arm_events(); });
}

void World::arm_events() {
  const std::lock_guard lock(mutex_);
  if (!events_.empty()) events_timer_.set(events_.begin()->first, [this] { run_due_events(); });
}

void World::run_due_events() {
  for (;;) {
    std::function<void(World&)> action;
    {
      const std::lock_guard lock(mutex_);
      if (events_.empty() || events_.begin()->first > clock_.now()) break;
      action = std::move(events_.begin()->second);
      events_.erase(events_.begin());
    }
    action(*this);
  }
  arm_events();
}

World::Truth World::truth_about(const std::vector<RecordSet>& sets) const {
  Truth truth;
  for (const auto& resolver : resolvers_) {
    for (const RecordSet& set : sets) {
      truth.caches_holding += resolver->holding(set);
      const auto until = resolver->held_until(set);
      if (!until || (truth.last_expiry && *until <= *truth.last_expiry)) continue;
      truth.last_expiry = until;
      truth.last_holder = resolver->name();
    }
  }
  return truth;
}

}  // namespace cutover::lab
