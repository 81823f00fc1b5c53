#include "lab/visitor.h"

#include <fmt/format.h>

#include "core/text.h"
#include "lab/sockets.h"

namespace cutover::lab {
namespace {

// Real time. A visit takes milliseconds; these are for servers that are silent or gone.
constexpr std::chrono::milliseconds kLookupPatience{2000};
constexpr std::chrono::seconds kPatience{5};

}  // namespace

void VisitLog::add(Visit visit) {
  const std::lock_guard lock(mutex_);
  visits_.push_back(std::move(visit));
}

std::vector<Visit> VisitLog::visits() const {
  const std::lock_guard lock(mutex_);
  return visits_;
}

Visitor::Visitor(net::Loop& loop, const Clock& clock, VisitorSpec spec, const TlsTrust& trust, const Routes& routes,
                 VisitLog& log)
    : loop_(loop),
      clock_(clock),
      spec_(std::move(spec)),
      trust_(trust),
      routes_(routes),
      log_(log),
      random_(spec_.seed),
      next_(loop, clock),
      deadline_(loop) {}

Visitor::~Visitor() = default;

void Visitor::start() { schedule_next(); }

void Visitor::schedule_next() {
  // Between a half and one and a half of `every`: visitors do not march in step.
  const auto half = spec_.every.count() / 2;
  const Span wait(half + static_cast<Span::rep>(random_() % static_cast<std::uint64_t>(spec_.every.count() + 1)));
  next_.set(clock_.now() + wait, [this] { look_up(); });
}

void Visitor::look_up() {
  site_ = spec_.sites[random_() % spec_.sites.size()];
  answer_.clear();
  deadline_.start(kPatience, [this] { end(Visit::Outcome::kNoConnection, "no answer in time"); });
  const auto query = net::make_query({site_, RecordType::kA, net::RecordClass::kIn}, net::Recursion::kDesired);
  question_ =
      std::make_unique<DnsQuestion>(loop_, spec_.resolver, query, kLookupPatience,
                                    [this](const std::optional<net::Message>& reply) { take_addresses(reply); });
}

void Visitor::take_addresses(const std::optional<net::Message>& reply) {
  if (!reply) return end(Visit::Outcome::kNoAddress, "the resolver did not answer");
  std::vector<IpAddress> addresses;
  for (const net::Record& record : reply->answer) {
    const auto address = IpAddress::from_text(record.rdata);
    if (record.type == RecordType::kA && address) addresses.push_back(*address);
  }
  if (addresses.empty()) return end(Visit::Outcome::kNoAddress, "the resolver said " + to_text(reply->rcode));
  dial(addresses[random_() % addresses.size()]);
}

void Visitor::dial(const IpAddress& address) {
  const auto route = routes_.find({address, spec_.port});
  if (route == routes_.end()) return end(Visit::Outcome::kNoConnection, "nothing is at " + address.text());
  auto fd = connect_tcp(route->second);
  if (!fd) return end(Visit::Outcome::kNoConnection, fd.error().message);
  fd_ = *std::move(fd);
  connecting_ = loop_.on_writable(fd_.get(), [this] {
    if (connect_failed(fd_.get())) return end(Visit::Outcome::kNoConnection, "connection refused");
    stream_ = std::make_unique<Stream>(loop_, std::move(fd_));
    spec_.protocol == TlsServerSpec::Protocol::kHttps ? secure() : ask();
  });
}

void Visitor::secure() {
  stream_->connect_tls(trust_, site_, clock_.now(), [this](const Result<void>& done) {
    if (done) return ask();
    const bool seen = done.error().code == ErrorCode::kAuth;
    end(seen ? Visit::Outcome::kBadCertificate : Visit::Outcome::kNoConnection, done.error().message);
  });
}

void Visitor::ask() {
  stream_->write(fmt::format("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", site_.host()),
                 [this](const Result<void>& done) {
                   if (!done) return end(Visit::Outcome::kNoConnection, done.error().message);
                   read_answer();
                 });
}

void Visitor::read_answer() {
  stream_->read([this](const Result<std::string>& bytes) {
    if (!bytes || bytes->empty()) return judge_answer();
    answer_ += *bytes;
    read_answer();
  });
}

void Visitor::judge_answer() {
  const std::string status_line = answer_.substr(0, answer_.find("\r\n"));
  if (answer_.starts_with("HTTP/1.1 200 ")) return end(Visit::Outcome::kReached, "");
  if (status_line.empty()) return end(Visit::Outcome::kNoConnection, "the server hung up");
  end(Visit::Outcome::kBadAnswer, printable(status_line));
}

void Visitor::end(Visit::Outcome outcome, std::string detail) {
  Visit visit{clock_.now(), site_, spec_.resolver_name, outcome, "", std::move(detail)};
  constexpr std::string_view kHeader = "\r\nX-Lab-Side: ";
  const std::size_t at = answer_.find(kHeader);
  if (at != std::string::npos) {
    const std::size_t begin = at + kHeader.size();
    visit.side = answer_.substr(begin, answer_.find("\r\n", begin) - begin);
  }
  log_.add(std::move(visit));
  deadline_.cancel();
  connecting_.cancel();
  question_.reset();
  stream_.reset();
  fd_ = net::Descriptor();
  schedule_next();
}

}  // namespace cutover::lab
