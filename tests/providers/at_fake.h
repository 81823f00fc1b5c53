#pragma once
#include <catch2/catch.hpp>
#include <string>

#include "tests/providers/subject.h"

namespace cutover::tests {

/// A provider of one type with a fake behind it that has the zone example.com.
template <class Fake>
class AtFake {
 public:
  explicit AtFake(const std::string& provider_type) : type(provider_type) {
    fake.add_zone("example.com");
    folder_.write("token", Fake::kToken, 0600);
    open(fake.url());
  }
  /// From now on through something that stands before the fake.
  void open(const std::string& url) {
    auto opened =
        providers::make_provider({type, {{"url", url}, {"token", "file/token"}}, folder_.path()}, {loop_, clock_, {}});
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

 private:
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
  net::Loop loop_;
  SystemClock clock_;
  std::unique_ptr<providers::Provider> provider_;
};

}  // namespace cutover::tests
