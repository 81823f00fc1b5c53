// Where AWS keys come from, as tables: the environment, two files, roles, and what is refused with the reason.
#include <catch2/catch.hpp>

#include "providers/route53/aws_credentials.h"
#include "tests/servers/process.h"

using namespace cutover;
using namespace cutover::providers::route53;

namespace {

struct Home {
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};
  std::map<std::string, std::string> variables{{"HOME", folder.path()}};

  Home() {
    const int made = std::system(("mkdir " + folder.path() + "/.aws").c_str());
    REQUIRE(made == 0);
  }
  void credentials(const std::string& text, unsigned mode = 0600) const {
    folder.write(".aws/credentials", text, mode);
  }
  void config(const std::string& text, unsigned mode = 0644) const { folder.write(".aws/config", text, mode); }
  Result<AwsIdentity> find(const std::string& profile = {}) const {
    auto found = find_identity(profile, [&](const std::string& name) -> std::optional<std::string> {
      const auto at = variables.find(name);
      return at == variables.end() || at->second.empty() ? std::nullopt : std::optional(at->second);
    });
    if (!found) {
      INFO(found.error().message);
      CHECK(found.error().message.find("secret-of") == std::string::npos);
    }
    return found;
  }
};

const std::string kCredentials = R"([default]
aws_access_key_id = ID-DEFAULT
aws_secret_access_key = secret-of-default

[prod]
aws_access_key_id=ID-PROD
aws_secret_access_key=secret-of-prod
aws_session_token=token-of-prod
)";

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("which keys are used") {
  struct Case {
    std::string what, profile;
    std::map<std::string, std::string> variables;
    std::string id, secret, token;
  };
  const std::vector<Case> cases{
      {"the default profile", "", {}, "ID-DEFAULT", "secret-of-default", ""},
      {"the environment goes before files",
       "",
       {{"AWS_ACCESS_KEY_ID", "ID-ENV"}, {"AWS_SECRET_ACCESS_KEY", "secret-of-env"}, {"AWS_SESSION_TOKEN", "t"}},
       "ID-ENV",
       "secret-of-env",
       "t"},
      {"and before AWS_PROFILE",
       "",
       {{"AWS_ACCESS_KEY_ID", "ID-ENV"}, {"AWS_SECRET_ACCESS_KEY", "secret-of-env"}, {"AWS_PROFILE", "prod"}},
       "ID-ENV",
       "secret-of-env",
       ""},
      {"a profile that the plan names goes before the environment",
       "prod",
       {{"AWS_ACCESS_KEY_ID", "ID-ENV"}, {"AWS_SECRET_ACCESS_KEY", "secret-of-env"}},
       "ID-PROD",
       "secret-of-prod",
       "token-of-prod"},
      {"AWS_PROFILE", "", {{"AWS_PROFILE", "prod"}}, "ID-PROD", "secret-of-prod", "token-of-prod"},
      {"an empty variable is none", "", {{"AWS_ACCESS_KEY_ID", ""}}, "ID-DEFAULT", "secret-of-default", ""},
      {"a profile of the config file", "work", {}, "ID-WORK", "secret-of-work", ""},
      {"the credentials file goes before the config file", "both", {}, "ID-BOTH", "secret-of-both", ""},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    Home home;
    home.credentials(kCredentials + "[both]\naws_access_key_id=ID-BOTH\naws_secret_access_key=secret-of-both\n");
    home.config(
        "[profile work]\naws_access_key_id = ID-WORK\naws_secret_access_key = secret-of-work # mine\nregion = x\n"
        "[profile both]\naws_access_key_id=other\naws_secret_access_key=other\n",
        0600);
    home.variables.insert(one.variables.begin(), one.variables.end());
    const auto found = home.find(one.profile);
    REQUIRE(found);
    CHECK(found->keys.access_key_id == one.id);
    CHECK(found->keys.secret_access_key.reveal() == one.secret);
    CHECK((found->keys.session_token ? found->keys.session_token->reveal() : "") == one.token);
    CHECK(found->roles.empty());
  }
}

TEST_CASE("other places for the files") {
  Home home;
  home.variables["AWS_SHARED_CREDENTIALS_FILE"] =
      home.folder.write("elsewhere", "[ops]\naws_access_key_id = A\naws_secret_access_key = secret-of-a\n", 0600);
  home.variables["AWS_CONFIG_FILE"] = home.folder.write("c", "[profile o]\nrole_arn = r\nsource_profile = ops\n");
  const auto found = home.find("o");
  REQUIRE(found);
  CHECK(found->keys.access_key_id == "A");
  CHECK(found->roles.at(0).arn == "r");
}

TEST_CASE("roles: from which keys, in which order, with what") {
  Home home;
  home.credentials(kCredentials);
  home.config(R"(
[default]
region = eu-central-1
s3 =
    max_concurrent_requests = 20

[profile one]
role_arn = arn:aws:iam::111111111111:role/dns
source_profile = prod
external_id = 42
role_session_name = night-shift
duration_seconds = 900

[profile "two words"]
role_arn = arn:aws:iam::222222222222:role/deeper
source_profile = one

[profile self]
role_arn = arn:aws:iam::333333333333:role/self
source_profile = self
aws_access_key_id = ID-SELF
aws_secret_access_key = secret-of-self

[profile from-env]
role_arn = arn:aws:iam::444444444444:role/ci
credential_source = Environment
)",
              0600);
  SECTION("one") {
    const auto found = home.find("one");
    REQUIRE(found);
    CHECK(found->keys.access_key_id == "ID-PROD");
    REQUIRE(found->roles.size() == 1);
    CHECK(found->roles[0].arn == "arn:aws:iam::111111111111:role/dns");
    CHECK(found->roles[0].external_id == "42");
    CHECK(found->roles[0].session_name == "night-shift");
    CHECK(found->roles[0].duration == std::chrono::seconds(900));
    CHECK(found->from == "the profile 'one'");
  }
  SECTION("a chain") {
    const auto found = home.find("two words");
    REQUIRE(found);
    REQUIRE(found->roles.size() == 2);
    CHECK(holds(found->roles[0].arn, "role/dns"));
    CHECK(holds(found->roles[1].arn, "role/deeper"));
    CHECK(found->roles[1].session_name == "cutover");
    CHECK(found->roles[1].duration == std::chrono::seconds(3600));
  }
  SECTION("its own source") {
    const auto found = home.find("self");
    REQUIRE(found);
    CHECK(found->keys.access_key_id == "ID-SELF");
    CHECK(found->roles.size() == 1);
  }
  SECTION("the environment's keys") {
    home.variables["AWS_ACCESS_KEY_ID"] = "ID-ENV";
    home.variables["AWS_SECRET_ACCESS_KEY"] = "secret-of-env";
    const auto found = home.find("from-env");
    REQUIRE(found);
    CHECK(found->keys.access_key_id == "ID-ENV");
    CHECK(found->roles.size() == 1);
  }
  SECTION("AWS_ASSUME_ROLE_ARN comes last") {
    home.variables["AWS_ASSUME_ROLE_ARN"] = "arn:aws:iam::555555555555:role/last";
    home.variables["AWS_EXTERNAL_ID"] = "43";
    const auto found = home.find("one");
    REQUIRE(found);
    REQUIRE(found->roles.size() == 2);
    CHECK(holds(found->roles[1].arn, "role/last"));
    CHECK(found->roles[1].external_id == "43");
  }
}

TEST_CASE("what is refused, and what is said about it") {
  struct Case {
    std::string what, credentials, config, profile;
    std::map<std::string, std::string> variables;
    ErrorCode code;
    std::vector<std::string> says;
  };
  const std::string keys = "aws_access_key_id=A\naws_secret_access_key=secret-of-a\n";
  const std::vector<Case> cases{
      {"nothing anywhere",
       "",
       "",
       "",
       {},
       ErrorCode::kNotFound,
       {"AWS_ACCESS_KEY_ID", ".aws/credentials", "aws configure export-credentials"}},
      {"no such profile", kCredentials, "", "nope", {}, ErrorCode::kNotFound, {"'nope'", ".aws/credentials"}},
      {"half a pair", "", "", "", {{"AWS_ACCESS_KEY_ID", "A"}}, ErrorCode::kInvalid, {"the environment", "its secret"}},
      {"the other half",
       "[default]\naws_secret_access_key=secret-of-a\n",
       "",
       "",
       {},
       ErrorCode::kInvalid,
       {"'default'", "the access key id"}},
      {"a value of nothing",
       "[default]\n= secret-of-a\n",
       "",
       "",
       {},
       ErrorCode::kInvalid,
       {":2: this is neither a section nor NAME = VALUE"}},
      {"single sign-on",
       "",
       "[profile s]\nsso_session = x\nsso_account_id = 1\n",
       "s",
       {},
       ErrorCode::kUnsupported,
       {"'s'", "single sign-on", "aws configure export-credentials"}},
      {"the older single sign-on",
       "",
       "[profile s]\nsso_start_url = https://x\n",
       "s",
       {},
       ErrorCode::kUnsupported,
       {"single sign-on"}},
      {"a program",
       "",
       "[profile s]\ncredential_process = /bin/keys\n",
       "s",
       {},
       ErrorCode::kUnsupported,
       {"credential_process", "aws configure export-credentials"}},
      {"web identity",
       "",
       "[profile s]\nrole_arn=r\nweb_identity_token_file=/t\n",
       "s",
       {},
       ErrorCode::kUnsupported,
       {"web identity"}},
      {"web identity by environment",
       "",
       "",
       "",
       {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}},
       ErrorCode::kUnsupported,
       {"AWS_WEB_IDENTITY_TOKEN_FILE"}},
      {"a container",
       "",
       "",
       "",
       {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2"}},
       ErrorCode::kUnsupported,
       {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"}},
      {"MFA",
       kCredentials,
       "[profile s]\nrole_arn=r\nsource_profile=prod\nmfa_serial=m\n",
       "s",
       {},
       ErrorCode::kUnsupported,
       {"MFA"}},
      {"instance metadata",
       "",
       "[profile s]\nrole_arn=r\ncredential_source=Ec2InstanceMetadata\n",
       "s",
       {},
       ErrorCode::kUnsupported,
       {"credential_source"}},
      {"a role out of nothing", "", "[profile s]\nrole_arn=r\n", "s", {}, ErrorCode::kUnsupported, {"source_profile"}},
      {"a source that is not there",
       "",
       "[profile s]\nrole_arn=r\nsource_profile=t\n",
       "s",
       {},
       ErrorCode::kNotFound,
       {"'s'", "'t'"}},
      {"round in circles",
       "",
       "[profile s]\nrole_arn=r\nsource_profile=t\n[profile t]\nrole_arn=r\nsource_profile=s\n",
       "s",
       {},
       ErrorCode::kInvalid,
       {"its own source_profile"}},
      {"a duration of nonsense",
       kCredentials,
       "[profile s]\nrole_arn=r\nsource_profile=prod\nduration_seconds=60\n",
       "s",
       {},
       ErrorCode::kInvalid,
       {"900"}},
      {"no keys in it", "[s]\nregion = x\n", "", "s", {}, ErrorCode::kNotFound, {"'s'"}},
      {"a line that is none", "[default]\nsecret-of-a\n", "", "", {}, ErrorCode::kInvalid, {".aws/credentials:2"}},
      {"no section", keys, "", "", {}, ErrorCode::kInvalid, {".aws/credentials:1"}},
      {"a section that does not end", "[default\n" + keys, "", "", {}, ErrorCode::kInvalid, {".aws/credentials:1"}},
      {"a key with a control character",
       "[default]\naws_access_key_id=A\naws_secret_access_key=secret-of-\x01\n",
       "",
       "",
       {},
       ErrorCode::kInvalid,
       {"character"}},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    Home home;
    if (!one.credentials.empty()) home.credentials(one.credentials);
    if (!one.config.empty()) home.config(one.config);
    home.variables.insert(one.variables.begin(), one.variables.end());
    const auto found = home.find(one.profile);
    REQUIRE_FALSE(found);
    INFO(found.error().message);
    CHECK(found.error().code == one.code);
    for (const std::string& part : one.says) CHECK(holds(found.error().message, part));
  }
}

TEST_CASE("files that others can read are not used where secrets are in them") {
  Home home;
  home.credentials(kCredentials, 0644);
  auto found = home.find("prod");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::kAuth);
  CHECK(holds(found.error().message, "chmod 600"));
  home.credentials(kCredentials, 0600);
  home.config("[profile p]\nregion = x\n", 0644);
  CHECK(home.find("prod"));
  home.config("[profile p]\naws_access_key_id=A\naws_secret_access_key=secret-of-p\n", 0644);
  found = home.find("prod");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::kAuth);
}
