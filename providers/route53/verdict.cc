#include "providers/route53/verdict.h"

#include <algorithm>
#include <array>
#include <string>

#include "providers/route53/zone_xml.h"

namespace cutover::providers::route53 {
namespace {

struct Code {
  std::string_view name;
  ErrorCode meaning;
};
// API references of Route 53 and STS, "Common error types"; what is not here means what its status says.
constexpr std::array<Code, 20> kCodes{{
    {"Throttling", ErrorCode::kBusy},
    {"ThrottlingException", ErrorCode::kBusy},
    {"RequestLimitExceeded", ErrorCode::kBusy},
    {"PriorRequestNotComplete", ErrorCode::kBusy},
    {"AccessDenied", ErrorCode::kAuth},
    {"AccessDeniedException", ErrorCode::kAuth},
    {"NotAuthorized", ErrorCode::kAuth},
    {"ExpiredToken", ErrorCode::kAuth},
    {"ExpiredTokenException", ErrorCode::kAuth},
    {"InvalidClientTokenId", ErrorCode::kAuth},
    {"UnrecognizedClientException", ErrorCode::kAuth},
    {"MissingAuthenticationToken", ErrorCode::kAuth},
    {"IncompleteSignature", ErrorCode::kAuth},
    {"InvalidSignatureException", ErrorCode::kAuth},
    {"SignatureDoesNotMatch", ErrorCode::kAuth},
    {"OptInRequired", ErrorCode::kAuth},
    {"RequestExpired", ErrorCode::kClock},
    {"RequestTimeTooSkewed", ErrorCode::kClock},
    {"NoSuchHostedZone", ErrorCode::kNotFound},
    {"NoSuchChange", ErrorCode::kNotFound},
}};

bool says(const Complaint& complaint, std::string_view part) {
  return std::any_of(complaint.messages.begin(), complaint.messages.end(),
                     [&](const std::string& message) { return message.find(part) != std::string::npos; });
}

// Route 53 has one code for every change that it does not take, and says which only in words (2026-11-22).
constexpr std::array<std::string_view, 4> kMoved{
    "but the values provided do not match the current values",
    "but it was not found",
    "but it already exists",
    "conflicts with other records",
};

}  // namespace

std::optional<ErrorCode> meaning_of(int status, std::string_view body) {
  if (status < 400) return std::nullopt;
  const Complaint complaint = read_complaint(body);
  if (complaint.code == "InvalidChangeBatch") {
    const bool has_moved =
        std::any_of(kMoved.begin(), kMoved.end(), [&](std::string_view part) { return says(complaint, part); });
    return has_moved ? ErrorCode::kConflict : ErrorCode::kInvalid;
  }
  // A signature is good for five minutes around its time.
  if (complaint.code == "SignatureDoesNotMatch" || complaint.code == "InvalidSignatureException")
    if (says(complaint, "Signature expired") || says(complaint, "Signature not yet current")) return ErrorCode::kClock;
  for (const Code& code : kCodes)
    if (complaint.code == code.name) return code.meaning;
  return std::nullopt;
}

}  // namespace cutover::providers::route53
