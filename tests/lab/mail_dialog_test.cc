#include "lab/mail_dialog.h"

#include <catch2/catch.hpp>

namespace cutover::lab {
namespace {

using Then = MailReply::Then;

TEST_CASE("the mail servers of the lab say what their protocols want") {
  struct Case {
    MailProtocol protocol;
    std::string_view line;
    Secured secured;
    std::string_view text;
    Then then;
  };
  constexpr auto kSmtp = MailProtocol::kSmtp;
  constexpr auto kImap = MailProtocol::kImap;
  constexpr auto kPop3 = MailProtocol::kPop3;
  for (const Case& c : std::vector<Case>{
           {kSmtp, "EHLO [127.0.0.1]", Secured::kNo, "250-lab.invalid\r\n250 STARTTLS\r\n", Then::kListen},
           {kSmtp, "ehlo x", Secured::kYes, "250 lab.invalid\r\n", Then::kListen},
           {kSmtp, "STARTTLS", Secured::kNo, "220 go ahead\r\n", Then::kSecure},
           {kSmtp, "STARTTLS", Secured::kYes, "502 not in the lab\r\n", Then::kListen},
           {kSmtp, "MAIL FROM:<>", Secured::kYes, "502 not in the lab\r\n", Then::kListen},
           {kSmtp, "QUIT", Secured::kYes, "221 old\r\n", Then::kHangUp},
           // The answer has the tag of the command, in its own letters (RFC 9051 section 2.2.1).
           {kImap, "A1 capability", Secured::kNo, "* CAPABILITY IMAP4rev2 STARTTLS LOGINDISABLED\r\nA1 OK done\r\n",
            Then::kListen},
           // STARTTLS is no longer offered behind TLS (RFC 9051 section 6.2.1).
           {kImap, "A2 CAPABILITY", Secured::kYes, "* CAPABILITY IMAP4rev2\r\nA2 OK done\r\n", Then::kListen},
           {kImap, "a STARTTLS", Secured::kNo, "a OK begin TLS now\r\n", Then::kSecure},
           {kImap, "b STARTTLS", Secured::kYes, "b BAD not in the lab\r\n", Then::kListen},
           {kImap, "c NOOP", Secured::kNo, "c OK done\r\n", Then::kListen},
           {kImap, "d LOGIN you me", Secured::kNo, "d BAD not in the lab\r\n", Then::kListen},
           {kImap, "d LOGOUT", Secured::kYes, "* BYE old\r\nd OK done\r\n", Then::kHangUp},
           {kImap, "STARTTLS", Secured::kNo, "* BAD no tag\r\n", Then::kListen},
           {kImap, " STARTTLS", Secured::kNo, "* BAD no tag\r\n", Then::kListen},
           {kImap, "", Secured::kNo, "* BAD no tag\r\n", Then::kListen},
           {kPop3, "CAPA", Secured::kNo, "+OK\r\nSTLS\r\n.\r\n", Then::kListen},
           {kPop3, "CAPA", Secured::kYes, "+OK\r\nUSER\r\n.\r\n", Then::kListen},
           {kPop3, "stls", Secured::kNo, "+OK begin TLS now\r\n", Then::kSecure},
           // RFC 2595 section 4: STLS is permitted only where TLS is not active yet.
           {kPop3, "STLS", Secured::kYes, "-ERR not in the lab\r\n", Then::kListen},
           {kPop3, "STARTTLS", Secured::kNo, "-ERR not in the lab\r\n", Then::kListen},
           {kPop3, "QUIT", Secured::kYes, "+OK old\r\n", Then::kHangUp},
       }) {
    CAPTURE(c.line);
    const MailReply reply = mail_reply(c.protocol, c.line, c.secured, "old");
    CHECK(reply.text == c.text);
    CHECK(reply.then == c.then);
  }
}

TEST_CASE("each mail protocol greets in its own way") {
  CHECK(mail_greeting(MailProtocol::kSmtp).rfind("220 ", 0) == 0);
  CHECK(mail_greeting(MailProtocol::kImap).rfind("* OK ", 0) == 0);
  CHECK(mail_greeting(MailProtocol::kPop3).rfind("+OK ", 0) == 0);
}

}  // namespace
}  // namespace cutover::lab
