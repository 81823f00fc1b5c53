#include "cmd/plan/plan_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "cmd/plan/plan_checks.h"
#include "cmd/plan/plan_keys.h"
#include "cmd/plan/plan_values.h"
#include "cmd/plan/yaml_tree.h"
#include "core/text.h"
#include "dnsprobe/catalogue.h"
#include "providers/catalog.h"

namespace cutover {
namespace {

using plan_keys::Mapping;
using plan_keys::Need;

/// Turns the tree into a Plan, one member function per mapping of the file. Goes on after a fault, so that one
/// run finds all of them; what could not be read keeps its default.
class Reader {
 public:
  Reader(std::filesystem::path file, std::vector<PlanError>& errors) : errors_(errors) { plan_.file = std::move(file); }

  Plan read(const YamlNode& root) {
    if (!accept(root, plan_keys::kPlan, "the plan")) return plan_;
    if (const YamlNode* version = value(root, "version"))
      if (integer(*version, "version", 0, 1'000'000) != 1)
        add(version->at, "this program reads version 1 of the plan file; write `version: 1`");
    if (const YamlNode* name = value(root, "name")) read_plan_name(*name);
    each(root, "zones", [&](const YamlNode& node) { read_zone(node); });
    if (const YamlNode* ttl = value(root, "ttl")) read_ttl(*ttl);
    if (const YamlNode* swap = value(root, "swap")) read_swap(*swap);
    each(root, "endpoints", [&](const YamlNode& node) { read_endpoint(node); });
    if (const YamlNode* watch = value(root, "watch")) read_watch(*watch);
    if (const YamlNode* standby = value(root, "standby")) plan_.standby = duration(*standby, "standby", plan_.standby);
    each(root, "mentions", [&](const YamlNode& node) {
      if (accept(node, plan_keys::kMention, "a mention"))
        plan_.mentions.push_back({text(node, "mention"), text(node, "reason"), node.at});
    });
    each(root, "ack", [&](const YamlNode& node) {
      if (accept(node, plan_keys::kAck, "an ack"))
        plan_.acks.push_back({text(node, "mention"), text(node, "why"), node.at});
    });
    each(root, "gates", [&](const YamlNode& node) { read_gate(node); });
    plan_.abort = values<std::string>(root, "abort", [&](const std::string& word) { return criterion(word); });
    each(root, "notify", [&](const YamlNode& node) { read_notify(node); });
    if (const YamlNode* monitor = value(root, "monitor")) read_monitor(*monitor);
    plan_.lookup = servers(root, "lookup");
    return plan_;
  }

 private:
  void add(Position at, std::string message) { errors_.push_back({at, std::move(message)}); }
  void add(Position at, const Error& error) { errors_.push_back({at, error.message}); }

  // ---- the shapes of YAML

  /// Whether `node` is a mapping; tells unknown keys, missing ones and keys without a value.
  bool accept(const YamlNode& node, const Mapping& spec, std::string_view what) {
    if (node.kind != YamlNode::Kind::kMapping) {
      add(node.at, fmt::format("{} has to be a mapping with the keys {}", what, join(spec.names(), ", ")));
      return false;
    }
    for (const YamlNode::Entry& entry : node.entries) {
      if (spec.find(entry.key) == nullptr) {
        unknown_key(entry, spec.names(), what);
      } else if (entry.value.kind == YamlNode::Kind::kEmpty) {
        add(entry.at, fmt::format("'{}' has no value; give it one ({}) or remove the key", entry.key,
                                  spec.find(entry.key)->what));
      }
    }
    for (const plan_keys::Key& key : spec.keys)
      if (key.need == Need::kRequired && node.find(key.name) == nullptr)
        add(node.at, fmt::format("{} lacks the key '{}': {}", what, key.name, key.what));
    return true;
  }

  void unknown_key(const YamlNode::Entry& entry, const std::vector<std::string>& known, std::string_view what) {
    const std::string meant = plan_keys::nearest(entry.key, known);
    add(entry.at,
        fmt::format("{} has no key '{}'; {}", what, printable(entry.key),
                    meant.empty() ? "its keys are " + join(known, ", ") : fmt::format("did you mean '{}'?", meant)));
  }

  /// The value of a key that is there and has one (accept() has told the rest).
  static const YamlNode* value(const YamlNode& node, std::string_view key) {
    const YamlNode* found = node.find(key);
    return found == nullptr || found->kind == YamlNode::Kind::kEmpty ? nullptr : found;
  }

  template <class F>
  void each(const YamlNode& node, std::string_view key, F&& take) {
    const YamlNode* list = value(node, key);
    if (list == nullptr) return;
    if (list->kind != YamlNode::Kind::kList) {
      add(list->at,
          fmt::format("'{}' has to be a list; put its value between [ and ], or in lines that begin with -", key));
      return;
    }
    if (list->items.empty() &&
        (key == "zones" || key == "changes" || key == "names" || key == "authoritative" || key == "lookup"))
      add(list->at, fmt::format("'{}' is an empty list; {}", key,
                                key == "zones" || key == "changes" || key == "names"
                                    ? "give at least one"
                                    : "give at least one address or remove the key"));
    for (const YamlNode& item : list->items) take(item);
  }

  /// One text. `what` names it in errors; its content is not repeated.
  std::optional<std::string> scalar(const YamlNode& node, std::string_view what) {
    if (node.kind == YamlNode::Kind::kScalar && !node.text.empty()) return node.text;
    if (node.kind == YamlNode::Kind::kScalar || node.kind == YamlNode::Kind::kEmpty) {
      add(node.at, fmt::format("'{}' is empty; give it a value or remove it", what));
    } else {
      add(node.at,
          fmt::format(
              "'{}' has to be one text; YAML takes this for a {}. An address in brackets or one that ends with a colon "
              "has to be quoted, as in \"[::1]:53\"",
              what, node.kind == YamlNode::Kind::kList ? "list" : "mapping"));
    }
    return std::nullopt;
  }

  std::string text(const YamlNode& node, std::string_view key) {
    const YamlNode* found = value(node, key);
    return found == nullptr ? std::string() : scalar(*found, key).value_or("");
  }

  std::vector<std::string> texts(const YamlNode& node, std::string_view key) {
    std::vector<std::string> all;
    each(node, key, [&](const YamlNode& item) {
      if (auto one = scalar(item, key)) all.push_back(std::move(*one));
    });
    return all;
  }

  std::optional<std::int64_t> integer(const YamlNode& node, std::string_view what, std::int64_t least,
                                      std::int64_t most) {
    const auto written = scalar(node, what);
    if (!written) return std::nullopt;
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(written->data(), written->data() + written->size(), n);
    if (error == std::errc{} && end == written->data() + written->size() && n >= least && n <= most) return n;
    add(node.at,
        fmt::format("'{}' has to be a whole number from {} to {}, not '{}'", what, least, most, printable(*written)));
    return std::nullopt;
  }

  std::optional<double> number(const YamlNode& node, std::string_view key) {
    const YamlNode* found = value(node, key);
    if (found == nullptr) return std::nullopt;
    const auto written = scalar(*found, key);
    if (!written) return std::nullopt;
    double n = 0;
    const auto [end, error] = std::from_chars(written->data(), written->data() + written->size(), n);
    if (error == std::errc{} && end == written->data() + written->size() && n - n == 0) return n;
    add(found->at, fmt::format("'{}' has to be a number, not '{}'", key, printable(*written)));
    return std::nullopt;
  }

  Seconds duration(const YamlNode& node, std::string_view what, Seconds otherwise) {
    const auto written = scalar(node, what);
    if (!written) return otherwise;
    auto read = parse_duration(*written);
    if (!read) {
      add(node.at, within(std::string(what), read.error()));
      return otherwise;
    }
    if (*read <= Seconds(0) || *read > kMaxTtl) {
      add(node.at, fmt::format("'{}' has to be from 1 to {} seconds", what, kMaxTtl.count()));
      return otherwise;
    }
    return *read;
  }

  template <class T, class F>
  std::vector<T> values(const YamlNode& node, std::string_view key, F&& read) {
    std::vector<T> all;
    each(node, key, [&](const YamlNode& item) {
      const auto written = scalar(item, key);
      if (!written) return;
      auto one = read(*written);
      if (!one) return add(item.at, within(std::string(key), one.error()));
      all.push_back(*std::move(one));
    });
    return all;
  }

  std::vector<Endpoint> servers(const YamlNode& node, std::string_view key) {
    return values<Endpoint>(node, key, [](const std::string& written) { return Endpoint::from_text(written, 53); });
  }

  std::vector<IpAddress> addresses(const YamlNode& node, std::string_view key) {
    return values<IpAddress>(node, key, [](const std::string& written) { return IpAddress::from_text(written); });
  }

  std::string word(const YamlNode& node, std::string_view what, std::span<const std::string_view> known) {
    const auto written = scalar(node, what);
    if (!written) return {};
    if (std::find(known.begin(), known.end(), *written) != known.end()) return *written;
    const std::vector<std::string> words(known.begin(), known.end());
    const std::string meant = plan_keys::nearest(*written, words);
    add(node.at, fmt::format("'{}' cannot be '{}'; write {}{}", what, printable(*written), join(words, ", "),
                             meant.empty() ? "" : fmt::format(" (did you mean '{}'?)", meant)));
    return {};
  }

  // ---- the mappings of a plan

  void read_plan_name(const YamlNode& node) {
    const auto written = scalar(node, "name");
    if (!written) return;
    plan_.name = *written;
    const bool fits = written->size() <= 64 && std::isalnum(static_cast<unsigned char>(written->front())) != 0 &&
                      std::all_of(written->begin(), written->end(), [](unsigned char c) {
                        return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
                      });
    if (!fits)
      add(node.at, fmt::format("the name '{}' has to be of letters, digits, '.', '_' and '-' (at most 64), since files "
                               "are called after it",
                               printable(*written)));
  }

  void read_zone(const YamlNode& node) {
    if (!accept(node, plan_keys::kZone, "a zone")) return;
    ZonePlan zone;
    zone.at = node.at;
    bool named = false;
    if (const YamlNode* name = value(node, "zone"))
      if (const auto written = scalar(*name, "zone")) {
        auto read = plan_values::read_name(*written, DomainName());
        if (read)
          zone.zone = *read;
        else
          add(name->at, read.error());
        named = read.ok();
      }
    if (const YamlNode* provider = value(node, "provider")) zone.provider = read_provider(*provider);
    zone.authoritative = servers(node, "authoritative");
    if (const YamlNode* settle = value(node, "settle")) zone.settle = duration(*settle, "settle", zone.settle);
    zone.view = text(node, "view");
    each(node, "changes", [&](const YamlNode& change) { read_change(change, named, zone); });
    if (named) plan_.zones.push_back(std::move(zone));
  }

  providers::ProviderConfig read_provider(const YamlNode& node) {
    providers::ProviderConfig config;
    config.base_folder = plan_.file.parent_path().string();
    if (node.kind != YamlNode::Kind::kMapping) {
      add(node.at,
          "a provider has to be a mapping, as in { type: rfc2136, server: ns1.example.com, key: env/TSIG_KEY }");
      return config;
    }
    config.type = text(node, "type");
    std::vector<std::string> types;
    for (const providers::Entry& entry : providers::catalog()) types.emplace_back(entry.type);
    if (config.type.empty()) {
      add(node.at, "a provider lacks the key 'type'; the providers are " + join(types, ", "));
      return config;
    }
    if (const auto entry = providers::find_entry(config.type)) {
      read_provider_options(node, **entry, config);
    } else if (const std::string meant = plan_keys::nearest(config.type, types); !meant.empty()) {
      add(node.find("type")->at,
          fmt::format("there is no provider '{}'; did you mean '{}'?", printable(config.type), meant));
    } else {
      add(node.find("type")->at, entry.error());
    }
    return config;
  }

  void read_provider_options(const YamlNode& node, const providers::Entry& spec, providers::ProviderConfig& config) {
    const std::string what = fmt::format("the provider {}", spec.type);
    std::vector<std::string> known{"type"};
    for (const auto& option : spec.options) known.emplace_back(option.name);
    for (const YamlNode::Entry& entry : node.entries) {
      if (entry.key == "type") continue;
      const auto option =
          std::find_if(spec.options.begin(), spec.options.end(), [&](const auto& o) { return o.name == entry.key; });
      const bool listed = option != spec.options.end();
      if (!listed && spec.further_options == providers::Entry::FurtherOptions::kRefused) {
        unknown_key(entry, known, what);
        continue;
      }
      const auto written = scalar(entry.value, entry.key);
      if (!written) continue;
      if (listed && option->is_credential)
        if (auto safe = plan_values::check_credential(*written); !safe) {
          add(entry.value.at, within(entry.key, safe.error()));
          continue;
        }
      config.options[entry.key] = *written;
    }
    if (spec.type != config.type) return;  // the type itself says which program
    for (const auto& option : spec.options)
      if (option.required && option.variables.empty() && node.find(option.name) == nullptr)
        add(node.at, fmt::format("{} lacks the option '{}': {}", what, option.name, option.what));
  }

  static constexpr std::string_view kYesNo[] = {"true", "false"};

  void read_change(const YamlNode& node, bool zone_is_known, ZonePlan& zone) {
    if (!accept(node, plan_keys::kChange, "a change")) return;
    PlannedChange change;
    change.at = node.at;
    const std::size_t faults = errors_.size();
    const YamlNode* name = value(node, "name");
    const YamlNode* type = value(node, "type");
    if (name == nullptr || type == nullptr) return;
    if (const auto written = scalar(*name, "name"); written && zone_is_known) {
      auto read = plan_values::read_name(*written, zone.zone);
      if (read)
        change.name = *read;
      else
        add(name->at, read.error());
    }
    if (const auto written = scalar(*type, "type")) {
      auto read = record_type_from_text(*written);
      if (!read) {
        add(type->at, read.error());
      } else if (const auto why = plan_values::why_not_moved(*read); !why.empty()) {
        add(type->at, fmt::format("{} records cannot be moved: {}", to_text(*read), why));
      } else {
        change.type = *read;
      }
    }
    if (errors_.size() != faults || !zone_is_known) return;
    change.from = rdata(node, "from", change.type, zone.zone);
    change.to = rdata(node, "to", change.type, zone.zone);
    if (const YamlNode* proxied = value(node, "proxied")) change.proxied = word(*proxied, "proxied", kYesNo) == "true";
    if (errors_.size() == faults && node.find("from") != nullptr && node.find("to") != nullptr)
      zone.changes.push_back(std::move(change));
  }

  std::vector<std::string> rdata(const YamlNode& node, std::string_view key, RecordType type, const DomainName& zone) {
    auto all = values<std::string>(
        node, key, [&](const std::string& written) { return plan_values::read_rdata(type, written, zone); });
    std::sort(all.begin(), all.end());
    const auto repeat = std::unique(all.begin(), all.end());
    if (repeat != all.end())
      add(node.find(key)->at,
          fmt::format("'{}' holds the same value twice; a record set holds each value once: remove one", key));
    all.erase(repeat, all.end());
    return all;
  }

  void read_ttl(const YamlNode& node) {
    if (!accept(node, plan_keys::kTtl, "ttl")) return;
    if (const YamlNode* during = value(node, "during"))
      plan_.ttl.during = duration(*during, "during", plan_.ttl.during);
    const YamlNode* before = value(node, "before");
    if (before == nullptr) return;
    plan_.ttl.before = duration(*before, "before", plan_.ttl.during);
    if (*plan_.ttl.before < plan_.ttl.during)
      add(before->at, fmt::format("`before` ({} s) is lower than `during` ({} s); it says how high the TTL was until "
                                  "lately: correct one or remove `before`",
                                  plan_.ttl.before->count(), plan_.ttl.during.count()));
  }

  /// After the gates: some of them are criteria.
  Result<std::string> criterion(const std::string& word) const {
    const auto built_in = plan_keys::abort_criteria();
    if (std::find(built_in.begin(), built_in.end(), word) != built_in.end()) return word;
    std::vector<std::string> known(built_in.begin(), built_in.end());
    for (const ExternalGate& gate : plan_.gates) known.push_back("gate-" + gate.name);
    if (std::find(known.begin(), known.end(), word) != known.end()) return word;
    return fail(ErrorCode::kInvalid, fmt::format("'{}' is no criterion; write {}", printable(word), join(known, ", ")));
  }

  void read_swap(const YamlNode& node) {
    if (!accept(node, plan_keys::kSwap, "swap")) return;
    if (const YamlNode* window = value(node, "window"))
      if (const auto written = scalar(*window, "window")) {
        auto read = plan_values::read_window(*written);
        if (read)
          plan_.window = *read;
        else
          add(window->at, read.error());
      }
    if (const YamlNode* approve = value(node, "approve")) plan_.approve = word(*approve, "approve", kYesNo) == "true";
    static constexpr std::string_view kWord[] = {"new-side-holds-the-key"};
    if (const YamlNode* ech = value(node, "ech")) plan_.new_side_holds_ech_key = !word(*ech, "ech", kWord).empty();
  }

  void read_endpoint(const YamlNode& node) {
    if (!accept(node, plan_keys::kEndpoint, "an endpoint")) return;
    EndpointPlan endpoint;
    endpoint.at = node.at;
    endpoint.names = values<DomainName>(
        node, "names", [](const std::string& written) { return plan_values::read_name(written, DomainName()); });
    if (const YamlNode* port = value(node, "port"))
      if (const auto n = integer(*port, "port", 1, 65535)) endpoint.port = static_cast<std::uint16_t>(*n);
    if (const YamlNode* starttls = value(node, "starttls"))
      endpoint.starttls = word(*starttls, "starttls", plan_keys::starttls_protocols());
    if (const YamlNode* http = value(node, "http")) endpoint.http = read_http(*http);
    if (endpoint.http && node.find("starttls") != nullptr)
      add(node.at, "an endpoint with `starttls` cannot have `http`; write two endpoints");
    endpoint.old_addresses = addresses(node, "old");
    endpoint.new_addresses = addresses(node, "new");
    plan_.endpoints.push_back(std::move(endpoint));
  }

  HttpExpectation read_http(const YamlNode& node) {
    HttpExpectation http;
    if (!accept(node, plan_keys::kEndpointHttp, "http")) return http;
    if (const YamlNode* path = value(node, "path")) {
      http.path = scalar(*path, "path").value_or("/");
      if (http.path.front() != '/')
        add(path->at, fmt::format("the path '{0}' has to begin with /; write /{0}", printable(http.path)));
    }
    if (const YamlNode* expect = value(node, "expect"))
      if (const auto status = integer(*expect, "expect", 100, 599)) http.status = static_cast<int>(*status);
    http.body = text(node, "body");
    return http;
  }

  void read_watch(const YamlNode& node) {
    if (!accept(node, plan_keys::kWatch, "watch")) return;
    const YamlNode* list = value(node, "resolvers");
    const std::vector<dnsprobe::Resolver> resolvers =
        list != nullptr ? read_resolvers(*list) : dnsprobe::default_resolvers();
    plan_.watch.must.clear();
    each(node, "must", [&](const YamlNode& item) {
      const auto entry = scalar(item, "must");
      if (!entry) return;
      plan_.watch.must.push_back(*entry);
      if (auto known = dnsprobe::check_must({*entry}, resolvers); !known && !resolvers.empty())
        add(item.at, known.error());
    });
    if (const YamlNode* quorum = value(node, "quorum")) read_quorum(*quorum);
    if (const YamlNode* samples = value(node, "samples"))
      if (const auto n = integer(*samples, "samples", 1, 20)) plan_.watch.samples = static_cast<int>(*n);
    if (const YamlNode* give_up = value(node, "give-up"))
      plan_.watch.give_up = duration(*give_up, "give-up", plan_.watch.give_up);
  }

  std::vector<dnsprobe::Resolver> read_resolvers(const YamlNode& list) {
    std::vector<const YamlNode*> items{&list};
    if (list.kind == YamlNode::Kind::kList) {
      items.clear();
      for (const YamlNode& item : list.items) items.push_back(&item);
      if (items.empty()) add(list.at, "'resolvers' is an empty list; write `default` or some addresses");
    }
    plan_.watch.resolvers.clear();
    std::vector<dnsprobe::Resolver> all;
    for (const YamlNode* item : items) {
      const auto written = scalar(*item, "resolvers");
      if (!written) continue;
      plan_.watch.resolvers.push_back(*written);
      auto read = dnsprobe::resolvers_from({*written}, plan_.file.parent_path());
      if (!read)
        add(item->at, read.error());
      else
        all.insert(all.end(), read->begin(), read->end());
    }
    return all;
  }

  void read_quorum(const YamlNode& node) {
    if (!accept(node, plan_keys::kQuorum, "quorum")) return;
    const auto share = [&](std::string_view key, double& out) {
      const YamlNode* found = value(node, key);
      if (found == nullptr) return;
      const auto written = scalar(*found, key);
      if (!written) return;
      auto read = plan_values::read_percent(*written);
      if (read)
        out = *read;
      else
        add(found->at, read.error());
    };
    share("resolvers", plan_.watch.quorum_resolvers);
    share("operators", plan_.watch.quorum_operators);
  }

  void read_gate(const YamlNode& node) {
    if (!accept(node, plan_keys::kGate, "a gate")) return;
    ExternalGate gate;
    gate.at = node.at;
    if (const YamlNode* name = value(node, "name")) {
      gate.name = scalar(*name, "name").value_or("");
      const bool fits = std::all_of(gate.name.begin(), gate.name.end(), [](unsigned char c) {
        return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-';
      });
      if (!gate.name.empty() && (!fits || gate.name.front() == '-'))
        add(name->at,
            fmt::format("the gate name '{}' has to be of lower-case letters, digits and '-', since --override names it",
                        printable(gate.name)));
    }
    static constexpr std::string_view kBefore[] = {"swap", "restore-ttl", "retire"};
    if (const YamlNode* before = value(node, "before")) {
      const std::string phase = word(*before, "before", kBefore);
      gate.before = phase == "retire"        ? GateBefore::kRetire
                    : phase == "restore-ttl" ? GateBefore::kRestoreTtl
                                             : GateBefore::kSwap;
    }
    if ((node.find("run") != nullptr) == (node.find("http") != nullptr))
      add(node.at,
          "a gate asks in exactly one way; give it either `run: [PROGRAM, ARGUMENT...]` or `http: { url: ..., pointer: "
          "..., max: ... }`");
    gate.run = texts(node, "run");
    if (const YamlNode* run = value(node, "run");
        run != nullptr && run->kind == YamlNode::Kind::kList && run->items.empty())
      add(run->at, "'run' is an empty list; it begins with a program");
    if (const YamlNode* http = value(node, "http")) read_gate_http(*http, gate);
    if (const YamlNode* timeout = value(node, "timeout")) gate.timeout = duration(*timeout, "timeout", gate.timeout);
    plan_.gates.push_back(std::move(gate));
  }

  void read_gate_http(const YamlNode& node, ExternalGate& gate) {
    if (!accept(node, plan_keys::kGateHttp, "http")) return;
    if (const YamlNode* url = value(node, "url")) {
      gate.url = scalar(*url, "url").value_or("");
      if (!gate.url.empty() && gate.url.rfind("http://", 0) != 0 && gate.url.rfind("https://", 0) != 0)
        add(url->at, "'url' has to begin with https:// or http://");
    }
    // The empty pointer is the whole document (RFC 6901 section 5).
    if (const YamlNode* pointer = value(node, "pointer");
        pointer != nullptr && !(pointer->kind == YamlNode::Kind::kScalar && pointer->text.empty())) {
      gate.pointer = scalar(*pointer, "pointer").value_or("");
      if (!gate.pointer.empty() && gate.pointer.front() != '/')
        add(pointer->at,
            fmt::format("the JSON pointer '{}' has to begin with /, as in /data/result/0/value/1 (RFC 6901)",
                        printable(gate.pointer)));
    }
    gate.min = number(node, "min");
    gate.max = number(node, "max");
    if (node.find("min") == nullptr && node.find("max") == nullptr)
      add(node.at, "an http gate needs `min`, `max` or both");
    if (gate.min && gate.max && *gate.min > *gate.max)
      add(node.at, "`min` is larger than `max`, so the gate would never open; swap them");
  }

  void read_notify(const YamlNode& node) {
    if (!accept(node, plan_keys::kNotify, "an entry of notify")) return;
    NotifyPlan notify;
    if ((node.find("webhook") != nullptr) == (node.find("run") != nullptr))
      add(node.at,
          "an entry of notify tells one hook; give it either `webhook: env/NAME` (or file/PATH) or `run: [PROGRAM, "
          "ARGUMENT...]`");
    notify.run = texts(node, "run");
    if (const YamlNode* run = value(node, "run");
        run != nullptr && run->kind == YamlNode::Kind::kList && run->items.empty())
      add(run->at, "'run' is an empty list; it begins with a program");
    if (const YamlNode* form = value(node, "form")) {
      notify.form = word(*form, "form", plan_keys::notice_forms());
      if (node.find("run") != nullptr)
        add(form->at, "a program always gets JSON; remove `form`, which is for webhooks");
    }
    if (const YamlNode* webhook = value(node, "webhook"))
      if (const auto written = scalar(*webhook, "webhook")) {
        if (auto safe = plan_values::check_credential(*written); !safe)
          add(webhook->at, within("webhook", safe.error()));
        else
          notify.webhook = *written;
      }
    each(node, "events", [&](const YamlNode& item) {
      if (auto event = word(item, "events", plan_keys::events()); !event.empty())
        notify.events.push_back(std::move(event));
    });
    plan_.notify.push_back(std::move(notify));
  }

  void read_monitor(const YamlNode& node) {
    if (!accept(node, plan_keys::kMonitor, "monitor")) return;
    MonitorPlan& monitor = plan_.monitor;
    if (const YamlNode* every = value(node, "every")) monitor.every = duration(*every, "every", monitor.every);
    if (const YamlNode* total = value(node, "for")) monitor.duration = duration(*total, "for", monitor.duration);
    if (const YamlNode* sustained = value(node, "sustained"))
      monitor.sustained = duration(*sustained, "sustained", monitor.sustained);
    monitor.latency = number(node, "latency").value_or(monitor.latency);
    if (monitor.latency < 1)
      add(node.find("latency")->at,
          "`latency` is how many times slower than the baseline the new side may be: 1 at least, such as 1.5");
    if (const YamlNode* errors = value(node, "errors"))
      if (const auto written = scalar(*errors, "errors")) {
        auto read = plan_values::read_percent(*written);
        if (read)
          monitor.errors = *read;
        else
          add(errors->at, within("errors", read.error()));
      }
    static constexpr std::string_view kBaseline[] = {"required", "optional"};
    if (const YamlNode* baseline = value(node, "baseline"))
      monitor.baseline_required = word(*baseline, "baseline", kBaseline) == "required";
    if (monitor.duration < monitor.every)
      add(node.at, fmt::format("`for` ({}) is shorter than `every` ({}): no second round would be made; correct one",
                               format_duration(monitor.duration), format_duration(monitor.every)));
  }

  std::vector<PlanError>& errors_;
  Plan plan_;
};

Error all_of(std::vector<PlanError> errors, const std::filesystem::path& file) {
  std::stable_sort(errors.begin(), errors.end(), [](const PlanError& a, const PlanError& b) {
    return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
  });
  std::vector<std::string> lines;
  for (const PlanError& error : errors) {
    lines.push_back(
        fmt::format("{}:{}:{}: {}", file.string(), error.at.line, error.at.column, printable(error.message)));
    if (lines.size() > 1 && lines.back() == lines[lines.size() - 2]) lines.pop_back();
  }
  return fail(ErrorCode::kInvalid, join(lines, "\n"));
}

}  // namespace

Result<Plan> parse_plan(std::string_view text, const std::filesystem::path& file) {
  std::vector<PlanError> errors;
  const auto root = parse_yaml(text, errors);
  if (!root) return all_of(std::move(errors), file);
  Plan plan = Reader(file, errors).read(*root);
  check_plan(plan, errors);
  if (!errors.empty()) return all_of(std::move(errors), file);
  plan.hash = hash_of(plan);
  return plan;
}

Result<Plan> read_plan(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored))
    return fail(ErrorCode::kIo, fmt::format("{} is a folder; give the plan file in it", file.string()));
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in && errno == ENOENT)
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no plan file {}; `cutover assess` writes one, or give its path", file.string()));
  if (!in)
    return fail(ErrorCode::kIo, fmt::format("cannot read the plan file {}: {}", file.string(), std::strerror(errno)));
  std::stringstream text;
  text << in.rdbuf();
  if (in.bad())
    return fail(ErrorCode::kIo, fmt::format("cannot read the plan file {}: {}", file.string(), std::strerror(errno)));
  return parse_plan(text.str(), file);
}

}  // namespace cutover
