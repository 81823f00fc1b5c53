#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cmd/report/story.h"

namespace cutover {

/// What the live page's visitors are sent, as server-sent events (https://html.spec.whatwg.org/#server-sent-events):
///
///   story    the whole story (story_json.h): the first thing every stream gets, and whenever an update cannot tell it
///   update   `{"now":..,"parts":{..},"spreading":{"index":..,"facts":{..},"resolvers":[..],"turns":[..]}}`:
///            those top-level parts of the story that differ from the one before, each whole; of the propagation
///            `index` only its `facts`, `[resolver, side, verdict, expires_at]` of each resolver that differs, and the
///            turns that are new
///   end      the program has ended; nothing more will come
///
/// This is all that the program's thread and the server's threads share. Thread-safe; nobody who reads can hold up who
/// publishes: what a slow reader missed is not kept for it beyond a few megabytes, it gets a whole story instead.
class Feed {
 public:
  Feed();
  ~Feed();

  void publish(const Story& story);
  void publish_metrics(std::string text);
  std::string metrics() const;
  /// The last story as JSON; `null` before the first one. Made once per story, on the thread that asks.
  std::shared_ptr<const std::string> story_json();

  /// From here on readers are told that it is over.
  void end();
  bool has_ended() const;

  struct Message {
    std::uint64_t seen = 0;  ///< to be given back to next(); 0: nothing was there to send
    std::string text;        ///< events, ready to be sent; a comment where nothing happened
    bool is_last = false;
  };
  /// What comes after `seen` (0: at the beginning). Waits at most `patience` for it.
  Message next(std::uint64_t seen, std::chrono::milliseconds patience);
  /// Updates are made only while somebody reads: one call each when a reader comes and goes.
  void reader_came();
  void reader_went();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutover
