#pragma once
#include <string>
#include <string_view>

#include "net/starttls.h"

// How the functions that read one protocol say what they found; part of starttls.cc.

namespace cutover::net::starttls {

using Reading = Starttls::Reading;

constexpr std::size_t kMostUnused = 16 * 1024;  // no honest reply is longer

inline Reading incomplete() { return {}; }
/// Goes on with `text`, which may be empty.
Reading say(std::size_t used, std::string text);
/// TLS begins, after `text`.
Reading secure(std::size_t used, std::string text = {});
Reading refused(std::string why);
/// Refused with these words of the server, which are made printable and cut.
Reading refused_with(std::string_view words);

// The protocols whose replies are packets (starttls_packets.cc), and what is said first in them.
std::string_view ldap_request();
std::string_view postgres_request();
Reading read_ldap(std::string_view received, std::size_t turn, const StarttlsNames& names);
Reading read_postgres(std::string_view received, std::size_t turn, const StarttlsNames& names);
Reading read_mysql(std::string_view received, std::size_t turn, const StarttlsNames& names);

}  // namespace cutover::net::starttls
