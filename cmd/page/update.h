#pragma once
#include <memory>
#include <optional>
#include <string>

#include "cmd/report/story.h"

namespace cutover {

/// Tells what differs between one story and the next as JSON (see Feed), at a cost that hardly grows with the
/// resolvers. Not thread-safe.
class UpdateWriter {
 public:
  UpdateWriter();
  ~UpdateWriter();

  /// The update from the story of the last call to this one; nullopt where only the whole story can tell it: another
  /// propagation, other resolvers, or no call before. `story` is put together again before it returns.
  std::optional<std::string> update(Story& story);
  /// Forgets the last story.
  void reset();

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace cutover
