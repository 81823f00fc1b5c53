#pragma once
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace cutover {

/// What kind of thing went wrong. Callers branch on the code, never on the message.
enum class ErrorCode {
  kUsage,        ///< the person asked for something that makes no sense
  kInvalid,      ///< data that does not parse or breaks a rule
  kIo,           ///< file system or process trouble on this machine
  kNetwork,      ///< nothing usable came back from another machine
  kTimeout,      ///< no answer in time
  kRefused,      ///< the other side understood and said no
  kConflict,     ///< compare-and-swap failed: the live value is not the expected one
  kAuth,         ///< credentials wrong, unknown or not usable
  kClock,        ///< clocks disagree by more than the protocol allows
  kNotFound,     ///< the named thing does not exist
  kBusy,         ///< another process holds it
  kCorrupt,      ///< our own stored data is damaged or of another version
  kUnsupported,  ///< we know what is asked and cannot carry it
  kPartial,      ///< some of a write was applied and some was not
  kUnknown,      ///< a write was sent and its outcome is not known
  kInternal,     ///< a bug of ours
};

/// Who, doing what, to what, why, and what to do: one clear sentence (style: errors are values).
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

/// A value or an Error. Dropping one is a compiler warning, and warnings are errors here.
/// A class of its own and not an alias, because [[nodiscard]] on an alias never warns.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : v_(std::move(value)) {}                    // NOLINT(google-explicit-constructor)
  Result(Error error) : v_(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return v_.has_value(); }
  bool ok() const { return v_.has_value(); }
  T& operator*() & { return *v_; }
  const T& operator*() const& { return *v_; }
  T&& operator*() && { return *std::move(v_); }
  T* operator->() { return &*v_; }
  const T* operator->() const { return &*v_; }
  const Error& error() const& { return v_.error(); }
  Error&& error() && { return std::move(v_).error(); }
  template <class U>
  T value_or(U&& other) const& {
    return v_.value_or(std::forward<U>(other));
  }

 private:
  tl::expected<T, Error> v_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : v_(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return v_.has_value(); }
  bool ok() const { return v_.has_value(); }
  const Error& error() const& { return v_.error(); }
  Error&& error() && { return std::move(v_).error(); }

 private:
  tl::expected<void, Error> v_;
};

/// `return fail(ErrorCode::kIo, "...")` from any function that returns a Result.
inline Error fail(ErrorCode code, std::string message) { return Error{code, std::move(message)}; }

/// The error with `context: ` put before its sentence; the code stays.
inline Error within(std::string context, const Error& error) {
  return Error{error.code, std::move(context) + ": " + error.message};
}

}  // namespace cutover
