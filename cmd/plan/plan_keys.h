#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutover::plan_keys {

// Every key of a plan file, once: the reader refuses what is not here, the schema and its descriptions are made of it.

enum class Need { kRequired, kOptional };

struct Key {
  std::string_view name;
  Need need;
  std::string_view schema;  ///< JSON Schema of the value; `$defs` names are those of Mapping and of scalars()
  std::string_view what;    ///< one line for people and editors
};

/// One kind of mapping in the plan file.
struct Mapping {
  std::string_view name;  ///< of its `$defs` entry
  std::span<const Key> keys;
  std::string_view extra;  ///< further members of its schema, as JSON text that begins with a comma; may be empty

  const Key* find(std::string_view key) const;
  std::vector<std::string> names() const;
};

/// One kind of scalar: its `$defs` name and schema.
struct Scalar {
  std::string_view name;
  std::string_view schema;
};

extern const Mapping kPlan, kZone, kProvider, kChange, kTtl, kSwap, kEndpoint, kEndpointHttp, kWatch, kQuorum, kMention,
    kAck, kGate, kGateHttp, kNotify, kMonitor;

/// All of the above but the plan itself and the provider, whose options come from the provider catalogue.
std::span<const Mapping* const> mappings();
std::span<const Scalar> scalars();

/// What `abort` can name, beside `gate-NAME`.
std::span<const std::string_view> abort_criteria();
/// Events that `notify` can be asked for.
std::span<const std::string_view> events();
/// Bodies that a webhook can get.
std::span<const std::string_view> notice_forms();
/// Protocols that `starttls` knows.
std::span<const std::string_view> starttls_protocols();
/// Names of built-in gates: an external gate must not take one.
std::span<const std::string_view> built_in_gates();

/// The known word that `word` was probably meant to be, or empty.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace cutover::plan_keys
