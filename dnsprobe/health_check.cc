#include "dnsprobe/health_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace cutover::dnsprobe {

namespace {

constexpr std::chrono::milliseconds kSlice{20};

enum class Step { kKnown, kSuspects, kAbsent, kBogus, kBrief, kDone };

/// One resolver's way through the questions.
struct Conversation {
  Step step = Step::kKnown;
  std::size_t nth = 0;  ///< within the step
  HealthReplies replies;
  std::string absent_label;

  /// What to ask next; nullopt: it is done. Steps with nothing to ask are passed over.
  std::optional<RecordKey> next(const HealthQuestions& questions) {
    const auto move_on = [this](Step to) {
      step = to;
      nth = 0;
    };
    if (step == Step::kKnown) {
      if (nth < static_cast<std::size_t>(std::max(1, questions.samples))) return questions.known.key;
      move_on(Step::kSuspects);
    }
    if (step == Step::kSuspects) {
      if (nth < questions.suspects.size()) return questions.suspects[nth];
      move_on(Step::kAbsent);
    }
    if (step == Step::kAbsent) {
      const auto name = DomainName::from_text(absent_label, questions.absent_below);
      if (nth == 0 && !questions.absent_below.is_root() && name) return RecordKey{*name, RecordType::kA};
      move_on(Step::kBogus);
    }
    if (step == Step::kBogus) {
      if (nth == 0 && questions.bogus) return questions.bogus;
      move_on(Step::kBrief);
    }
    if (step == Step::kBrief && nth == 0 && questions.brief) return questions.brief;
    step = Step::kDone;
    return std::nullopt;
  }

  void answered(HealthReply reply) {
    const bool is_of_use = reply.outcome == net::Outcome::kAnswered &&
                           (reply.rcode == net::Rcode::kNoError || reply.rcode == net::Rcode::kNxDomain ||
                            reply.rcode == net::Rcode::kServFail);
    ++nth;
    switch (step) {
      case Step::kKnown:
        replies.known.push_back(std::move(reply));
        if (!is_of_use && replies.known.size() == 1) step = Step::kDone;
        break;
      case Step::kSuspects:
        replies.suspects.push_back(std::move(reply));
        break;
      case Step::kAbsent:
        replies.absent = std::move(reply);
        break;
      case Step::kBogus:
        replies.bogus = std::move(reply);
        break;
      case Step::kBrief:
        replies.brief = std::move(reply);
        break;
      case Step::kDone:
        break;
    }
  }
};

}  // namespace

HealthCheckResult check_health(net::Loop& loop, const Clock& clock, const std::vector<Resolver>& resolvers,
                               const HealthCheckOptions& options, const std::function<void(std::size_t done)>& progress,
                               const std::function<bool()>& stop) {
  HealthCheckResult out;
  std::mt19937 random(options.seed);
  std::vector<Conversation> conversations(resolvers.size());
  std::vector<RecordType> asked_type(resolvers.size(), RecordType::kA);
  std::vector<std::size_t> waiting;  // resolvers with a question to ask; the last one is next
  for (std::size_t i = resolvers.size(); i > 0; --i) {
    waiting.push_back(i - 1);
    conversations[i - 1].absent_label = fmt::format("absent-{:08x}{:08x}", random(), random());
  }
  std::size_t under_way = 0, done = 0;
  const TransportFactory factory = options.transport ? options.transport : socket_transport(loop, clock, options.tries);
  const auto transport = factory([&](std::uint64_t ticket, const Sample& sample) {
    --under_way;
    conversations[ticket].answered(health_reply(sample, asked_type[ticket]));
    waiting.push_back(ticket);  // next is its next question: few conversations are open at once
  });
  while (!(waiting.empty() && under_way == 0) && !(stop && stop())) {
    while (!waiting.empty() && under_way < std::max<std::size_t>(1, options.in_flight)) {
      const std::size_t i = waiting.back();
      waiting.pop_back();
      const auto key = conversations[i].next(options.questions);
      if (!key) {
        ++done;
        continue;
      }
      asked_type[i] = key->type;
      ++under_way;
      ++out.questions;
      transport->ask(i, resolvers[i], *key);
    }
    if (progress) progress(done);
    if (under_way == 0) continue;
    bool rang = false;
    const std::size_t before = under_way;
    const net::Loop::Handle alarm = loop.after(kSlice, [&rang] { rang = true; });
    loop.run_until([&] { return rang || under_way < before; });
  }
  std::vector<HealthReplies> replies;
  for (Conversation& conversation : conversations) {
    out.asked.push_back(!conversation.replies.known.empty());
    replies.push_back(std::move(conversation.replies));
  }
  out.health = judge_health(options.questions, resolvers, replies, clock.now());
  return out;
}

}  // namespace cutover::dnsprobe
