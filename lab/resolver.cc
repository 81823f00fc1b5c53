#include "lab/resolver.h"

#include <fmt/format.h>

#include <algorithm>

#include "lab/zone_answer.h"

namespace cutover::lab {
namespace {

constexpr int kMaxSteps = 24;  // a chain of a dozen links, each looked up and fetched
constexpr std::uint16_t kEdeStale = 3, kEdeFiltered = 17, kEdeStaleNxDomain = 19, kEdeNoReachableAuthority = 22;
constexpr std::size_t kLargestUdp = 1232;
/// Real time per authority address. Loopback answers in microseconds; this is for the dead ones.
constexpr std::chrono::milliseconds kPatience{300};

}  // namespace

/// One client's question on its way through one cache: look, fetch what is missing, look again.
class Resolver::Job {
 public:
  using Done = std::function<void(net::Message)>;
  Job(Resolver& owner, int cache, net::Message query, Manner manner, Done done)
      : owner_(owner),
        cache_(cache),
        manner_(manner),
        query_(std::move(query)),
        answer_(reply_to(query_, net::Rcode::kNoError)),
        current_(query_.question[0]),
        done_(std::move(done)),
        as_of_(owner.clock_.now()) {
    answer_.ra = true;
  }

  void step() {
    while (steps_++ < kMaxSteps) {
      // 1. What the cache holds: the set itself, or an alias that leads on, or that there is nothing.
      const auto hit = look(std::exchange(accept_, Cache::Accept::kFreshOnly));
      if (hit) {
        if (!use(*hit)) return finish();
        continue;
      }
      // 2. Expired data first, where that is the habit; the fetch goes on behind the asker's back.
      const bool stale_first =
          manner_ == Manner::kForClient && owner_.spec_.habits.cache.stale == CacheHabits::Stale::kThenRefresh;
      const auto stale = stale_first ? look(Cache::Accept::kStaleToo) : std::nullopt;
      if (stale) {
        owner_.start(cache_, net::make_query(current_, net::Recursion::kDesired), Manner::kRefresh, [](auto) {});
        if (!use(*stale)) return finish();
        continue;
      }
      // 3. Nothing: ask an authority and come back here.
      return fetch();
    }
    fail_with(net::Rcode::kServFail);
  }

 private:
  /// At the moment the question came, or the last fetch ended: what was just fetched counts even where the
  /// clock runs so fast that its TTL is over by now.
  std::optional<Cache::Hit> look(Cache::Accept accept) const {
    const Instant now = as_of_;
    const std::lock_guard lock(owner_.mutex_);
    const Cache& cache = owner_.caches_[static_cast<std::size_t>(cache_)];
    if (auto hit = cache.find({current_.name, current_.type}, now, accept)) return hit;
    auto alias = cache.find({current_.name, RecordType::kCname}, now, accept);
    return alias && alias->entry.set ? alias : std::nullopt;
  }

  /// Adds what was found to the answer. True: it was an alias, and `current_` is its target.
  bool use(const Cache::Hit& hit) {
    if (hit.freshness == Cache::Hit::Freshness::kStale) stale_ = true;
    if (!hit.entry.set) {
      answer_.rcode = hit.entry.rcode;
      if (hit.entry.soa) add(answer_.authority, *hit.entry.soa, hit.remaining);
      return false;
    }
    add(answer_.answer, *hit.entry.set, hit.remaining);
    if (hit.entry.set->type == current_.type) return false;
    const auto target = DomainName::from_text(hit.entry.set->rdata.at(0));
    if (!target) return false;
    current_.name = *target;
    return true;
  }

  static void add(std::vector<net::Record>& section, RecordSet set, Seconds ttl) {
    set.ttl = ttl;
    for (net::Record& record : net::to_records(set)) section.push_back(std::move(record));
  }

  void fetch() {
    const std::vector<Endpoint>* servers = owner_.servers_for(current_.name);
    if (servers == nullptr) return fail_with(steps_ == 1 ? net::Rcode::kRefused : net::Rcode::kServFail);
    untried_ = *servers;
    std::shuffle(untried_.begin(), untried_.end(), owner_.random_);
    ask_next();
  }

  void ask_next() {
    if (untried_.empty()) return nobody_answers();
    const Endpoint server = untried_.back();
    untried_.pop_back();
    {
      const std::lock_guard lock(owner_.mutex_);
      ++owner_.counters_.fetches;
    }
    const net::Message query = net::make_query(current_, net::Recursion::kNotDesired);
    question_ = std::make_unique<DnsQuestion>(owner_.loop_, server, query, kPatience,
                                              [this](std::optional<net::Message> reply) { take(std::move(reply)); });
  }

  void take(std::optional<net::Message> reply) {
    const bool useful =
        reply && reply->aa && (reply->rcode == net::Rcode::kNoError || reply->rcode == net::Rcode::kNxDomain);
    if (!useful) return ask_next();
    as_of_ = owner_.clock_.now();
    owner_.remember(cache_, *reply, current_, as_of_);
    accept_ = Cache::Accept::kJustFetched;
    step();
  }

  void nobody_answers() {
    if (owner_.spec_.habits.cache.stale == CacheHabits::Stale::kWhenUnreachable) {
      const auto hit = look(Cache::Accept::kStaleToo);
      if (hit && !use(*hit)) return finish();
      if (hit) return step();
    }
    answer_.edns.emplace();
    answer_.edns->extended_error = kEdeNoReachableAuthority;
    fail_with(net::Rcode::kServFail);
  }

  void fail_with(net::Rcode rcode) {
    answer_.rcode = rcode;
    answer_.answer.clear();
    answer_.authority.clear();
    finish();
  }

  void finish() {
    if (stale_) {
      const std::lock_guard lock(owner_.mutex_);
      ++owner_.counters_.stale;
      answer_.edns.emplace();
      answer_.edns->extended_error = answer_.rcode == net::Rcode::kNxDomain ? kEdeStaleNxDomain : kEdeStale;
    }
    // Last: the owner drops this job from inside.
    const Done done = std::move(done_);
    done(std::move(answer_));
  }

  Resolver& owner_;
  const int cache_;
  const Manner manner_;
  const net::Message query_;
  net::Message answer_;
  net::Question current_;
  Done done_;
  Instant as_of_;
  Cache::Accept accept_ = Cache::Accept::kFreshOnly;
  int steps_ = 0;
  bool stale_ = false;
  std::vector<Endpoint> untried_;
  std::unique_ptr<DnsQuestion> question_;
};

Resolver::Resolver(net::Loop& loop, const Clock& clock, ResolverSpec spec)
    : loop_(loop),
      clock_(clock),
      spec_(std::move(spec)),
      random_(spec_.seed),
      caches_(static_cast<std::size_t>(std::max(1, spec_.habits.caches)), Cache(spec_.habits.cache)) {}

Resolver::~Resolver() = default;

Result<std::unique_ptr<Resolver>> Resolver::open(net::Loop& loop, const Clock& clock, ResolverSpec spec) {
  const Endpoint where = spec.where;
  std::unique_ptr<Resolver> resolver(new Resolver(loop, clock, std::move(spec)));
  auto listener = DnsListener::open(
      loop, where,
      [self = resolver.get()](const net::Bytes& wire, Transport transport, DnsListener::Reply reply) {
        self->handle(wire, transport, std::move(reply));
      },
      [self = resolver.get()] { return self->spec_.habits.mood != Habits::Mood::kSilent; });
  if (!listener) return std::move(listener).error();
  resolver->listener_ = std::move(*listener);
  return resolver;
}

void Resolver::prefill(int cache, const RecordSet& set, Seconds remaining) {
  const std::lock_guard lock(mutex_);
  caches_.at(static_cast<std::size_t>(cache)).prefill(set, remaining, clock_.now());
}

void Resolver::forget_everything() {
  const std::lock_guard lock(mutex_);
  for (Cache& cache : caches_) cache.clear();
}

std::optional<Instant> Resolver::held_until(const RecordSet& values) const {
  const std::lock_guard lock(mutex_);
  std::optional<Instant> latest;
  for (const Cache& cache : caches_) {
    const auto until = cache.held_until(values);
    if (until && (!latest || *until > *latest)) latest = until;
  }
  return latest;
}

int Resolver::holding(const RecordSet& values) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(caches_.begin(), caches_.end(), [&](const Cache& cache) {
    const auto hit = cache.find(values.key(), clock_.now(), Cache::Accept::kStaleToo);
    return hit && hit->entry.set && same_values(*hit->entry.set, values);
  }));
}

Resolver::Counters Resolver::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

bool Resolver::is_above_a_zone(const DomainName& name) const {
  return servers_for(name) == nullptr && std::any_of(spec_.zones.begin(), spec_.zones.end(),
                                                     [&](const auto& zone) { return zone.first.is_within(name); });
}

const std::vector<Endpoint>* Resolver::servers_for(const DomainName& name) const {
  const std::vector<Endpoint>* best = nullptr;
  std::size_t labels = 0;
  for (const auto& [origin, servers] : spec_.zones) {
    if (!name.is_within(origin) || (best != nullptr && origin.label_count() <= labels)) continue;
    best = &servers;
    labels = origin.label_count();
  }
  return best;
}

/// RFC 2308: the absence belongs to the last name of the chain that the answer follows.
void Resolver::remember(int cache_index, const net::Message& answer, const net::Question& question, Instant now) {
  const std::lock_guard lock(mutex_);
  Cache& cache = caches_[static_cast<std::size_t>(cache_index)];
  // Whatever was known is superseded, also where the answer is now an alias or an absence.
  cache.forget({question.name, question.type});
  RecordKey last{question.name, question.type};
  bool found = false;
  for (const RecordSet& set : net::record_sets(answer.answer)) {
    cache.store(set, now);
    if (set.type == question.type) found = true;
    if (set.type == RecordType::kCname && set.name == last.name && question.type != RecordType::kCname) {
      const auto target = DomainName::from_text(set.rdata.at(0));
      if (target) last.name = *target;
    }
  }
  if (found) return;
  for (const RecordSet& set : net::record_sets(answer.authority)) {
    if (set.type != RecordType::kSoa || !last.name.is_within(set.name)) continue;
    const auto soa = parse_soa(set);
    if (soa) cache.store_negative(last, answer.rcode, set, soa->negative_ttl(), now);
  }
}

void Resolver::start(int cache, net::Message query, Manner manner, std::function<void(net::Message)> done) {
  jobs_.push_front(nullptr);
  const auto at = jobs_.begin();
  *at = std::make_unique<Job>(*this, cache, std::move(query), manner,
                              [this, at, then = std::move(done)](net::Message answer) {
                                // The job ends here; nothing of it is touched after this line.
                                const std::unique_ptr<Job> ended = std::move(*at);
                                jobs_.erase(at);
                                then(std::move(answer));
                              });
  (*at)->step();
}

void Resolver::handle(const net::Bytes& wire, Transport transport, DnsListener::Reply plain_reply) {
  DnsListener::Reply reply = [wire, plain_reply = std::move(plain_reply)](std::vector<net::Bytes> replies) {
    for (net::Bytes& each : replies) net::echo_letters(wire, each);
    plain_reply(replies);
  };
  {
    const std::lock_guard lock(mutex_);
    ++counters_.queries;
  }
  const auto query = net::decode(wire);
  if (!query || query->qr || spec_.habits.mood == Habits::Mood::kSilent) return;
  const int cache = static_cast<int>(random_() % caches_.size());
  if (auto answer = refuse_or_lie(*query, cache)) return say(*query, *std::move(answer), cache, transport, reply);
  {
    const std::lock_guard lock(mutex_);
    ++counters_.by_key[{query->question[0].name, query->question[0].type}];
  }
  start(cache, *query, Manner::kForClient,
        [this, query = *query, cache, transport, reply = std::move(reply)](net::Message answer) {
          say(query, std::move(answer), cache, transport, reply);
        });
}

/// Whatever needs no cache. Empty: an honest question to an honest resolver.
std::optional<net::Message> Resolver::refuse_or_lie(const net::Message& query, int cache) const {
  using Mood = Habits::Mood;
  const auto plain = [&](net::Rcode rcode) {
    net::Message answer = reply_to(query, rcode);
    answer.ra = true;
    return answer;
  };
  if (query.opcode != net::Opcode::kQuery) return plain(net::Rcode::kNotImp);
  if (query.question.size() != 1) return plain(net::Rcode::kFormErr);
  const net::Question& question = query.question[0];
  if (spec_.habits.mood == Mood::kServFail) return plain(net::Rcode::kServFail);
  if (spec_.habits.mood == Mood::kRefused) return plain(net::Rcode::kRefused);

  // Who is there (RFC 4892): the name, and which of the caches.
  if (question.record_class == net::RecordClass::kCh && question.type == RecordType::kTxt &&
      question.name.text() == "id.server.") {
    net::Message answer = plain(net::Rcode::kNoError);
    answer.answer.push_back({question.name, question.type, net::RecordClass::kCh, 0, '"' + identity(cache) + '"'});
    return answer;
  }
  if (question.record_class != net::RecordClass::kIn) return plain(net::Rcode::kRefused);
  if (question.type == RecordType::kAny || question.type == RecordType::kAxfr || question.type == RecordType::kIxfr)
    return plain(net::Rcode::kNotImp);
  // Cache snooping is not served, as by the usual defaults; names nobody here serves are no business of ours, but those
  // above what somebody serves are there (RFC 8020).
  if (query.rd && is_above_a_zone(question.name)) return plain(net::Rcode::kNoError);
  if (!query.rd || servers_for(question.name) == nullptr) return plain(net::Rcode::kRefused);

  const bool lies = spec_.habits.mood == Mood::kLiesNxDomain || spec_.habits.mood == Mood::kLiesNullAddress;
  const bool about_this = spec_.filtered.empty() || std::find(spec_.filtered.begin(), spec_.filtered.end(),
                                                              question.name) != spec_.filtered.end();
  if (!lies || !about_this) return std::nullopt;
  net::Message lie = plain(spec_.habits.mood == Mood::kLiesNxDomain ? net::Rcode::kNxDomain : net::Rcode::kNoError);
  lie.edns.emplace();
  lie.edns->extended_error = kEdeFiltered;
  const bool v6 = question.type == RecordType::kAaaa;
  if (spec_.habits.mood == Mood::kLiesNullAddress && (v6 || question.type == RecordType::kA))
    lie.answer.push_back({question.name, question.type, net::RecordClass::kIn, 60, v6 ? "::" : "0.0.0.0"});
  return lie;
}

std::string Resolver::identity(int cache) const {
  return caches_.size() == 1 ? spec_.name : fmt::format("{} {}", spec_.name, cache + 1);
}

void Resolver::say(const net::Message& query, net::Message answer, int cache, Transport transport,
                   const DnsListener::Reply& reply) {
  if (!query.edns) answer.edns.reset();
  if (query.edns && !answer.edns) answer.edns.emplace();
  if (query.edns && query.edns->want_nsid) answer.edns->nsid = identity(cache);
  auto wire = net::encode(answer);
  const std::size_t limit = query.edns ? std::clamp<std::size_t>(query.edns->udp_size, 512, kLargestUdp) : 512;
  if (wire && transport == Transport::kUdp && wire->size() > limit) {
    net::Message cut = reply_to(query, answer.rcode);
    cut.ra = cut.tc = true;
    cut.edns = answer.edns;
    wire = net::encode(cut);
  }
  if (!wire) return;
  if (spec_.habits.latency <= Span(0)) return reply({*wire});
  delayed_.emplace_front();
  const auto at = delayed_.begin();
  *at = loop_.after(clock_.real(spec_.habits.latency), [this, at, reply, bytes = *wire] {
    reply({bytes});
    const net::Loop::Handle ended = std::move(*at);
    delayed_.erase(at);
  });
}

}  // namespace cutover::lab
