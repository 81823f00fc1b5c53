#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace cutover::servers {

class ApiFake;

/// The HTTP side of a fake: listens, reads requests, has the fake serve them, and delivers what it says, whole, in half
/// or not at all.
class ApiListener {
 public:
  explicit ApiListener(ApiFake& fake);
  ~ApiListener();  ///< ends every connection and waits for the threads
  ApiListener(const ApiListener&) = delete;
  ApiListener& operator=(const ApiListener&) = delete;

  const std::string& authority() const { return authority_; }  ///< `127.1.2.3:4567`

 private:
  class Server;
  std::string authority_;
  std::unique_ptr<Server> server_;
};

}  // namespace cutover::servers
