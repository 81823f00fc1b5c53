#include "net/loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

namespace cutover::net {
namespace {

using namespace std::chrono_literals;

/// Two ends of a local stream; what is written to one is readable at the other.
struct Pair {
  Pair() {
    int fds[2] = {-1, -1};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    near = Descriptor(fds[0]);
    far = Descriptor(fds[1]);
  }
  void speak() const { REQUIRE(write(far.get(), "x", 1) == 1); }
  Descriptor near, far;
};

/// Runs the loop for a moment, so that whatever wrongly still wants to run gets its chance.
void drain(Loop& loop) {
  bool over = false;
  const auto timer = loop.after(20ms, [&] { over = true; });
  loop.run_until([&] { return over; });
}

TEST_CASE("timers fire once, in the order of their deadlines", "[loop]") {
  Loop loop;
  std::string order;
  const auto c = loop.after(12ms, [&] { order += 'c'; });
  const auto a = loop.after(1ms, [&] { order += 'a'; });
  const auto b = loop.after(6ms, [&] { order += 'b'; });
  loop.run_until([&] { return order.size() == 3; });
  drain(loop);
  CHECK(order == "abc");
  CHECK_FALSE(a.pending());
}

TEST_CASE("run_until returns at once when its question is true, and asks between any two callbacks", "[loop]") {
  Loop loop;
  int calls = 0;
  const auto a = loop.after(0ms, [&] { ++calls; });
  const auto b = loop.after(0ms, [&] { ++calls; });
  loop.run_until([] { return true; });
  CHECK(calls == 0);
  loop.run_until([&] { return calls == 1; });
  CHECK(calls == 1);
  loop.run_until([&] { return calls == 2; });
  CHECK(calls == 2);
}

TEST_CASE("destroying, cancelling or replacing a handle cancels its callback", "[loop]") {
  Loop loop;
  Pair pair;
  bool called = false;
  {
    const auto gone = loop.after(1ms, [&] { called = true; });
  }
  {
    const auto gone = loop.on_readable(pair.near.get(), [&] { called = true; });
  }
  auto cancelled = loop.after(1ms, [&] { called = true; });
  CHECK(cancelled.pending());
  cancelled.cancel();
  CHECK_FALSE(cancelled.pending());
  auto replaced = loop.after(1ms, [&] { called = true; });
  replaced = loop.after(2ms, [] {});
  pair.speak();
  drain(loop);
  CHECK_FALSE(called);
}

TEST_CASE("a callback whose event is already queued does not run after its handle is gone", "[loop]") {
  Loop loop;
  Pair one;
  Pair two;
  one.speak();
  two.speak();
  // Both are ready in the same turn of the loop; whichever runs first takes the other's handle away.
  std::array<Loop::Handle, 2> handles;
  int calls = 0;
  handles[0] = loop.on_readable(one.near.get(), [&] { ++calls, handles[1].cancel(); });
  handles[1] = loop.on_readable(two.near.get(), [&] { ++calls, handles[0].cancel(); });
  drain(loop);
  CHECK(calls == 1);
}

TEST_CASE("a callback may destroy the handle and the object it belongs to", "[loop]") {
  Loop loop;
  struct Owner {
    std::string name = "a name long enough to live on the heap";
    Loop::Handle timer;
  };
  auto owner = std::make_unique<Owner>();
  std::string seen;
  owner->timer = loop.after(1ms, [&, kept = std::string("also on the heap, as a capture of the callback")] {
    owner.reset();
    seen = kept;
  });
  loop.run_until([&] { return owner == nullptr; });
  CHECK(seen == "also on the heap, as a capture of the callback");
}

TEST_CASE("a callback may arm its own handle again", "[loop]") {
  Loop loop;
  int calls = 0;
  Loop::Handle handle;
  std::function<void()> again = [&] {
    if (++calls < 3) handle = loop.after(1ms, again);
  };
  handle = loop.after(1ms, again);
  loop.run_until([&] { return calls == 3; });
  CHECK_FALSE(handle.pending());
}

TEST_CASE("descriptors are borrowed: waits never close them", "[loop]") {
  Pair pair;
  {
    Loop loop;
    bool ready = false;
    auto handle = loop.on_readable(pair.near.get(), [&] { ready = true; });
    pair.speak();
    loop.run_until([&] { return ready; });
    handle = loop.on_readable(pair.near.get(), [] {});
  }
  char byte = 0;
  CHECK(read(pair.near.get(), &byte, 1) == 1);
  CHECK(write(pair.near.get(), "y", 1) == 1);
}

TEST_CASE("data that was there before the wait began counts, every time", "[loop]") {
  Loop loop;
  Pair pair;
  pair.speak();
  for (int round = 0; round < 3; ++round) {  // level-triggered: the byte is never read
    bool ready = false;
    const auto handle = loop.on_readable(pair.near.get(), [&] { ready = true; });
    loop.run_until([&] { return ready; });
  }
}

TEST_CASE("one descriptor may be waited on for reading and writing at once", "[loop]") {
  Loop loop;
  Pair pair;
  bool readable = false;
  bool writable = false;
  const auto in = loop.on_readable(pair.near.get(), [&] { readable = true; });
  const auto out = loop.on_writable(pair.near.get(), [&] { writable = true; });
  loop.run_until([&] { return writable; });
  CHECK_FALSE(readable);
  pair.speak();
  loop.run_until([&] { return readable; });
}

TEST_CASE("a callback may close its descriptor and wait on a new one of the same number", "[loop]") {
  Loop loop;
  auto old = std::make_unique<Pair>();
  std::unique_ptr<Pair> fresh;
  Loop::Handle handle;
  bool second = false;
  handle = loop.on_readable(old->near.get(), [&] {
    old.reset();
    fresh = std::make_unique<Pair>();
    handle = loop.on_readable(fresh->near.get(), [&] { second = true; });
    fresh->speak();
  });
  old->speak();
  loop.run_until([&] { return second; });
}

TEST_CASE("waiting on a descriptor that is no descriptor reports ready", "[loop]") {
  Loop loop;
  bool ready = false;
  const auto handle = loop.on_readable(9999, [&] { ready = true; });
  loop.run_until([&] { return ready; });
}

TEST_CASE("handles may outlive a loop by accident without harm", "[loop]") {
  Pair pair;
  auto loop = std::make_unique<Loop>();
  const auto timer = loop->after(1h, [] {});
  const auto wait = loop->on_readable(pair.near.get(), [] {});
  loop.reset();
  CHECK_FALSE(timer.pending());
}

TEST_CASE("post runs soon, in order, also from another thread", "[loop]") {
  Loop loop;
  std::string order;
  loop.post([&] { order += 'a'; });
  loop.post([&] { order += 'b'; });
  loop.run_until([&] { return order.size() == 2; });
  CHECK(order == "ab");
  std::thread other([&] { loop.post_from_any_thread([&] { order += 'c'; }); });
  loop.run_until([&] { return order.size() == 3; });
  other.join();
}

TEST_CASE("wait_until follows the clock, its speed included, and runs callbacks meanwhile", "[loop]") {
  Loop loop;
  SECTION("a past instant returns at once") {
    const VirtualClock clock{Instant{Seconds(1000)}};
    loop.wait_until(clock, Instant{Seconds(999)}, nullptr);
  }
  SECTION("a day passes in a moment when the speed is raised during the wait") {
    ScaledClock clock(Instant{Seconds(0)}, 1.0);
    const auto timer = loop.after(5ms, [&] { clock.set_speed(1e7); });
    loop.wait_until(clock, Instant{Seconds(86400)}, nullptr);
    CHECK(clock.now() >= Instant{Seconds(86400)});
  }
  SECTION("stop ends it") {
    const VirtualClock clock{Instant{Seconds(0)}};
    bool stop = false;
    const auto timer = loop.after(5ms, [&] { stop = true; });
    loop.wait_until(clock, Instant{Seconds(86400)}, [&] { return stop; });
    CHECK(stop);
    CHECK(clock.now() == Instant{Seconds(0)});
  }
}

}  // namespace
}  // namespace cutover::net
