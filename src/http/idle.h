#pragma once
// Client connections between two requests: a worker without room for another client ends the one
// that waits longest, which a server may do at any time (RFC 9112 §9.5, RFC 9113 §9.1).

#include <optional>
#include <utility>

#include "runtime/loop.h"
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

  /// co_await place.silence(loop, arrival, deadline, closing): true when `arrival` woke it; false
  /// at the deadline, when `closing` is set, and when the connection has to make room.
  auto silence(Loop& loop, WaitList& arrival, TimePoint deadline, Event& closing) noexcept {
    return Silence(*this, loop, arrival, deadline, closing);
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

  class Silence {
   public:
    Silence(IdlePlace& place, Loop& loop, WaitList& arrival, TimePoint deadline, Event& closing)
        : place_(place), wait_(loop, arrival, deadline, &closing) {}

    bool await_ready() const noexcept { return false; }

    void await_suspend(std::coroutine_handle<> owner) noexcept {
      wait_.await_suspend(owner);
      place_.waiter_.frame = owner;
      place_.enter();
    }

    bool await_resume() noexcept {
      place_.waiter_.unlink();
      place_.waiter_.frame = nullptr;
      return wait_.await_resume();
    }

   private:
    IdlePlace& place_;
    StoppableWait wait_;
  };

  WaitList* connections_;
  Waiter waiter_;
};

}  // namespace sluice::http
