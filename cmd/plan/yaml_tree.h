#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cmd/plan/plan_file.h"

namespace cutover {

/// A YAML document as a value, each node with its place. Aliases are written out.
struct YamlNode {
  enum class Kind { kEmpty, kScalar, kList, kMapping };
  struct Entry;
  Kind kind = Kind::kEmpty;
  Position at;       ///< of an empty value: where its key stands
  std::string text;  ///< of a scalar, as written, without its quotes
  std::vector<YamlNode> items;
  std::vector<Entry> entries;  ///< keys are unique

  /// nullptr when there is no such key. Lives as long as the node is unchanged.
  const YamlNode* find(std::string_view key) const;
};

struct YamlNode::Entry {
  std::string key;
  Position at;
  YamlNode value;
};

/// Reads one YAML document. What YAML itself lets pass is an error here: keys written twice, a second document,
/// keys that are not plain text. Unquoted `@` and `*` and the like get an error that says "quote it". nullopt with at
/// least one error added, or the document with none. Never echoes a value that could be a secret.
std::optional<YamlNode> parse_yaml(std::string_view text, std::vector<PlanError>& errors);

}  // namespace cutover
