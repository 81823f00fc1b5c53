#include "providers/link_header.h"

#include <catch2/catch.hpp>

using namespace cutover::providers;

TEST_CASE("the target of a Link header is found by its relation") {
  struct Case {
    const char *header, *target;
  };
  const Case cases[] = {
      {R"(<https://a/b?c=1>; rel="next")", "https://a/b?c=1"},
      {R"(<https://a/?first>; rel="first", <https://a/?next>; rel="next")", "https://a/?next"},
      {R"(<https://a/?next>; rel="next",  <https://a/?prev>; rel="prev")", "https://a/?next"},
      {"<https://a/?next>;rel=next,<https://a/?last>;rel=last", "https://a/?next"},
      {R"(<https://a/?next>; title="x"; rel="last next")", "https://a/?next"},
      {R"(<https://a/?next=1>; rel="nextish")", ""},
      {R"(<https://a/?rel="next">; rel="prev")", ""},
      {R"(<https://a)", ""},
      {"", ""},
  };
  for (const Case& one : cases) {
    INFO(one.header);
    CHECK(link_to(one.header, "next").value_or("") == one.target);
  }
}
