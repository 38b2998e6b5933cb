#pragma once
// What a loop stands on: epoll, the simulated kernel, later io_uring. One contract test runs on all
// of them (engine/contract_test.cc).

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "runtime/op.h"

namespace sluice {

struct ListenOptions {
  int backlog = 4096;
  bool reuse_port = true;          ///< several sockets of this node on one address, one a worker
  bool alone = false;              ///< with reuse_port: fails where anybody listens already
  std::string congestion_control;  ///< empty: the system's
};

class Engine {
 public:
  virtual ~Engine() = default;

  /// The loop that hears of completions. Called once, before anything else.
  void attach(Loop& loop) noexcept { loop_ = &loop; }

  /// Completes at once (pending stays false) or later. A receive may complete later with -EAGAIN:
  /// nothing was done, and submitting it again will probably complete at once. Precondition: at
  /// most one receive, one send and one hang_up a socket.
  virtual void submit(Op& op) = 0;
  /// Asks for an early end; the completion still comes, perhaps with a result.
  virtual void cancel(Op& op) = 0;
  /// Waits until something completes, wake() was called, or `until`; calls Loop::read_clock once it
  /// slept, then Loop::complete. Knows no timers.
  virtual void wait(TimePoint until) = 0;
  /// Ends a wait; callable from any thread.
  virtual void wake() noexcept = 0;

  // Clocks and chance come from here and nowhere else.
  virtual TimePoint now() = 0;
  virtual WallTime wall() = 0;
  virtual std::uint64_t random() = 0;
  /// Chance that nobody can foresee, for what protects: slower than random().
  virtual std::uint64_t secret() = 0;

  /// Error(io_failed) says what, where and what to do.
  virtual Result<SocketPtr> listen(const Address& address, const ListenOptions& options) = 0;
  /// A socket for connect. Error(io_failed) when the system has no descriptor left.
  virtual Result<SocketPtr> stream_socket(Address::Family family) = 0;
  virtual Result<SocketPtr> datagram_socket(Address::Family family) = 0;

  /// Keeps a descriptor for the first accept that finds none left, and takes it back where that was
  /// given up: call it again behind the connection that had it. For few and short connections.
  virtual void keep_reserve() noexcept {}

  /// The address of this end.
  virtual Address local_address(Socket& socket) = 0;

 protected:
  Loop* loop_ = nullptr;
};

}  // namespace sluice
