#include "providers/external/external.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/boundary.h"
#include "core/codec.h"
#include "core/text.h"
#include "providers/external/compare.h"
#include "providers/external/inverse.h"
#include "providers/external/program.h"
#include "providers/external/protocol.h"
#include "providers/external/setting.h"
#include "providers/external/steps.h"

namespace cutover::providers::external {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kReadLimit{30};
constexpr std::chrono::seconds kWriteLimit{60};
constexpr std::size_t kMostQuoted = 300;

class ExternalProvider final : public Provider {
 public:
  ExternalProvider(Setting setting, const Clock& clock) : setting_(std::move(setting)), clock_(clock) {}

  /// The first request of all.
  Result<void> ask_what_it_can();

  const Capabilities& capabilities() const override { return declared_->capabilities; }
  Result<Zone> read(const DomainName& zone) override;
  Result<Sets> read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) override;
  Result<std::vector<Step>> steps(const ChangeSet& changes) const override;
  Result<Receipt> apply(const Step& step) override;
  Result<bool> in_sync(const Receipt& receipt) override;
  Result<InverseScript> inverse_script(const ChangeSet& inverse) const override;
  std::optional<Span> clock_skew() const override { return skew_; }

 private:
  struct Heard {
    Result<Answer> answer;
    bool started = false;
  };
  Heard ask(std::string_view what, const std::string& rest, std::chrono::seconds usual_limit) const;
  Result<Answer> ask_harmless(std::string_view what, const std::string& rest, const std::string& doing) const;
  Result<ZoneRead> read_all(const DomainName& zone);
  Result<void> check(const ChangeSet& changes) const;
  Result<void> compare_for_it(const Json& stored, const ChangeSet& changes);
  Result<void> check_expectations() const;
  void note_clock(const Answer& answer, Instant began);
  std::string redacted(std::string text) const;
  std::string shown(const std::string& text) const;
  std::string who() const { return "the program " + printable(setting_.program); }

  Setting setting_;
  const Clock& clock_;
  std::unique_ptr<Declaration> declared_;
  std::optional<Span> skew_;
  std::map<DomainName, ZoneRead::Words> words_;  ///< of the zones that were read
};

/// Without the secrets that the plan's references lead to.
std::string ExternalProvider::redacted(std::string text) const {
  constexpr std::string_view kInstead = "(the credential)";
  for (const net::Secret& secret : setting_.secrets)
    for (auto at = text.find(secret.reveal()); at != std::string::npos && !secret.reveal().empty();
         at = text.find(secret.reveal(), at + kInstead.size()))
      text.replace(at, secret.reveal().size(), kInstead);
  return text;
}

/// The end of what it said, as `: ...`, fit for a line.
std::string ExternalProvider::shown(const std::string& text) const {
  std::string said = redacted(std::string(trim(text)));
  if (said.size() > kMostQuoted) said = "..." + said.substr(said.size() - kMostQuoted);
  return said.empty() ? "" : ": " + printable(said);
}

ExternalProvider::Heard ExternalProvider::ask(std::string_view what, const std::string& rest,
                                              std::chrono::seconds usual_limit) const {
  Run run;
  run.program = setting_.program;
  run.folder = setting_.folder;
  run.environment = setting_.environment;
  run.input = request(what, setting_.options, rest);
  const std::chrono::seconds limit = setting_.limit.value_or(usual_limit);
  run.limit = limit;
  auto ended = external::run(run);
  if (!ended) return {ended.error(), false};
  const auto bad = [&](ErrorCode code, const std::string& why) {
    return Heard{fail(code, fmt::format("{} {}{}", who(), why, shown(ended->errors))), true};
  };
  switch (ended->how) {
    case Ended::How::kOverran:
      return bad(ErrorCode::kTimeout, fmt::format("took longer than {} s and was ended", limit.count()));
    case Ended::How::kTooMuch:
      return bad(ErrorCode::kInvalid, fmt::format("said more than {} MB and was ended", run.most_output >> 20U));
    case Ended::How::kExited:
      break;
  }
  if (ended->status != 0) return bad(ErrorCode::kNetwork, fmt::format("ended with status {}", ended->status));
  auto answer = read_answer(ended->output);
  if (!answer) return bad(answer.error().code, "answered something else: " + redacted(answer.error().message));
  return {std::move(*answer), true};
}

/// A request that changes nothing; `ok` or an Error.
Result<Answer> ExternalProvider::ask_harmless(std::string_view what, const std::string& rest,
                                              const std::string& doing) const {
  auto heard = ask(what, rest, kReadLimit);
  if (!heard.answer) return within(doing, heard.answer.error());
  if (heard.answer->outcome == Outcome::kOk) return heard.answer;
  return fail(code_of(heard.answer->outcome),
              fmt::format("{}: {} says no{}", doing, who(), shown(heard.answer->message)));
}

Result<void> ExternalProvider::ask_what_it_can() {
  const std::string doing = "asking what it can do";
  auto answer = ask_harmless("capabilities", "{}", doing);
  if (!answer) return answer.error();
  answer->json = redacted(answer->json);
  auto declared = read_declaration(*answer);
  if (!declared) return within(fmt::format("{}: {} declares nonsense", doing, who()), declared.error());
  declared_ = std::move(*declared);
  return check_expectations();
}

/// What the plan relies on, where it says so.
Result<void> ExternalProvider::check_expectations() const {
  std::map<std::string, std::string> now;
  for (const std::string& word : split(declared_->line(), ' ')) {
    const auto sign = word.find('=');
    now[word.substr(0, sign)] = word.substr(sign + 1);
  }
  for (const auto& expected : setting_.expects) {
    const auto at = now.find(expected.first);
    if (at == now.end())
      return fail(ErrorCode::kUsage,
                  fmt::format("the option 'expects' names '{}', which is no capability; what {} declares is {}",
                              printable(expected.first), who(), declared_->line()));
    if (at->second != expected.second)
      return fail(ErrorCode::kConflict,
                  fmt::format("the plan expects {0}={1} of {2}, which now declares {0}={3}: it was changed or replaced "
                              "since; look at the plan again before you write with it",
                              expected.first, printable(expected.second), who(), at->second));
  }
  return {};
}

/// The program says what its service's clock showed some time between `began` and now.
void ExternalProvider::note_clock(const Answer& answer, Instant began) {
  if (!answer.now) return;
  const Instant ended = clock_.now();
  skew_ = *answer.now > ended ? *answer.now - ended : *answer.now < began ? *answer.now - began : Span(0);
}

Result<ZoneRead> ExternalProvider::read_all(const DomainName& zone) {
  const std::string doing = "reading " + zone.text();
  const Instant began = clock_.now();
  auto answer = ask_harmless("read", Json{{"zone", zone.text()}}.dump(), doing);
  if (!answer) return answer.error();
  note_clock(*answer, began);
  auto read = read_zone(*answer, zone);
  if (!read)
    return fail(read.error().code, fmt::format("{}: {} gave no zone{}", doing, who(), shown(read.error().message)));
  words_[zone] = read->words;
  return read;
}

Result<Zone> ExternalProvider::read(const DomainName& zone) {
  auto read = read_all(zone);
  if (!read) return read.error();
  return std::move(read->zone);
}

Result<Provider::Sets> ExternalProvider::read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) {
  auto read = read_all(zone);
  if (!read) return read.error();
  Sets sets = sets_of(read->zone, keys);
  for (const RecordKey& key : keys)
    if (const auto why = read->refused.find(key); why != read->refused.end()) sets.refused.insert(*why);
  return sets;
}

Result<void> ExternalProvider::check(const ChangeSet& changes) const {
  const Capabilities& can = declared_->capabilities;
  const auto& types = can.types.value;
  for (const Change& change : changes.changes) {
    if (auto ours = check_within(change, changes.zone); !ours) return ours;
    if (!types.empty() && std::find(types.begin(), types.end(), change.key.type) == types.end())
      return fail(ErrorCode::kUnsupported, fmt::format("{} is not changed by {}: it declares other types ({})",
                                                       change.key.text(), who(), can.types.why));
    const bool keeps_ttl = change.before && change.after && change.before->ttl == change.after->ttl;
    if (!change.after || keeps_ttl || settable_ttl(can, change.after->ttl) == change.after->ttl) continue;
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{} cannot get a TTL of {} s by {} ({}); the next that can be set is {} s", change.key.text(),
                    change.after->ttl.count(), who(), can.ttl_floor.why, settable_ttl(can, change.after->ttl).count()));
  }
  return {};
}

Result<std::vector<Step>> ExternalProvider::steps(const ChangeSet& changes) const {
  std::vector<Step> steps;
  if (auto carried = check(changes); !carried) return carried.error();
  const std::vector<ChangeSet> pieces = pieces_of(changes, declared_->capabilities);
  for (const ChangeSet& piece : pieces) {
    Step step;
    step.zone = changes.zone;
    step.ordinal = static_cast<int>(steps.size()) + 1;
    step.summary = fmt::format("one run of {}: {}", who(),
                               piece.changes.size() == 1
                                   ? piece.changes[0].key.text()
                                   : counted(piece.changes.size(), "record set") + " of " + changes.zone.text());
    Json request{{"program", printable(setting_.program)},
                 {"declared", declared_->line()},
                 {"changes", Json::parse(to_json(piece))}};
    // The first of several runs is made only when all of them could be.
    if (pieces.size() > 1 && steps.empty()) request["guard"] = Json::parse(to_json(changes));
    step.request = request.dump();
    for (const Change& change : piece.changes) step.touches.push_back(change.key);
    steps.push_back(std::move(step));
  }
  return steps;
}

/// What the program does not compare is compared here; from now to its write nobody guards that.
Result<void> ExternalProvider::compare_for_it(const Json& stored, const ChangeSet& changes) {
  const CompareAndSwap kind = declared_->capabilities.compare_and_swap.value;
  const bool compares = kind == CompareAndSwap::kValuesAndTtl || kind == CompareAndSwap::kVersion;
  if (compares && !stored.contains("guard") && words_.count(changes.zone) != 0) return {};
  auto guarded = stored.contains("guard") ? change_set_from_json(stored["guard"].dump()) : changes;
  if (!guarded) return guarded.error();
  auto live = read_all(changes.zone);
  auto fits = live ? compare(*live, *guarded) : Result<void>(live.error());
  if (!fits) return fail(fits.error().code, fits.error().message + "; nothing was changed");
  return {};
}

Result<Receipt> ExternalProvider::apply(const Step& step) {
  const Json stored = Json::parse(step.request, nullptr, false);
  if (!stored.is_object() || !stored.contains("changes"))
    return fail(ErrorCode::kInvalid, "a stored request to a provider program cannot be read; nothing was changed");
  if (const std::string then = stored.value("declared", ""); then != declared_->line())
    return fail(ErrorCode::kConflict,
                fmt::format("{} declares other capabilities than when this was planned: {} then, {} now; nothing was "
                            "changed, plan it again",
                            who(), printable(then), declared_->line()));
  auto changes = change_set_from_json(stored["changes"].dump());
  if (!changes) return changes.error();
  if (auto fits = compare_for_it(stored, *changes); !fits) return fits.error();
  const Instant began = clock_.now();
  boundary("provider-before-send");
  Heard heard = ask("apply", to_json(in_its_words(*changes, words_[changes->zone])), kWriteLimit);
  boundary("provider-after-reply");
  const std::string doing = "changing " + changes->zone.text();
  if (!heard.answer && !heard.started)
    return fail(heard.answer.error().code,
                fmt::format("{}: {}; nothing was changed", doing, heard.answer.error().message));
  if (!heard.answer || heard.answer->outcome == Outcome::kOk)
    return fail(ErrorCode::kUnknown,
                fmt::format("{}: {}: whether the change was made is not known", doing,
                            heard.answer ? who() + " answered 'ok' and not 'applied'" : heard.answer.error().message));
  note_clock(*heard.answer, began);
  const std::string said = shown(heard.answer->message);
  switch (heard.answer->outcome) {
    case Outcome::kApplied:
      return Receipt{step.zone, step.ordinal, fmt::format("{} made the change", who()),
                     redacted(receipt_in(*heard.answer))};
    case Outcome::kPartial:
      return fail(ErrorCode::kPartial, fmt::format("{}: {} made a part of it{}", doing, who(), said));
    default:
      return fail(code_of(heard.answer->outcome),
                  fmt::format("{}: {} says no{}; nothing was changed", doing, who(), said));
  }
}

Result<bool> ExternalProvider::in_sync(const Receipt& receipt) {
  if (declared_->requests.count("in_sync") == 0) return true;  // servers are asked directly
  const Json given = Json::parse(receipt.reply, nullptr, false);
  const Json rest{{"zone", receipt.zone.text()}, {"receipt", given.is_discarded() ? Json(nullptr) : given}};
  auto answer = ask_harmless("in_sync", rest.dump(), "asking whether " + receipt.zone.text() + " is in sync");
  if (!answer) return answer.error();
  auto said = read_in_sync(*answer);
  if (!said) return within(who(), said.error());
  return said;
}

Result<InverseScript> ExternalProvider::inverse_script(const ChangeSet& inverse) const {
  if (auto carried = check(inverse); !carried) return carried.error();
  const auto words = words_.find(inverse.zone);
  const ChangeSet written = words == words_.end() ? inverse : in_its_words(inverse, words->second);
  if (declared_->requests.count("inverse") == 0) {
    std::vector<std::string> requests;
    for (const ChangeSet& piece : pieces_of(written, declared_->capabilities))
      requests.push_back(request("apply", setting_.options, to_json(piece)));
    const bool compares = declared_->capabilities.compare_and_swap.value != CompareAndSwap::kNone;
    return external::inverse_script(inverse, requests, setting_,
                                    compares ? Comparison::kByProgram : Comparison::kByScript);
  }
  auto answer = ask_harmless("inverse", to_json(written), "writing the way back for " + inverse.zone.text());
  if (!answer) return answer.error();
  answer->json = redacted(answer->json);
  auto script = read_inverse(*answer);
  if (!script) return within(fmt::format("{} wrote no way back", who()), script.error());
  return script;
}

constexpr OptionSpec kOptions[] = {
    {"name", "runs the program cutover-provider-NAME, found on PATH", true, false},
    {"timeout", "how long one run of it may take; 30s for reading and 60s for writing when left out", false, false},
    {"environment", "names of further environment variables that it gets, separated by spaces", false, false},
    {"expects", "capabilities that the plan relies on, as in: atomic=zone compare_and_swap=values", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  auto setting = read_setting(config.options.at("name"), config);
  if (!setting) return setting.error();
  auto provider = std::make_unique<ExternalProvider>(std::move(*setting), context.clock);
  if (auto asked = provider->ask_what_it_can(); !asked) return asked.error();
  return std::unique_ptr<Provider>(std::move(provider));
}

}  // namespace

Entry entry() {
  return {kType,
          "A program of your own, JSON on stdin and stdout",
          kOptions,
          open,
          nullptr,
          "Options written env/NAME or file/PATH reach the program as they stand, with NAME in its environment; their "
          "values reach it by no other way.",
          "As the program's own manual says.",
          Entry::FurtherOptions::kPassedOn};
}

}  // namespace cutover::providers::external
