#include "cmd/notify/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <optional>

#include "cmd/plan/program.h"
#include "core/text.h"
#include "net/credential.h"
#include "net/http.h"
#include "providers/rate_limit.h"

namespace cutover {
namespace {

using SteadyInstant = std::chrono::steady_clock::time_point;

constexpr Seconds kSameAgain{600};
constexpr Seconds kHour{3600};
constexpr std::size_t kMostAnHour = 30;
constexpr int kMostRetries = 3;
constexpr std::chrono::milliseconds kStep{20};

std::string folder_of(const Plan& plan) { return plan.file.has_parent_path() ? plan.file.parent_path().string() : "."; }

NoticeForm form_of(const NotifyPlan& hook) {
  return hook.form == "slack" ? NoticeForm::kSlack : hook.form == "teams" ? NoticeForm::kTeams : NoticeForm::kJson;
}

/// As people know it, and never the URL.
std::string name_of(const NotifyPlan& hook) { return printable(hook.run.empty() ? hook.webhook : hook.run.front()); }

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::from_text(host);
  if (!address) return false;
  return address->family() == Family::kV4 ? address->bytes()[0] == 127 : address->text() == "::1";
}

/// Whether a secret may be sent there. The sentence names no part of the URL.
Result<void> check_url(const std::string& url) {
  const std::string lower = to_lower(url);
  if (lower.rfind("https://", 0) == 0) return {};
  const auto bad = [](std::string_view why) { return fail(ErrorCode::kInvalid, std::string(why)); };
  if (lower.rfind("http://", 0) != 0) return bad("it holds no https:// URL");
  const std::string rest = lower.substr(7);
  const std::string authority = rest.substr(0, rest.find_first_of("/?#"));
  // Only what every reader of URLs reads in the same way.
  if (authority.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:[]") != std::string::npos)
    return bad("it holds a URL with a host that cannot be read");
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  if (!is_loopback(authority.substr(0, colon)))
    return bad("it holds an http:// URL: notices go over https but to this machine itself");
  return {};
}

}  // namespace

struct Notifier::Impl {
  /// One place that is told.
  struct Hook {
    NotifyPlan spec;
    std::string name;
    std::string url;  ///< the secret; empty: a program
    std::vector<NoticeRecord> recent;
    bool trouble_told = false;
  };

  /// One notice on its way to one hook: tried, tried again, delivered or given up.
  struct Delivery {
    Hook* hook = nullptr;
    std::size_t record = 0;  ///< its place in `recent`
    std::string body;
    SteadyInstant deadline;
    std::chrono::milliseconds pause{};
    int retries = 0;
    bool over = false;
    net::Loop::Handle timer;
    std::unique_ptr<Program> program;
  };

  const Plan& plan;
  Journal* journal;
  net::Loop& loop;
  const Clock& clock;
  std::function<void(const std::string&)> log;
  NotifierOptions options;
  std::vector<std::unique_ptr<Hook>> hooks;
  std::list<Delivery> deliveries;
  std::unique_ptr<net::HttpClient> client;  ///< made for the first webhook: its library is loaded then

  void say(Hook& hook, const std::string& why) {
    if (hook.trouble_told) return;
    hook.trouble_told = true;
    if (log) log(fmt::format("{} is not told: {}", hook.name, why));
  }

  void add_hook(const NotifyPlan& spec) {
    auto hook = std::make_unique<Hook>();
    hook->spec = spec;
    hook->name = name_of(spec);
    if (spec.run.empty()) {
      auto url = net::read_credential(spec.webhook, folder_of(plan));
      if (!url) return say(*hook, url.error().message);
      if (auto safe = check_url(url->reveal()); !safe) return say(*hook, safe.error().message);
      hook->url = url->reveal();
    }
    hooks.push_back(std::move(hook));
  }

  void remember() {
    if (journal == nullptr || hooks.empty()) return;
    auto records = journal->notices_since(clock.now() - kHour);
    if (!records) return;
    for (const NoticeRecord& record : *records)
      for (const auto& hook : hooks)
        if (hook->name == record.hook) hook->recent.push_back(record);
  }

  void keep(const NoticeRecord& record) const {
    // Limits that forget are no reason to stop anything.
    if (journal != nullptr) static_cast<void>(journal->record_notice(record).ok());
  }

  void tell(Hook& hook, const Notice& notice) {
    const Instant now = clock.now();
    const NoticeRecord record{now, hook.name, fmt::format("{}: {}", to_text(notice.event), notice.title), true};
    std::size_t in_the_hour = 0, held_back = 0;
    bool again = false;
    for (const NoticeRecord& one : hook.recent) {
      if (one.sent && one.at > now - kHour) ++in_the_hour;
      if (one.sent && one.at > now - kSameAgain && one.fingerprint == record.fingerprint) again = true;
      held_back = one.sent ? 0 : held_back + 1;
    }
    hook.recent.push_back(record);
    if (again || in_the_hour >= kMostAnHour) {
      hook.recent.back().sent = false;
      return keep(hook.recent.back());
    }
    Delivery& delivery = deliveries.emplace_back();
    delivery.hook = &hook;
    delivery.record = hook.recent.size() - 1;
    delivery.body = notice_as(form_of(hook.spec), notice, held_back);
    delivery.deadline = std::chrono::steady_clock::now() + options.patience;
    delivery.pause = options.first_pause;
    attempt(delivery);
  }

  void attempt(Delivery& delivery) {
    if (delivery.hook->url.empty()) {
      delivery.program = std::make_unique<Program>(delivery.hook->spec.run, folder_of(plan), options.answer_within,
                                                   delivery.body + "\n");
      return step(delivery);
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(delivery.deadline - std::chrono::steady_clock::now());
    net::HttpRequest request;
    request.method = "POST";
    request.url = delivery.hook->url;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = delivery.body;
    request.timeout = std::clamp(left, std::chrono::milliseconds(1), options.answer_within);
    request.max_body = 4096;
    if (!client) client = std::make_unique<net::HttpClient>(loop);
    client->start(std::move(request),
                  [this, &delivery](const Result<net::HttpResponse>& reply) { answered(delivery, reply); });
  }

  void step(Delivery& delivery) {
    if (!delivery.program->step()) {
      delivery.timer = loop.after(kStep, [this, &delivery] { step(delivery); });
      return;
    }
    end(delivery, trouble_of(delivery.program->ended(), options.answer_within));
  }

  void answered(Delivery& delivery, const Result<net::HttpResponse>& reply) {
    if (reply && reply->status >= 200 && reply->status < 300) return end(delivery, "");
    if (!reply) return retry(delivery, {}, reply.error().message);
    const std::string why =
        fmt::format("it answered with status {}{}", reply->status,
                    reply->status >= 300 && reply->status < 400 ? ", and redirects are not followed" : "");
    if (reply->status == 429 || reply->status >= 500) return retry(delivery, providers::pause_asked(*reply), why);
    end(delivery, why);
  }

  void retry(Delivery& delivery, std::optional<std::chrono::milliseconds> asked, const std::string& why) {
    const auto pause = std::max(delivery.pause, asked.value_or(std::chrono::milliseconds(0)));
    if (delivery.retries == kMostRetries || std::chrono::steady_clock::now() + pause >= delivery.deadline)
      return end(delivery, why);
    ++delivery.retries;
    delivery.pause *= 2;
    delivery.timer = loop.after(pause, [this, &delivery] { attempt(delivery); });
  }

  /// `trouble` empty: it was delivered.
  void end(Delivery& delivery, const std::string& trouble) {
    delivery.over = true;
    NoticeRecord& record = delivery.hook->recent[delivery.record];
    record.sent = trouble.empty();
    if (!trouble.empty()) say(*delivery.hook, trouble);
    keep(record);
  }

  bool idle() {
    deliveries.remove_if([](const Delivery& delivery) { return delivery.over; });
    return deliveries.empty();
  }
};

Notifier::Notifier(const Plan& plan, Journal* journal, net::Loop& loop, const Clock& clock,
                   std::function<void(const std::string&)> log, const NotifierOptions& options)
    : impl_(new Impl{plan, journal, loop, clock, std::move(log), options, {}, {}, nullptr}) {
  for (const NotifyPlan& hook : plan.notify) impl_->add_hook(hook);
  impl_->remember();
}

Notifier::~Notifier() = default;

void Notifier::tell(Notice notice) {
  notice.plan = impl_->plan.name;
  notice.at = impl_->clock.now();
  const std::string event(to_text(notice.event));
  for (const auto& hook : impl_->hooks) {
    const auto& wanted = hook->spec.events;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), event) != wanted.end()) impl_->tell(*hook, notice);
  }
}

void Notifier::finish(const std::function<bool()>& stop) {
  while (!impl_->idle() && !(stop && stop())) {
    bool ticked = false;
    const auto tick = impl_->loop.after(std::chrono::milliseconds(50), [&ticked] { ticked = true; });
    impl_->loop.run_until([&] { return ticked || impl_->idle(); });
  }
}

}  // namespace cutover
