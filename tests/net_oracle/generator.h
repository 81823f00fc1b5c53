#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/net_oracle/ldns_side.h"

namespace cutover::oracle {

/// The types that are generated, and the layout of each as its RFC draws it, one letter a field:
///   n name   1 2 4 integers   a A address   s <character-string>   S one or more of them   g letters and digits,
///   counted x bytes, at least one   X bytes, perhaps none   h bytes, counted, at least one   t bytes, counted, perhaps
///   none b type bitmap   p SvcParams   T a record type
struct Shape {
  std::string name;
  unsigned type;
  std::string_view fields;
};
const std::vector<Shape>& shapes();

/// Valid records and messages of every kind, the odd ones more often than life has them. The same seed gives the same.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Packet packet();
  Record record(const Shape& shape);
  std::string name();
  /// From 0 to `most`.
  std::size_t number(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random_); }
  bool chance(std::size_t one_in) { return number(one_in - 1) == 0; }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values[number(values.size() - 1)];
  }

 private:
  std::string bytes(std::size_t least, std::size_t most);
  std::string counted(std::size_t least, std::size_t most);
  std::string string();
  std::string integer(int octets);
  std::string label();
  std::string bitmap();
  std::string svc_params();
  std::string svc_value(unsigned key);
  std::string field(char kind);

  std::mt19937_64 random_;
  std::vector<std::string> suffixes_{std::string(1, '\0'), std::string("\7example\3com\0", 13),
                                     std::string("\3old\7example\3net\0", 17)};
};

}  // namespace cutover::oracle
