#pragma once
#include <string>

#include "cmd/phases/probe.h"

namespace cutover {

/// For a terminal: per record set one block of answers with how many gave each, the TTLs that are left, who and where.
std::string probe_as_text(const ProbeOptions& asked, const ProbeResult& result);
/// The same as tables, for an issue or a chat.
std::string probe_as_markdown(const ProbeOptions& asked, const ProbeResult& result);

/// What a group of answers says, in one phrase: `203.0.113.20`, `NXDOMAIN`, `lb.example.net. -> 203.0.113.20`.
std::string phrase_of(const dnsprobe::AnswerGroup& group);

}  // namespace cutover
