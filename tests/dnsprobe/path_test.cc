#include "dnsprobe/path.h"

#include <catch2/catch.hpp>

using namespace cutover;
using namespace cutover::dnsprobe;

namespace {

const PathOptions kOptions = default_path_options();
enum { kQuad9 = 0, kCloudflare = 1 };

PathAnswer silent(PathAnswer::Kind kind, std::size_t witness) {
  return {kind, witness, kind == PathAnswer::Kind::kCanary ? kOptions.canaries[0] : kOptions.witnesses[witness].v4, {}};
}

PathAnswer answered(PathAnswer::Kind kind, std::size_t witness, const std::string& identity = "") {
  PathAnswer out = silent(kind, witness);
  out.answer.outcome = net::Outcome::kAnswered;
  if (identity.empty())
    out.answer.reply.rcode = net::Rcode::kRefused;
  else
    out.answer.reply.answer = {
        {*DomainName::from_text("id.server"), RecordType::kTxt, net::RecordClass::kCh, 0, "\"" + identity + "\""}};
  return out;
}

}  // namespace

TEST_CASE("the path is judged by who answers, and by what they call themselves") {
  using Kind = PathAnswer::Kind;
  struct Row {
    const char* what;
    std::vector<PathAnswer> answers;
    Way udp;
    const char* says;
  };
  const auto row = GENERATE(values<Row>({
      {"nobody answers", {silent(Kind::kCanary, 0), silent(Kind::kIdentity, kQuad9)}, Way::kClosed, ""},
      {"both are who they are",
       {silent(Kind::kCanary, 0), answered(Kind::kIdentity, kQuad9, "res710.qbre1.rrdns.pch.net"),
        answered(Kind::kIdentity, kCloudflare, "yul01")},
       Way::kOpen,
       ""},
      {"the other known spelling",
       {answered(Kind::kIdentity, kQuad9, "RES120.qyul1.on.quad9.net"), answered(Kind::kIdentity, kCloudflare, "FRA")},
       Way::kOpen,
       ""},
      {"an address without DNS answers",
       {answered(Kind::kCanary, 0), answered(Kind::kIdentity, kQuad9, "res710.qbre1.rrdns.pch.net")},
       Way::kIntercepted,
       "192.0.2.53 runs no DNS"},
      {"every witness calls itself something else",
       {answered(Kind::kIdentity, kQuad9, "router.lan"), answered(Kind::kIdentity, kCloudflare, "router.lan")},
       Way::kIntercepted,
       "quad9 at 9.9.9.9 calls itself \"router.lan\""},
      {"every witness that answers refuses to say who it is",
       {answered(Kind::kIdentity, kQuad9), silent(Kind::kIdentity, kCloudflare)},
       Way::kIntercepted,
       "answers REFUSED when asked who it is"},
      {"one odd witness is no proof",
       {answered(Kind::kIdentity, kQuad9, "res7.qfra1.rrdns.pch.net"),
        answered(Kind::kIdentity, kCloudflare, "a-new-scheme.example")},
       Way::kOpen,
       ""},
      {"almost right is not right",
       {answered(Kind::kIdentity, kQuad9, "res.qfra1.rrdns.pch.net"),
        answered(Kind::kIdentity, kCloudflare, "yul01.example")},
       Way::kIntercepted,
       "yul01.example"},
  }));
  INFO(row.what);
  const PathReport report = judge_path(kOptions, row.answers);
  CHECK(report.udp == row.udp);
  CHECK(report.interception.find(row.says) != std::string::npos);
  CHECK(report.interception.empty() == (row.udp != Way::kIntercepted));
  CHECK(report.evidence.size() == row.answers.size());
}

TEST_CASE("TCP is open when anybody answers there") {
  using Kind = PathAnswer::Kind;
  CHECK(judge_path(kOptions, {silent(Kind::kTcp, 0)}).tcp == Way::kClosed);
  const PathReport open = judge_path(kOptions, {silent(Kind::kTcp, 0), answered(Kind::kTcp, 1)});
  CHECK(open.tcp == Way::kOpen);
  CHECK(open.udp == Way::kClosed);
}

TEST_CASE("IPv6 is a path of its own") {
  using Kind = PathAnswer::Kind;
  const auto over_v6 = [](PathAnswer one) {
    one.asked = one.kind == Kind::kCanary ? kOptions.canaries.back() : kOptions.witnesses[one.witness].v6;
    return one;
  };
  const auto quad9 = answered(Kind::kIdentity, kQuad9, "res710.qbre1.rrdns.pch.net");
  const auto router = over_v6(answered(Kind::kIdentity, kQuad9, "router.lan"));
  const std::vector<Resolver> v4{*parse_resolver("9.9.9.9")}, v6{*parse_resolver("2620:fe::fe")}, both{v4[0], v6[0]},
      encrypted{*parse_resolver("tls://dns.quad9.net@2620:fe::fe")};

  const PathReport dead = judge_path(kOptions, {quad9, over_v6(silent(Kind::kIdentity, kQuad9))});
  CHECK(dead.udp == Way::kOpen);
  CHECK(dead.udp6 == Way::kClosed);
  CHECK(interception_of(dead, both).empty());

  const PathReport own = judge_path(kOptions, {quad9, over_v6(quad9), over_v6(silent(Kind::kCanary, 0))});
  CHECK(own.udp6 == Way::kOpen);
  CHECK(interception_of(own, both).empty());

  const PathReport taken = judge_path(kOptions, {quad9, router});
  CHECK(taken.udp == Way::kOpen);
  CHECK(taken.udp6 == Way::kIntercepted);
  CHECK(interception_of(taken, v4).empty());
  CHECK(interception_of(taken, encrypted).empty());
  CHECK_THAT(interception_of(taken, both), Catch::Contains("quad9 at 2620:fe::fe calls itself \"router.lan\""));

  const PathReport canary = judge_path(kOptions, {quad9, over_v6(quad9), over_v6(answered(Kind::kCanary, 0))});
  CHECK(canary.udp6 == Way::kIntercepted);
  CHECK_THAT(interception_of(canary, v6), Catch::Contains("2001:db8::53 runs no DNS"));

  const PathReport taken4 = judge_path(kOptions, {answered(Kind::kIdentity, kQuad9, "router.lan"), over_v6(quad9)});
  CHECK(taken4.udp == Way::kIntercepted);
  CHECK(interception_of(taken4, v6).empty());
  CHECK_FALSE(interception_of(taken4, both).empty());
}

TEST_CASE("what stays at home needs no path to the Internet") {
  for (const char* text : {"8.8.8.8", "1.1.1.1", "100.63.0.1", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.2.1",
                           "2001:4860:4860::8888", "2606:4700::1"}) {
    INFO(text);
    CHECK(is_public(*IpAddress::from_text(text)));
  }
  for (const char* text : {"127.0.0.1", "127.9.9.9", "10.0.0.1", "100.64.0.1", "172.16.0.1", "172.31.255.1",
                           "192.168.1.1", "169.254.1.1", "0.0.0.0", "::1", "fd00::1", "fc00::1", "fe80::1"}) {
    INFO(text);
    CHECK_FALSE(is_public(*IpAddress::from_text(text)));
  }
}
