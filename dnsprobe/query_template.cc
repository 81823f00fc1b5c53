#include "dnsprobe/query_template.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cutover::dnsprobe {

namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kAdditionalCount = 10;  // offset in the header, RFC 1035 section 4.1.1
constexpr char kCaseBit = 0x20;

bool is_small_letter(char c) { return c >= 'a' && c <= 'z'; }
char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | kCaseBit) : c; }

}  // namespace

net::Message probe_query(const RecordKey& key, const Asking& asking) {
  net::Message query =
      net::make_query(net::Question{key.name, key.type, net::RecordClass::kIn}, net::Recursion::kDesired);
  query.ad = true;
  query.edns->want_nsid = true;
  query.edns->dnssec_ok = asking.signatures;
  if (asking.client_subnet) query.edns->client_subnet = net::SubnetOption{*asking.client_subnet, 0};
  return query;
}

Result<QueryTemplate> QueryTemplate::make(const RecordKey& key, const Asking& asking) {
  net::Message query = probe_query(key, asking);
  query.id = 0;
  auto wire = net::encode(query);
  if (!wire) return wire.error();
  QueryTemplate out;
  out.key_ = key;
  out.asking_ = asking;
  out.query_ = *std::move(wire);
  const std::string& name = key.name.wire();
  out.question_end_ = kHeader + name.size() + 4;
  // A length octet is at most 63: never a letter.
  for (std::size_t i = 0; i < name.size(); ++i)
    if (is_small_letter(name[i])) out.letters_.push_back(static_cast<std::uint8_t>(i));
  return out;
}

std::string_view QueryTemplate::write(Buffer& to, std::uint16_t id, std::uint64_t letter_case,
                                      Extensions extensions) const {
  const std::size_t size = extensions == Extensions::kEdns ? query_.size() : question_end_;
  std::memcpy(to.data(), query_.data(), size);
  to[0] = static_cast<char>(id >> 8);
  to[1] = static_cast<char>(id & 0xff);
  if (extensions == Extensions::kNone) to[kAdditionalCount] = to[kAdditionalCount + 1] = 0;
  char* question = to.data() + kHeader;
  for (std::size_t nth = 0; nth < letters_.size(); ++nth)
    if ((letter_case >> (nth & 63U) & 1U) != 0) question[letters_[nth]] ^= kCaseBit;
  return {to.data(), size};
}

QueryTemplate::Echo QueryTemplate::compare(std::string_view reply, std::uint64_t letter_case) const {
  const unsigned count = static_cast<unsigned char>(reply[4]) * 256U + static_cast<unsigned char>(reply[5]);
  if (count == 0) return Echo::kMissing;
  if (count != 1 || reply.size() < question_end_) return Echo::kOther;
  Buffer asked;
  const std::size_t size = question_end_ - kHeader;
  std::memcpy(asked.data(), query_.data() + kHeader, size);
  for (std::size_t nth = 0; nth < letters_.size(); ++nth)
    if ((letter_case >> (nth & 63U) & 1U) != 0) asked[letters_[nth]] ^= kCaseBit;
  const std::string_view got = reply.substr(kHeader, size);
  if (std::memcmp(got.data(), asked.data(), size) == 0) return Echo::kExact;
  // Type and class have no letters; octets of the name that are none differ for good.
  const std::size_t name = size - 4;
  for (std::size_t i = 0; i < name; ++i)
    if (small(got[i]) != small(asked[i])) return Echo::kOther;
  return std::memcmp(got.data() + name, asked.data() + name, 4) == 0 ? Echo::kOtherCase : Echo::kOther;
}

Result<std::uint32_t> QueryTemplates::number_of(const RecordKey& key, const Asking& asking) {
  const auto fits = [&](std::uint32_t number) { return templates_[number].asking() == asking; };
  if (!templates_.empty() && templates_[last_].key() == key && fits(last_)) return last_;
  std::vector<std::uint32_t>& known = numbers_[key];
  if (const auto at = std::find_if(known.begin(), known.end(), fits); at != known.end()) return last_ = *at;
  auto made = QueryTemplate::make(key, asking);
  if (!made) return made.error();
  templates_.push_back(*std::move(made));
  last_ = static_cast<std::uint32_t>(templates_.size() - 1);
  known.push_back(last_);
  return last_;
}

}  // namespace cutover::dnsprobe
