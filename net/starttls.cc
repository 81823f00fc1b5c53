#include "net/starttls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.h"
#include "net/starttls_reading.h"

// One function per protocol: it gets what was received and not yet used, and the number of replies before it. What it
// gives back is the whole of the protocol's knowledge; collecting bytes, limits and the end are in Starttls::hear().

namespace cutover::net {
namespace {

using namespace starttls;
using Then = StarttlsStep::Then;

constexpr std::size_t kMostTurns = 64;  // nor are there more untagged lines than this

bool starts_with(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

// --- lines ---

struct Line {
  std::string_view text{};  ///< without its end
  std::size_t used = 0;     ///< up to and with its end
};

std::optional<Line> line_at(std::string_view received, std::size_t from) {
  const auto end = received.find('\n', from);
  if (end == std::string_view::npos) return std::nullopt;
  return Line{trim(received.substr(from, end - from)), end + 1};
}

/// The last line of a reply of one or more lines: `250-first`, `250 last`. In FTP the lines between may be anything
/// (RFC 959 section 4.2): the reply ends with the code it began with.
std::optional<Line> last_line(std::string_view received) {
  auto line = line_at(received, 0);
  if (!line || line->text.size() < 4 || line->text[3] != '-') return line;
  const auto code = line->text.substr(0, 3);
  while ((line = line_at(received, line->used))) {
    const auto text = line->text;
    if (starts_with(text, code) && (text.size() == 3 || text[3] == ' ')) return line;
  }
  return std::nullopt;
}

struct CodeTurn {
  std::string_view good;  ///< the code that lets us go on
  std::string say;        ///< empty: TLS begins
};
Reading code_reply(std::string_view received, const CodeTurn& turn) {
  const auto line = last_line(received);
  if (!line) return incomplete();
  if (!starts_with(line->text, turn.good)) return refused_with(line->text);
  return turn.say.empty() ? secure(line->used) : say(line->used, turn.say);
}

Reading read_smtp(std::string_view received, std::size_t turn, const StarttlsNames& names) {
  if (turn == 0) return code_reply(received, {"220", fmt::format("EHLO {}\r\n", names.own_address)});
  if (turn == 1) return code_reply(received, {"250", "STARTTLS\r\n"});
  return code_reply(received, {"220", ""});
}

Reading read_ftp(std::string_view received, std::size_t turn, const StarttlsNames& /*names*/) {
  if (turn == 0) return code_reply(received, {"220", "AUTH TLS\r\n"});
  return code_reply(received, {"234", ""});
}

Reading read_pop3(std::string_view received, std::size_t turn, const StarttlsNames& /*names*/) {
  const auto line = line_at(received, 0);
  if (!line) return incomplete();
  if (!starts_with(line->text, "+OK")) return refused_with(line->text);
  return turn == 0 ? say(line->used, "STLS\r\n") : secure(line->used);
}

Reading read_imap(std::string_view received, std::size_t turn, const StarttlsNames& /*names*/) {
  const auto line = line_at(received, 0);
  if (!line) return incomplete();
  if (turn == 0) {
    if (starts_with(line->text, "* OK")) return say(line->used, "a STARTTLS\r\n");
    // `* PREAUTH` too: there is no STARTTLS once one is logged in.
    return refused_with(line->text);
  }
  if (starts_with(line->text, "* ") && !starts_with(line->text, "* BYE")) return say(line->used, "");
  return starts_with(line->text, "a OK") ? secure(line->used) : refused_with(line->text);
}

// --- XMPP: a stream, its features, <starttls/>, <proceed/> (RFC 6120 section 5.4) ---

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&' || c == '<' || c == '>' || c == '\'' || c == '"')
      out += fmt::format("&#{};", static_cast<int>(c));
    else
      out += c;
  }
  return out;
}

std::string xmpp_opening(std::string_view space, const StarttlsNames& names) {
  const auto to = names.domain.empty() ? std::string() : fmt::format(" to='{}'", xml_text(names.domain));
  return fmt::format(
      "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'{}>",
      space, to);
}

/// The end of the element that begins at `from`, whatever prefix it has: `/>` within its tag, or `</...name>`.
std::size_t end_of_element(std::string_view received, std::size_t from, std::string_view name) {
  const auto tag = received.find('>', from);
  if (tag == std::string_view::npos) return tag;
  if (received[tag - 1] == '/') return tag + 1;
  for (auto at = tag + 1;;) {
    at = received.find("</", at);
    if (at == std::string_view::npos) return at;
    const auto end = received.find('>', at);
    if (end == std::string_view::npos) return end;
    const auto closed = trim(received.substr(at + 2, end - at - 2));
    if (closed == name || (closed.size() > name.size() && closed.substr(closed.size() - name.size()) == name &&
                           closed[closed.size() - name.size() - 1] == ':'))
      return end + 1;
    at = end + 1;
  }
}

/// What comes first counts, so that it does not matter how it was cut into pieces.
Reading read_xmpp(std::string_view received, std::size_t turn, const StarttlsNames& /*names*/) {
  const auto first = trim(received.substr(0, 64));
  if (!first.empty() && first[0] != '<') return refused_with(first);
  const std::string_view awaited = turn == 0 ? "<stream:features" : "<proceed";
  std::string_view element = awaited;
  auto at = received.find(awaited);
  for (const std::string_view trouble : {"<stream:error", "<failure"}) {
    const auto there = received.find(trouble);
    if (there >= at) continue;
    at = there;
    element = trouble;
  }
  if (at == std::string_view::npos) return incomplete();
  const auto end = end_of_element(received, at, element.substr(1));
  if (end == std::string_view::npos) return incomplete();
  if (element != awaited) return refused_with(received.substr(at, end - at));
  if (turn > 0) return secure(end);
  if (received.substr(at, end - at).find("<starttls") == std::string_view::npos)
    return refused("the server does not offer STARTTLS in its stream features");
  return say(end, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
}

// --- the table ---

struct Protocol {
  std::string_view name;
  Starttls::Read read;
};
constexpr std::array<Protocol, 10> kProtocols{{
    {"smtp", read_smtp},
    {"submission", read_smtp},
    {"imap", read_imap},
    {"pop3", read_pop3},
    {"ftp", read_ftp},
    {"ldap", read_ldap},
    {"xmpp", read_xmpp},
    {"xmpp-server", read_xmpp},
    {"postgres", read_postgres},
    {"mysql", read_mysql},
}};
constexpr std::array<std::string_view, kProtocols.size()> kNames = [] {
  std::array<std::string_view, kProtocols.size()> names{};
  for (std::size_t i = 0; i < kProtocols.size(); ++i) names[i] = kProtocols[i].name;
  return names;
}();

const Protocol* find(std::string_view name) {
  const auto* at =
      std::find_if(kProtocols.begin(), kProtocols.end(), [&](const Protocol& p) { return p.name == name; });
  return at == kProtocols.end() ? nullptr : at;
}

}  // namespace

Starttls::Starttls(std::string_view protocol, StarttlsNames names)
    : protocol_(protocol), read_(find(protocol)->read), names_(std::move(names)) {}

StarttlsStep Starttls::begin() {
  StarttlsStep step;
  if (read_ == read_ldap) step.say = ldap_request();
  if (read_ == read_postgres) step.say = postgres_request();
  if (read_ == read_xmpp) step.say = xmpp_opening(protocol_ == "xmpp" ? "jabber:client" : "jabber:server", names_);
  return step;
}

StarttlsStep Starttls::hear(std::string_view bytes) {
  received_ += bytes;
  StarttlsStep all;
  while (true) {
    auto reading = read_(received_, turn_, names_);
    if (reading.used == 0) break;
    ++turn_;
    if (reading.step.then == Then::kRefused) return std::move(reading.step);
    received_.erase(0, reading.used);
    all.say += reading.step.say;
    if (reading.step.then == Then::kSecure) {
      all.then = Then::kSecure;
      // It came in clear and would be taken for the beginning of TLS.
      if (!received_.empty()) return {Then::kRefused, {}, "the server sent more in clear after it agreed to STARTTLS"};
      return all;
    }
    if (turn_ > kMostTurns) return {Then::kRefused, {}, fmt::format("what came is no {} reply", protocol_)};
  }
  if (received_.size() > kMostUnused) return {Then::kRefused, {}, fmt::format("what came is no {} reply", protocol_)};
  return all;
}

std::span<const std::string_view> Starttls::protocols() { return kNames; }
bool Starttls::known(std::string_view protocol) { return find(protocol) != nullptr; }

}  // namespace cutover::net
