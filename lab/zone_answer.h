#pragma once
#include <memory>
#include <set>
#include <vector>

#include "core/zone.h"
#include "net/message.h"

namespace cutover::lab {

/// A zone as a server publishes it: never changed, shared between the versions that point to it.
struct PublishedZone {
  Zone zone;
  /// Every owner name and every empty name above one (RFC 4592 section 2.2.2).
  std::set<DomainName> names;
};
using PublishedZonePtr = std::shared_ptr<const PublishedZone>;
PublishedZonePtr publish(Zone zone);

/// Writes `soa` into the zone: both into Zone::soa and into the SOA record set.
void put_soa(Zone& zone, const Soa& soa);
/// The next serial (RFC 1982), never 0 (RFC 2136 section 7.11).
std::uint32_t next_serial(std::uint32_t serial);

/// What an authoritative server holding `zones` answers to an ordinary query (RFC 1034 section 4.3.2):
/// AA answers, CNAMEs followed inside the zone, wildcards, NODATA and NXDOMAIN with the SOA (RFC 2308),
/// referrals with glue, REFUSED outside. Pure: EDNS, TSIG and transfers are the caller's.
net::Message answer_from(const std::vector<PublishedZonePtr>& zones, const net::Message& query);

/// A reply to `query`: same id, opcode, question and RD; QR set; everything else empty.
net::Message reply_to(const net::Message& query, net::Rcode rcode);

}  // namespace cutover::lab
