#include "providers/route53/aws_session.h"

#include <fmt/format.h>

#include <pugixml.hpp>

#include "core/text.h"
#include "providers/route53/verdict.h"

namespace cutover::providers::route53 {
namespace {

/// Keys that run out sooner are exchanged first: a request may wait a while before it is sent.
constexpr std::chrono::minutes kSpare{5};

Result<void> sign_with(net::HttpRequest& request, const AwsKeys& keys, const SigningScope& scope, Instant now) {
  const std::string host = host_of(request.url);
  const auto path = request.url.find('/', request.url.find("://") + 3);
  const SigV4 made = route53::sign(
      {request.method, path == std::string::npos ? "/" : request.url.substr(path), {{"Host", host}}, request.body},
      keys, scope, now);
  request.headers.emplace_back("Host", host);
  request.headers.insert(request.headers.end(), made.headers.begin(), made.headers.end());
  return {};
}

}  // namespace

std::string host_of(const std::string& url) {
  const auto from = url.find("://") + 3;
  std::string host = to_lower(std::string_view(url).substr(from, url.find('/', from) - from));
  const std::string_view usual = url.starts_with("https") ? ":443" : ":80";
  if (host.ends_with(usual)) host.resize(host.size() - usual.size());
  return host;
}

std::string assume_role_form(const AwsRole& role) {
  std::string form =
      fmt::format("Action=AssumeRole&Version=2011-06-15&RoleArn={}&RoleSessionName={}&DurationSeconds={}",
                  percent_encoded(role.arn), percent_encoded(role.session_name), role.duration.count());
  if (!role.external_id.empty()) form += "&ExternalId=" + percent_encoded(role.external_id);
  return form;
}

Result<AssumedRole> read_assumed_role(std::string_view xml) {
  pugi::xml_document document;
  const bool parsed = document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node given = document.child("AssumeRoleResponse").child("AssumeRoleResult").child("Credentials");
  const std::string id = given.child("AccessKeyId").child_value();
  const std::string secret = given.child("SecretAccessKey").child_value();
  const std::string token = given.child("SessionToken").child_value();
  const auto until = parse_instant(given.child("Expiration").child_value());
  if (!parsed || id.empty() || secret.empty() || token.empty() || !until)
    return fail(ErrorCode::kInvalid, "the reply to AssumeRole has no keys, token and time in it");
  return AssumedRole{{id, net::Secret(secret), net::Secret(token)}, *until};
}

AwsSession::AwsSession(net::Loop& loop, const Clock& clock, AwsIdentity identity, Settings settings)
    : loop_(loop), clock_(clock), identity_(std::move(identity)), settings_(std::move(settings)) {
  hide(identity_.keys);
}

Result<AssumedRole> AwsSession::assume(const AwsRole& role, const AwsKeys& with) const {
  Api::Settings api;
  api.service = "AWS STS";
  api.url = settings_.sts_url;
  api.form = Api::Form::kXml;
  api.content_type = "application/x-www-form-urlencoded; charset=utf-8";
  api.ca_file = settings_.ca_file;
  api.secrets = secrets_;
  api.meaning = [](const net::HttpResponse& response) { return meaning_of(response.status, response.body); };
  api.authorize = [this, with](net::HttpRequest& request) {
    return sign_with(request, with, {settings_.region, "sts"}, clock_.now());
  };
  const std::string doing = fmt::format("assuming the role {} of {}", printable(role.arn), identity_.from);
  const auto sts = Api::make(loop_, std::move(api));
  if (!sts) return within(doing, sts.error());
  const auto body = sts->read(ApiCall{"POST", "/", assume_role_form(role)}, doing);
  if (!body) return body.error();
  auto assumed = read_assumed_role(*body);
  if (!assumed) return within(doing, assumed.error());
  return assumed;
}

Result<AwsKeys> AwsSession::keys() {
  if (identity_.roles.empty()) return identity_.keys;
  if (assumed_ && clock_.now() + kSpare < assumed_->until) return assumed_->keys;
  AssumedRole current{identity_.keys, {}};
  for (const AwsRole& role : identity_.roles) {
    auto next = assume(role, current.keys);
    if (!next) return next.error();
    current = *std::move(next);
    hide(current.keys);
  }
  assumed_ = current;
  return current.keys;
}

Result<void> AwsSession::sign(net::HttpRequest& request, const std::string& service) {
  const auto with = keys();
  if (!with) return with.error();
  return sign_with(request, *with, {settings_.region, service}, clock_.now());
}

void AwsSession::hide(const AwsKeys& keys) {
  secrets_.push_back(keys.secret_access_key);
  if (keys.session_token) secrets_.push_back(*keys.session_token);
}

}  // namespace cutover::providers::route53
