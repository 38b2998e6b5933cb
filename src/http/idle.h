#pragma once
// Client connections between two requests: a worker without room for another client ends the one
// that waits longest, which a server may do at any time (RFC 9112 §9.5, RFC 9113 §9.1).

#include <optional>
#include <utility>

#include "runtime/task.h"
#include "runtime/waiter.h"

namespace sluice::http {

/// Where one connection waits for its next request. In no list while it serves one.
class IdlePlace {
 public:
  /// `connections` outlives the place; null: nobody ends this connection.
  explicit IdlePlace(WaitList* connections) noexcept : connections_(connections) {}

  /// Of a connection whose last exchange ended while it reads.
  void enter() noexcept {
    if (connections_ != nullptr && waiter_.frame) connections_->push(waiter_);
  }

  /// co_await place.wait(reading, closing, is_idle): as Until, and empty too when the connection
  /// has to make room.
  template <class T>
  auto wait(Task<T> reading, Event& closing, bool is_idle) {
    return Awaiter<T>{*this, is_idle, Until<T>(std::move(reading), closing)};
  }

 private:
  template <class T>
  struct Awaiter {
    IdlePlace& place;
    bool is_idle;
    Until<T> until;

    bool await_ready() const noexcept { return until.await_ready(); }

    bool await_suspend(std::coroutine_handle<> owner) {
      if (!until.await_suspend(owner)) return false;
      place.waiter_.frame = owner;
      if (is_idle) place.enter();
      return true;
    }

    std::optional<T> await_resume() {
      place.waiter_.unlink();
      place.waiter_.frame = nullptr;
      return until.await_resume();
    }
  };

  WaitList* connections_;
  Waiter waiter_;
};

}  // namespace sluice::http
