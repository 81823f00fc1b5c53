#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "lab/authority.h"
#include "lab/loop_thread.h"
#include "tests/providers/subject.h"
#include "tests/scenarios/stage.h"

// The stage of a whole cutover through a provider's API: the service's fake (or what stands before the real service), a
// name server that serves what the service holds, a plan, and the program as a child process. Nothing here is an
// assertion, so that several stages can be played side by side, each by a thread of its own.

namespace cutover::stage {

/// One record set of the plan, values in zone-file form.
struct Planned {
  std::string name, type;
  std::vector<std::string> from, to;
  RecordKey key() const;
};

class ApiStage {
 public:
  /// Throws std::runtime_error where the stage cannot be set up.
  explicit ApiStage(const std::string& subject);
  ~ApiStage();
  ApiStage(const ApiStage&) = delete;
  ApiStage& operator=(const ApiStage&) = delete;

  servers::ApiFake& service() { return *subject_->fake(); }
  tests::Subject& subject() { return *subject_; }
  const providers::Capabilities& capabilities() const { return (*provider_)->capabilities(); }
  const Desk& desk() const { return desk_; }
  /// Runs a writing command with consent, `--resume` and the overrides that save waiting. Throws when the output shows
  /// a secret.
  Run cutover(const std::string& command, const std::vector<std::string>& environment = {},
              const std::string& plan = "cutover.yaml");
  /// How many times that was.
  int runs() const { return runs_; }
  /// Another plan for the same zone, in a file of that name.
  void write_plan(const std::string& file, const std::vector<Planned>& planned) const;

  using Sets = std::map<RecordKey, RecordSet>;
  /// The planned sets as the service holds them now, past every fault.
  Sets sets();
  const Sets& first() const { return first_; }
  /// kMixed: neither the one nor the other.
  enum class State { kOld, kNew, kMixed };
  State state() { return state_of(sets()); }
  State state_of(const Sets& sets) const;
  /// Somebody else's hand: the name server follows.
  void edit_behind(const RecordSet& set);

  enum class Side { kReads, kWrites };
  /// Strikes requests of the program, and of nobody else, until no_more_faults().
  void strike(servers::ApiFault::Kind kind, Side side, int after, int times);
  void no_more_faults();
  struct Calls {
    int reads = 0, writes = 0;
  };
  /// What the program asked of the service since this was last called.
  Calls calls_since();

 private:
  void open_authority();
  void publish(const Sets& sets);
  std::optional<Sets> read(providers::Provider& provider);
  void follow();
  void listen_in();

  net::Loop loop_;
  SystemClock clock_;
  std::unique_ptr<tests::Subject> subject_;
  Result<std::unique_ptr<providers::Provider>> provider_;
  lab::LoopThread lab_;
  std::unique_ptr<lab::Authority> authority_;
  std::vector<Planned> planned_;
  Sets first_;
  Desk desk_;
  int runs_ = 0;
  std::atomic<int> looking_{0};  ///< requests are the stage's own while it is not 0
  std::atomic<int> reads_{0}, writes_{0}, changes_{0};
  std::atomic<bool> over_{false};
  std::thread follower_;
};

/// Exit 0: all of it is in force. 5: some, or that is not known. 1, 2, and 4 where the service could not be asked: the
/// zone is as it was before. Empty: the program told the truth.
std::string lies(ApiStage& stage, const Run& run, const std::string& command, const ApiStage::Sets& before);

}  // namespace cutover::stage
