#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "providers/catalog.h"
#include "tests/servers/api_fake.h"
#include "tests/servers/prism.h"
#include "tests/servers/servers.h"

namespace cutover::tests {

/// A provider under test, with a zone `example.com` behind it that holds zone_text().
class Subject {
 public:
  virtual ~Subject() = default;
  /// Another process's view: a provider made anew from a plan's options.
  Result<std::unique_ptr<providers::Provider>> open(net::Loop& loop, const Clock& clock) const;
  /// Somebody else's edit of one record set; TTL and values become those of `set`.
  virtual void edit_behind(const RecordSet& set) = 0;
  /// Runs a way back as a colleague would.
  virtual servers::Finished run(const providers::InverseScript& script) const = 0;
  /// What must never be seen in a step, receipt, script or error.
  virtual std::vector<std::string> secrets() const { return {}; }
  /// Whether making a change that is in force already is an error (kConflict) or harmless.
  enum class Again { kConflict, kHarmless };
  virtual Again again() const { return Again::kConflict; }

  /// Whether the SOA serial moves with a change.
  enum class Serial { kMoves, kStays };
  virtual Serial serial() const { return Serial::kMoves; }
  /// The service, where it is a fake, or what stands before a real one and can be a nuisance.
  virtual servers::ApiFake* fake() { return nullptr; }
  /// The lowest TTL that the provider can set, where that is more than a minute.
  virtual int low_ttl() const { return 60; }
  /// The highest, where that is less than a day: TTLs of a day in zone_text() are this then.
  virtual int high_ttl() const { return 86400; }
  /// The cases that the provider refuses beforehand, by what it declares.
  virtual std::set<std::string> refuses() const { return {}; }

  /// Whether a request of that API may change anything.
  virtual bool is_write(const servers::ApiRequest& request) const { return request.method != "GET"; }
  /// The service's contract as it publishes it, and the fake that answers for the service.
  struct Published {
    const servers::ApiFake& fake;
    std::string spec;  ///< below CUTOVER_TEST_DATA/specs
    servers::SpecRepair repair{};
  };
  virtual std::optional<Published> published() const { return std::nullopt; }
  /// From now on the API is asked by way of what stands before the fake: `http://127.1.2.3:4567`, to which the API's
  /// own paths are added.
  virtual void go_through(const std::string& url) { config.options["url"] = url; }
  /// What becomes of a call whose credential has expired: an error, or another is fetched and it goes out again.
  enum class Expired { kError, kRenewed };
  virtual Expired expired() const { return Expired::kError; }

  std::string title;
  providers::ProviderConfig config;
};

/// `memory`, `zonefile`, `Knot`, `BIND`, `PowerDNS` (DNS UPDATE), `PowerDNS API`, `external Python`, `external shell`,
/// and those behind fakes of APIs.
const std::vector<std::string>& subject_names();
/// Of these, the ones with a fake(): an API that can be made to fail.
std::vector<std::string> faked_subject_names();
std::unique_ptr<Subject> make_subject(const std::string& name);

/// Providers whose services are fakes: name and how it is made (api_subjects.cc).
const std::vector<std::pair<std::string, std::unique_ptr<Subject> (*)()>>& api_subjects();

/// The zone that every subject starts with; 200 names n000, n001, ... among it. `high` is the TTL that is lowered.
std::string zone_text(int high = 86400);
std::string zone_text(int high, int names);
/// While it lives, subjects that this thread makes start with another zone: `text` is given the `high` of each.
class StartingZone {
 public:
  explicit StartingZone(std::function<std::string(int high)> text);
  ~StartingZone();
  StartingZone(const StartingZone&) = delete;
  StartingZone& operator=(const StartingZone&) = delete;
};

/// The same, or any zone file of example.com, one record a line with everything written out, the SOA first.
std::string flat_zone_text(const std::string& zone_file);
std::string flat_lines(const RecordSet& set);

/// A clock that is wrong by a fixed span.
class WrongClock final : public Clock {
 public:
  explicit WrongClock(Span wrong) : wrong_(wrong) {}
  Instant now() const override { return right_.now() + wrong_; }
  std::chrono::nanoseconds real(Span span) const override { return right_.real(span); }

 private:
  SystemClock right_;
  Span wrong_;
};

// Short forms for tables.
DomainName name(const std::string& text);  ///< relative to example.com
RecordSet set(const std::string& owner, const std::string& type, int ttl, const std::vector<std::string>& rdata);
Change create(const RecordSet& after);
Change remove(const RecordSet& before);
Change change(const RecordSet& before, const RecordSet& after);

}  // namespace cutover::tests
