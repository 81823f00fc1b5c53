#include "dnsprobe/sweep.h"

#include <algorithm>
#include <utility>

namespace cutover::dnsprobe {

namespace {

constexpr std::chrono::milliseconds kSlice{20};

/// What a sample says about one record set.
SweepAnswer read_answer(std::size_t resolver, std::size_t key_index, const RecordKey& key, const Asking& asking,
                        Sample sample) {
  SweepAnswer out;
  out.resolver = resolver;
  out.key = key_index;
  for (const RecordSet& set : sample.answer) {
    if (set.name != key.name) continue;
    if (set.type == key.type)
      out.set = set;
    else if (set.type == RecordType::kCname)
      out.alias = set;
  }
  out.ttl = out.set ? std::optional(out.set->ttl) : out.alias ? std::optional(out.alias->ttl) : sample.negative_ttl;
  out.is_data = sample.outcome == net::Outcome::kAnswered &&
                (sample.rcode == net::Rcode::kNoError || sample.rcode == net::Rcode::kNxDomain ||
                 sample.rcode == net::Rcode::kServFail);
  // RFC 7871 section 7.2.1: whoever knows the option gives it back.
  out.subnet_dropped = out.is_data && asking.client_subnet && !sample.client_subnet;
  if (out.subnet_dropped) out.is_data = false;
  out.sample = std::move(sample);
  return out;
}

}  // namespace

SweepResult sweep(net::Loop& loop, const Clock& clock, const std::vector<RecordKey>& keys,
                  const std::vector<Resolver>& resolvers, const SweepOptions& options,
                  const std::function<bool()>& stop) {
  SweepResult result;
  result.started = clock.now();
  const std::size_t tracks = keys.size() * resolvers.size();
  const auto samples = static_cast<std::size_t>(std::max(1, options.samples));
  std::vector<std::vector<SweepAnswer>> answers(tracks);
  std::vector<std::size_t> waiting;  // tracks with a question still to ask; the last one is next
  for (std::size_t i = tracks; i > 0; --i) waiting.push_back(i - 1);
  std::size_t under_way = 0;

  const TransportFactory factory = options.transport ? options.transport : socket_transport(loop, clock, options.tries);
  const auto transport = factory([&](std::uint64_t ticket, Sample sample) {
    const std::size_t key = ticket % keys.size();
    answers[ticket].push_back(
        read_answer(ticket / keys.size(), key, keys[key], resolvers[ticket / keys.size()].asking, std::move(sample)));
    --under_way;
    // Whoever is silent or refuses is not asked again.
    if (answers[ticket].size() < samples && answers[ticket].back().is_data) waiting.push_back(ticket);
  });
  while (!(waiting.empty() && under_way == 0) && !(stop && stop())) {
    while (!waiting.empty() && under_way < std::max<std::size_t>(1, options.in_flight)) {
      const std::size_t track = waiting.back();
      waiting.pop_back();
      ++under_way;
      transport->ask(track, resolvers[track / keys.size()], keys[track % keys.size()]);
    }
    loop.advance({net::Advance::Of::kQuestions, tracks - waiting.size() - under_way, tracks});
    bool rang = false;
    const std::size_t before = under_way;
    const net::Loop::Handle alarm = loop.after(kSlice, [&rang] { rang = true; });
    loop.run_until([&] { return rang || under_way < before; });
  }
  for (auto& of_track : answers)
    for (SweepAnswer& answer : of_track) result.answers.push_back(std::move(answer));
  result.finished = clock.now();
  return result;
}

std::vector<SweepAnswer> above(const SweepResult& result, std::size_t key, Seconds low) {
  std::vector<SweepAnswer> out;
  for (const SweepAnswer& answer : result.answers)
    if (answer.key == key && answer.is_data && answer.ttl && *answer.ttl > low) out.push_back(answer);
  return out;
}

}  // namespace cutover::dnsprobe
