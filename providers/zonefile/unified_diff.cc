#include "providers/zonefile/unified_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace cutover::providers::zonefile {
namespace {

constexpr int kContext = 3;
constexpr int kMostDifferences = 4000;

/// Lines with their line ends, so that a missing one at the end of a file is a difference like any other.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

struct Region {
  int from_begin, from_end, to_begin, to_end;  ///< lines [begin, end) that differ
};

/// E. Myers, "An O(ND) Difference Algorithm" (1986), greedy forward form: few differences in a long file cost little.
std::vector<Region> differences(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  const int n = static_cast<int>(a.size()), m = static_cast<int>(b.size());
  const int limit = std::min(n + m, kMostDifferences);
  const auto at = [&](int k) { return static_cast<std::size_t>(k + limit + 1); };
  std::vector<int> furthest(static_cast<std::size_t>(2 * limit + 3), 0);
  std::vector<std::vector<int>> history;
  int found = -1;
  for (int d = 0; d <= limit && found < 0; ++d) {
    history.push_back(furthest);
    for (int k = -d; k <= d; k += 2) {
      int x = k == -d || (k != d && furthest[at(k - 1)] < furthest[at(k + 1)]) ? furthest[at(k + 1)]
                                                                               : furthest[at(k - 1)] + 1;
      int y = x - k;
      while (x < n && y < m && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(y)]) ++x, ++y;
      furthest[at(k)] = x;
      if (x >= n && y >= m) {
        found = d;
        break;
      }
    }
  }
  if (found < 0) return {{0, n, 0, m}};
  // Walk back: each step is one removed or one added line.
  std::vector<Region> regions;
  int x = n, y = m;
  for (int d = found; d > 0; --d) {
    const std::vector<int>& before = history[static_cast<std::size_t>(d)];
    const int k = x - y;
    const bool down = k == -d || (k != d && before[at(k - 1)] < before[at(k + 1)]);
    const int previous_k = down ? k + 1 : k - 1;
    const int px = before[at(previous_k)], py = px - previous_k;
    regions.push_back(down ? Region{px, px, py, py + 1} : Region{px, px + 1, py, py});
    x = px;
    y = py;
  }
  std::reverse(regions.begin(), regions.end());
  std::vector<Region> merged;
  for (const Region& region : regions) {
    if (!merged.empty() && merged.back().from_end == region.from_begin && merged.back().to_end == region.to_begin) {
      merged.back().from_end = region.from_end;
      merged.back().to_end = region.to_end;
    } else {
      merged.push_back(region);
    }
  }
  return merged;
}

void append(std::string& out, char sign, std::string_view line) {
  out += sign;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

std::string range(int begin, int count) {
  // An empty range names the line before it.
  return count == 1 ? fmt::format("{}", begin + 1) : fmt::format("{},{}", count == 0 ? begin : begin + 1, count);
}

}  // namespace

std::string unified_diff(std::string_view from, std::string_view to, std::string_view name) {
  const auto a = lines_of(from), b = lines_of(to);
  const std::vector<Region> regions = differences(a, b);
  if (from == to) return "";
  std::string out = fmt::format("--- {0}\n+++ {0}\n", name);
  for (std::size_t first = 0; first < regions.size();) {
    std::size_t last = first;
    while (last + 1 < regions.size() && regions[last + 1].from_begin - regions[last].from_end <= 2 * kContext) ++last;
    const int lead = std::min(kContext, regions[first].from_begin);
    const int trail = std::min(kContext, static_cast<int>(a.size()) - regions[last].from_end);
    const int from_begin = regions[first].from_begin - lead, to_begin = regions[first].to_begin - lead;
    out += fmt::format("@@ -{} +{} @@\n", range(from_begin, regions[last].from_end + trail - from_begin),
                       range(to_begin, regions[last].to_end + trail - to_begin));
    int x = from_begin;
    for (std::size_t i = first; i <= last; ++i) {
      for (; x < regions[i].from_begin; ++x) append(out, ' ', a[static_cast<std::size_t>(x)]);
      for (; x < regions[i].from_end; ++x) append(out, '-', a[static_cast<std::size_t>(x)]);
      for (int y = regions[i].to_begin; y < regions[i].to_end; ++y) append(out, '+', b[static_cast<std::size_t>(y)]);
    }
    for (; x < regions[last].from_end + trail; ++x) append(out, ' ', a[static_cast<std::size_t>(x)]);
    first = last + 1;
  }
  return out;
}

}  // namespace cutover::providers::zonefile
