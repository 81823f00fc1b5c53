#pragma once
#include <string_view>

namespace cutover::providers::google {

/// How Google's API is asked, for the way back (ServiceInPython::code): settings PROJECT and MANAGED_ZONE, credential
/// `key`. Python signs nothing with RSA: openssl does.
extern const std::string_view kPython;

}  // namespace cutover::providers::google
