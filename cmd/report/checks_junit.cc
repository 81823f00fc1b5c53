#include "cmd/report/checks_junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "core/text.h"

namespace cutover {
namespace {

/// The checks of a group with one outlook, told one after the other. printable() keeps out what XML 1.0 has no
/// form for; the rest is escaped by the writer.
struct Told {
  std::vector<std::string> ids{};
  std::string text{};
};

Told told(const CheckGroup& group, Outlook outlook) {
  Told out;
  for (const auto* check : group.checks) {
    if (outlook_of({check}) != outlook) continue;
    out.ids.push_back(check->id);
    out.text += fmt::format("{}: {}\n", check->id, printable(check->summary));
    if (!check->evidence.empty()) out.text += fmt::format("  seen: {}\n", printable(check->evidence));
    if (!check->advice.empty()) out.text += fmt::format("  do: {}\n", printable(check->advice));
  }
  return out;
}

void add_result(pugi::xml_node test_case, const char* element, const Told& what) {
  if (what.ids.empty()) return;
  auto node = test_case.append_child(element);
  node.append_attribute("type") = what.ids.front().c_str();
  node.append_attribute("message") = join(what.ids, ", ").c_str();
  node.text() = what.text.c_str();
}

void add_case(pugi::xml_node suite, const CheckGroup& group) {
  auto test_case = suite.append_child("testcase");
  test_case.append_attribute("classname") = group.name.c_str();
  test_case.append_attribute("name") = group.where.c_str();
  const auto failed = told(group, Outlook::kFailed);
  add_result(test_case, "failure", failed);
  // Readers expect one result per test case, and a failure weighs more.
  if (failed.ids.empty()) add_result(test_case, "error", told(group, Outlook::kUndecided));
  if (outlook_of(group.checks) == Outlook::kNothing) test_case.append_child("skipped");
  const auto warned = told(group, Outlook::kWarned);
  if (!warned.ids.empty()) test_case.append_child("system-out").text() = warned.text.c_str();
}

}  // namespace

std::string checks_as_junit(const CheckReport& report) {
  const auto groups = groups_of(report);
  const auto count = [&](Outlook outlook) {
    return static_cast<unsigned>(std::count_if(groups.begin(), groups.end(),
                                               [&](const CheckGroup& g) { return outlook_of(g.checks) == outlook; }));
  };
  pugi::xml_document document;
  auto declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  auto suite = document.append_child("testsuites").append_child("testsuite");
  suite.append_attribute("name") = printable(report.title).c_str();
  suite.append_attribute("timestamp") = format_instant(report.at).c_str();
  suite.append_attribute("tests") = static_cast<unsigned>(groups.size());
  suite.append_attribute("failures") = count(Outlook::kFailed);
  suite.append_attribute("errors") = count(Outlook::kUndecided);
  suite.append_attribute("skipped") = count(Outlook::kNothing);
  if (!report.root_store.empty()) {
    auto property = suite.append_child("properties").append_child("property");
    property.append_attribute("name") = "root-store";
    property.append_attribute("value") = printable(report.root_store).c_str();
  }
  for (const auto& group : groups) add_case(suite, group);
  std::ostringstream out;
  document.save(out, "  ", pugi::format_default, pugi::encoding_utf8);
  return out.str();
}

}  // namespace cutover
