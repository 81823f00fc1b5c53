#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "providers/catalog.h"

namespace cutover::providers::memory {

/// Zones held in memory, and everything that can go wrong with them on purpose. A test owns one, fills it and
/// gives it to one or more providers; with `file` set it is only the door to that file, so that several processes
/// see the same zones. Not thread-safe.
struct Server {
  std::map<DomainName, Zone> zones;
  std::string file;  ///< JSON Lines, see README.md; empty: `zones` is all there is

  enum class Fault {
    kNone,
    kFailBefore,  ///< the call never arrives: kNetwork, nothing changed
    kFailAfter,   ///< the change is made and the answer lost: kUnknown
    kLost,        ///< neither the change nor an answer: kUnknown as well
    kHalf,        ///< every second record set is changed: kPartial
    kRefuse,      ///< kRefused
    kBadKey,      ///< kAuth
  };
  Fault fault = Fault::kNone;
  int fault_at_call = 1;  ///< which apply() meets the fault, counted from 1; it strikes once
  /// Called at the start of each apply(), after the caller has read: somebody else's edit.
  std::function<void(Server&)> meanwhile;
  std::optional<Span> clock_skew;
  int calls = 0;  ///< apply() so far
};

/// A provider on a server that the caller owns and that must outlive it.
std::unique_ptr<Provider> make(Server& server);

/// Type `memory`; option `file`.
Entry entry();

/// The two forms of a file: one record set a line, `{"zone":"example.com.","name":"www.example.com.",...}`.
std::string to_lines(const std::map<DomainName, Zone>& zones);
Result<std::map<DomainName, Zone>> from_lines(std::string_view text);

}  // namespace cutover::providers::memory
