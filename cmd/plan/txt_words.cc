#include "cmd/plan/txt_words.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace cutover {
namespace {

constexpr std::size_t kLongestAddress = 45;  // ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255
constexpr std::string_view kAddressCharacters = "0123456789abcdefABCDEF:.";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_host_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

std::optional<unsigned> read_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The `/24` that follows at `at`, if one does.
std::string_view prefix_length_at(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != '/') return {};
  std::size_t end = at + 1;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end == at + 1 ? std::string_view{} : text.substr(at, end - at);
}

bool names(const IpAddress& found, std::string_view prefix_length, const IpAddress& wanted) {
  const unsigned whole = found.family() == Family::kV4 ? 32 : 128;
  const unsigned bits = prefix_length.empty() ? whole : read_number(prefix_length.substr(1)).value_or(whole);
  return bits > 0 && covers(found, bits, wanted);  // 0.0.0.0/0 names nobody
}

/// An IPv4-mapped address names the IPv4 address in it.
IpAddress unmapped(const IpAddress& address) {
  constexpr std::string_view kPrefix("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  const std::string bytes = address.bytes();
  if (!std::string_view(bytes).starts_with(kPrefix)) return address;
  auto inner = IpAddress::from_bytes(std::string_view(bytes).substr(12));
  return inner ? *inner : address;
}

/// Cheap: most of what stands between colons in a long text is no address, and a failed reading is not cheap.
bool may_be_address(std::string_view word) {
  const auto colons = std::count(word.begin(), word.end(), ':');
  const auto dots = std::count(word.begin(), word.end(), '.');
  return colons == 0 ? dots == 3 : colons >= 2 && colons <= 8 && word.find(":::") == std::string_view::npos;
}

/// Looks into one run of address characters. An address may stand behind `ip6:` (whose 6 and colon are
/// address characters too) and in front of a port or a full stop, so it may start behind any colon and end
/// before any colon or dot; from each start the longest reading counts.
std::optional<std::string> find_in_run(std::string_view text, std::size_t begin, std::size_t end,
                                       const IpAddress& wanted) {
  for (std::size_t start = begin; start < end; ++start) {
    if (start != begin && text[start - 1] != ':') continue;
    for (std::size_t stop = std::min(end, start + kLongestAddress); stop > start; --stop) {
      if (stop != end && text[stop] != ':' && text[stop] != '.') continue;
      const std::string_view word = text.substr(start, stop - start);
      if (!may_be_address(word)) continue;
      auto address = IpAddress::from_text(word);
      if (!address) continue;
      const IpAddress found = unmapped(*address);
      const std::string_view length =
          stop == end && found == *address ? prefix_length_at(text, end) : std::string_view{};
      // A dotted quad cut out of a longer dotted number is no address: 198.51.100.10.1
      const bool cut = stop + 1 < end && text[stop] == '.' && is_digit(text[stop + 1]);
      if (!cut && names(found, length, wanted)) return std::string(text.substr(start, stop - start + length.size()));
      break;
    }
  }
  return std::nullopt;
}

void read_dual_length(std::string_view& spec, SpfTerm& term) {
  // domain-spec [ "/" ip4-cidr ] [ "//" ip6-cidr ] (RFC 7208 section 5.3)
  if (const auto at = spec.find("//"); at != std::string_view::npos) {
    term.v6_length = read_number(spec.substr(at + 2)).value_or(128);
    spec = spec.substr(0, at);
  }
  if (const auto at = spec.find('/'); at != std::string_view::npos) {
    term.v4_length = read_number(spec.substr(at + 1)).value_or(32);
    spec = spec.substr(0, at);
  }
}

void read_domain(std::string_view spec, SpfTerm& term) {
  if (spec.empty()) return;
  term.has_macro = spec.find('%') != std::string_view::npos;
  if (auto name = DomainName::from_text(spec); name && !term.has_macro) term.domain = *name;
}

void read_network(std::string_view spec, SpfTerm& term) {
  const auto slash = spec.find('/');
  auto address = IpAddress::from_text(spec.substr(0, slash));
  if (!address) return;
  term.kind = SpfTerm::Kind::kIp;
  term.network = unmapped(*address);
  const unsigned whole = address->family() == Family::kV4 ? 32 : 128;
  term.length = slash == std::string_view::npos ? whole : read_number(spec.substr(slash + 1)).value_or(whole);
  if (*term.network != *address) term.length = term.length > 96 ? term.length - 96 : 0;
}

SpfTerm read_term(std::string_view word) {
  SpfTerm term;
  term.text = std::string(word);
  std::string_view body = word;
  if (!body.empty() && std::string_view("+-?~").find(body.front()) != std::string_view::npos) body.remove_prefix(1);
  const auto border = body.find_first_of(":=/");
  const std::string name = to_lower(body.substr(0, border));
  std::string_view spec = border == std::string_view::npos ? std::string_view{} : body.substr(border);
  const bool has_value = !spec.empty() && spec.front() != '/';
  if (has_value) spec.remove_prefix(1);
  if ((name == "ip4" || name == "ip6") && has_value) {
    read_network(spec, term);
  } else if (name == "a" || name == "mx") {
    term.kind = name == "a" ? SpfTerm::Kind::kA : SpfTerm::Kind::kMx;
    read_dual_length(spec, term);
    read_domain(spec, term);
  } else if ((name == "include" || name == "redirect") && has_value) {
    term.kind = name == "include" ? SpfTerm::Kind::kInclude : SpfTerm::Kind::kRedirect;
    read_domain(spec, term);
  }
  return term;
}

}  // namespace

std::string txt_bytes(std::string_view rdata) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < rdata.size(); ++i) {
    const char c = rdata[i];
    if (c == '"') {
      quoted = !quoted;
    } else if (c == '\\' && i + 3 < rdata.size() && is_digit(rdata[i + 1]) && is_digit(rdata[i + 2]) &&
               is_digit(rdata[i + 3])) {
      out += static_cast<char>((rdata[i + 1] - '0') * 100 + (rdata[i + 2] - '0') * 10 + (rdata[i + 3] - '0'));
      i += 3;
    } else if (c == '\\' && i + 1 < rdata.size()) {
      out += rdata[++i];
    } else if (quoted || c != ' ') {
      out += c;
    }
  }
  return out;
}

bool covers(const IpAddress& network, unsigned length, const IpAddress& address) {
  if (network.family() != address.family()) return false;
  const std::string a = network.bytes();
  const std::string b = address.bytes();
  for (std::size_t i = 0; i < a.size() && length > 0; ++i) {
    const unsigned bits = std::min(length, 8U);
    const auto mask = static_cast<unsigned char>(0xff00U >> bits);
    if ((static_cast<unsigned char>(a[i]) & mask) != (static_cast<unsigned char>(b[i]) & mask)) return false;
    length -= bits;
  }
  return true;
}

std::optional<std::string> literal_address(std::string_view text, const IpAddress& address) {
  std::size_t at = 0;
  while ((at = text.find_first_of(kAddressCharacters, at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_not_of(kAddressCharacters, at), text.size());
    if (auto found = find_in_run(text, at, end, address)) return found;
    at = end;
  }
  return std::nullopt;
}

bool has_literal_name(std::string_view text, const DomainName& host) {
  const std::string folded = to_lower(text);
  const std::string wanted = host.host();
  for (std::size_t at = folded.find(wanted); at != std::string::npos; at = folded.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    const bool starts = at == 0 || (!is_host_character(folded[at - 1]) && folded[at - 1] != '.');
    const bool ends = end == folded.size() ||
                      (!is_host_character(folded[end]) &&
                       !(folded[end] == '.' && end + 1 < folded.size() && is_host_character(folded[end + 1])));
    if (starts && ends) return true;
  }
  return false;
}

std::optional<std::vector<SpfTerm>> spf_terms(std::string_view text) {
  const std::vector<std::string> words = split(text, ' ');
  if (to_lower(words[0]) != "v=spf1") return std::nullopt;  // RFC 7208 section 4.5
  std::vector<SpfTerm> terms;
  for (std::size_t i = 1; i < words.size(); ++i)
    if (!words[i].empty()) terms.push_back(read_term(words[i]));
  return terms;
}

}  // namespace cutover
