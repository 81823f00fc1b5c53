#include "cmd/page/feed.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "cmd/page/update.h"
#include "cmd/report/story_json.h"

namespace cutover {
namespace {

/// Updates that are kept for readers who are behind, in all.
constexpr std::size_t kKeptBytes = 4 << 20;

std::string event_text(std::uint64_t version, const char* kind, const std::string& data) {
  std::string out = "id: " + std::to_string(version) + "\nevent: " + kind + "\ndata: ";
  out.reserve(out.size() + data.size() + 2);
  return out + data + "\n\n";
}

struct Kept {
  std::uint64_t version = 0;
  std::shared_ptr<const std::string> text;
};

}  // namespace

struct Feed::Impl {
  // Whoever publishes holds `publishing` throughout, and `mutex` only to hand over what is ready. A reader that makes
  // the whole story's JSON holds `making`, so that many who come at once make it once; never `mutex`.
  std::mutex publishing;
  UpdateWriter writer;  ///< under `publishing`

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::shared_ptr<const Story> story;
  std::uint64_t version = 0;
  std::deque<Kept> updates;  ///< without gaps, the last one is `version`
  std::size_t kept_bytes = 0;
  int readers = 0;
  bool ended = false;
  std::string metrics;

  std::mutex making;
  std::uint64_t made_version = 0;  ///< under `making`, as the next
  std::shared_ptr<const std::string> made = std::make_shared<const std::string>("null");

  struct Whole {
    std::uint64_t version = 0;
    std::shared_ptr<const std::string> json;
  };
  Whole whole() {
    const std::lock_guard<std::mutex> one_at_a_time(making);
    std::shared_ptr<const Story> now;
    std::uint64_t now_version = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      now = story;
      now_version = version;
    }
    if (now && now_version != made_version) {
      made = std::make_shared<const std::string>(story_as_json(*now));
      made_version = now_version;
    }
    return {now_version, made};
  }

  /// Everything after `seen`, where it is still kept. Under `mutex`.
  std::optional<std::string> since(std::uint64_t seen) const {
    if (seen == 0 || updates.empty() || updates.front().version > seen + 1) return std::nullopt;
    std::string out;
    for (const Kept& each : updates)
      if (each.version > seen) out += *each.text;
    return out;
  }
};

Feed::Feed() : impl_(std::make_unique<Impl>()) {}
Feed::~Feed() = default;

void Feed::publish(const Story& story) {
  Impl& in = *impl_;
  const std::lock_guard<std::mutex> publishing(in.publishing);
  auto next = std::make_shared<Story>(story);
  bool read = false;
  std::uint64_t version = 0;
  {
    const std::lock_guard<std::mutex> lock(in.mutex);
    read = in.readers > 0;
    version = in.version + 1;
  }
  std::optional<std::string> update;
  if (read)
    update = in.writer.update(*next);
  else
    in.writer.reset();  // the next reader begins with a whole story, and so does the writer
  const std::lock_guard<std::mutex> lock(in.mutex);
  in.story = std::move(next);
  in.version = version;
  if (update) {
    in.updates.push_back({version, std::make_shared<const std::string>(event_text(version, "update", *update))});
    in.kept_bytes += in.updates.back().text->size();
    for (; in.kept_bytes > kKeptBytes; in.updates.pop_front()) in.kept_bytes -= in.updates.front().text->size();
  } else {
    in.updates.clear();
    in.kept_bytes = 0;
  }
  in.changed.notify_all();
}

void Feed::publish_metrics(std::string text) {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->metrics = std::move(text);
}

std::string Feed::metrics() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->metrics;
}

std::shared_ptr<const std::string> Feed::story_json() { return impl_->whole().json; }

void Feed::end() {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->ended = true;
  impl_->changed.notify_all();
}

bool Feed::has_ended() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->ended;
}

void Feed::reader_came() {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  ++impl_->readers;
}

void Feed::reader_went() {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  --impl_->readers;
}

Feed::Message Feed::next(std::uint64_t seen, std::chrono::milliseconds patience) {
  Impl& in = *impl_;
  {
    std::unique_lock<std::mutex> lock(in.mutex);
    in.changed.wait_for(lock, patience, [&] { return in.version > seen || in.ended; });
    if (in.version <= seen) {
      if (in.ended) return {seen, "event: end\ndata: {}\n\n", true};
      return {seen, ": still here\n\n", false};
    }
    if (auto missed = in.since(seen)) return {in.version, std::move(*missed), false};
  }
  const Impl::Whole whole = in.whole();
  return {whole.version, event_text(whole.version, "story", *whole.json), false};
}

}  // namespace cutover
