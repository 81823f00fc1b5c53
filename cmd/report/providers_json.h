#pragma once
#include <span>
#include <string>

#include "providers/catalog.h"

namespace cutover {

/// {"schema":1,"providers":[{"type","title","capabilities":{"unit":{"value","why","verified"},"atomic","atomic_limit",
/// "compare_and_swap","commit_step","signal","ttl_floor_s","settle_time_s","types","ttl_ceiling_s","ttl_steps_s","budget"},"options":[{"name","what","required",
/// "credential","environment":[..]}],"credentials","rights"}]}; `capabilities` is null where a program outside says
/// them, what was not stated is null; `types` is empty where every type is carried.
std::string providers_as_json(std::span<const providers::Entry> entries);
/// One such object, with "schema":1.
std::string provider_as_json(const providers::Entry& entry);

}  // namespace cutover
