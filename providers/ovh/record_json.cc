#include "providers/ovh/record_json.h"

#include <stdexcept>

namespace cutover::providers::ovh {

ListedRecord record_from(const Json& json, const DomainName& zone, Seconds by_default) {
  const auto name = owner_name(json.at("subDomain").get<std::string>(), zone);
  if (!name) throw std::runtime_error(name.error().message);
  const Seconds ttl(json.at("ttl").get<std::int64_t>());
  ListedRecord record{*name, json.at("fieldType").get<std::string>(), ttl.count() == 0 ? by_default : ttl,
                      ApiData{json.at("target").get<std::string>()}, std::to_string(json.at("id").get<std::int64_t>())};
  for (const char* own : {"SPF", "DKIM", "DMARC"})
    if (record.type == own) {
      record.refused = fmt::format("has a record of OVH's own type {}, which is served as TXT: change it at OVH", own);
      record.type = "TXT";
    }
  // Its own pages quote texts, other programs that write there do not.
  std::string& content = record.data.content;
  if (record.type == "TXT" && !content.starts_with('"'))
    if (auto quoted = rdata_from({content}, RecordType::kTxt, {.text = RecordForm::Text::kBare}); quoted)
      content = *quoted;
  if (const auto type = record_type_from_text(record.type)) content = absolute_data(content, *type, zone);
  return record;
}

}  // namespace cutover::providers::ovh
