#pragma once
// Takes connections from a listening socket, one at a time.

#include <optional>

#include "runtime/loop.h"
#include "runtime/task.h"

namespace sluice {

struct Accepted {
  SocketPtr socket;
  Address peer;
};

class Acceptor final : private OpSink {
 public:
  Acceptor(Loop& loop, SocketPtr listening)
      : loop_(loop), op_(loop, Op::Kind::accept, std::move(listening), *this) {}

  /// Error(io_failed) when the node has no descriptor left: wait a little, do not spin.
  Task<Result<Accepted>> accept();
  /// What is there already; empty when a client would have to be waited for.
  std::optional<Accepted> try_accept();

 private:
  void on_completion(Op&) noexcept override {
    completed_ = true;
    waiting_.wake_all(loop_);
  }

  Loop& loop_;
  OpHandle<AddressedOp> op_;
  bool completed_ = false;
  WaitList waiting_;
};

}  // namespace sluice
