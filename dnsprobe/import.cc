#include "dnsprobe/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "dnsprobe/catalogue.h"
#include "dnsprobe/importer.h"

namespace cutover::dnsprobe {

namespace {

/// The first so many characters of something foreign, safe to show.
std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  return printable(text.substr(0, kLongest)) + (text.size() > kLongest ? "..." : "");
}

/// Why a public list has no business with this address; empty: it is a public one. RFC 6890; documentation networks
/// pass, nobody answers there.
std::string_view objection(const IpAddress& address) {
  const std::string bytes = address.bytes();
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (address.family() == Family::kV4) {
    if (at(0) == 127) return "is an address of this machine";
    if (at(0) == 10 || (at(0) == 172 && at(1) >= 16 && at(1) < 32) || (at(0) == 192 && at(1) == 168) ||
        (at(0) == 100 && at(1) >= 64 && at(1) < 128) || (at(0) == 169 && at(1) == 254))
      return "is an address of a private network";
    if (at(0) == 0 || at(0) >= 224) return "is no address of a machine";
    return {};
  }
  const bool is_low = std::all_of(bytes.begin(), bytes.begin() + 10, [](char c) { return c == 0; });
  if (is_low && (at(10) == 0 || at(10) == 0xFF)) return "is no public address";  // ::, ::1, IPv4 in IPv6
  if ((at(0) & 0xFEU) == 0xFC || (at(0) == 0xFE && (at(1) & 0xC0U) == 0x80))
    return "is an address of a private network";
  if (at(0) == 0xFF) return "is no address of a machine";
  return {};
}

/// Letters, digits, dots and hyphens of a name: `Liquid Zimbabwe` -> `liquid-zimbabwe`.
std::string label_of(std::string_view text) {
  std::string out;
  for (const char c : to_lower(trim(text))) {
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
    if (is_kept)
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
    if (out.size() == 40) break;
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

/// `dns.example.co.uk` -> `example.co.uk`: the last two labels, three where the last two are short. A guess, without
/// the public suffix list: it only has to put the servers of one owner together.
std::string owner_of(const std::string& host) {
  const auto labels = split(host, '.');
  const std::size_t n = labels.size();
  if (n < 2 || IpAddress::from_text(host)) return {};
  const std::size_t kept = n >= 3 && labels[n - 1].size() == 2 && labels[n - 2].size() <= 3 ? 3 : 2;
  return label_of(join({labels.end() - static_cast<std::ptrdiff_t>(kept), labels.end()}, "."));
}

std::string network_of(const IpAddress& address) {
  const std::string bytes = address.bytes();
  if (address.family() == Family::kV6) return "v6-" + to_hex(std::string_view(bytes).substr(0, 6));
  const auto at = [&](std::size_t i) { return static_cast<unsigned>(static_cast<std::uint8_t>(bytes[i])); };
  return fmt::format("{}.{}.{}.0-24", at(0), at(1), at(2));
}

std::uint32_t as_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with("AS") || text.starts_with("as")) text.remove_prefix(2);
  std::uint32_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? out : 0;
}

/// What the catalogue knows of addresses and networks.
struct KnownOperators {
  std::map<IpAddress, std::string> by_address;
  std::map<std::uint32_t, std::string> by_asn;  ///< empty: several, or one that only rents a server there

  KnownOperators() {
    for (const CatalogueEntry& entry : catalogue()) {
      for (const auto& address : {entry.v4, entry.v6})
        if (address) by_address.emplace(*address, entry.operator_name);
      const bool is_own = entry.anycast || entry.access == Access::kIsp;
      const auto [at, fresh] = by_asn.emplace(entry.asn, is_own ? entry.operator_name : "");
      if (!fresh && at->second != entry.operator_name) at->second.clear();
    }
  }
};

std::string operator_of(const Resolver& resolver, const ForeignRow& row) {
  static const KnownOperators known;
  if (resolver.endpoint)
    if (const auto at = known.by_address.find(resolver.endpoint->address); at != known.by_address.end())
      return at->second;
  if (resolver.asn != 0) {
    const auto at = known.by_asn.find(resolver.asn);
    return at != known.by_asn.end() && !at->second.empty() ? at->second : fmt::format("as{}", resolver.asn);
  }
  if (const std::string label = label_of(row.organisation); !label.empty()) return label;
  if (const std::string owner = owner_of(resolver.tls_name); !owner.empty()) return owner;
  return resolver.endpoint ? network_of(resolver.endpoint->address) : resolver.operator_name;
}

std::string country_of(std::string_view text) {
  std::string out(trim(text));
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return is_country(out) ? out : "";
}

std::string_view first_line_with_text(std::string_view text) {
  std::string_view found;
  each_line(text.substr(0, 65536), [&](int, std::string_view line) {
    if (found.empty() && !trim(line).empty() && !trim(line).starts_with('#')) found = line;
  });
  return found;
}

}  // namespace

void Importer::bad(int line, std::string_view why) {
  reached(line);
  ++list_.rows;
  ++list_.bad_rows;
  if (list_.bad.size() < kKeptBadRows) list_.bad.push_back({line, printable(why)});
}

void Importer::leave_out(const std::string& reason) {
  ++list_.rows;
  ++list_.left_out[reason];
}

void Importer::take(const ForeignRow& row) {
  auto resolver = parse_resolver(row.resolver);
  if (!resolver) return bad(row.line, fmt::format("\"{}\" is no resolver", shown(row.resolver)));
  take(row.line, *std::move(resolver), row);
}

void Importer::take(int line, Resolver resolver, const ForeignRow& row) {
  reached(line);
  if (resolver.endpoint && allowed_ == ImportAddresses::kPublic)
    if (const auto why = objection(resolver.endpoint->address); !why.empty())
      return bad(line, fmt::format("{} {}", resolver.endpoint->address.text(), why));
  ++list_.rows;
  const std::string text = resolver_text(resolver);
  if (!seen_.insert(text).second) {
    ++list_.duplicates;
    return;
  }
  resolver.source = Source::kImported;
  resolver.service = shown(trim(row.service));
  resolver.country = country_of(row.country);
  resolver.place = shown(trim(row.city));
  resolver.asn = as_number(row.as_number);
  resolver.anycast = row.anycast;
  resolver.filtering = row.filtering;
  resolver.operator_name = operator_of(resolver, row);
  resolver.id = resolver.operator_name + " " + text;
  list_.resolvers.push_back(std::move(resolver));
}

ImportedList Importer::finish(std::string form) && {
  list_.form = std::move(form);
  return std::move(list_);
}

void each_line(std::string_view text, const std::function<void(int line, std::string_view text)>& take) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take(number, line);
  }
}

void import_lines(std::string_view text, Importer& importer) {
  each_line(text, [&](int number, std::string_view line) {
    line = trim(line);
    if (line.starts_with('#') || line.starts_with(';') || line.starts_with("//")) return;
    const std::string_view word = line.substr(0, line.find_first_of(" \t,;#"));
    if (word.empty()) return;
    ForeignRow row;
    row.line = number;
    row.resolver = std::string(word);
    importer.take(row);
  });
}

Result<ImportedList> import_list(std::string_view text, ImportAddresses allowed,
                                 const std::function<void(int line)>& progress) {
  Importer importer(allowed, progress);
  const std::string_view first = trim(first_line_with_text(text));
  std::string form = "one resolver a line";
  if (first.starts_with('{') || (first.starts_with('[') && !Endpoint::from_text(first, 53))) {
    form = "JSON";
    import_json(text, importer);
  } else if (const std::string csv = csv_form(first); !csv.empty()) {
    form = csv;
    import_csv(text, importer);
  } else if (text.find("sdns://") != std::string_view::npos) {
    form = "DNS stamps";
    import_stamps(text, importer);
  } else {
    import_lines(text, importer);
  }
  ImportedList out = std::move(importer).finish(std::move(form));
  if (!out.resolvers.empty()) return out;
  if (!out.bad.empty())
    return fail(ErrorCode::kInvalid, fmt::format("no row is a resolver; read as {}, line {}: {}", out.form,
                                                 out.bad.front().line, out.bad.front().why));
  return fail(ErrorCode::kInvalid, fmt::format("there is no resolver in it that could be asked; read as {}", out.form));
}

}  // namespace cutover::dnsprobe
