#pragma once
#include "cmd/report/document.h"
#include "cmd/report/story.h"

namespace cutover {

/// The story in words and tables: what every form of a report says. Sections, by id: summary, spreading-0 and
/// so on for each watched write, monitor, visitors, estimates, records, timeline, writes, gates, certificates; those
/// with nothing to say are missing.
Document document_of(const Story& story);

}  // namespace cutover
