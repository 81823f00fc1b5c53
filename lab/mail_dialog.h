#pragma once
#include <string>
#include <string_view>

namespace cutover::lab {

/// A mail protocol whose connections begin in the clear and turn to TLS by a command.
enum class MailProtocol { kSmtp, kImap, kPop3 };

/// What a mail server of the lab says, and what happens when it has said it.
struct MailReply {
  std::string text;  ///< whole lines, CRLF included
  enum class Then { kListen, kSecure, kHangUp } then = Then::kListen;
};

enum class Secured { kNo, kYes };

/// Its first words.
std::string mail_greeting(MailProtocol protocol);

/// Pure: the answer to one command line (without its CRLF). Just enough of each protocol to get to TLS and to see,
/// behind it, which `side` one has reached: SMTP EHLO, STARTTLS, QUIT (RFC 5321, RFC 3207); IMAP CAPABILITY, STARTTLS,
/// LOGOUT (RFC 9051 sections 6.1.1, 6.2.1, 6.1.3); POP3 CAPA, STLS, QUIT (RFC 2449, RFC 2595 section 4, RFC 1939). TLS
/// is offered, and agreed to, only once.
MailReply mail_reply(MailProtocol protocol, std::string_view line, Secured secured, std::string_view side);

}  // namespace cutover::lab
