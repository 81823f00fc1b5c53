#include "tests/net_oracle/ldns_side.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/text.h"
// After the standard headers: it declares C names that clash with them otherwise.
#include <ldns/ldns.h>

namespace cutover::oracle {
namespace {

struct Closer {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_buffer* buffer) const { ldns_buffer_free(buffer); }
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
  void operator()(ldns_zone* zone) const { ldns_zone_deep_free(zone); }
  void operator()(std::FILE* file) const { std::fclose(file); }
  void operator()(char* text) const { std::free(text); }
  void operator()(std::uint8_t* bytes) const { std::free(bytes); }
};
template <class T>
using Owned = std::unique_ptr<T, Closer>;

const std::uint8_t* octets(std::string_view bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

Error broken(std::string_view doing, ldns_status status) {
  return fail(ErrorCode::kInvalid, fmt::format("ldns, {}: {}", doing, ldns_get_errorstr_by_id(status)));
}

void put_u16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xffU);
  out += static_cast<char>(value & 0xffU);
}

std::string bytes_of(const ldns_rdf* rdf) {
  return std::string(reinterpret_cast<const char*>(ldns_rdf_data(rdf)), ldns_rdf_size(rdf));
}

enum class Place { kQuestion, kRecord };

Record value_of(const ldns_rr* rr, Place place) {
  Record record;
  ldns_dname2canonical(ldns_rr_owner(rr));
  record.owner = bytes_of(ldns_rr_owner(rr));
  record.type = ldns_rr_get_type(rr);
  record.record_class = ldns_rr_get_class(rr);
  if (place == Place::kQuestion) return record;
  record.ttl = ldns_rr_ttl(rr);
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i)
    if (ldns_rdf_get_type(ldns_rr_rdf(rr, i)) == LDNS_RDF_TYPE_DNAME) ldns_dname2canonical(ldns_rr_rdf(rr, i));
  const Owned<ldns_buffer> buffer(ldns_buffer_new(LDNS_MAX_PACKETLEN));
  if (ldns_rr_rdata2buffer_wire(buffer.get(), rr) != LDNS_STATUS_OK) std::abort();
  record.rdata.assign(reinterpret_cast<const char*>(ldns_buffer_begin(buffer.get())),
                      ldns_buffer_position(buffer.get()));
  return record;
}

std::vector<Record> values_of(const ldns_rr_list* list, Place place) {
  std::vector<Record> out;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i)
    out.push_back(value_of(ldns_rr_list_rr(list, i), place));
  return out;
}

Result<Owned<ldns_rr>> make_rr(const Record& record, Place place) {
  std::string wire = record.owner;
  put_u16(wire, record.type);
  put_u16(wire, record.record_class);
  if (place == Place::kRecord) {
    put_u16(wire, record.ttl >> 16);
    put_u16(wire, record.ttl & 0xffffU);
    put_u16(wire, static_cast<unsigned>(record.rdata.size()));
    wire += record.rdata;
  }
  std::size_t at = 0;
  ldns_rr* rr = nullptr;
  const auto section = place == Place::kQuestion ? LDNS_SECTION_QUESTION : LDNS_SECTION_ANSWER;
  if (const auto status = ldns_wire2rr(&rr, octets(wire), wire.size(), &at, section); status != LDNS_STATUS_OK)
    return broken("making a record", status);
  return Owned<ldns_rr>(rr);
}

Result<void> push_all(ldns_pkt* packet, ldns_pkt_section section, const std::vector<Record>& records) {
  for (const Record& record : records) {
    auto rr = make_rr(record, section == LDNS_SECTION_QUESTION ? Place::kQuestion : Place::kRecord);
    if (!rr) return rr.error();
    ldns_pkt_push_rr(packet, section, rr->release());
  }
  return {};
}

Edns edns_of(ldns_pkt* packet) {
  Edns edns{ldns_pkt_edns_udp_size(packet), ldns_pkt_edns_version(packet), ldns_pkt_edns_do(packet), {}};
  ldns_edns_option_list* options = ldns_pkt_edns_get_option_list(packet);
  for (std::size_t i = 0; options != nullptr && i < ldns_edns_option_list_get_count(options); ++i) {
    const ldns_edns_option* option = ldns_edns_option_list_get_option(options, i);
    const auto* value = reinterpret_cast<const char*>(ldns_edns_get_data(option));
    edns.options.emplace_back(ldns_edns_get_code(option),
                              value == nullptr ? std::string() : std::string(value, ldns_edns_get_size(option)));
  }
  return edns;
}

void set_edns(ldns_pkt* packet, const Packet& from) {
  ldns_pkt_set_edns_udp_size(packet, static_cast<std::uint16_t>(from.edns->udp_size));
  ldns_pkt_set_edns_version(packet, static_cast<std::uint8_t>(from.edns->version));
  ldns_pkt_set_edns_do(packet, from.edns->dnssec_ok);
  ldns_pkt_set_edns_extended_rcode(packet, static_cast<std::uint8_t>(from.rcode >> 4));
  std::string options;
  for (const auto& [code, value] : from.edns->options) {
    put_u16(options, code);
    put_u16(options, static_cast<unsigned>(value.size()));
    options += value;
  }
  if (!options.empty())
    ldns_pkt_set_edns_data(packet, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_UNKNOWN, options.size(), options.data()));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Record& record) {
  return out << fmt::format("{} type {} class {} ttl {} data {} ({})", printable(record.owner), record.type,
                            record.record_class, record.ttl, to_hex(record.rdata), printable(record.rdata));
}

Result<Record> folded(const Record& record) {
  const auto rr = make_rr(record, Place::kRecord);
  if (!rr) return rr.error();
  return value_of(rr->get(), Place::kRecord);
}

Result<Packet> read_message(std::string_view wire) {
  ldns_pkt* raw = nullptr;
  if (const auto status = ldns_wire2pkt(&raw, octets(wire), wire.size()); status != LDNS_STATUS_OK)
    return broken("reading a message", status);
  const Owned<ldns_pkt> packet(raw);
  Packet out;
  out.id = ldns_pkt_id(raw);
  out.qr = ldns_pkt_qr(raw), out.aa = ldns_pkt_aa(raw), out.tc = ldns_pkt_tc(raw), out.rd = ldns_pkt_rd(raw);
  out.ra = ldns_pkt_ra(raw), out.ad = ldns_pkt_ad(raw), out.cd = ldns_pkt_cd(raw);
  out.opcode = ldns_pkt_get_opcode(raw);
  out.rcode = ldns_pkt_get_rcode(raw) | static_cast<unsigned>(ldns_pkt_edns_extended_rcode(raw)) << 4;
  out.question = values_of(ldns_pkt_question(raw), Place::kQuestion);
  out.answer = values_of(ldns_pkt_answer(raw), Place::kRecord);
  out.authority = values_of(ldns_pkt_authority(raw), Place::kRecord);
  out.additional = values_of(ldns_pkt_additional(raw), Place::kRecord);
  if (ldns_pkt_edns(raw)) out.edns = edns_of(raw);
  return out;
}

Result<std::string> write_message(const Packet& from) {
  const Owned<ldns_pkt> packet(ldns_pkt_new());
  ldns_pkt* raw = packet.get();
  ldns_pkt_set_id(raw, static_cast<std::uint16_t>(from.id));
  ldns_pkt_set_qr(raw, from.qr), ldns_pkt_set_aa(raw, from.aa), ldns_pkt_set_tc(raw, from.tc);
  ldns_pkt_set_rd(raw, from.rd), ldns_pkt_set_ra(raw, from.ra), ldns_pkt_set_ad(raw, from.ad);
  ldns_pkt_set_cd(raw, from.cd);
  ldns_pkt_set_opcode(raw, static_cast<ldns_pkt_opcode>(from.opcode));
  ldns_pkt_set_rcode(raw, static_cast<std::uint8_t>(from.rcode & 0xfU));
  if (auto done = push_all(raw, LDNS_SECTION_QUESTION, from.question); !done) return done.error();
  if (auto done = push_all(raw, LDNS_SECTION_ANSWER, from.answer); !done) return done.error();
  if (auto done = push_all(raw, LDNS_SECTION_AUTHORITY, from.authority); !done) return done.error();
  if (auto done = push_all(raw, LDNS_SECTION_ADDITIONAL, from.additional); !done) return done.error();
  if (from.edns) set_edns(raw, from);
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  if (const auto status = ldns_pkt2wire(&bytes, raw, &size); status != LDNS_STATUS_OK)
    return broken("writing a message", status);
  const Owned<std::uint8_t> owner(bytes);
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

Result<Record> read_line(const std::string& line) {
  ldns_rr* rr = nullptr;
  if (const auto status = ldns_rr_new_frm_str(&rr, line.c_str(), 0, nullptr, nullptr); status != LDNS_STATUS_OK)
    return broken("reading a line", status);
  const Owned<ldns_rr> owner(rr);
  return value_of(rr, Place::kRecord);
}

Result<std::string> data_text(const Record& record) {
  const auto rr = make_rr(record, Place::kRecord);
  if (!rr) return rr.error();
  const Owned<char> line(ldns_rr2str_fmt(ldns_output_format_nocomments, rr->get()));
  if (!line) return fail(ErrorCode::kInvalid, "ldns does not write this record");
  std::string_view text = line.get();
  for (int field = 0; field < 4; ++field) {
    const auto tab = text.find('\t');
    if (tab == std::string_view::npos) return std::string();  // no data behind the type
    text.remove_prefix(tab + 1);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text);
}

Result<std::vector<Record>> read_zone(const std::string& text, const std::string& origin) {
  ldns_rdf* name = nullptr;
  if (const auto status = ldns_str2rdf_dname(&name, origin.c_str()); status != LDNS_STATUS_OK)
    return broken("reading the origin", status);
  const Owned<ldns_rdf> name_owner(name);
  std::string copy = text;
  const Owned<std::FILE> file(fmemopen(copy.data(), copy.size(), "r"));
  ldns_zone* zone = nullptr;
  int line = 0;
  if (const auto status = ldns_zone_new_frm_fp_l(&zone, file.get(), name, 0, LDNS_RR_CLASS_IN, &line);
      status != LDNS_STATUS_OK)
    return broken(fmt::format("reading line {} of a zone file", line), status);
  const Owned<ldns_zone> owner(zone);
  std::vector<Record> out;
  if (ldns_zone_soa(zone) != nullptr) out.push_back(value_of(ldns_zone_soa(zone), Place::kRecord));
  for (Record& record : values_of(ldns_zone_rrs(zone), Place::kRecord)) out.push_back(std::move(record));
  return out;
}

}  // namespace cutover::oracle
