#include "cmd/report/document.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/report/columns.h"
#include "core/text.h"

namespace cutover {
namespace {

/// A cell that a terminal can bear: one long TXT record must not push everything else out of sight.
std::string cut(const std::string& cell) {
  constexpr std::size_t kMost = 120;
  std::string text = printable(cell);
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return fmt::format("{}... ({} more)", text.substr(0, end), text.size() - end);
}

std::string indented(const std::string& text) {
  std::string out;
  for (const std::string& line : split(text, '\n'))
    if (!line.empty()) out += "  " + line + "\n";
  return out;
}

/// What has a meaning in Markdown is written with a backslash, what has one in HTML as an entity.
std::string for_markdown(std::string_view untrusted) {
  std::string out;
  for (const char c : printable(untrusted)) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '@':  // a name behind it would be called to the ticket
        out += "&#64;";
        break;
      case '\\':
      case '`':
      case '*':
      case '_':
      case '[':
      case ']':
      case '|':
      case '#':
      case '~':
      case '!':
        out += '\\';
        [[fallthrough]];
      default:
        out += c;
    }
  return out;
}

/// Our own sentences hold commands between backticks. Text from outside may hold backticks too: what does not look like
/// a command of ours is text.
bool is_command(const std::string& text) {
  return text.rfind("cutover ", 0) == 0 && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz -") == std::string::npos;
}

/// A sentence with its commands between `open` and `close`, and all else as `plain` makes it.
std::string with_commands(const std::string& sentence, std::string (*plain)(std::string_view), std::string_view open,
                          std::string_view close) {
  const auto parts = split(sentence, '`');
  std::string out, text;
  bool is_after_code = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool is_code = i > 0 && i + 1 < parts.size() && !is_after_code && is_command(parts[i]);
    if (is_code) {
      out += plain(text) + std::string(open) + parts[i] + std::string(close);
      text.clear();
    } else {
      text += (i > 0 && !is_after_code ? "`" : "") + parts[i];
    }
    is_after_code = is_code;
  }
  return out + plain(text);
}

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += " " + (cell.empty() ? std::string("-") : for_markdown(cell)) + " |";
  return out + "\n";
}

std::string markdown_table(const DocumentTable& table) {
  std::string out = table.caption.empty() ? "" : "**" + for_markdown(table.caption) + "**\n\n";
  out += markdown_row(table.header) + "|";
  for (std::size_t i = 0; i < table.header.size(); ++i) out += " --- |";
  out += "\n";
  for (const auto& row : table.rows) out += markdown_row(row);
  return out + "\n";
}

/// `2026-10-06T09:00:00Z`: where lines are short, it must not be broken at its hyphens.
std::string html_words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string& word : split(text, ' ')) {
    const std::size_t end = word.find_last_not_of(".,;:()") + 1;
    words.push_back(parse_instant(word.substr(0, end))
                        ? "<span class=\"at\">" + for_html(word.substr(0, end)) + "</span>" + for_html(word.substr(end))
                        : for_html(word));
  }
  return join(words, " ");
}
std::string html_cell(const std::string& cell) {
  return fmt::format("<td{}><bdi>{}</bdi></td>", parse_instant(cell) ? " class=\"at\"" : "", for_html(cell));
}

std::string html_table(const DocumentTable& table) {
  std::string out = "<div class=\"scroll\"><table>";
  if (!table.caption.empty()) out += "<caption>" + for_html(table.caption) + "</caption>";
  out += "<thead><tr>";
  for (const std::string& cell : table.header) out += "<th scope=\"col\">" + for_html(cell) + "</th>";
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += html_cell(cell);
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  if (table.place == DocumentTable::Place::kAlways) return out;
  return fmt::format("<details><summary>{} ({})</summary>{}</details>\n", for_html(table.caption),
                     counted(table.rows.size(), "row"), out);
}

}  // namespace

std::string document_as_text(const Document& document) {
  std::string out = printable(document.title) + "\n" + printable(document.subtitle) + "\n";
  for (const DocumentSection& section : document.sections) {
    out += "\n" + printable(section.title) + "\n";
    for (const std::string& sentence : section.sentences) out += "  " + printable(sentence) + "\n";
    for (const DocumentTable& table : section.tables) {
      if (table.place == DocumentTable::Place::kOnScreens || table.rows.empty()) continue;
      if (!table.caption.empty()) out += "  " + printable(table.caption) + "\n";
      Columns columns(table.header);
      for (const auto& row : table.rows) {
        std::vector<std::string> cells;
        std::transform(row.begin(), row.end(), std::back_inserter(cells), cut);
        columns.add(std::move(cells));
      }
      out += indented(columns.text());
    }
  }
  return out;
}

std::string document_as_markdown(const Document& document) {
  std::string out = "# " + for_markdown(document.title) + "\n\n" + for_markdown(document.subtitle) + "\n\n";
  for (const DocumentSection& section : document.sections) {
    out += "## " + for_markdown(section.title) + "\n\n";
    for (const std::string& sentence : section.sentences)
      out += "- " + with_commands(sentence, for_markdown, "`", "`") + "\n";
    if (!section.sentences.empty()) out += "\n";
    for (const DocumentTable& table : section.tables)
      if (table.place != DocumentTable::Place::kOnScreens && !table.rows.empty()) out += markdown_table(table);
  }
  return out;
}

std::string for_html(std::string_view untrusted) {
  std::string out;
  for (const char c : printable(untrusted)) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  return out;
}

std::string section_as_html(const DocumentSection& section) {
  std::string out;
  if (!section.sentences.empty()) {
    out += "<ul class=\"sentences\">\n";
    for (const std::string& sentence : section.sentences)
      out += "<li>" + with_commands(sentence, html_words, "<code>", "</code>") + "</li>\n";
    out += "</ul>\n";
  }
  for (const DocumentTable& table : section.tables)
    if (!table.rows.empty()) out += html_table(table);
  return out;
}

}  // namespace cutover
