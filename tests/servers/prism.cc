#include "tests/servers/prism.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/text.h"
#include "tests/servers/api_fake.h"
#include "tests/support/not_run.h"

namespace cutover::servers {
namespace {

/// Prism's log does not say what was wrong with a request; its answers do. Loaded into it, this writes down each
/// answer.
constexpr const char* kWitness = R"(
const http = require('http'), fs = require('fs');
const end = http.ServerResponse.prototype.end;
http.ServerResponse.prototype.end = function (chunk, ...rest) {
  const type = String(this.getHeader('content-type'));
  fs.appendFileSync(process.env.PRISM_WITNESS, JSON.stringify({
    what: `${this.req.method} ${this.req.url} -> ${this.statusCode}`,
    header: String(this.getHeader('sl-violations') || ''),
    problem: type.startsWith('application/problem+json') ? String(chunk) : ''}) + '\n');
  return end.call(this, chunk, ...rest);
};
)";

using Json = nlohmann::json;

/// `request.body.ttl must be integer`. An answer that fits none of twenty forms says why for each: some will do.
std::string reasons(const Json& violations) {
  constexpr std::size_t kEnough = 6;
  std::vector<std::string> texts;
  for (const Json& each : violations) {
    if (texts.size() == kEnough) return join(texts, "; ") + "; ...";
    std::vector<std::string> place;
    for (const Json& part : each.value("location", Json::array()))
      place.push_back(part.is_string() ? part.get<std::string>() : part.dump());
    texts.push_back(fmt::format("{}: {}", join(place, "."), each.value("message", "")));
  }
  return join(texts, "; ");
}

/// What is wrong about one answer; empty: nothing.
std::string violation(const std::string& line) {
  const Json seen = Json::parse(line);
  const Json problem = Json::parse(seen.at("problem").get<std::string>(), nullptr, false);
  if (problem.is_object() && problem.value("type", "").find("stoplight.io/prism") != std::string::npos)
    return fmt::format("{}: {}: {}", seen.at("what").get<std::string>(), problem.value("title", ""),
                       reasons(problem.value("validation", Json::array())));
  const auto header = seen.at("header").get<std::string>();
  if (header.empty()) return "";
  const Json listed = Json::parse(header, nullptr, false);
  return fmt::format("{}: {}", seen.at("what").get<std::string>(), listed.is_array() ? reasons(listed) : header);
}

void check_alone(const std::string& spec) {
  for (std::size_t at = spec.find("$ref"); at != std::string::npos; at = spec.find("$ref", at + 1)) {
    const std::size_t value = spec.find_first_not_of("\"': ", at + 4);
    if (value != std::string::npos && spec[value] != '#' && spec[value] != '{')
      throw std::runtime_error("the specification refers to something outside itself: " + spec.substr(at, 80));
  }
}

}  // namespace

Prism::Prism(const std::string& spec, const ApiFake& upstream) {
  check_alone(spec);
  const char* program = std::getenv("CUTOVER_PRISM");
  if (program == nullptr) throw std::runtime_error("CUTOVER_PRISM is not set");
  const std::string address = own_address();
  const std::string port = std::to_string(free_port(address));
  url_ = fmt::format("http://{}:{}", address, port);
  const std::string file = folder_.write(spec.starts_with('{') ? "spec.json" : "spec.yaml", spec);
  process_ = std::make_unique<Process>(
      std::vector<std::string>{program, "proxy", "--errors", "--cors=false", "--host", address, "--port", port, file,
                               upstream.root()},
      folder_.file("log"),
      std::vector<std::string>{"NO_COLOR=1", "FORCE_COLOR=0", "PRISM_WITNESS=" + witness(),
                               "NODE_OPTIONS=--require=" + folder_.write("witness.js", kWitness)});
  const bool listens = wait_until(std::chrono::seconds(60), [&] {
    return !process_->running() || process_->log().find("Prism is listening") != std::string::npos;
  });
  if (!listens || !process_->running()) throw std::runtime_error("Prism does not start:\n" + process_->log());
}

std::string Prism::witness() const { return folder_.file("answers"); }

std::size_t Prism::requests() const { return split(read_text(witness()), '\n').size() - 1; }

std::vector<std::string> Prism::violations() const {
  std::vector<std::string> out;
  for (const std::string& line : split(read_text(witness()), '\n'))
    if (std::string text = line.empty() ? "" : violation(line); !text.empty()) out.push_back(std::move(text));
  return out;
}

std::string Prism::log() const { return process_->log(); }

std::unique_ptr<Prism> prism_before(const ApiFake& fake, const std::string& spec, const std::string& what,
                                    const SpecRepair& repair) {
  const char* program = std::getenv("CUTOVER_PRISM");
  const char* data = std::getenv("CUTOVER_TEST_DATA");
  const auto absent = [&](const std::string& why) {
    tests::not_run(what, why);
    return nullptr;
  };
  if (program == nullptr || *program == '\0') return absent("Prism is not installed (CUTOVER_PRISM)");
  if (data == nullptr) return absent("CUTOVER_TEST_DATA does not say where the services' specifications are");
  std::string text = read_text(fmt::format("{}/specs/{}", data, spec));
  if (text.empty()) return absent(fmt::format("{}/specs/{} is not there", data, spec));
  return std::make_unique<Prism>(repair ? repair(text) : text, fake);
}

}  // namespace cutover::servers
