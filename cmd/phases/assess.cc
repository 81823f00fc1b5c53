#include "cmd/phases/assess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "cmd/plan/horizon.h"
#include "cmd/plan/plan_writer.h"
#include "core/text.h"
#include "net/message.h"
#include "providers/catalog.h"

namespace cutover {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDifferencesShown = 3;

/// One zone while it is looked into.
struct Work {
  const AssessZone* asked = nullptr;
  providers::ProviderConfig config;
  std::unique_ptr<providers::Provider> provider;  ///< null where a zone file stands in
  Zone zone;
  Findings findings;
  net::Delegation delegation;
  net::AuthoritySweep sweep;
  std::vector<net::Judgement> judgements;
  std::vector<Audit> audits;  ///< about how the views compare
};

Result<std::string> read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    return fail(ErrorCode::kIo, fmt::format("cannot read the zone file {}: {}", file.string(), std::strerror(errno)));
  return text.str();
}

class Assessment {
 public:
  Assessment(net::Loop& loop, const Clock& clock, const AssessRequest& request)
      : loop_(loop), clock_(clock), request_(request) {}

  Result<AssessResult> run() {
    if (request_.zones.empty()) return fail(ErrorCode::kUsage, "assess needs at least one zone");
    if (request_.mapping.empty())
      return fail(ErrorCode::kUsage, "assess needs --from and --to, or --map, to know what moves");
    if (auto free = output_is_free(); !free) return free.error();
    for (const AssessZone& asked : request_.zones) {
      works_.emplace_back();
      works_.back().asked = &asked;
      if (auto done = look_into(works_.back()); !done) return done.error();
    }
    // From here every zone has been read, and is what its authoritative servers answer.
    follow_across_zones();
    AssessResult result = findings();
    if (result.changes() == 0) return result;
    result.plan_text = write_plan(draft(result));
    if (auto written = write(result.plan_text); !written) return written.error();
    result.plan_file = request_.output;
    return result;
  }

 private:
  // --- one zone

  Result<void> look_into(Work& work) {
    work.config = work.asked->provider;
    work.config.base_folder = fs::absolute(request_.output).parent_path().string();
    if (!work.asked->zone_file) {
      net::LookupOptions lookup;
      lookup.servers = request_.lookup;
      auto provider = providers::make_provider(work.config, providers::Context{loop_, clock_, lookup});
      if (!provider) return provider.error();
      work.provider = *std::move(provider);
    }
    if (auto read = read_and_sweep(work); !read) return read.error();
    if (request_.servers == AssessRequest::Servers::kSkip) return {};
    if (auto found = find_servers(work); !found) return found.error();
    if (auto compared = compare(work); !compared) return compared.error();
    work.judgements = net::validate_authority(loop_, clock_, work.delegation, work.asked->zone, keys_to_judge(work));
    return {};
  }

  /// The sets that change, as they are now, and the zone's own SOA.
  static std::vector<RecordKey> keys_to_judge(const Work& work) {
    std::vector<RecordKey> keys{{work.asked->zone, RecordType::kSoa}};
    for (const FoundChange& found : work.findings.changes) keys.push_back(found.change.key());
    return keys;
  }

  Result<void> read_and_sweep(Work& work) {
    auto zone = work.asked->zone_file ? read_zone_file(*work.asked) : work.provider->read(work.asked->zone);
    if (!zone) return zone.error();
    work.zone = *std::move(zone);
    work.findings = sweep_mentions(work.zone, request_.mapping, {.names = names_of_mentions(), .moving_elsewhere = {}});
    return {};
  }

  MentionNames names_of_mentions() const {
    return request_.zones.size() > 1 ? MentionNames::kAbsolute : MentionNames::kRelative;
  }

  /// A name of one zone may point into another zone that moves as well, over several zones in a row.
  void follow_across_zones() {
    if (works_.size() < 2) return;
    for (std::size_t round = 0; round < works_.size(); ++round) {
      for (Work& work : works_) {
        SweepOptions options{.names = names_of_mentions(), .moving_elsewhere = {}};
        for (const Work& other : works_)
          if (&other != &work) options.moving_elsewhere.merge(moving_names(other.findings));
        work.findings = sweep_mentions(work.zone, request_.mapping, options);
      }
    }
  }

  static Result<Zone> read_zone_file(const AssessZone& asked) {
    auto text = read_file(*asked.zone_file);
    if (!text) return text.error();
    auto zone = net::parse_zone_file(*text, asked.zone);
    if (!zone) return within(asked.zone_file->string(), zone.error());
    return zone;
  }

  Result<void> find_servers(Work& work) {
    net::LookupOptions options;
    options.servers = request_.lookup;
    auto delegation = net::find_delegation(loop_, clock_, work.asked->zone, work.asked->authoritative, options);
    if (!delegation)
      return within(
          fmt::format("finding the authoritative servers of {} (give their addresses with --authoritative where its "
                      "delegation cannot be walked from here)",
                      work.asked->zone.text()),
          delegation.error());
    work.delegation = *std::move(delegation);
    return {};
  }

  // --- the provider's view against what is served

  Result<void> compare(Work& work) {
    if (auto asked = ask_servers(work); !asked) return asked.error();
    std::vector<HorizonDifference> differences = serious_differences(work);
    if (!differences.empty() && !work.asked->zone_file) {
      // The zone may have been changed between reading and asking: look at both once more.
      if (auto read = read_and_sweep(work); !read) return read.error();
      if (auto asked = ask_servers(work); !asked) return asked.error();
      differences = serious_differences(work);
    }
    for (const std::size_t server : lagging_servers(work.sweep, compare_views(work.zone, work.sweep)))
      work.audits.push_back(
          {"server-behind", Severity::kWarning,
           fmt::format("{} serves older values than the provider holds, and others serve them: it is behind",
                       work.delegation.servers[server].label())});
    if (differences.empty()) return {};
    if (work.asked->view.empty()) return split_horizon(work, differences);
    work.audits.push_back(
        {"split-horizon", Severity::kWarning,
         fmt::format("this plan is about the view '{}': {}", printable(work.asked->view), listed(work, differences))});
    return {};
  }

  Result<void> ask_servers(Work& work) {
    work.sweep = net::sweep_authority(loop_, clock_, work.delegation, work.asked->zone,
                                      keys_of_interest(work.zone, work.findings));
    const bool any = std::any_of(
        work.sweep.readings.begin(), work.sweep.readings.end(),
        [](const net::AuthorityReading& r) { return r.outcome == net::Outcome::kAnswered && r.authoritative; });
    if (any) return {};
    std::vector<std::string> labels;
    for (const net::AuthorityServer& server : work.delegation.servers) labels.push_back(server.label());
    return fail(ErrorCode::kNetwork,
                fmt::format("no authoritative server of {} answered with authority ({}), so its provider's view cannot "
                            "be compared with what is "
                            "served; give reachable addresses with --authoritative",
                            work.asked->zone.text(), labels.empty() ? "none is known" : join(labels, ", ")));
  }

  static std::vector<HorizonDifference> serious_differences(const Work& work) {
    std::vector<HorizonDifference> all = compare_views(work.zone, work.sweep);
    const std::set<std::size_t> lagging = lagging_servers(work.sweep, all);
    all.erase(
        std::remove_if(all.begin(), all.end(), [&](const HorizonDifference& d) { return lagging.count(d.server) > 0; }),
        all.end());
    return all;
  }

  static std::string listed(const Work& work, const std::vector<HorizonDifference>& differences) {
    std::vector<std::string> sentences;
    for (std::size_t i = 0; i < std::min(differences.size(), kDifferencesShown); ++i)
      sentences.push_back(differences[i].sentence(work.delegation));
    if (differences.size() > kDifferencesShown)
      sentences.push_back(fmt::format("and {} more", differences.size() - kDifferencesShown));
    return join(sentences, "; ");
  }

  static Error split_horizon(const Work& work, const std::vector<HorizonDifference>& differences) {
    return fail(
        ErrorCode::kConflict,
        fmt::format(
            "the authoritative servers of {} answer something else than its {} holds: {}. If it was changed a moment "
            "ago, "
            "wait and assess again; if it has a split horizon, say which view this plan is about with --view NAME "
            "(`view:` in the plan) and give that view's servers with --authoritative",
            work.asked->zone.text(), work.asked->zone_file ? "zone file" : "provider", listed(work, differences)));
  }

  // --- what came out

  AssessResult findings() const {
    AssessResult result;
    std::vector<const Zone*> zones;
    for (const Work& work : works_) {
      zones.push_back(&work.zone);
      AssessedZone zone;
      zone.zone = work.asked->zone;
      zone.serial = work.zone.soa.serial;
      zone.record_sets = work.zone.sets.size();
      zone.servers = work.delegation.servers.size();
      zone.findings = work.findings;
      zone.audits = audits_of(work);
      result.zones.push_back(std::move(zone));
    }
    result.audits = audit_mapping(request_.mapping, zones);
    return result;
  }

  std::vector<Audit> audits_of(const Work& work) const {
    AuditInput input{.zone = work.zone, .mapping = request_.mapping, .findings = work.findings};
    input.during = low_ttl();
    input.now = clock_.now();
    if (request_.servers == AssessRequest::Servers::kAsk) {
      input.delegation = &work.delegation;
      input.sweep = &work.sweep;
      input.judgements = &work.judgements;
    }
    if (work.provider) input.capabilities = &work.provider->capabilities();
    std::vector<Audit> audits = audit_zone(input);
    if (request_.servers == AssessRequest::Servers::kSkip)
      audits.push_back({"servers-not-asked", Severity::kWarning,
                        "no authoritative server was asked: that the zone is what they serve is not known"});
    audits.insert(audits.end(), work.audits.begin(), work.audits.end());
    return audits;
  }

  /// The low TTL may not raise what is lower already.
  Seconds low_ttl() const {
    std::optional<Seconds> highest;
    for (const Work& work : works_)
      for (const FoundChange& found : work.findings.changes)
        if (!found.change.proxied && (!highest || found.ttl > *highest)) highest = found.ttl;
    return highest ? std::max(Seconds(1), std::min(request_.during, *highest)) : request_.during;
  }

  PlanDraft draft(const AssessResult& result) const {
    PlanDraft draft;
    draft.name = plan_name();
    draft.made = clock_.now();
    draft.during = low_ttl();
    draft.lookup = request_.lookup;
    draft.audits = result.audits;
    for (std::size_t i = 0; i < works_.size(); ++i) {
      const Work& work = works_[i];
      const AssessedZone& seen = result.zones[i];
      draft.zones.push_back({work.asked->zone, work.config, work.asked->authoritative, work.asked->view, seen.serial,
                             seen.record_sets, seen.findings, seen.audits});
    }
    return draft;
  }

  std::string plan_name() const {
    if (!request_.plan_name.empty()) return request_.plan_name;
    return request_.zones.front().zone.host() + "-" + format_instant(clock_.now()).substr(0, 10);
  }

  // --- the file

  Result<void> output_is_free() const {
    std::error_code error;
    if (request_.existing == AssessRequest::Existing::kReplace ||
        !fs::exists(fs::symlink_status(request_.output, error)))
      return {};
    return exists_already();
  }

  Error exists_already() const {
    return fail(ErrorCode::kUsage, fmt::format("{} exists and may hold decisions of yours: name another file (`cutover "
                                               "assess OTHER.yaml ...`), or --force to "
                                               "replace it",
                                               request_.output.string()));
  }

  /// Written beside and then put in place, so that there is a whole plan or none; link(2) refuses where
  /// somebody made the file meanwhile.
  Result<void> write(const std::string& text) const {
    const std::string target = request_.output.string();
    std::string beside = target + ".XXXXXX";
    const auto trouble = [&](std::string_view doing) {
      Error error = fail(ErrorCode::kIo, fmt::format("{} {}: {}", doing, target, std::strerror(errno)));
      ::unlink(beside.c_str());
      return error;
    };
    const net::Descriptor file(::mkstemp(beside.data()));
    if (!file) return fail(ErrorCode::kIo, fmt::format("cannot write {}: {}", target, std::strerror(errno)));
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = ::write(file.get(), text.data() + done, text.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return trouble("cannot write");
      done += static_cast<std::size_t>(n);
    }
    if (::fchmod(file.get(), 0644) != 0 || ::fsync(file.get()) != 0) return trouble("cannot write");
    if (request_.existing == AssessRequest::Existing::kReplace) {
      if (::rename(beside.c_str(), target.c_str()) != 0) return trouble("cannot replace");
      return {};
    }
    if (::link(beside.c_str(), target.c_str()) != 0) {
      if (errno != EEXIST) return trouble("cannot write");
      ::unlink(beside.c_str());
      return exists_already();
    }
    ::unlink(beside.c_str());
    return {};
  }

  net::Loop& loop_;
  const Clock& clock_;
  const AssessRequest& request_;
  std::vector<Work> works_;
};

}  // namespace

std::size_t AssessResult::changes() const {
  std::size_t n = 0;
  for (const AssessedZone& zone : zones) n += zone.findings.changes.size();
  return n;
}

std::size_t AssessResult::mentions() const {
  std::size_t n = 0;
  for (const AssessedZone& zone : zones) n += zone.findings.mentions.size();
  return n;
}

Result<AssessResult> assess(net::Loop& loop, const Clock& clock, const AssessRequest& request) {
  return Assessment(loop, clock, request).run();
}

}  // namespace cutover
