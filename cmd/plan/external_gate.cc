#include "cmd/plan/external_gate.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cmd/plan/program.h"
#include "core/text.h"
#include "net/http.h"

namespace cutover {
namespace {

void judge_program(const ExternalGate& spec, const Plan& plan, Gate& gate) {
  const std::string folder = plan.file.has_parent_path() ? plan.file.parent_path().string() : ".";
  const std::string program = printable(spec.run.front());
  Program asked(spec.run, folder, spec.timeout);
  const Program::Ended& ended = asked.wait();
  const std::string trouble = trouble_of(ended, spec.timeout);
  const std::string line = first_line_of(ended);
  gate.open = trouble.empty();
  if (!ended.started) {
    gate.why = fmt::format("{} could not be started in {}: {}", program, folder, std::strerror(ended.start_error));
  } else if (gate.open) {
    gate.why = fmt::format("{} says yes{}", program, line.empty() ? "" : ": " + line);
  } else {
    gate.why = fmt::format("{} {}", program, trouble);
  }
}

/// The number at the pointer; Prometheus and others write numbers as strings.
Result<double> number_at(const std::string& body, const std::string& pointer) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_discarded()) return fail(ErrorCode::kInvalid, "the answer is not JSON");
  try {
    const auto& value = json.at(nlohmann::json::json_pointer(pointer));
    if (value.is_number()) return value.get<double>();
    if (value.is_string()) {
      const auto text = value.get<std::string>();
      double number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc{} && end == text.data() + text.size()) return number;
    }
    return fail(ErrorCode::kInvalid, fmt::format("what stands at {} is no number", printable(pointer)));
  } catch (const nlohmann::json::exception&) {
    return fail(ErrorCode::kInvalid, fmt::format("the answer has nothing at {}", printable(pointer)));
  }
}

void judge_number(const ExternalGate& spec, net::Loop& loop, Gate& gate) {
  net::HttpRequest request;
  request.url = spec.url;
  request.headers = {{"Accept", "application/json"}};
  request.timeout = spec.timeout;
  const auto replies = net::http_all(loop, {request});
  // The query part may carry a token, so the URL is shown without it.
  const std::string url = printable(std::string_view(spec.url).substr(0, spec.url.find('?')));
  const auto& reply = replies.front();
  if (!reply) {
    gate.why = fmt::format("{} could not be asked: {}", url, reply.error().message);
    return;
  }
  if (reply->status != 200) {
    gate.why = fmt::format("{} answered with status {}, not 200", url, reply->status);
    return;
  }
  if (reply->body_cut) {
    gate.why = fmt::format("the answer of {} is too long", url);
    return;
  }
  const auto number = number_at(reply->body, spec.pointer);
  if (!number) {
    gate.why = fmt::format("{}: {}", url, number.error().message);
    return;
  }
  const std::string limits = spec.min && spec.max ? fmt::format("from {} to {}", *spec.min, *spec.max)
                             : spec.min           ? fmt::format("at least {}", *spec.min)
                                                  : fmt::format("at most {}", spec.max.value_or(0));
  // NaN is neither below nor above anything: it opens nothing.
  gate.open = !std::isnan(*number) && (!spec.min || *number >= *spec.min) && (!spec.max || *number <= *spec.max);
  gate.why = fmt::format("{} says {} ({} {})", url, *number, gate.open ? "is" : "has to be", limits);
}

}  // namespace

Gate evaluate(const ExternalGate& gate, const Plan& plan, net::Loop& loop, const Clock&) {
  Gate judged;
  judged.name = gate.name;
  if (gate.run.empty()) {
    judge_number(gate, loop, judged);
  } else {
    judge_program(gate, plan, judged);
  }
  return judged;
}

}  // namespace cutover
