#include <nlohmann/json.hpp>

#include "cmd/plan/plan_file.h"
#include "cmd/plan/plan_keys.h"
#include "providers/catalog.h"

namespace cutover {
namespace {

// Keys stay in the order of the tables: editors offer them in that order.
using Json = nlohmann::ordered_json;

Json from_keys(const plan_keys::Mapping& mapping) {
  Json json{
      {"type", "object"}, {"additionalProperties", false}, {"required", Json::array()}, {"properties", Json::object()}};
  for (const plan_keys::Key& key : mapping.keys) {
    Json value = Json::parse(key.schema);
    value["description"] = key.what;
    json["properties"][std::string(key.name)] = std::move(value);
    if (key.need == plan_keys::Need::kRequired) json["required"].push_back(key.name);
  }
  if (!mapping.extra.empty()) json.update(Json::parse("{" + std::string(mapping.extra.substr(1)) + "}"));
  return json;
}

Json provider_schema() {
  Json one_of = Json::array();
  Json built_in = Json::array();
  for (const providers::Entry& entry : providers::catalog()) {
    Json json{{"title", entry.title}, {"type", "object"}, {"additionalProperties", false}, {"required", {"type"}}};
    if (entry.further_options == providers::Entry::FurtherOptions::kPassedOn)
      json["additionalProperties"] = {{"$ref", "#/$defs/text"}};
    json["properties"]["type"] = {{"const", entry.type}};
    for (const providers::OptionSpec& option : entry.options) {
      json["properties"][std::string(option.name)] = {
          {"$ref", option.is_credential ? "#/$defs/credential" : "#/$defs/text"}, {"description", option.what}};
      if (option.required && option.variables.empty()) json["required"].push_back(option.name);
    }
    built_in.push_back(entry.type);
    one_of.push_back(std::move(json));
  }
  // Any other type is the name of a program.
  one_of.push_back(Json::parse(
      R"({"title": "A program cutover-provider-TYPE on PATH", "type": "object", "required": ["type"],
          "additionalProperties": {"$ref": "#/$defs/text"},
          "properties": {"type": {"type": "string", "pattern": "^[a-z0-9_][a-z0-9_-]*$"}}})"));
  one_of.back()["properties"]["type"]["not"]["enum"] = std::move(built_in);
  return Json{{"oneOf", std::move(one_of)}};
}

}  // namespace

std::string plan_schema() {
  Json json{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "cutover plan file"}};
  json.update(from_keys(plan_keys::kPlan));
  for (const plan_keys::Mapping* mapping : plan_keys::mappings())
    json["$defs"][std::string(mapping->name)] = from_keys(*mapping);
  json["$defs"]["provider"] = provider_schema();
  for (const plan_keys::Scalar& scalar : plan_keys::scalars())
    json["$defs"][std::string(scalar.name)] = Json::parse(scalar.schema);
  return json.dump(2) + "\n";
}

}  // namespace cutover
