#pragma once
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>

#include "tests/providers/subject.h"

namespace cutover::tests {

/// A provider of one type with a fake behind it that has the zone example.com.
template <class Fake>
class AtFake {
 public:
  /// `secrets`: options that name a credential, and what it is.
  explicit AtFake(const std::string& provider_type,
                  const std::map<std::string, std::string>& secrets = {{"token", Fake::kToken}})
      : type(provider_type) {
    fake.add_zone("example.com");
    for (const auto& [option, secret] : secrets) {
      folder_.write(option, secret, 0600);
      options_[option] = "file/" + option;
    }
    open(fake.url());
  }
  /// From now on through something that stands before the fake.
  void open(const std::string& url) {
    options_["url"] = url;
    auto opened =
        providers::make_provider({type, options_, folder_.path()}, {loop_, clock_, {}, [this](const std::string&) {
                                                                      if (when_told) when_told();
                                                                    }});
    INFO((opened ? "" : opened.error().message));
    REQUIRE(opened);
    provider_ = std::move(*opened);
  }
  providers::Provider& provider() { return *provider_; }

  Zone read() {
    auto zone = provider_->read(name("@"));
    INFO((zone ? "" : zone.error().message));
    REQUIRE(zone);
    return *zone;
  }
  Result<std::vector<providers::Step>> steps(const std::vector<Change>& changes) const {
    return provider_->steps({name("@"), changes, std::nullopt, std::nullopt});
  }
  /// All calls; the first error ends it.
  Result<void> make(const std::vector<Change>& changes) {
    auto calls = steps(changes);
    if (!calls) return calls.error();
    for (const providers::Step& step : *calls) {
      auto made = provider_->apply(step);
      if (!made) return made.error();
      for (;;) {
        auto in_force = provider_->in_sync(*made);
        if (!in_force) return in_force.error();
        if (*in_force) break;
      }
    }
    return {};
  }
  void must_make(const std::vector<Change>& changes) {
    const auto made = make(changes);
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
  }

  std::string type;
  Fake fake;
  std::function<void()> when_told;  ///< called when the provider tells of a pause

 private:
  std::map<std::string, std::string> options_;
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
  net::Loop loop_;
  SystemClock clock_;
  std::unique_ptr<providers::Provider> provider_;
};

}  // namespace cutover::tests
