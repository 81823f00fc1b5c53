#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "dnsprobe/csv.h"
#include "dnsprobe/importer.h"
#include "dnsprobe/stamp.h"

namespace cutover::dnsprobe {

namespace {

/// One fact has had several names, by list and by generation.
struct FieldName {
  std::string_view name;
  std::string ForeignRow::*field;
};
constexpr std::array<FieldName, 11> kFields = {{{"ip_address", &ForeignRow::resolver},
                                                {"ip", &ForeignRow::resolver},
                                                {"name", &ForeignRow::service},
                                                {"domain", &ForeignRow::service},
                                                {"country_code", &ForeignRow::country},
                                                {"country_id", &ForeignRow::country},
                                                {"city", &ForeignRow::city},
                                                {"as_number", &ForeignRow::as_number},
                                                {"asn", &ForeignRow::as_number},
                                                {"as_org", &ForeignRow::organisation},
                                                {"organization", &ForeignRow::organisation}}};

std::string ForeignRow::*field_named(std::string_view name) {
  for (const FieldName& field : kFields)
    if (field.name == name) return field.field;
  return nullptr;
}

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> header_of(std::string_view line) {
  const auto read = CsvReader(line).next();
  if (!read) return {};
  std::vector<std::string> out;
  for (const std::string& cell : read->cells) out.push_back(to_lower(trim(cell)));
  return out;
}

/// A list of many megabytes is read object by object, so that one that is broken costs only itself.
constexpr std::size_t kLongestObject = 65536;
constexpr int kDeepestObject = 4;

void take_object(std::string_view text, int line, Importer& importer) {
  const auto json = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) return importer.bad(line, "not a JSON object");
  ForeignRow row;
  row.line = line;
  for (const auto& [name, value] : json.items()) {
    const auto field = field_named(name);
    if (field != nullptr && value.is_string() && (row.*field).empty()) row.*field = value.get<std::string>();
    if (field == &ForeignRow::as_number && value.is_number_unsigned())
      row.as_number = std::to_string(value.get<std::uint64_t>());
    if (name == "anycast" && value.is_boolean()) row.anycast = value.get<bool>();
  }
  if (row.resolver.empty()) return importer.bad(line, "no \"ip\" in this object");
  importer.take(row);
}

}  // namespace

std::string csv_form(std::string_view line) {
  const auto names = header_of(line);
  if (names.size() < 2) return {};
  if (has(names, "ip_address")) return "public-dns.info CSV";
  if (!has(names, "ip")) return {};
  if (has(names, "dnssec_aware") || has(names, "uptime_30d")) return "dnsdirectory.com CSV";
  if (has(names, "country_id"))
    return has(names, "checked_at") ? "public-dns.info CSV (2020)" : "public-dns.info CSV (2017)";
  return "CSV with a column of addresses";
}

void import_csv(std::string_view text, Importer& importer) {
  CsvReader reader(text);
  std::vector<std::string ForeignRow::*> fields;
  std::size_t anycast = std::string::npos;
  while (const auto record = reader.next()) {
    if (fields.empty()) {
      if (record->cells.front().starts_with('#')) continue;
      for (const std::string& cell : record->cells) {
        const std::string name = to_lower(trim(cell));
        if (name == "anycast") anycast = fields.size();
        fields.push_back(field_named(name));
      }
      continue;
    }
    if (!record->bad.empty()) {
      importer.bad(record->line, record->bad);
      continue;
    }
    if (record->cells.size() != fields.size()) {
      importer.bad(record->line,
                   fmt::format("{} columns where the header names {}", record->cells.size(), fields.size()));
      continue;
    }
    ForeignRow row;
    row.line = record->line;
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (fields[i] != nullptr && (row.*fields[i]).empty()) row.*fields[i] = record->cells[i];
    if (anycast != std::string::npos) row.anycast = to_lower(trim(record->cells[anycast])) == "true";
    importer.take(row);
  }
}

void import_json(std::string_view text, Importer& importer) {
  int line = 1, begun_at = 0, depth = 0;
  std::size_t begin = 0;
  bool in_string = false, escaped = false;
  const auto give_up = [&] {
    importer.bad(begun_at, "an object that does not end");
    depth = 0;
    in_string = escaped = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      // No JSON string holds a line end: one that does was never closed, and what follows is the next object.
      if (c == '\n') give_up();
      if (c == '"' && !escaped) in_string = false;
      escaped = c == '\\' && !escaped;
    } else if (c == '"') {
      in_string = depth > 0;
    } else if (c == '{' && depth++ == 0) {
      begin = i;
      begun_at = line;
    } else if (c == '}' && depth > 0 && --depth == 0) {
      take_object(text.substr(begin, i + 1 - begin), begun_at, importer);
    }
    if (c == '\n') ++line;
    if (depth > kDeepestObject || (depth > 0 && i - begin > kLongestObject)) {
      give_up();
      i = std::min(text.find('\n', begin), text.size() - 1);
      line = begun_at + 1;
    }
  }
  if (depth > 0) give_up();
}

void import_stamps(std::string_view text, Importer& importer) {
  std::string name;
  each_line(text, [&](int number, std::string_view line) {
    line = trim(line);
    if (line.starts_with("## ")) name = std::string(trim(line.substr(3)));
    if (!to_lower(line.substr(0, 7)).starts_with("sdns://")) return;
    const auto stamp = decode_stamp(line.substr(0, line.find_first_of(" \t")));
    if (!stamp) return importer.bad(number, stamp.error().message);
    auto resolver = resolver_of(*stamp);
    if (!resolver && resolver.error().code == ErrorCode::kUnsupported)
      return importer.leave_out(std::string(to_text(stamp->protocol)));
    if (!resolver) return importer.bad(number, resolver.error().message);
    ForeignRow row;
    row.line = number;
    row.service = name;
    row.filtering = resolver->filtering;
    importer.take(number, *std::move(resolver), row);
  });
}

}  // namespace cutover::dnsprobe
