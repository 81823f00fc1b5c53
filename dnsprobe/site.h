#pragma once
#include <string>
#include <vector>

#include "core/clock.h"
#include "dnsprobe/resolver.h"
#include "net/loop.h"
#include "net/message.h"

namespace cutover::dnsprobe {

/// How a service is asked which of its sites answers. In a packet of its own, which an anycast address may hand to
/// another site than the question before it: so this names the address, and an answer only where it has a single site.
/// NSID (Sample::site) comes with the answer itself and is better.
enum class SiteQuestion {
  kIdServer,  ///< CH TXT id.server (RFC 4892): whatever it says
  kGoogle,    ///< TXT o-o.myaddr.l.google.com: the address from which Google asks authoritative servers
  kOpenDns    ///< TXT debug.opendns.com: the string that begins with `server`
};
/// By the operator; kIdServer for everybody of whom nothing better is known.
SiteQuestion site_question_of(const Resolver& resolver);
/// What a reply says, printable; empty: nothing.
std::string site_in(SiteQuestion question, const net::Message& reply);

/// Asks those of `resolvers` that speak plain DNS, once each, 256 at a time; whoever is silent costs three seconds
/// of real time. In their order; empty where nothing was said.
std::vector<std::string> find_sites(net::Loop& loop, const Clock& clock, const std::vector<Resolver>& resolvers);

}  // namespace cutover::dnsprobe
