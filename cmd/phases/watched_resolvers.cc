#include "cmd/phases/watched_resolvers.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/plan/user_state.h"
#include "core/text.h"
#include "dnsprobe/catalogue.h"
#include "dnsprobe/path.h"
#include "dnsprobe/resolver_addresses.h"

namespace cutover {

using dnsprobe::Condition;
using dnsprobe::Resolver;
using dnsprobe::Source;

namespace {

/// Who was left out, counted by why.
struct LeftOut {
  std::size_t silent = 0, refusing = 0, misleading = 0, unchecked = 0;

  void count(Condition condition) {
    switch (condition) {
      case Condition::kAnswers:
        break;
      case Condition::kMisleads:
        ++misleading;
        break;
      case Condition::kRefuses:
        ++refusing;
        break;
      case Condition::kSilent:
        ++silent;
        break;
    }
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> out;
    if (const std::size_t dead = silent + refusing + misleading; dead > 0)
      out.push_back(
          fmt::format("{} left out by the last check ({} silent, {} refusing, {} misleading); `cutover "
                      "resolvers check` looks again",
                      counted(dead, "resolver"), silent, refusing, misleading));
    if (unchecked > 0)
      out.push_back(
          fmt::format("{} of imported lists left out: no check of the last seven days saw them answer; "
                      "run `cutover resolvers check --list FILE`",
                      counted(unchecked, "resolver")));
    return out;
  }
};

bool is_on(const std::vector<std::string>& must, const Resolver& resolver) {
  return std::any_of(must.begin(), must.end(),
                     [&](const std::string& entry) { return dnsprobe::is_named_by(resolver, entry); });
}

/// What checks found, where it matters: whoever names resolvers one by one has nothing to do with it.
Result<dnsprobe::HealthBook> health_book(const std::vector<Resolver>& resolvers) {
  const bool has_lists = std::any_of(resolvers.begin(), resolvers.end(),
                                     [](const Resolver& each) { return each.source != Source::kNamed; });
  if (!has_lists) return dnsprobe::HealthBook();
  return dnsprobe::read_health(resolver_health_file());
}

/// Private resolvers stay as they are: nobody stands on the way to them.
void encrypt(WatchedResolvers& watched) {
  std::vector<Resolver> kept;
  std::size_t left_out = 0;
  for (Resolver& resolver : watched.resolvers) {
    if (!can_be_intercepted(resolver)) {
      kept.push_back(std::move(resolver));
    } else if (auto encrypted = dnsprobe::encrypted_form(resolver)) {
      kept.push_back(*std::move(encrypted));
    } else {
      ++left_out;
    }
  }
  watched.resolvers = std::move(kept);
  if (left_out > 0)
    watched.notes.push_back(fmt::format("{} left out: the catalogue knows neither DNS over TLS nor over HTTPS for them",
                                        counted(left_out, "resolver")));
}

}  // namespace

Result<WatchedResolvers> worth_asking(std::vector<Resolver> all, const std::vector<std::string>& must,
                                      const dnsprobe::HealthBook& book, Instant now) {
  WatchedResolvers out;
  LeftOut left_out;
  for (Resolver& resolver : all) {
    const bool is_wanted = resolver.source == Source::kNamed || is_on(must, resolver);
    const auto entry = book.find(dnsprobe::resolver_text(resolver));
    const bool is_known = entry != book.end() && dnsprobe::is_fresh(entry->second, now);
    if (!is_wanted && is_known && entry->second.condition != Condition::kAnswers) {
      left_out.count(entry->second.condition);
      continue;
    }
    if (!is_wanted && !is_known && resolver.source == Source::kImported) {
      ++left_out.unchecked;
      continue;
    }
    if (is_known && entry->second.filters == dnsprobe::Known::kYes) resolver.filtering = true;
    out.resolvers.push_back(std::move(resolver));
  }
  out.notes = left_out.notes();
  if (!out.resolvers.empty()) return out;
  std::string sentence = "watch: nobody is left to ask";
  for (const std::string& note : out.notes) sentence += "; " + note;
  return fail(ErrorCode::kInvalid, sentence + "; or name some resolvers by their addresses");
}

Result<WatchedResolvers> resolvers_of_plan(const Plan& plan, Instant now) {
  auto all = dnsprobe::resolvers_from(plan.watch.resolvers, plan.file.parent_path());
  if (!all) return all.error();
  if (auto known = dnsprobe::check_must(plan.watch.must, *all); !known) return known.error();
  const auto book = health_book(*all);
  auto out = worth_asking(*std::move(all), plan.watch.must, book ? *book : dnsprobe::HealthBook(), now);
  if (out && !book) out->notes.push_back(book.error().message + "; what checks found is not used");
  return out;
}

Result<WatchedResolvers> watched_resolvers(Cutover& cutover, Over over) {
  auto out = resolvers_of_plan(cutover.plan, cutover.clock.now());
  if (!out) return out;
  if (over == Over::kEncrypted) encrypt(*out);
  dnsprobe::find_addresses(cutover.loop, cutover.clock, lookup_of(cutover.plan), out->resolvers);
  if (std::any_of(out->resolvers.begin(), out->resolvers.end(), dnsprobe::can_be_intercepted))
    out->interception = dnsprobe::interception_of(
        dnsprobe::test_path(cutover.loop, cutover.clock, dnsprobe::default_path_options()), out->resolvers);
  for (const std::string& note : out->notes) cutover.log(note);
  return out;
}

}  // namespace cutover
