#include "lab/mail_dialog.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover::lab {
namespace {

using Then = MailReply::Then;

MailReply smtp_reply(const std::string& command, Secured secured, std::string_view side) {
  if (command.starts_with("ehlo"))
    return {secured == Secured::kYes ? "250 lab.invalid\r\n" : "250-lab.invalid\r\n250 STARTTLS\r\n"};
  if (command.starts_with("helo") || command == "noop") return {"250 lab.invalid\r\n"};
  if (command == "quit") return {fmt::format("221 {}\r\n", side), Then::kHangUp};
  if (command == "starttls" && secured == Secured::kNo) return {"220 go ahead\r\n", Then::kSecure};
  return {"502 not in the lab\r\n"};
}

/// Every command has a tag, which its answer repeats (RFC 9051 section 2.2.1).
MailReply imap_reply(const std::string& line, Secured secured, std::string_view side) {
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string::npos) return {"* BAD no tag\r\n"};
  const std::string tag = line.substr(0, space);
  const std::string command = to_lower(line.substr(space + 1));
  if (command == "capability")
    return {fmt::format("* CAPABILITY IMAP4rev2{}\r\n{} OK done\r\n",
                        secured == Secured::kYes ? "" : " STARTTLS LOGINDISABLED", tag)};
  if (command == "noop") return {fmt::format("{} OK done\r\n", tag)};
  if (command == "logout") return {fmt::format("* BYE {}\r\n{} OK done\r\n", side, tag), Then::kHangUp};
  if (command == "starttls" && secured == Secured::kNo)
    return {fmt::format("{} OK begin TLS now\r\n", tag), Then::kSecure};
  return {fmt::format("{} BAD not in the lab\r\n", tag)};
}

MailReply pop3_reply(const std::string& command, Secured secured, std::string_view side) {
  if (command == "capa") return {secured == Secured::kYes ? "+OK\r\nUSER\r\n.\r\n" : "+OK\r\nSTLS\r\n.\r\n"};
  if (command == "quit") return {fmt::format("+OK {}\r\n", side), Then::kHangUp};
  if (command == "stls" && secured == Secured::kNo) return {"+OK begin TLS now\r\n", Then::kSecure};
  return {"-ERR not in the lab\r\n"};
}

}  // namespace

std::string mail_greeting(MailProtocol protocol) {
  switch (protocol) {
    case MailProtocol::kSmtp:
      return "220 lab.invalid ESMTP\r\n";
    case MailProtocol::kImap:
      return "* OK lab.invalid IMAP4rev2\r\n";
    case MailProtocol::kPop3:
      return "+OK lab.invalid POP3\r\n";
  }
  return {};
}

MailReply mail_reply(MailProtocol protocol, std::string_view line, Secured secured, std::string_view side) {
  switch (protocol) {
    case MailProtocol::kSmtp:
      return smtp_reply(to_lower(line), secured, side);
    case MailProtocol::kImap:
      return imap_reply(std::string(line), secured, side);
    case MailProtocol::kPop3:
      return pop3_reply(to_lower(line), secured, side);
  }
  return {};
}

}  // namespace cutover::lab
