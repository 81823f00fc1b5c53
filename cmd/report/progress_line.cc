#include "cmd/report/progress_line.h"

#include <fmt/format.h>

#include <cmath>

#include "cmd/report/wrapped.h"
#include "core/text.h"

namespace cutover {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLooksBack{10};
constexpr milliseconds kBetweenMarks{250};
// Less says nothing about the rest: the first answers are the quickest.
constexpr seconds kEnoughTime{2};
constexpr std::size_t kEnoughDone = 10;

double in_seconds(std::chrono::steady_clock::duration time) { return std::chrono::duration<double>(time).count(); }

std::string rate_text(double per_second) {
  if (per_second >= 10) return fmt::format("{:.0f}/s", per_second);
  if (per_second >= 1) return fmt::format("{:.1f}/s", per_second);
  return fmt::format("{:.0f}/min", per_second * 60);
}

}  // namespace

ProgressLine::ProgressLine(std::string_view subject) : subject_(printable(subject)) {}

void ProgressLine::take(std::string_view unit, std::size_t done, std::optional<std::size_t> total, Time now) {
  if (total == 0) return;
  const bool same = unit == unit_ && total == total_;
  if (!same || done < done_) {
    // Things done one by one come as pieces of one: what is known of them is how many there were.
    earlier_ = same && total == 1 ? earlier_ + done_ : 0;
    if (earlier_ == 0) marks_.clear();
    unit_ = unit;
    total_ = total;
  }
  done_ = done;
  const std::size_t all = earlier_ + done_;
  if (marks_.empty() || now - marks_.back().at >= kBetweenMarks) marks_.push_back({now, all});
  while (marks_.size() > 2 && now - marks_[1].at >= kLooksBack) marks_.pop_front();
}

std::optional<double> ProgressLine::rate(Time now) const {
  if (marks_.empty() || now - marks_.front().at < kEnoughTime) return std::nullopt;
  const std::size_t done = earlier_ + done_ - marks_.front().done;
  const double out = static_cast<double>(done) / in_seconds(now - marks_.front().at);
  if (out * 60 < 1) return std::nullopt;
  return out;
}

std::optional<seconds> ProgressLine::left(Time now) const {
  const auto per_second = rate(now);
  if (!per_second || !total_ || total_ == 1 || done_ >= *total_ || done_ < marks_.front().done + kEnoughDone)
    return std::nullopt;
  return seconds(static_cast<std::int64_t>(std::ceil(static_cast<double>(*total_ - done_) / *per_second)));
}

std::string ProgressLine::text(Time now, std::size_t width) const {
  const std::size_t all = earlier_ + done_;
  const bool is_bounded = total_ && total_ != 1;
  if (unit_.empty() || (is_bounded ? done_ >= *total_ : all == 0)) return {};
  std::string numbers =
      is_bounded ? fmt::format(": {} of {} {}", all, *total_, unit_) : fmt::format(": {} {}", all, unit_);
  if (const auto per_second = rate(now)) numbers += ", " + rate_text(*per_second);
  if (const auto rest = left(now)) numbers += fmt::format(", about {} left", format_duration(*rest));
  const std::size_t taken = columns_of(numbers);
  const std::string head = columns_of(subject_) + taken <= width ? subject_
                           : taken + 3 < width                   ? cut_to_width(subject_, width - taken - 3) + "..."
                                                                 : std::string();
  return cut_to_width(head + numbers, width);
}

}  // namespace cutover
