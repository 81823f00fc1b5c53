#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/servers/servers.h"

// The program itself, against files and against Unbounds on loopback that know the names it asks.

using namespace cutover;

namespace {

using Json = nlohmann::json;

struct Desk {
  servers::TempFolder folder;

  servers::Finished run(std::vector<std::string> arguments) const {
    std::vector<std::string> argv{
        "env",      "-C", folder.path(), "XDG_STATE_HOME=" + folder.file("state"), std::getenv("CUTOVER_PROGRAM"),
        "resolvers"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return servers::run_program(argv);
  }
  Json json(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-o", "json"});
    const auto ran = run(arguments);
    INFO(ran.output);
    const auto begin = ran.output.find('{');
    REQUIRE(begin != std::string::npos);
    return Json::parse(ran.output.substr(begin));
  }
};

/// An Unbound that knows the names of a check.
std::string public_names() {
  return "  local-data: \"a.root-servers.net. 3600000 IN A 198.41.0.4\"\n"
         "  local-data: \"o-o.myaddr.l.google.com. 60 IN TXT 192.0.2.1\"\n"
         "  local-zone: \"example.com.\" static\n";
}

}  // namespace

TEST_CASE("resolvers list: what the filters leave") {
  const Desk desk;
  const Json all = desk.json({"list"});
  CHECK(all.at("schema") == 1);
  CHECK(all.at("resolvers").size() == 277);
  CHECK(desk.json({"list", "--all"}).at("resolvers").size() == 470);
  const Json two_countries = desk.json({"list", "--country", "de", "--country", "FR"});
  for (const Json& each : two_countries.at("resolvers"))
    CHECK((each.at("country") == "DE" || each.at("country") == "FR"));
  const Json africa = desk.json({"list", "--continent", "africa", "--transport", "udp"});
  for (const Json& each : africa.at("resolvers")) {
    CHECK(each.at("continent") == "Africa");
    CHECK(each.at("transports").at(0) == "udp");
  }
  CHECK(desk.run({"list", "--country", "Germany"}).status == 1);
  CHECK(desk.run({"list", "--continent", "Atlantis"}).status == 1);
  CHECK(desk.run({"list", "--tier", "3"}).status == 1);
  const auto text = desk.run({"list", "--operator", "Quad9"});
  CHECK(text.status == 0);
  CHECK(text.output.find("3 services of 1 operator in 0 countries on 0 continents") != std::string::npos);
}

TEST_CASE("resolvers import: bad rows are named, the rest is written, nothing is overwritten") {
  const Desk desk;
  desk.folder.write("public.csv",
                    "ip,name,country_id,city,reliability\n192.0.2.1,a.,DE,Berlin,1\nnonsense,b.,DE,x,1\n"
                    "192.0.2.1,a.,DE,Berlin,1\n10.0.0.1,c.,DE,x,1\n");
  const auto ran = desk.run({"import", "public.csv", "--to", "mine.tsv"});
  INFO(ran.output);
  REQUIRE(ran.status == 0);
  CHECK(ran.output.find("public.csv:3: \"nonsense\" is no resolver") != std::string::npos);
  CHECK(ran.output.find("public.csv:5: 10.0.0.1 is an address of a private network") != std::string::npos);
  const std::string list = servers::read_text(desk.folder.file("mine.tsv"));
  CHECK(list.find("192.0.2.1\t192.0.2.0-24\ta.\tDE\tBerlin\t-\tno\tno\tpublic.csv\n") != std::string::npos);
  CHECK(desk.run({"import", "public.csv", "--to", "mine.tsv"}).status == 1);
  const Json told = desk.json({"import", "public.csv", "--to", "mine.tsv", "--force"});
  CHECK(told.at("taken") == 1);
  CHECK(told.at("duplicates") == 1);
  CHECK(told.at("bad_rows") == 2);
  CHECK(desk.run({"import", "none.csv", "--to", "other.tsv"}).status == 1);
  CHECK_FALSE(std::filesystem::exists(desk.folder.file("other.tsv")));
}

TEST_CASE("resolvers check: what is found is told and remembered") {
  const Desk desk;
  servers::UnboundOptions options;
  options.extra = public_names();
  const servers::Unbound good(options);
  const servers::Unbound closed({});
  desk.folder.write("mine.txt", "good=" + good.endpoint().text() + "\nclosed=" + closed.endpoint().text() + "\n");
  const Json told = desk.json({"check", "--list", "mine.txt", "--timeout", "10s"});
  INFO(told.dump(2));
  REQUIRE(told.at("resolvers").size() == 2);
  CHECK(told.at("resolvers").at(0).at("condition") == "answers");
  CHECK(told.at("resolvers").at(0).at("rewrites") == "no");
  CHECK(told.at("resolvers").at(0).at("rtt_us").is_number());
  CHECK(told.at("resolvers").at(1).at("condition") == "refuses");
  const std::string book = servers::read_text(desk.folder.file("state/cutover/resolver-health.tsv"));
  CHECK(told.at("remembered") == desk.folder.file("state/cutover/resolver-health.tsv"));
  CHECK(book.find(good.endpoint().text() + "\t") != std::string::npos);
  CHECK(book.find(closed.endpoint().text() + "\t") != std::string::npos);
}

TEST_CASE("resolvers check: when nobody answers, nothing is remembered") {
  const Desk desk;
  const servers::Unbound closed({});
  const auto ran = desk.run({"check", closed.endpoint().text(), "--timeout", "10s"});
  INFO(ran.output);
  CHECK(ran.status == 4);
  CHECK(ran.output.find("nothing is remembered") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(desk.folder.file("state")));
  CHECK(desk.run({"check", "192.0.2"}).status == 1);
  CHECK(desk.run({"check", "--list", "none.txt"}).status == 1);
}
