#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// What the fakes of services have in common that name every record by an id and change one record per call.
class RecordFake : public ApiFake {
 public:
  using Json = nlohmann::ordered_json;

  /// `example.com`, without a final dot here and below. Gives the zone's id.
  std::string add_zone(const std::string& name);
  /// A record as the service shows it, without its id, which is given back. Throws where the API would refuse it.
  std::string add(const std::string& zone, const Json& record);
  /// Somebody else's edit of a whole set: its records go and new ones come, with new ids. Values in zone-file form. A
  /// set of a type that the service does not have is left out, as by an import.
  void put(const std::string& zone, const RecordSet& set);
  void remove(const std::string& zone, const RecordKey& key);
  /// Pages hold no more than this, whatever is asked for.
  void set_page_limit(std::size_t limit);

  /// A line for each record, sorted, as the service shows it: `www 300 A 192.0.2.1`, MX and SRV with priority.
  std::vector<std::string> records(const std::string& zone) const;

 protected:
  struct Zone {
    std::string id, name;
    std::vector<Json> records{};
  };
  /// How records are shown.
  struct Shape {
    std::string content = "data";  ///< the field with the data
    std::string ttl = "ttl";
    std::string apex{};                ///< the name of the zone's own records
    std::vector<std::string> types{};  ///< that can be written
    enum class Ids { kNumber, kText };
    Ids ids = Ids::kNumber;
    enum class Names { kRelative, kWhole };
    Names names = Names::kRelative;
  };
  /// A refusal, answered in the service's own shape by trouble().
  struct Refusal : std::runtime_error {
    Refusal(int http_status, const std::string& why) : std::runtime_error(why), status(http_status) {}
    int status;
  };
  RecordFake(Settings settings, Shape shape);
  ~RecordFake() override = default;

  /// The record in the form in which it is shown, complete. Throws Refusal.
  virtual Json checked(const Json& fields, const Zone& zone) const = 0;
  /// The service's fields for a value in zone-file form: content, priority and the like.
  virtual Json fields_of(const std::string& type, const std::string& value, const Zone& zone) const = 0;
  /// Where a service takes the owner of some types in other fields than the name.
  virtual void spell_owner(Json&) const {}

  // For handlers, with the state locked.
  Zone& zone(const std::string& name_or_id);
  const std::vector<Zone>& zones() const { return zones_; }
  Json post(Zone& zone, const Json& fields);
  /// What was sent is laid over the record.
  Json edit(Zone& zone, const std::string& id, const Json& fields);
  Json erase(Zone& zone, const std::string& id);
  const Json& record(const Zone& zone, const std::string& id) const;
  ApiPaging limited(ApiPaging paging) const;
  /// Runs a handler's work; a Refusal becomes the service's answer.
  ApiReply answered(const std::function<ApiReply()>& work) const;
  const Shape& shape() const { return shape_; }

  // Rules that all have.
  void check_type(const std::string& type) const;
  static void check_address(const std::string& type, const std::string& content);
  static void only(const Json& sent, const std::set<std::string>& known);

 private:
  std::size_t place(const Zone& zone, const std::string& id) const;
  void check_beside(const Json& record, const Zone& zone) const;

  Shape shape_;
  std::vector<Zone> zones_;
  std::size_t made_ = 0;
  std::size_t page_limit_ = 0;
};

std::string without_dot(std::string name);
/// The words of zone-file text, the last one with all that follows.
std::vector<std::string> first_words(const std::string& text, std::size_t count);
/// The bytes of quoted character strings, joined.
std::string bare_text(const std::string& quoted);

}  // namespace cutover::servers
