#include "providers/route53/aws_credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "core/text.h"
#include "providers/file.h"

namespace cutover::providers::route53 {
namespace {

using Profile = std::map<std::string, std::string>;

constexpr std::string_view kExport =
    "run `eval \"$(aws configure export-credentials --format env)\"`, with --profile where you need one, and start "
    "again";

std::string value_of(const Profile& profile, const std::string& key) {
  const auto at = profile.find(key);
  return at == profile.end() ? "" : at->second;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_of("[]\n\r") == std::string_view::npos && printable(text) == text;
}

/// `profile dev`, `profile "my dev"`, `default`: the name of the profile; other sections stay what they are.
std::string section_name(std::string_view inside) {
  std::string_view text = trim(inside);
  if (text.starts_with("profile ") || text.starts_with("profile\t")) {
    text = trim(text.substr(8));
    if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0])
      text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

/// Without a comment that begins behind a space.
std::string_view plain_value(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i)
    if ((value[i] == '#' || value[i] == ';') && (value[i - 1] == ' ' || value[i - 1] == '\t'))
      return trim(value.substr(0, i));
  return trim(value);
}

bool holds_secrets(const Sections& sections) {
  return std::any_of(sections.begin(), sections.end(), [](const auto& section) {
    return section.second.contains("aws_secret_access_key") || section.second.contains("aws_session_token");
  });
}

/// Both files as one: what the credentials file says of a profile goes before what the config file says.
class Files {
 public:
  static Result<Files> open(const Variables& environment);
  const Profile* find(const std::string& name) const {
    const auto at = profiles_.find(name);
    return at == profiles_.end() ? nullptr : &at->second;
  }
  std::string where() const { return fmt::format("{} or {}", printable(credentials_), printable(config_)); }

 private:
  Result<void> read_credentials();
  Result<void> read_config();

  std::string credentials_, config_;
  Sections profiles_;
};

std::string path_of(const Variables& environment, const std::string& variable, std::string_view beside_home) {
  const std::string home = environment("HOME").value_or("");
  std::string path = environment(variable).value_or(home + std::string(beside_home));
  if (path.starts_with("~/")) path = home + path.substr(1);
  return path;
}

Result<Files> Files::open(const Variables& environment) {
  Files files;
  files.credentials_ = path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
  files.config_ = path_of(environment, "AWS_CONFIG_FILE", "/.aws/config");
  if (auto read = files.read_credentials(); !read) return read.error();
  if (auto read = files.read_config(); !read) return read.error();
  return files;
}

Result<void> Files::read_credentials() {
  const auto text = net::read_credential("file/" + credentials_, "");
  if (!text) return text.error().code == ErrorCode::kNotFound ? Result<void>() : Result<void>(text.error());
  auto sections = parse_sections(text->reveal(), credentials_);
  if (!sections) return sections.error();
  profiles_ = *std::move(sections);
  return {};
}

Result<void> Files::read_config() {
  const auto text = read_file(config_);
  if (!text) return text.error().code == ErrorCode::kNotFound ? Result<void>() : Result<void>(text.error());
  auto sections = parse_sections(*text, config_);
  if (!sections) return sections.error();
  // A config file may be readable by everybody, and usually is; one that people put keys into may not.
  if (holds_secrets(*sections))
    if (const auto guarded = net::read_credential("file/" + config_, ""); !guarded) return guarded.error();
  for (auto& section : *sections)
    for (auto& setting : section.second) profiles_[section.first].try_emplace(setting.first, setting.second);
  return {};
}

Result<AwsKeys> keys_of(const std::string& id, const std::string& secret, const std::string& token,
                        const std::string& from) {
  if (id.empty() || secret.empty())
    return fail(ErrorCode::kInvalid, fmt::format("{} has {} and not {}: both are needed", from,
                                                 id.empty() ? "a secret access key" : "an access key id",
                                                 id.empty() ? "the access key id" : "its secret"));
  for (const std::string& text : {id, secret, token})
    if (printable(text) != text || text.find(' ') != std::string::npos)
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: a key or token has a space or a character that no AWS key has", from));
  return AwsKeys{id, net::Secret(secret), token.empty() ? std::nullopt : std::optional(net::Secret(token))};
}

/// What AWS's tools can do and this program cannot.
Result<void> check_supported(const Profile& profile, const std::string& from) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} {}, which is not supported here: {}", from, what, kExport));
  };
  if (profile.contains("sso_session") || profile.contains("sso_start_url")) return refuse("uses single sign-on");
  if (profile.contains("web_identity_token_file")) return refuse("uses a web identity token");
  if (profile.contains("mfa_serial")) return refuse("wants a code from an MFA device");
  if (profile.contains("credential_process")) return refuse("gets its keys from a program (credential_process)");
  return {};
}

Result<AwsRole> role_of(const Profile& profile, const std::string& from) {
  AwsRole role{value_of(profile, "role_arn"), value_of(profile, "external_id")};
  if (const std::string name = value_of(profile, "role_session_name"); !name.empty()) role.session_name = name;
  if (const std::string text = value_of(profile, "duration_seconds"); !text.empty()) {
    int seconds = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || seconds < 900 || seconds > 43200)
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: duration_seconds is a number of seconds from 900 to 43200", from));
    role.duration = std::chrono::seconds(seconds);
  }
  return role;
}

Result<AwsIdentity> environment_identity(const Variables& environment) {
  auto keys = keys_of(environment("AWS_ACCESS_KEY_ID").value_or(""), environment("AWS_SECRET_ACCESS_KEY").value_or(""),
                      environment("AWS_SESSION_TOKEN").value_or(""), "the environment (AWS_ACCESS_KEY_ID)");
  if (!keys) return keys.error();
  return AwsIdentity{*std::move(keys), {}, "the environment", ""};
}

/// Follows source_profile to the keys, and collects the roles on the way back.
class ProfileWalk {
 public:
  ProfileWalk(const Files& files, const Variables& environment) : files_(files), environment_(environment) {}

  Result<AwsIdentity> walk(const std::string& name) {
    const std::string from = fmt::format("the profile '{}'", printable(name));
    const Profile* profile = files_.find(name);
    if (profile == nullptr)
      return fail(ErrorCode::kNotFound, fmt::format("there is no profile '{}' in {}", printable(name), files_.where()));
    const bool is_seen = !seen_.insert(name).second;
    if (profile->contains("role_arn") && !is_seen) return with_role(*profile, name, from);
    auto identity = with_keys(*profile, from, is_seen);
    if (identity) identity->profile = name;
    return identity;
  }

 private:
  Result<AwsIdentity> with_role(const Profile& profile, const std::string& name, const std::string& from) {
    if (auto supported = check_supported(profile, from); !supported) return supported.error();
    auto role = role_of(profile, from);
    if (!role) return role.error();
    const std::string source = value_of(profile, "source_profile");
    const std::string kind = value_of(profile, "credential_source");
    if (source.empty() && kind != "Environment")
      return fail(ErrorCode::kUnsupported, fmt::format("{} has a role_arn and {}: name a source_profile, or {}", from,
                                                       kind.empty() ? "nothing to assume it with"
                                                                    : "a credential_source that is not supported here",
                                                       kExport));
    auto identity = source.empty() ? environment_identity(environment_) : walk(source);
    if (!identity) return within(from, identity.error());
    identity->roles.push_back(*std::move(role));
    identity->from = fmt::format("the profile '{}'", printable(name));
    return identity;
  }

  Result<AwsIdentity> with_keys(const Profile& profile, const std::string& from, bool is_seen) {
    const std::string id = value_of(profile, "aws_access_key_id");
    const std::string secret = value_of(profile, "aws_secret_access_key");
    if (id.empty() && secret.empty()) {
      if (is_seen) return fail(ErrorCode::kInvalid, fmt::format("{} is its own source_profile and has no keys", from));
      if (auto supported = check_supported(profile, from); !supported) return supported.error();
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} has neither keys (aws_access_key_id, aws_secret_access_key) nor a role_arn", from));
    }
    auto keys = keys_of(id, secret, value_of(profile, "aws_session_token"), from);
    if (!keys) return keys.error();
    return AwsIdentity{*std::move(keys), {}, from, ""};
  }

  const Files& files_;
  const Variables& environment_;
  std::set<std::string> seen_;
};

Result<AwsIdentity> profile_identity(const std::string& name, const Variables& environment) {
  auto files = Files::open(environment);
  if (!files) return files.error();
  return ProfileWalk(*files, environment).walk(name);
}

Result<AwsIdentity> chosen_identity(const std::string& profile, const Variables& environment) {
  if (!profile.empty()) return profile_identity(profile, environment);
  if (environment("AWS_ACCESS_KEY_ID") || environment("AWS_SECRET_ACCESS_KEY"))
    return environment_identity(environment);
  if (const auto named = environment("AWS_PROFILE")) return profile_identity(*named, environment);
  auto found = profile_identity("default", environment);
  if (found || found.error().code != ErrorCode::kNotFound) return found;
  for (const char* elsewhere :
       {"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"})
    if (environment(elsewhere))
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{} is set, and keys from there are not supported here: {}", elsewhere, kExport));
  return fail(ErrorCode::kNotFound,
              fmt::format("no AWS keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile by the "
                          "option 'profile' or AWS_PROFILE ({}). Instance metadata and single sign-on are not asked: "
                          "there, {}",
                          found.error().message, kExport));
}

}  // namespace

Result<Sections> parse_sections(std::string_view text, const std::string& file) {
  Sections sections;
  std::map<std::string, std::string>* current = nullptr;
  int number = 0;
  for (const std::string& raw : split(text, '\n')) {
    ++number;
    const auto bad = [&](std::string_view why) {
      return fail(ErrorCode::kInvalid, fmt::format("{}:{}: {}", printable(file), number, why));
    };
    const std::string_view line = trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      const auto end = line.find(']');
      const std::string name = end == std::string_view::npos ? "" : section_name(line.substr(1, end - 1));
      if (!is_name(name)) return bad("this is not a section such as [default] or [profile NAME]");
      current = &sections[name];
      continue;
    }
    if (raw[0] == ' ' || raw[0] == '\t') continue;  // belongs to a setting that has settings of its own
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) return bad("this is neither a section nor NAME = VALUE");
    if (current == nullptr) return bad("this stands before the first section");
    (*current)[to_lower(trim(line.substr(0, equals)))] = plain_value(line.substr(equals + 1));
  }
  return sections;
}

Result<AwsIdentity> find_identity(const std::string& profile, const Variables& variables) {
  const Variables environment = [&](const std::string& name) -> std::optional<std::string> {
    auto value = variables(name);
    return value && !value->empty() ? value : std::nullopt;
  };
  auto identity = chosen_identity(profile, environment);
  if (!identity) return identity;
  if (const auto arn = environment("AWS_ASSUME_ROLE_ARN")) {
    AwsRole role{*arn, environment("AWS_EXTERNAL_ID").value_or("")};
    role.session_name = environment("AWS_ROLE_SESSION_NAME").value_or(role.session_name);
    identity->roles.push_back(std::move(role));
  }
  return identity;
}

}  // namespace cutover::providers::route53
