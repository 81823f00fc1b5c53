#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/plan/journal.h"

namespace cutover::journal_codec {

// JSON forms of what the journal stores as one blob. Private to the journal: another version of the
// program reads them only through the journal's version number. Instants are integer microseconds.

std::int64_t to_micros(Instant instant);
Instant from_micros(std::int64_t micros);

std::string encode_sweep(const SweepRecord& record);
/// Fills everything but id and phase. kCorrupt when the text is not what encode_sweep wrote.
Result<SweepRecord> decode_sweep(std::string_view json);
std::string encode_checks(const std::vector<Check>& checks);
Result<std::vector<Check>> decode_checks(std::string_view json);
/// Everything but ids, `begun` and marks.
std::string encode_watch(const WatchRecord& record);
Result<WatchRecord> decode_watch(std::string_view json);
std::string encode_mark(const WatchMark& mark);
Result<WatchMark> decode_mark(std::string_view json);
std::string encode_keys(const std::vector<RecordKey>& keys);
Result<std::vector<RecordKey>> decode_keys(std::string_view json);
std::string encode_strings(const std::vector<std::string>& strings);
Result<std::vector<std::string>> decode_strings(std::string_view json);

}  // namespace cutover::journal_codec
