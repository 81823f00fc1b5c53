#include "providers/ns1/record_json.h"

namespace cutover::providers::ns1 {
namespace {

/// How many fields an answer has; the last takes all that is left.
std::size_t fields_in(RecordType type) {
  switch (type) {
    case RecordType::kMx:
      return 2;
    case RecordType::kCaa:
    case RecordType::kHttps:
    case RecordType::kSvcb:
      return 3;
    case RecordType::kSrv:
    case RecordType::kTlsa:
      return 4;
    default:
      return 1;
  }
}

bool has(const Json& record, const char* field) {
  const auto at = record.find(field);
  return at != record.end() && !at->is_null() && !(at->is_structured() && at->empty()) && *at != Json("");
}

}  // namespace

const std::vector<RecordType>& written_types() {
  using T = RecordType;
  static const std::vector<RecordType> types{T::kA,   T::kAaaa, T::kCname, T::kTxt,   T::kMx,   T::kSrv,
                                             T::kCaa, T::kPtr,  T::kTlsa,  T::kHttps, T::kSvcb, T::kDname};
  return types;
}

ApiData data_from(const std::string& answer, RecordType type) {
  if (type != RecordType::kCaa) return {answer};
  const auto value = answer.find(' ', answer.find(' ') + 1);
  if (value == std::string::npos || value + 1 == answer.size() || answer[value + 1] == '"') return {answer};
  return {answer.substr(0, value + 1) + '"' + answer.substr(value + 1) + '"'};
}

Json fields_of(const ApiData& data, RecordType type) {
  Json fields = Json::array();
  std::string rest = data.content;
  for (std::size_t left = fields_in(type); left > 1; --left) {
    const auto space = rest.find(' ');
    if (space == std::string::npos) break;
    fields.push_back(rest.substr(0, space));
    rest.erase(0, space + 1);
  }
  if (type == RecordType::kCaa && rest.size() >= 2 && rest.front() == '"' && rest.back() == '"')
    rest = rest.substr(1, rest.size() - 2);
  fields.push_back(rest);
  return fields;
}

std::string refusal_of(const Json& record) {
  if (has(record, "link")) return "is linked to another record, whose answers it gives: change that one";
  if (has(record, "filters"))
    return "has a filter chain, which picks among its answers for every query anew; change it at NS1, or take the "
           "chain "
           "away first";
  if (has(record, "regions")) return "has its answers in groups (regions), which a change of the answers would drop";
  if (has(record, "feeds")) return "has data feeds at its answers, which a change of the answers would drop";
  if (has(record, "meta")) return "has metadata, which NS1 may make its answers up from";
  for (const Json& answer : record.value("answers", Json::array()))
    for (const char* kept : {"meta", "region", "feeds"})
      if (has(answer, kept)) return "has metadata at its answers, which a change of the answers would drop";
  return {};
}

}  // namespace cutover::providers::ns1
