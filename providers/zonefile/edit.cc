#include "providers/zonefile/edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/text.h"

// How a file is changed and yet stays the person's own.
//
// Each record that changes is edited where it stands: its TTL word, or the words of its data; comments and spacing
// around them stay. Records that go take their line with them, records that come get a line of their own behind their
// set, or behind their name, or at the end.
//
// A zone file is full of things that are not said twice: owners (a line that starts with space has the owner of the
// line before) and, without $TTL, even TTLs. Owners that would be lost are written out. For the rest the result is read
// again and compared, record set by record set, with the zone that was wanted: a layout that fools the editor is
// refused.

namespace cutover::providers::zonefile {
namespace {

struct Edit {
  Span at;
  std::string text;
};

class Editor {
 public:
  explicit Editor(const ZoneText& zone) : zone_(zone) {}

  Result<void> change(const Change& change) {
    std::vector<const FileRecord*> present;
    for (const FileRecord& record : zone_.records) {
      if (record.key() != change.key) continue;
      if (!record.elsewhere.empty())
        return fail(ErrorCode::kUnsupported,
                    fmt::format("{} comes from {}, which is not edited; write it into this file, or change it there "
                                "by hand",
                                change.key.text(), record.elsewhere));
      present.push_back(&record);
    }
    std::vector<std::string> missing;
    if (change.after)
      for (const std::string& value : change.after->rdata)
        if (std::none_of(present.begin(), present.end(),
                         [&](const FileRecord* record) { return record->rdata == value; }))
          missing.push_back(value);
    for (const FileRecord* record : present) {
      const bool stays =
          change.after && std::count(change.after->rdata.begin(), change.after->rdata.end(), record->rdata) > 0;
      if (stays) {
        set_ttl(*record, change.after->ttl);
      } else if (!missing.empty()) {
        replace(*record, change.after->ttl, missing.front());
        missing.erase(missing.begin());
      } else {
        remove(*record);
      }
    }
    for (const std::string& value : missing) add(change.key, change.after->ttl, value, present);
    return {};
  }

  Result<void> set_serial(std::uint32_t serial) {
    const FileRecord* soa = zone_.soa();
    if (soa == nullptr || !soa->elsewhere.empty())
      return fail(ErrorCode::kUnsupported,
                  "its SOA record does not stand in the file itself, so its serial cannot be raised");
    edits_.push_back({line_of(*soa).words.at(soa->first_rdata_word + 2).at, std::to_string(serial)});
    return {};
  }

  std::string result() {
    write_lost_owners();
    std::stable_sort(edits_.begin(), edits_.end(),
                     [](const Edit& a, const Edit& b) { return a.at.begin < b.at.begin; });
    std::string out;
    std::size_t at = 0;
    for (const Edit& edit : edits_) {
      out.append(zone_.text, at, edit.at.begin - at);
      out += edit.text;
      at = edit.at.end;
    }
    return out.append(zone_.text, at);
  }

 private:
  const Line& line_of(const FileRecord& record) const { return zone_.lines[record.line]; }

  static std::string fresh(const DomainName& owner, const DomainName& origin, Seconds ttl, RecordType type,
                           const std::string& rdata) {
    return fmt::format("{}\t{}\tIN\t{}\t{}\n", owner.relative_to(origin), ttl.count(), to_text(type), rdata);
  }

  void set_ttl(const FileRecord& record, Seconds ttl) {
    if (record.ttl == ttl) return;
    const Line& line = line_of(record);
    if (record.ttl_word) {
      edits_.push_back({line.words[*record.ttl_word].at, std::to_string(ttl.count())});
    } else {
      const std::size_t before = line.words[record.owner_written ? 1 : 0].at.begin;
      edits_.push_back({{before, before}, fmt::format("{} ", ttl.count())});
    }
  }

  void replace(const FileRecord& record, Seconds ttl, const std::string& rdata) {
    const Line& line = line_of(record);
    if (line.has_parentheses) {
      // A parenthesis may open before the data and close within: the record gets a plain line instead.
      edits_.push_back({line.at, fresh(record.owner, record.origin, ttl, record.type, rdata)});
      owner_at_[record.line] = record.owner;
      return;
    }
    set_ttl(record, ttl);
    edits_.push_back({{line.words[record.first_rdata_word].at.begin, line.words.back().at.end}, rdata});
  }

  void remove(const FileRecord& record) {
    edits_.push_back({line_of(record).at, ""});
    removed_.insert(record.line);
  }

  /// Behind the last record of the set, or else of the name, or else at the end of the file.
  void add(const RecordKey& key, Seconds ttl, const std::string& rdata, const std::vector<const FileRecord*>& of_set) {
    const FileRecord* neighbour = of_set.empty() ? nullptr : of_set.back();
    if (neighbour == nullptr)
      for (const FileRecord& record : zone_.records)
        if (record.owner == key.name && record.elsewhere.empty()) neighbour = &record;
    const std::size_t line = neighbour ? neighbour->line : zone_.lines.size() - 1;
    const std::size_t at = zone_.lines[line].at.end;
    const bool needs_break = at > 0 && zone_.text[at - 1] != '\n' && broken_.insert(line).second;
    edits_.push_back({{at, at},
                      (needs_break ? "\n" : "") +
                          fresh(key.name, neighbour ? neighbour->origin : zone_.origin_at_end, ttl, key.type, rdata)});
    added_behind_[line] = key.name;
  }

  void write_lost_owners() {
    std::optional<DomainName> owner;
    std::map<std::size_t, const FileRecord*> at_line;
    for (const FileRecord& record : zone_.records)
      if (record.elsewhere.empty()) at_line[record.line] = &record;
    for (std::size_t i = 0; i < zone_.lines.size(); ++i) {
      if (const auto at = at_line.find(i); at != at_line.end() && removed_.count(i) == 0) {
        const FileRecord& record = *at->second;
        if (!record.owner_written && owner_at_.count(i) == 0 && owner != record.owner) {
          const std::size_t begin = zone_.lines[i].at.begin;
          edits_.push_back({{begin, begin}, record.owner.relative_to(record.origin)});
        }
        owner = record.owner;
      }
      if (const auto added = added_behind_.find(i); added != added_behind_.end()) owner = added->second;
    }
  }

  const ZoneText& zone_;
  std::vector<Edit> edits_;
  std::set<std::size_t> removed_;
  std::set<std::size_t> broken_;                    ///< lines that were given the line break they lacked
  std::map<std::size_t, DomainName> owner_at_;      ///< lines that were written anew, owner included
  std::map<std::size_t, DomainName> added_behind_;  ///< the owner in force after lines that got company
};

Result<void> check_cnames(const Zone& zone, const ChangeSet& changes) {
  for (const Change& change : changes.changes) {
    std::size_t types = 0;
    for (const auto& set : zone.sets) types += set.first.name == change.key.name ? 1 : 0;
    if (types > 1 && zone.find({change.key.name, RecordType::kCname}) != nullptr)
      return fail(
          ErrorCode::kInvalid,
          fmt::format("a CNAME would stand beside other records of {}, which no server loads", change.key.name.text()));
  }
  return {};
}

/// The zone that is wanted, and the one that the edited text holds: the same but for the SOA serial?
Result<void> compare(const Zone& was, const Zone& is, const ChangeSet& changes) {
  auto wanted = was.sets;
  for (const Change& change : changes.changes) {
    wanted.erase(change.key);
    if (change.after) wanted.emplace(change.key, *change.after);
  }
  auto found = is.sets;
  const RecordKey soa{was.origin, RecordType::kSoa};
  const bool same_soa_ttl = wanted.at(soa).ttl == found.at(soa).ttl;
  wanted.erase(soa);
  found.erase(soa);
  if (wanted == found && same_soa_ttl) return {};
  return fail(
      ErrorCode::kUnsupported,
      "its layout does not let these records be changed alone (TTLs that are taken from the line before?); put a "
      "$TTL at the top and a TTL on each of these records");
}

}  // namespace

Result<std::string> edited(const ZoneText& zone, const ChangeSet& changes, std::optional<std::uint32_t> serial,
                           const std::string& folder) {
  auto was = zone.zone();
  if (!was) return was.error();
  Editor editor(zone);
  for (const Change& change : changes.changes)
    if (auto made = editor.change(change); !made) return made.error();
  if (serial)
    if (auto raised = editor.set_serial(*serial); !raised) return raised.error();
  std::string text = editor.result();

  auto again = parse(text, zone.origin, folder);
  if (!again) return within("the changed file would not be readable", again.error());
  auto is = again->zone();
  if (!is) return within("the changed file would not be readable", is.error());
  if (auto fits = check_cnames(*is, changes); !fits) return fits.error();
  if (auto same = compare(*was, *is, changes); !same) return same.error();
  if (serial && is->soa.serial != *serial)
    return fail(ErrorCode::kUnsupported, "its serial does not stand where it can be raised");
  return text;
}

bool is_date_serial(std::uint32_t serial) {
  const std::uint32_t year = serial / 1000000, month = serial / 10000 % 100, day = serial / 100 % 100;
  return year >= 1990 && year <= 2199 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

std::uint32_t next_serial(std::uint32_t serial, Instant today) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(today));
  const auto first_of_today = static_cast<std::uint32_t>(static_cast<int>(date.year()) * 1000000) +
                              static_cast<unsigned>(date.month()) * 10000 + static_cast<unsigned>(date.day()) * 100 + 1;
  if (is_date_serial(serial) && serial_is_after(first_of_today, serial)) return first_of_today;
  return serial + 1 == 0 ? 1 : serial + 1;
}

}  // namespace cutover::providers::zonefile
