#pragma once
#include <string>

#include "providers/json_body.h"
#include "providers/listing.h"

namespace cutover::providers::ns1 {

/// The types that are written, and read without loss.
const std::vector<RecordType>& written_types();

/// One of a record's `short_answers`: fields with spaces between them, and no quotes.
ApiData data_from(const std::string& answer, RecordType type);
/// The fields of one answer.
Json fields_of(const ApiData& data, RecordType type);

/// Why a record, as it is shown alone, is not to be changed by its answers; empty: it may be.
std::string refusal_of(const Json& record);

}  // namespace cutover::providers::ns1
