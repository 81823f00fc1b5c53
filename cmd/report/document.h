#pragma once
#include <string>
#include <vector>

namespace cutover {

/// A table as it stands in a report. Cells are text as it came, escaped by whoever shows it.
struct DocumentTable {
  /// kAlways: in every form. kFolded: too, but folded away where something can be, since a picture says the same.
  /// kOnScreens: only where it can be folded away, since it is long.
  enum class Place { kAlways, kFolded, kOnScreens };
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  Place place = Place::kAlways;
};

struct DocumentSection {
  std::string id;  ///< for links: lower case, no blanks
  std::string title;
  std::vector<std::string> sentences;
  std::vector<DocumentTable> tables;
};

/// A report before it has a form: every form is a picture of the same sentences and tables.
struct Document {
  std::string title;
  std::string subtitle;
  std::vector<DocumentSection> sections;
};

/// For a terminal. Long cells are cut, and say so.
std::string document_as_text(const Document& document);
/// For a ticket: GitHub's Markdown. What the text would mean to Markdown or to HTML is escaped.
std::string document_as_markdown(const Document& document);

/// Text that may stand in HTML, as content or in a quoted attribute: printable(), and `&`, `<`, `>`, `"` and `'` as
/// entities.
std::string for_html(std::string_view untrusted);
/// The sections' sentences and tables as HTML.
std::string section_as_html(const DocumentSection& section);

}  // namespace cutover
