#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "providers/provider.h"

namespace cutover::providers::external {

// The JSON that a program reads and writes; docs/external-providers.md is its manual.

inline constexpr int kProtocol = 1;

/// What a program said of itself, checked. `capabilities` points into `words`: not to be copied.
struct Declaration {
  Declaration() = default;
  Declaration(const Declaration&) = delete;
  Declaration& operator=(const Declaration&) = delete;

  Capabilities capabilities{};
  std::string program;             ///< how it calls itself; may be empty
  std::set<std::string> requests;  ///< of `in_sync` and `inverse`, those that it answers
  std::deque<std::string> words;

  /// Every value in one line, to see whether two declarations say the same:
  /// `unit=record_set atomic=zone atomic_limit=1000 ...`.
  std::string line() const;
};

/// How the program ended a request. The words are those of the protocol.
enum class Outcome { kOk, kApplied, kPartial, kConflict, kRefused, kAuth, kNotFound, kUnsupported, kBusy, kError };

/// What an outcome other than success is as an error; of an answer that does not fit the request, kInvalid.
ErrorCode code_of(Outcome outcome);

struct Answer {
  Outcome outcome = Outcome::kError;
  std::string message;         ///< may be empty; not yet printable
  std::optional<Instant> now;  ///< the service's clock
  std::string json;            ///< all of it
};

/// One request: `{"protocol":1,"request":"read","options":{...},"zone":"example.com."}`. `rest` is a JSON object whose
/// keys are added.
std::string request(std::string_view what, const std::map<std::string, std::string>& options, const std::string& rest);
/// The envelope of an answer. kUnsupported: the program speaks other versions of the protocol; kInvalid.
Result<Answer> read_answer(const std::string& text);

/// What is in an answer of each kind. kInvalid, with a sentence that names the key.
Result<std::unique_ptr<Declaration>> read_declaration(const Answer& answer);
struct ZoneRead {
  /// Canonical value and how the program writes it, where that differs.
  using Words = std::map<RecordKey, std::map<std::string, std::string>>;

  Zone zone;                                   ///< `soa` where the service shows it
  std::map<RecordKey, std::string> refused{};  ///< sets that the program would spoil, and why; printable
  Words words{};
};
Result<ZoneRead> read_zone(const Answer& answer, const DomainName& zone);
Result<bool> read_in_sync(const Answer& answer);
Result<InverseScript> read_inverse(const Answer& answer);
/// The same change with every value in the words that the program uses for it: a program that compares texts finds what
/// it has shown.
ChangeSet in_its_words(ChangeSet changes, const ZoneRead::Words& words);
/// The program's own word about a write, JSON, to be given back with `in_sync`; `null` where it gave none.
std::string receipt_in(const Answer& answer);

}  // namespace cutover::providers::external
