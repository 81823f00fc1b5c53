#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>

#include "cmd/plan/journal.h"
#include "tests/bench/measure.h"
#include "tests/servers/process.h"

namespace cutover::bench {
namespace {

/// The least that a durable record can cost: one block written in place, and synced.
class SyncedBlock {
 public:
  explicit SyncedBlock(const std::string& file)
      : fd_(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)), block_(4096, 'x') {
    if (fd_ < 0) throw std::runtime_error("cannot make " + file);
    write();
  }
  ~SyncedBlock() { close(fd_); }
  SyncedBlock(const SyncedBlock&) = delete;
  SyncedBlock& operator=(const SyncedBlock&) = delete;
  void write() const {
    if (pwrite(fd_, block_.data(), block_.size(), 0) != static_cast<ssize_t>(block_.size()) || fsync(fd_) != 0)
      throw std::runtime_error("cannot write the block");
  }

 private:
  int fd_;
  std::string block_;
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

std::vector<Row> measure_journal() {
  constexpr int kCommits = 200;
  const servers::TempFolder folder;
  Plan plan;
  plan.name = "bench";
  plan.hash = std::string(64, '0');
  plan.file = folder.file("cutover.yaml");
  const SystemClock clock;
  Journal journal = must(Journal::open(plan, clock));
  const DomainName zone = must(DomainName::from_text("example.com"));
  const std::int64_t write = must(journal.begin_write(Phase::kSwap, plan.hash, {}));
  const SyncedBlock block(folder.file("block"));
  std::vector<Millis> ours, theirs;
  for (int commit = 0; commit < kCommits; ++commit) {
    auto began = std::chrono::steady_clock::now();
    must(journal.record_intent(
        write, {zone, commit, "change one record set", R"({"update":"www.example.com A 192.0.2.1"})", {}}));
    ours.push_back(std::chrono::steady_clock::now() - began);
    began = std::chrono::steady_clock::now();
    block.write();
    theirs.push_back(std::chrono::steady_clock::now() - began);
  }
  return {{"one intent, durable in the journal", median(ours), "4 KiB written and synced", median(theirs), ""}};
}

}  // namespace cutover::bench
