#pragma once
#include <string>

#include "cmd/report/check_report.h"

namespace cutover {

/// Colour only ever repeats what the words say.
enum class TextStyle { kPlain, kColour };

/// `FAIL     `, coloured where the style is.
std::string verdict_word(Outlook outlook, TextStyle style);

/// For a person at three in the morning: one line per name and address with its verdict word, then what failed or
/// could not be decided, each thing once with every place it was found at, and what to do about it.
std::string checks_as_text(const CheckReport& report, TextStyle style);

}  // namespace cutover
