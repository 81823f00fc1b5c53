#include "net/tsig.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

// TSIG (RFC 8945), worked on the bytes of a message. The record is found by walking the sections with
// bounds checks and cut off where it begins; what is digested is then exactly what the peer digested,
// whatever this program would make of the records before it.

namespace cutover::net {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kArcountAt = 10;
constexpr std::uint16_t kFudge = 300;  // RFC 8945 section 10
constexpr int kMaxUnsigned = 99;       // RFC 8945 section 5.3.1
constexpr std::uint16_t kTypeTsig = 250;
constexpr std::uint16_t kClassAny = 255;

struct AlgorithmFacts {
  TsigAlgorithm algorithm;
  std::string_view text;
  const char* digest;
  std::size_t mac_size;
};

constexpr std::array<AlgorithmFacts, 4> kAlgorithms{{
    {TsigAlgorithm::kHmacSha1, "hmac-sha1", "SHA1", 20},
    {TsigAlgorithm::kHmacSha256, "hmac-sha256", "SHA256", 32},
    {TsigAlgorithm::kHmacSha384, "hmac-sha384", "SHA384", 48},
    {TsigAlgorithm::kHmacSha512, "hmac-sha512", "SHA512", 64},
}};

const AlgorithmFacts& facts_of(TsigAlgorithm algorithm) {
  return *std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                       [&](const AlgorithmFacts& f) { return f.algorithm == algorithm; });
}

/// Uncompressed wire form of an algorithm name: one label.
Bytes algorithm_wire(TsigAlgorithm algorithm) {
  const auto text = facts_of(algorithm).text;
  return Bytes(1, static_cast<char>(text.size())) + Bytes(text) + Bytes(1, '\0');
}

// --- bytes in, bytes out ---

std::uint8_t u8(std::string_view wire, std::size_t at) { return static_cast<std::uint8_t>(wire[at]); }
std::uint16_t u16(std::string_view wire, std::size_t at) {
  return static_cast<std::uint16_t>(u8(wire, at) << 8U | u8(wire, at + 1));
}
std::uint64_t u48(std::string_view wire, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i) value = value << 8U | u8(wire, at + i);
  return value;
}
Bytes big_endian(std::uint64_t value, std::size_t size) {
  Bytes out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[size - 1 - i] = static_cast<char>(value >> (8 * i) & 0xffU);
  return out;
}
void set_u16(Bytes& wire, std::size_t at, std::uint16_t value) { wire.replace(at, 2, big_endian(value, 2)); }

std::uint64_t to_seconds(Instant instant) {
  const auto s = std::chrono::floor<std::chrono::seconds>(instant.time_since_epoch()).count();
  return s < 0 ? 0 : static_cast<std::uint64_t>(s) & 0xffffffffffffU;
}
Instant from_seconds(std::uint64_t seconds) {
  // 48 bits of seconds do not fit microseconds; what is beyond the year 292277 stays at its edge.
  const auto most = static_cast<std::uint64_t>(std::chrono::floor<Seconds>(Instant::max().time_since_epoch()).count());
  return Instant(std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, most))));
}

/// The offset behind the name at `at`, or nullopt when it is cut off or has a bad label.
std::optional<std::size_t> skip_name(std::string_view wire, std::size_t at) {
  while (at < wire.size()) {
    const auto length = u8(wire, at);
    if (length == 0) return at + 1;
    if ((length & 0xc0U) == 0xc0U) return at + 2 <= wire.size() ? std::optional(at + 2) : std::nullopt;
    if (length > 63) return std::nullopt;
    at += 1U + length;
  }
  return std::nullopt;
}

/// The name at `at`, pointers followed strictly backwards, so that there are no loops.
std::optional<DomainName> read_name(std::string_view wire, std::size_t at) {
  Bytes out;
  std::size_t limit = at;
  while (at < wire.size() && out.size() < 256) {
    const auto length = u8(wire, at);
    if ((length & 0xc0U) == 0xc0U) {
      if (at + 2 > wire.size()) return std::nullopt;
      const std::size_t target = u16(wire, at) & 0x3fffU;
      if (target >= limit) return std::nullopt;
      at = limit = target;
      continue;
    }
    if (length > 63 || at + 1 + length > wire.size()) return std::nullopt;
    out += wire.substr(at, 1U + length);
    at += 1U + length;
    if (length > 0) continue;
    auto name = DomainName::from_wire(out);
    return name ? std::optional(*std::move(name)) : std::nullopt;
  }
  return std::nullopt;
}

/// The fields of a TSIG record (RFC 8945 section 4.2).
struct TsigRecord {
  DomainName key_name;
  DomainName algorithm;
  std::uint64_t time_signed = 0;
  std::uint16_t fudge = kFudge;
  Bytes mac;
  std::uint16_t original_id = 0;
  std::uint16_t error = 0;
  Bytes other;
};

enum class Found { kNone, kMalformed, kRecord };
struct Location {
  Found found = Found::kNone;
  std::size_t begins = 0;  ///< offset of the record
  TsigRecord record;
};

/// Reads the rdata; false unless it fills [at, end) exactly.
bool read_rdata(std::string_view wire, std::size_t at, std::size_t end, TsigRecord& record) {
  const auto rdata = wire.substr(0, end);
  const auto algorithm = read_name(rdata, at);
  const auto after_name = skip_name(rdata, at);
  if (!algorithm || !after_name || *after_name + 10 > end) return false;
  // A compressed algorithm name is shorter than its text; RFC 8945 section 4.2 forbids it.
  if (*after_name - at != algorithm->wire().size()) return false;
  at = *after_name;
  record.algorithm = *algorithm;
  record.time_signed = u48(wire, at);
  record.fudge = u16(wire, at + 6);
  const std::size_t mac_size = u16(wire, at + 8);
  at += 10;
  if (at + mac_size + 6 > end) return false;
  record.mac = Bytes(wire.substr(at, mac_size));
  at += mac_size;
  record.original_id = u16(wire, at);
  record.error = u16(wire, at + 2);
  const std::size_t other_size = u16(wire, at + 4);
  if (at + 6 + other_size != end) return false;
  record.other = Bytes(wire.substr(at + 6, other_size));
  return true;
}

/// Walks all sections. A TSIG record anywhere but at the very end is malformed (RFC 8945 section 5.1).
Location find_tsig(std::string_view wire) {
  Location none;
  Location malformed;
  malformed.found = Found::kMalformed;
  if (wire.size() < kHeader) return none;
  std::size_t at = kHeader;
  for (int i = u16(wire, 4); i > 0; --i) {
    const auto after = skip_name(wire, at);
    if (!after || *after + 4 > wire.size()) return none;
    at = *after + 4;
  }
  const int records = u16(wire, 6) + u16(wire, 8) + u16(wire, kArcountAt);
  for (int i = 1; i <= records; ++i) {
    const std::size_t begins = at;
    const auto after = skip_name(wire, at);
    if (!after || *after + 10 > wire.size()) return none;
    const auto type = u16(wire, *after);
    const std::size_t rdata = *after + 10;
    const std::size_t end = rdata + u16(wire, *after + 8);
    if (type == kTypeTsig) {
      Location location;
      const auto name = read_name(wire, begins);
      const bool last = i == records && u16(wire, kArcountAt) > 0 && end == wire.size();
      const bool any_and_zero =
          u16(wire, *after + 2) == kClassAny && wire.substr(*after + 4, 4) == std::string_view("\0\0\0\0", 4);
      if (!name || !last || !any_and_zero || !read_rdata(wire, rdata, end, location.record)) return malformed;
      location.found = Found::kRecord;
      location.begins = begins;
      location.record.key_name = *name;
      return location;
    }
    if (end > wire.size()) return none;
    at = end;
  }
  return none;
}

/// The message as it was before it was signed: no TSIG, ARCOUNT one less, the original id.
Bytes strip(std::string_view wire, const Location& location) {
  Bytes out(wire.substr(0, location.begins));
  set_u16(out, 0, location.record.original_id);
  set_u16(out, kArcountAt, static_cast<std::uint16_t>(u16(out, kArcountAt) - 1));
  return out;
}

// --- digest ---

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};
struct FreeMacContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

/// Empty when OpenSSL cannot (no HMAC provider): an empty MAC is never accepted.
Bytes hmac(const TsigKey& key, const Bytes& data) {
  static const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  const std::unique_ptr<EVP_MAC_CTX, FreeMacContext> context(EVP_MAC_CTX_new(mac.get()));
  const auto& facts = facts_of(key.algorithm);
  std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(facts.digest), 0),
      OSSL_PARAM_construct_end()};
  Bytes out(facts.mac_size, '\0');
  std::size_t written = 0;
  const auto* secret = reinterpret_cast<const unsigned char*>(key.secret.data());
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  auto* result = reinterpret_cast<unsigned char*>(out.data());
  if (!context || EVP_MAC_init(context.get(), secret, key.secret.size(), parameters.data()) != 1 ||
      EVP_MAC_update(context.get(), bytes, data.size()) != 1 ||
      EVP_MAC_final(context.get(), result, &written, out.size()) != 1 || written != out.size())
    return {};
  return out;
}

/// A MAC that precedes what is digested, with its length in front; nothing for requests.
Bytes with_length(const Bytes& mac) { return mac.empty() ? Bytes() : big_endian(mac.size(), 2) + mac; }

Bytes timers(const TsigRecord& record) { return big_endian(record.time_signed, 6) + big_endian(record.fudge, 2); }

/// RFC 8945 section 4.3.3. DomainName holds canonical lower case.
Bytes variables(const TsigRecord& record) {
  return record.key_name.wire() + big_endian(kClassAny, 2) + big_endian(0, 4) + record.algorithm.wire() +
         timers(record) + big_endian(record.error, 2) + big_endian(record.other.size(), 2) + record.other;
}

bool same_mac(const Bytes& a, const Bytes& b) {
  return !a.empty() && a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// Which trailer the digest takes: all variables, or the timers alone from the second message of a stream on.
enum class Trailer { kVariables, kTimers };

Bytes digest(const TsigKey& key, const Bytes& before, const Bytes& message, const TsigRecord& record, Trailer trailer) {
  return hmac(key, before + message + (trailer == Trailer::kVariables ? variables(record) : timers(record)));
}

// --- record out ---

Bytes append_record(Bytes wire, const TsigRecord& record) {
  const Bytes rdata = record.algorithm.wire() + timers(record) + big_endian(record.mac.size(), 2) + record.mac +
                      big_endian(record.original_id, 2) + big_endian(record.error, 2) +
                      big_endian(record.other.size(), 2) + record.other;
  set_u16(wire, kArcountAt, static_cast<std::uint16_t>(u16(wire, kArcountAt) + 1));
  return wire + record.key_name.wire() + big_endian(kTypeTsig, 2) + big_endian(kClassAny, 2) + big_endian(0, 4) +
         big_endian(rdata.size(), 2) + rdata;
}

TsigRecord record_for(const Bytes& wire, const TsigKey& key, Instant time_signed) {
  TsigRecord record;
  record.key_name = key.name;
  record.algorithm = DomainName::from_wire(algorithm_wire(key.algorithm)).value_or(DomainName());
  record.time_signed = to_seconds(time_signed);
  record.original_id = u16(wire, 0);
  return record;
}

Bytes sign(const Bytes& wire, TsigRecord record, const TsigKey& key, const Bytes& before, Trailer trailer,
           Bytes* mac_out) {
  record.mac = digest(key, with_length(before), wire, record, trailer);
  if (mac_out != nullptr) *mac_out = record.mac;
  return append_record(wire, record);
}

// --- verification ---

TsigStatus peer_status(std::uint16_t error) {
  switch (static_cast<Rcode>(error)) {
    case Rcode::kBadKey:
      return TsigStatus::kPeerBadKey;
    case Rcode::kBadTime:
      return TsigStatus::kPeerBadTime;
    default:
      return TsigStatus::kPeerBadSig;  // BADSIG, BADTRUNC and what may come: our MAC was not accepted
  }
}

/// Steps of RFC 8945 section 5.2, with the client's view of errors (section 5.4).
TsigCheck verify(const Location& location, const TsigKey& key, Instant now, const Bytes& before, const Bytes& message,
                 Trailer trailer) {
  const auto& record = location.record;
  TsigCheck check;

  // 1. Key and algorithm. An error that the peer could not sign is believed as far as it goes: nothing rests on it.
  const bool known = record.key_name == key.name && record.algorithm.wire() == algorithm_wire(key.algorithm);
  if (record.error != 0 && record.mac.empty()) {
    check.status = peer_status(record.error);
    return check;
  }
  check.status = TsigStatus::kBadKey;
  if (!known) return check;

  // 2. MAC.
  check.status = TsigStatus::kBadSig;
  if (!same_mac(digest(key, before, message, record, trailer), record.mac)) return check;
  check.mac = record.mac;
  check.time_signed = from_seconds(record.time_signed);

  // 3. What the peer found, when it found something.
  if (record.error != 0) {
    check.status = peer_status(record.error);
    if (check.status == TsigStatus::kPeerBadTime && record.other.size() == 6)
      check.time_signed = from_seconds(u48(record.other, 0));
    return check;
  }

  // 4. Time, only now that it is authentic.
  const auto ours = to_seconds(now);
  const auto apart = ours > record.time_signed ? ours - record.time_signed : record.time_signed - ours;
  check.status = apart > record.fudge ? TsigStatus::kBadTime : TsigStatus::kGood;
  return check;
}

}  // namespace

Bytes tsig_sign(const Bytes& wire, const TsigKey& key, Instant now, const Bytes& request_mac, Bytes* mac_out) {
  if (wire.size() < kHeader) return wire;
  return sign(wire, record_for(wire, key, now), key, request_mac, Trailer::kVariables, mac_out);
}

Bytes tsig_sign_next(const Bytes& wire, const TsigKey& key, Instant now, const Bytes& prior_mac, Bytes* mac_out) {
  if (wire.size() < kHeader) return wire;
  return sign(wire, record_for(wire, key, now), key, prior_mac, Trailer::kTimers, mac_out);
}

Bytes tsig_sign_error(const Bytes& wire, const TsigKey& key, Instant time_of_request, Instant now,
                      const Bytes& request_mac, Rcode error) {
  if (wire.size() < kHeader) return wire;
  Bytes reply = wire;
  reply[3] = static_cast<char>((u8(reply, 3) & 0xf0U) | static_cast<std::uint8_t>(Rcode::kNotAuth));
  auto record = record_for(reply, key, time_of_request);
  record.error = static_cast<std::uint16_t>(error);
  if (error != Rcode::kBadTime) return append_record(reply, record);
  record.other = big_endian(to_seconds(now), 6);
  return sign(reply, record, key, request_mac, Trailer::kVariables, nullptr);
}

TsigCheck tsig_verify(std::string_view wire, const TsigKey& key, Instant now, const Bytes& request_mac) {
  const auto location = find_tsig(wire);
  switch (location.found) {
    case Found::kNone:
      return {TsigStatus::kUnsigned, {}, {}};
    case Found::kMalformed:
      return {TsigStatus::kBadSig, {}, {}};
    case Found::kRecord:
      break;
  }
  return verify(location, key, now, with_length(request_mac), strip(wire, location), Trailer::kVariables);
}

TsigStream::TsigStream(TsigKey key, Bytes request_mac) : key_(std::move(key)), prior_mac_(std::move(request_mac)) {}

TsigCheck TsigStream::next(std::string_view wire, Instant now) {
  complete_ = false;
  const auto location = find_tsig(wire);
  const bool first = std::exchange(first_, false);
  const auto broken = [&](TsigStatus status) {
    broken_ = true;
    return TsigCheck{status, {}, {}};
  };
  if (broken_ || location.found == Found::kMalformed) return broken(TsigStatus::kBadSig);
  if (location.found == Found::kNone) {
    if (first) return broken(TsigStatus::kUnsigned);
    if (++unsigned_count_ > kMaxUnsigned) return broken(TsigStatus::kBadSig);
    unsigned_bytes_ += wire;
    return {TsigStatus::kUnsigned, {}, {}};
  }
  auto check = verify(location, key_, now, with_length(prior_mac_) + unsigned_bytes_, strip(wire, location),
                      first ? Trailer::kVariables : Trailer::kTimers);
  if (check.status != TsigStatus::kGood) {
    broken_ = true;
    return check;
  }
  prior_mac_ = check.mac;
  unsigned_bytes_.clear();
  unsigned_count_ = 0;
  complete_ = true;
  return check;
}

std::optional<DomainName> tsig_key_name(std::string_view wire) {
  const auto location = find_tsig(wire);
  return location.found == Found::kRecord ? std::optional(location.record.key_name) : std::nullopt;
}

}  // namespace cutover::net
