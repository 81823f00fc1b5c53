#include "cmd/plan/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "core/text.h"

namespace cutover {
namespace {

constexpr std::size_t kMostBytes = 16 << 20;
/// Aliases are written out, so a small file could grow without end.
constexpr std::size_t kMostNodes = 500'000;
constexpr int kMostDepth = 50;

Position position(const YAML::Mark& mark) {
  return mark.is_null() ? Position{1, 1} : Position{mark.line + 1, mark.column + 1};
}

/// Notes where the first thing of a document stands.
class FirstEvent final : public YAML::EventHandler {
 public:
  std::optional<YAML::Mark> at;  ///< empty: the document holds nothing
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { note(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override { note(mark); }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    note(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    note(mark);
  }
  void OnMapEnd() override {}

 private:
  void note(const YAML::Mark& mark) {
    if (!at) at = mark;
  }
};

/// Where a second document begins, if one does. YAML::LoadAll would tell too, but never ends on `!a,b`, where the
/// library finds one empty document after the other.
std::optional<YAML::Mark> second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  FirstEvent first, second;
  if (!parser.HandleNextDocument(first) || !parser.HandleNextDocument(second)) return std::nullopt;
  return second.at;
}

/// Whether the document is a mapping and every line that is not indented begins one of its keys. Then there is no room
/// for a second document: it would begin on such a line, or the library would have found fault with what stands there.
bool keys_begin_all_lines(const YAML::Node& document, std::string_view text) {
  if (!document.IsMap()) return false;
  std::set<std::size_t> keys;  // where their lines begin
  for (const auto& pair : document) {
    if (pair.first.Mark().column != 0) return false;
    keys.insert(static_cast<std::size_t>(pair.first.Mark().pos));
  }
  for (std::size_t at = 0; at < text.size();) {
    const bool says_something = std::string_view(" #\r\n").find(text[at]) == std::string_view::npos;
    if (says_something && keys.count(at) == 0) return false;
    const auto end = text.find_first_of("\r\n", at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return true;
}

class Converter {
 public:
  explicit Converter(std::vector<PlanError>& errors) : errors_(errors) {}

  /// `fallback`: where an empty value's key stands, since the mark of an empty value points at the next token.
  YamlNode convert(const YAML::Node& from, Position fallback, int depth) {
    YamlNode node;
    node.at = from.IsNull() || !from.IsDefined() ? fallback : position(from.Mark());
    if (++count_ > kMostNodes || depth > kMostDepth) {
      if (!too_large_)
        errors_.push_back({node.at, "the file holds too much or nests too deep for a plan; write it without aliases"});
      too_large_ = true;
      return node;
    }
    if (from.IsScalar()) {
      node.kind = YamlNode::Kind::kScalar;
      node.text = from.Scalar();
    } else if (from.IsSequence()) {
      node.kind = YamlNode::Kind::kList;
      for (const auto& item : from) {
        node.items.push_back(convert(item, node.at, depth + 1));
        if (too_large_) break;
      }
    } else if (from.IsMap()) {
      node.kind = YamlNode::Kind::kMapping;
      convert_entries(from, node, depth);
    }
    return node;
  }

 private:
  void convert_entries(const YAML::Node& from, YamlNode& node, int depth) {
    for (const auto& pair : from) {
      const Position at = position(pair.first.Mark());
      if (!pair.first.IsScalar()) {
        errors_.push_back(
            {at, "a key has to be plain text; an address in brackets has to be quoted, as in \"[::1]:53\""});
        continue;
      }
      if (const YamlNode* first = node.find(pair.first.Scalar())) {
        errors_.push_back(
            {at, fmt::format("the key '{}' is here for the second time (first on line {}); keep one of them",
                             printable(pair.first.Scalar()), first->at.line)});
        continue;
      }
      node.entries.push_back({pair.first.Scalar(), at, convert(pair.second, at, depth + 1)});
      if (too_large_) break;
    }
  }

  std::vector<PlanError>& errors_;
  std::size_t count_ = 0;
  bool too_large_ = false;
};

bool starts_bracketed_address(std::string_view rest) {
  const auto close = rest.find_first_not_of("0123456789abcdefABCDEF:.", 1);
  return close != std::string_view::npos && rest[close] == ']' &&
         rest.substr(1, close - 1).find(':') != std::string_view::npos && close + 1 < rest.size() &&
         rest[close + 1] == ':' && close + 2 < rest.size() && std::isdigit(static_cast<unsigned char>(rest[close + 2]));
}

/// A value that starts at `rest` and that YAML gives another meaning than a person meant.
std::optional<std::string> needs_quotes(std::string_view rest) {
  const auto token = rest.substr(0, rest.find_first_of(" \t,]}#"));
  switch (rest.front()) {
    case '@':
    case '*':
      // A name is no secret; anything else is not repeated.
      if (token.find_first_not_of("@*.-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
          std::string_view::npos)
        return fmt::format("{} has to be quoted in YAML; write \"{}\"", token, token);
      [[fallthrough]];
    case '%':
    case '`':
      return fmt::format("a value that begins with {} has to be quoted in YAML; put it between \" and \"",
                         rest.front());
    case '[':
      if (!starts_bracketed_address(rest)) return std::nullopt;
      {
        const auto port = rest.find(']') + 2;
        const auto whole = rest.substr(0, rest.find_first_not_of("0123456789", port));
        return fmt::format("{} has to be quoted in YAML; write \"{}\"", whole, whole);
      }
    default:
      return std::nullopt;
  }
}

/// Looks through text that is no YAML for values that have to be quoted: the YAML library says something obscure,
/// and about the first of them only.
std::vector<PlanError> find_unquoted(std::string_view text) {
  std::vector<PlanError> found;
  int line_number = 0;
  char quote = 0;  // quoted text may go on over several lines
  for (const std::string& line : split(text, '\n')) {
    ++line_number;
    bool at_value = true;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (quote != 0) {
        if (quote == '"' && c == '\\')
          ++i;
        else if (c == quote)
          quote = 0;
        continue;
      }
      const bool after_space = i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t';
      if (c == '#' && after_space) break;
      if (c == ' ' || c == '\t') continue;
      if (at_value)
        if (auto message = needs_quotes(std::string_view(line).substr(i)))
          found.push_back({{line_number, static_cast<int>(i) + 1}, *message});
      if (at_value && (c == '"' || c == '\'')) quote = c;
      const bool before_space = i + 1 == line.size() || line[i + 1] == ' ';
      at_value = c == '[' || c == '{' || c == ',' || ((c == ':' || c == '-') && before_space);
    }
  }
  return found;
}

PlanError yaml_error(const YAML::Exception& e, std::string_view text) {
  const Position at = position(e.mark);
  const auto lines = split(text, '\n');
  const std::string line = at.line >= 1 && static_cast<std::size_t>(at.line) <= lines.size()
                               ? lines[static_cast<std::size_t>(at.line) - 1]
                               : "";
  if (line.find('\t') < line.find_first_not_of(" \t"))
    return {at, "the line is indented with a tab; YAML wants spaces"};
  return {at,
          fmt::format("this is not YAML ({}); look here and at the line before for a missing colon, bracket or quote",
                      printable(e.msg))};
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

std::optional<YamlNode> parse_yaml(std::string_view text, std::vector<PlanError>& errors) {
  const std::size_t before = errors.size();
  if (text.size() > kMostBytes) {
    errors.push_back({{1, 1}, "the file is larger than 16 MB; a plan is a small text file"});
    return std::nullopt;
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    errors.push_back(
        {{1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n')), 1},
         "the file holds a NUL byte, so it is no text; save it as UTF-8"});
    return std::nullopt;
  }
  try {
    const std::string owned(text);
    const YAML::Node document = YAML::Load(owned);
    if (document.IsNull()) {
      errors.push_back({{1, 1}, "the file is empty; `cutover assess` writes a plan"});
      return std::nullopt;
    }
    if (const auto second = keys_begin_all_lines(document, text) ? std::nullopt : second_document(owned))
      errors.push_back({position(*second),
                        "a second YAML document begins here; a plan is one document: remove the '---' before it"});
    Converter converter(errors);
    YamlNode root = converter.convert(document, {1, 1}, 0);
    if (errors.size() > before) return std::nullopt;
    return root;
  } catch (const YAML::Exception& e) {
    auto unquoted = find_unquoted(text);
    if (unquoted.empty()) unquoted.push_back(yaml_error(e, text));
    errors.insert(errors.end(), unquoted.begin(), unquoted.end());
    return std::nullopt;
  }
}

}  // namespace cutover
