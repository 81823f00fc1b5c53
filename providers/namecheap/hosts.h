#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/change_set.h"
#include "providers/listing.h"

namespace cutover::providers::namecheap {

/// A host record as Namecheap shows it.
struct Host {
  std::string name;  ///< relative to the domain, `@` for itself
  std::string type;
  std::string address;
  std::string preference;  ///< of MX
  Seconds ttl{};
  std::string lost{};  ///< what of it setHosts cannot give back, a clause; empty: nothing
};

/// All host records of a domain, which are only ever written together.
struct Hosts {
  std::string mail;  ///< EmailType: NONE, MX, MXE, FWD, OX, GMAIL
  std::vector<Host> hosts;
};

/// The answer to getHosts. kInvalid: it is none; kRefused: the domain is served by other name servers.
Result<Hosts> hosts_from(const std::string& xml, const DomainName& zone);

/// A text form that goes where calls name a zone, and back.
std::string packed(const Hosts& hosts);
Result<Hosts> unpacked(const std::string& text);

Result<ListedRecord> record_from(const Host& host, const DomainName& zone);

/// The hosts with the changes made. kUnsupported: writing them back would lose something, with the reason.
Result<Hosts> changed(const Hosts& hosts, const ChangeSet& changes, const RecordForm& form);

/// What begins each call: the command and the domain in its two parts.
std::string form_of(std::string_view command, const DomainName& zone);
/// The whole of setHosts.
std::string form_of(const Hosts& hosts, const DomainName& zone);

}  // namespace cutover::providers::namecheap
