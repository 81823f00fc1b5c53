#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "providers/api.h"
#include "providers/listing.h"
#include "providers/provider.h"

namespace cutover::providers {

/// What one call does, as data. Either the whole of `changes`, or one record of its one change.
struct Part {
  ChangeSet changes;
  /// A record that gets other data, or (both the same) another TTL; `from` empty: it is created; `to` empty: removed.
  struct Record {
    std::string from, to;  ///< rdata
    Seconds ttl{};         ///< that the record has afterwards; the sets in `changes` show the highest of theirs
  };
  std::optional<Record> record{};
};

/// What a call names things by: ids that are looked up right before it, or the place-holders of a script.
struct Ids {
  std::string zone;
  std::function<std::string(const RecordKey&, const std::string& rdata)> record;
};

/// What services say in the same words where one call edits one record, by its id.
namespace record_calls {
inline constexpr Declared<Unit> kUnit{Unit::kRecord, "every record has an id and is edited by it", "2026-11-22"};
inline constexpr Declared<AtomicScope> kAtomic{
    AtomicScope::kNone, "one call changes one record: a set of several values is for a while half-way", "2026-11-22"};
inline constexpr Declared<std::size_t> kAtomicLimit{1, "there is no call for more", "2026-11-22"};
inline constexpr Declared<CompareAndSwap> kCompareAndSwap{
    CompareAndSwap::kNone,
    "records are read and compared right before each call; one that somebody replaced has another id, and the call "
    "fails",
    "2026-11-22"};
inline constexpr Declared<ChangeSignal> kSignal{ChangeSignal::kSent, "the answer says that the database has it",
                                                "2026-11-22"};
}  // namespace record_calls

/// The path of the record that a part edits or removes, below that of all `records`; empty for one that it creates.
std::string path_of_record(const std::string& records, const Part& part, const Ids& ids);

/// What the way back needs of a service, in Python 3 with nothing but its standard library. See way_back.h.
struct ServiceInPython {
  std::string code;  ///< defines records() and authorize(request), see way_back.h
  std::vector<std::pair<std::string, std::string>> settings{};     ///< constants: name in capitals, text
  std::vector<std::pair<std::string, std::string>> credentials{};  ///< name, `env/NAME` or `file/ABSOLUTE-PATH`
  std::string needs = "python3 and nothing else";                  ///< what must be there to run it
};

/// A service's `code`, and the authorize() of one that takes the credential `token` as a bearer token (RFC 6750).
std::string with_bearer_token(std::string_view code);

/// A provider behind an HTTP API. The service says how it lists a zone and what one call looks like; the rest is the
/// same for all and stands here: cutting a change into calls, comparing right before each, refusing what the service
/// would spoil, the way back.
class ApiProvider : public Provider {
 public:
  Result<Zone> read(const DomainName& zone) final;
  Result<Sets> read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) final;
  /// One step per Part, ordered so that a name is free before a CNAME, or what replaces a CNAME, is put there.
  Result<std::vector<Step>> steps(const ChangeSet& changes) const final;
  Result<Receipt> apply(const Step& step) final;
  std::optional<Step> commit(const DomainName& zone) const final;
  std::optional<Span> clock_skew() const final { return api_.clock_skew(); }
  /// True unless the service has a way to ask, and is asked.
  Result<bool> in_sync(const Receipt&) override { return true; }
  Result<InverseScript> inverse_script(const ChangeSet& inverse) const final;

 protected:
  ApiProvider(Api api, RecordForm form) : api_(std::move(api)), form_(form) {}

  /// The records of the zone; with `keys` it may be those at these names alone, of every type (`extent` says it).
  /// kNotFound: no such zone there.
  virtual Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) = 0;
  /// The one call that makes a part. Pure.
  virtual Result<ApiCall> call(const Part& part, const Ids& ids) const = 0;
  virtual ServiceInPython in_python() const = 0;
  /// Asks a service that can say so what it would make of changes, before the first of them is sent. An error stops
  /// them. `live` is what is there now.
  virtual Result<void> rehearse(const ChangeSet& /*changes*/, const Listing& /*live*/) { return {}; }
  /// What puts calls into force that were made before (Provider::commit).
  virtual std::optional<ApiCall> commit_call(const DomainName& /*zone*/) const { return std::nullopt; }

  /// How a change set is cut; as `capabilities()` says unless the service needs it otherwise. Order does not matter.
  virtual Result<std::vector<Part>> parts(const ChangeSet& changes) const;
  /// kUnsupported for what this service cannot hold, beyond type, TTL and form of data.
  virtual Result<void> check(const Change& /*change*/, const DomainName& /*zone*/) const { return {}; }
  /// What to keep of the answer to a call, JSON: what in_sync() needs.
  virtual std::string kept_of(const std::string& body) const;

  // Cuts, for parts().
  static std::vector<Part> whole(const ChangeSet& changes, std::size_t limit);
  static std::vector<Part> by_set(const ChangeSet& changes);
  using Edits = std::vector<Part::Record>;
  static std::vector<Part> by_record(const ChangeSet& changes,
                                     const std::function<Edits(const Change&)>& edits = edits_of);
  /// The edits that make one change, for a service that names records and takes many of them in one call.
  static Edits edits_of(const Change& change);

  const Api& api() const { return api_; }
  const RecordForm& form() const { return form_; }
  Listing listing(const DomainName& zone) const { return Listing(zone, form_); }
  /// What is sent for a value that check passed.
  ApiData data(const RecordKey& key, const std::string& rdata) const;

 private:
  Result<void> check_all(const ChangeSet& changes) const;
  Result<void> compare(const Listing& live, const ChangeSet& changes) const;
  Result<Receipt> commit_now(const Step& step) const;

  Api api_;
  RecordForm form_;
};

/// The value of an option, or `otherwise` where the plan leaves it out.
std::string option_of(const ProviderConfig& config, const std::string& name, std::string_view otherwise = {});

/// An API whose credential is one option, in a header.
struct ApiWithToken {
  Api api;
  std::string reference;  ///< where the credential is, for scripts
};
/// `settings` says service and form; URL (option `url`, else as in `settings`), CA file (option `ca_file`), credential
/// and log are filled in. The error says which option is at fault.
Result<ApiWithToken> open_with_token(const ProviderConfig& config, const Context& context, Api::Settings settings,
                                     const std::string& option, const std::string& header, const std::string& prefix);

/// `file/PATH` with an absolute path, `env/NAME` as it is: for scripts that are run from anywhere.
std::string absolute_reference(const std::string& reference, const std::string& base_folder);

}  // namespace cutover::providers
