#pragma once
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace cutover {

/// The line that says how far long work has come. Pure: it is told the time, and a rate is that of the last seconds.
/// Of the time left it says nothing until what has been done is enough to tell.
class ProgressLine {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `subject` is what is being done, by whomever it was named: `assess shop.example`.
  explicit ProgressLine(std::string_view subject);

  /// `done` of `total` (empty: nobody knows) so far. Another unit or total, or less than before, is another piece of
  /// work; pieces of one that follow each other are counted together.
  void take(std::string_view unit, std::size_t done, std::optional<std::size_t> total, Time now);

  /// `assess shop.example: 1240 of 5000 questions, 410/s, about 9s left`, in at most `width` columns: the subject is
  /// cut first. Empty: nothing has begun, or this piece is over.
  std::string text(Time now, std::size_t width) const;

 private:
  struct Mark {
    Time at{};
    std::size_t done = 0;
  };
  std::optional<double> rate(Time now) const;
  std::optional<std::chrono::seconds> left(Time now) const;

  std::string subject_;
  std::string unit_;
  std::size_t done_ = 0;
  std::size_t earlier_ = 0;           ///< pieces of one that are over
  std::optional<std::size_t> total_;  ///< as it was told
  std::deque<Mark> marks_;            ///< of this piece; the first one is as old as the rate looks back
};

}  // namespace cutover
