#pragma once
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

// The record sets of Route 53 as the fake keeps and judges them.

namespace cutover::servers::route53 {

/// An error in AWS's shape.
struct Refusal : std::runtime_error {
  Refusal(int http, std::string error_code, const std::string& why)
      : std::runtime_error(why), status(http), code(std::move(error_code)) {}
  int status;
  std::string code;
};

struct Set {
  std::string name;  ///< as lists have it: `\052.example.com.`
  std::string type;
  std::string identifier{};
  std::string policy{};  ///< XML of what a routing policy adds: `<Weight>10</Weight>`
  std::string alias{};   ///< XML of an AliasTarget; then there is neither TTL nor a value
  std::optional<long> ttl{};
  std::vector<std::string> values{};
  std::string text() const;  ///< `www.example.com. 300 A 192.0.2.1`, a line
};

/// How lists are sorted: by the labels from the right, type, identifier.
using Place = std::tuple<std::string, std::string, std::string>;
Place place_of(const std::string& name, const std::string& type, const std::string& identifier);

struct Zone {
  std::string id;
  std::string name;  ///< `example.com.`
  bool is_private = false;
  std::map<Place, Set> sets{};
};

/// A name in the form that lists have; throws Refusal where Route 53 would not take it.
std::string normal_name(const std::string& name);

/// Makes all changes of a ChangeResourceRecordSetsRequest in the zone, or throws Refusal and makes none.
void change(Zone& zone, const std::string& xml);

std::string escaped(const std::string& text);
/// A ResourceRecordSet element.
std::string to_xml(const Set& set);

}  // namespace cutover::servers::route53
