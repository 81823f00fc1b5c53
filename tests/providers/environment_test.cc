#include "providers/environment.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>

#include "net/loop.h"
#include "tests/servers/process.h"

using namespace cutover;
using namespace cutover::providers;

namespace {

using Texts = std::map<std::string, std::string>;

constexpr std::string_view kTokenNames[] = {"CLOUD_TOKEN", "CLOUD_API_TOKEN"};
constexpr std::string_view kUrlNames[] = {"CLOUD_URL"};
constexpr OptionSpec kOptions[] = {
    {"token", "the API token", true, true, kTokenNames},
    {"url", "where it is", false, false, kUrlNames},
    {"zone_id", "the zone's id", false, false},
};

Texts options_with(const Texts& plan, const Texts& environment) {
  return with_environment({"cloud", plan, ""}, kOptions,
                          [&](const std::string& name) {
                            const auto at = environment.find(name);
                            return at == environment.end() ? std::nullopt : std::optional(at->second);
                          })
      .options;
}

/// Sets a variable of this process for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

std::string error_of(const std::string& type, const Texts& options, const std::string& folder = {}) {
  net::Loop loop;
  const SystemClock clock;
  const auto made = make_provider({type, options, folder}, {loop, clock, {}});
  return made ? "" : made.error().message;
}

}  // namespace

TEST_CASE("what the plan leaves out comes from the environment, by the first name that is set") {
  struct Case {
    const char* what;
    Texts plan, environment, found;
  };
  const Case cases[] = {
      {"nothing anywhere", {}, {}, {}},
      {"the primary name", {}, {{"CLOUD_TOKEN", "x"}}, {{"token", "env/CLOUD_TOKEN"}}},
      {"an alias", {}, {{"CLOUD_API_TOKEN", "x"}}, {{"token", "env/CLOUD_API_TOKEN"}}},
      {"both", {}, {{"CLOUD_API_TOKEN", "y"}, {"CLOUD_TOKEN", "x"}}, {{"token", "env/CLOUD_TOKEN"}}},
      {"an empty one counts as not set",
       {},
       {{"CLOUD_TOKEN", " "}, {"CLOUD_API_TOKEN", "y"}},
       {{"token", "env/CLOUD_API_TOKEN"}}},
      {"a file", {}, {{"CLOUD_TOKEN_FILE", "/run/token"}}, {{"token", "env/CLOUD_TOKEN"}}},
      {"the plan goes first", {{"token", "file/t"}}, {{"CLOUD_TOKEN", "x"}}, {{"token", "file/t"}}},
      {"empty in the plan is left out", {{"token", ""}}, {{"CLOUD_TOKEN", "x"}}, {{"token", "env/CLOUD_TOKEN"}}},
      {"what is no secret is taken as it is", {}, {{"CLOUD_URL", " https://a/ "}}, {{"url", "https://a/"}}},
      {"and from no file", {}, {{"CLOUD_URL_FILE", "/run/url"}}, {}},
      {"an option without names", {{"zone_id", "7"}}, {{"ZONE_ID", "8"}}, {{"zone_id", "7"}}},
      {"a stranger's option stays, to be refused", {{"colour", "red"}}, {}, {{"colour", "red"}}},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    CHECK(options_with(each.plan, each.environment) == each.found);
  }
  CHECK(variables_of(kOptions[0]) ==
        std::vector<std::string>{"CLOUD_TOKEN", "CLOUD_TOKEN_FILE", "CLOUD_API_TOKEN", "CLOUD_API_TOKEN_FILE"});
  CHECK(variables_of(kOptions[1]) == std::vector<std::string>{"CLOUD_URL"});
  CHECK(variables_of(kOptions[2]).empty());
}

TEST_CASE("errors say which names were looked at") {
  CHECK(
      error_of("powerdns", {{"url", "http://127.0.0.1:1"}}) ==
      "the provider 'powerdns' needs the option 'key': the API key (api-key in pdns.conf); the plan does not give it, "
      "nor the environment in PDNS_API_KEY, PDNS_API_KEY_FILE");
  CHECK(error_of("rfc2136", {}).find("nor the environment in DNSUPDATE_NAMESERVER, RFC2136_NAMESERVER") !=
        std::string::npos);
}

TEST_CASE("PowerDNS is found by the names that other tools use") {
  const Variable url("PDNS_API_URL", "http://127.0.0.1:1");
  servers::TempFolder folder;
  {
    const Variable key("PDNS_API_KEY", "a secret of ours");
    CHECK(error_of("powerdns", {}) == "");
  }
  const Variable key("PDNS_API_KEY_FILE", folder.write("key", "a secret of ours\n", 0644));
  const std::string open_to_all = error_of("powerdns", {});
  CHECK(open_to_all.find("PDNS_API_KEY_FILE") != std::string::npos);
  CHECK(open_to_all.find("chmod 600") != std::string::npos);
  CHECK(open_to_all.find("a secret of ours") == std::string::npos);
  folder.write("key", "a secret of ours\n", 0600);
  CHECK(error_of("powerdns", {}) == "");
}

TEST_CASE("a TSIG key in parts, as lego takes it") {
  const Variable server("RFC2136_NAMESERVER", "127.0.0.1:5300");
  CHECK(error_of("rfc2136", {}) == "");
  const Variable name("RFC2136_TSIG_KEY", "cutover.");
  CHECK(error_of("rfc2136", {}).find("RFC2136_TSIG_ALGORITHM is not") != std::string::npos);
  const Variable algorithm("RFC2136_TSIG_ALGORITHM", "hmac-sha256.");
  CHECK(error_of("rfc2136", {}).find("neither RFC2136_TSIG_SECRET nor RFC2136_TSIG_SECRET_FILE is set") !=
        std::string::npos);
  {
    const Variable secret("RFC2136_TSIG_SECRET", "not!base64");
    const std::string error = error_of("rfc2136", {});
    CHECK(error.find("RFC2136_TSIG_KEY, RFC2136_TSIG_SECRET and RFC2136_TSIG_ALGORITHM") != std::string::npos);
    CHECK(error.find("not!base64") == std::string::npos);
  }
  const Variable secret("RFC2136_TSIG_SECRET", "Y3V0b3Zlci10ZXN0LXNlY3JldA==");
  CHECK(error_of("rfc2136", {}) == "");
  // The plan's own key goes first.
  CHECK(error_of("rfc2136", {{"key", "env/NO_SUCH_KEY"}}).find("NO_SUCH_KEY") != std::string::npos);
}
