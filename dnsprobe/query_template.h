#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/record_set.h"
#include "core/result.h"
#include "dnsprobe/resolver.h"
#include "net/message.h"

namespace cutover::dnsprobe {

/// What is asked of a resolver: RD=1, AD=1 (RFC 6840 section 5.7: AD in the reply is wanted), EDNS 1232, NSID wanted.
net::Message probe_query(const RecordKey& key, const Asking& asking);

/// The query for one record set, written once: from one question to the next only the id
/// and the letter case of the name vary. A resolver sends the question back as it came, so that the case is a second
/// secret beside id and port (draft-vixie-dnsext-dns0x20).
class QueryTemplate {
 public:
  /// Longest query: header, name, type and class, OPT with an empty NSID and a client subnet.
  static constexpr std::size_t kLongest = 12 + 255 + 4 + 15 + 24;
  using Buffer = std::array<char, kLongest>;
  enum class Extensions { kEdns, kNone };
  /// How the question of a reply compares with the one that was asked.
  enum class Echo {
    kExact,
    kOtherCase,  ///< the same name in other letters
    kMissing,    ///< none at all, as some servers refuse
    kOther,
  };

  static Result<QueryTemplate> make(const RecordKey& key, const Asking& asking = {});

  /// Bit n of `letter_case` makes the nth letter (and the n+64th) a capital; 0 leaves all small.
  std::string_view write(Buffer& to, std::uint16_t id, std::uint64_t letter_case, Extensions extensions) const;
  /// `reply` is at least a header long.
  Echo compare(std::string_view reply, std::uint64_t letter_case) const;
  const RecordKey& key() const { return key_; }
  const Asking& asking() const { return asking_; }

 private:
  RecordKey key_;
  Asking asking_;
  std::string query_;                  ///< with id 0
  std::size_t question_end_ = 0;       ///< offset
  std::vector<std::uint8_t> letters_;  ///< offsets from the start of the question
};

/// The templates in use, each made when it is first asked for.
class QueryTemplates {
 public:
  /// Which one is for this record set, asked like this.
  Result<std::uint32_t> number_of(const RecordKey& key, const Asking& asking);
  const QueryTemplate& operator[](std::uint32_t number) const { return templates_[number]; }

 private:
  std::vector<QueryTemplate> templates_;
  std::map<RecordKey, std::vector<std::uint32_t>> numbers_;
  std::uint32_t last_ = 0;  ///< nearly always the next one too
};

}  // namespace cutover::dnsprobe
