#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "dnsprobe/health.h"

namespace cutover::dnsprobe {

/// What was found by checks, by resolver_text(): the same place to ask has one health, whatever a list calls it.
using HealthBook = std::map<std::string, Health, std::less<>>;

/// Reads and writes the file form: a table with a line per resolver. Errors are kCorrupt and begin with `ORIGIN:LINE:`.
Result<HealthBook> parse_health(std::string_view text, std::string_view origin);
std::string health_text(const HealthBook& book);

/// The book of this user; empty where there is none yet. kIo, kCorrupt: it cannot be read.
Result<HealthBook> read_health(const std::filesystem::path& file);
/// Puts it in the place of the old one, whole or not at all; makes its folder. What was checked more than 90 days
/// before `now` is left out. kIo: says which file and why.
Result<void> write_health(const std::filesystem::path& file, HealthBook book, Instant now);

}  // namespace cutover::dnsprobe
