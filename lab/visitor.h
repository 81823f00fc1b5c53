#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "lab/clock_timer.h"
#include "lab/dns_question.h"
#include "lab/stream.h"
#include "lab/tls_server.h"

namespace cutover::lab {

/// Where the lab keeps the addresses that its zones speak of: logical endpoint to loopback endpoint.
using Routes = std::map<Endpoint, Endpoint>;

/// One visit: where it ended and on which side.
struct Visit {
  Instant at{};  ///< when it ended, by the lab's clock
  DomainName site;
  std::string resolver;  ///< through which it looked the site up
  enum class Outcome { kReached, kNoAddress, kNoConnection, kBadCertificate, kBadAnswer };
  Outcome outcome = Outcome::kReached;
  std::string side;    ///< `old` or `new`, where something answered
  std::string detail;  ///< one clause, where something failed
};

/// What all visitors saw. Thread-safe.
class VisitLog {
 public:
  void add(Visit visit);
  std::vector<Visit> visits() const;

 private:
  mutable std::mutex mutex_;  ///< guards everything below
  std::vector<Visit> visits_;
};

struct VisitorSpec {
  std::string resolver_name;
  Endpoint resolver;
  std::vector<DomainName> sites;  ///< one of them at random each time
  std::uint16_t port = 443;
  TlsServerSpec::Protocol protocol = TlsServerSpec::Protocol::kHttps;  ///< HTTPS or HTTP
  Span every{};                                                        ///< of the lab's time, give or take a half
  std::uint64_t seed = 0;
};

/// Somebody who looks a site up through their resolver now and then, connects to the address they got,
/// checks the certificate and asks for the front page. Lives on the loop's thread.
class Visitor {
 public:
  /// Everything referred to must outlive the visitor. Nothing happens before start().
  Visitor(net::Loop& loop, const Clock& clock, VisitorSpec spec, const TlsTrust& trust, const Routes& routes,
          VisitLog& log);
  ~Visitor();
  void start();

 private:
  void schedule_next();
  void look_up();
  void take_addresses(const std::optional<net::Message>& reply);
  void dial(const IpAddress& address);
  void secure();
  void ask();
  void read_answer();
  void judge_answer();
  void end(Visit::Outcome outcome, std::string detail);

  net::Loop& loop_;
  const Clock& clock_;
  const VisitorSpec spec_;
  const TlsTrust& trust_;
  const Routes& routes_;
  VisitLog& log_;
  std::mt19937_64 random_;
  ClockTimer next_;
  Patience deadline_;
  net::Loop::Handle connecting_;
  net::Descriptor fd_;
  std::unique_ptr<DnsQuestion> question_;
  std::unique_ptr<Stream> stream_;
  DomainName site_;
  std::string answer_;
};

}  // namespace cutover::lab
