#pragma once
#include <string>
#include <string_view>

#include "core/change_set.h"

namespace cutover {

// JSON forms of the values that are journalled, kept in snapshots and sent to external providers.
// Integers carry their unit in the key (`ttl_s`). Reading errors name the missing or wrong key.

/// {"name":"www.example.com.","type":"A","ttl_s":60,"rdata":["192.0.2.1"]}
std::string to_json(const RecordSet& set);
Result<RecordSet> record_set_from_json(std::string_view json);

/// {"zone":"example.com.","guard_serial":7,"changes":[{"name":..,"type":..,"before":{..}|null,"after":{..}|null}]}
std::string to_json(const ChangeSet& set);
Result<ChangeSet> change_set_from_json(std::string_view json);

}  // namespace cutover
