#pragma once
// A value, or the coroutine that will make it once awaited. Move-only, one worker. Destroying it cancels it.
//
//  C1 Kernel and C libraries know operations and lists, never a frame: a destroyed frame leaves nothing behind.
//  C2 A callback never resumes: it stores its result and calls Loop::make_ready. Only Loop::turn resumes.
//  C3 A frame is destroyed by its owner while suspended. From inside the tree only Scope::cancel, done after the turn.
//  C4 What must outlive an exchange is spawned in the Scope of its connection, pool, cache or worker. No other detach.
//  C5 Destructors never wait; a goodbye that needs I/O is spawned in the worker's Scope.
//  C6 Destroying a pending read, write or wait loses nothing: the next one goes on where it was.

#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/waiter.h"

namespace sluice {

/// Frames come from the worker's free lists, never from an exchange's memory: a long stream makes millions of them.
struct PooledFrame {
  static void* operator new(std::size_t size) { return memory::allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { memory::release(frame, size); }
};

template <class T>
class [[nodiscard]] Task {
 public:
  using Value = T;

  struct promise_type : PooledFrame {
    std::coroutine_handle<> parent = std::noop_coroutine();
    std::optional<T> value;

    struct Final : std::suspend_always {
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        return self.promise().parent;
      }
    };
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
    void unhandled_exception() noexcept { std::abort(); }
  };

  Task(T value) : ready_(std::move(value)) {}  // NOLINT(google-explicit-constructor): a value is a finished task
  Task(std::unexpected<Error> error)           // NOLINT(google-explicit-constructor)
    requires std::constructible_from<T, std::unexpected<Error>>
      : ready_(std::in_place, std::move(error)) {}
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})), ready_(std::move(other.ready_)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      destroy();
      frame_ = std::exchange(other.frame_, {});
      ready_ = std::move(other.ready_);
    }
    return *this;
  }
  ~Task() { destroy(); }

  bool await_ready() const noexcept { return ready_.has_value(); }
  /// Runs the child inline and goes on at once if it finished: no stack grows in debug builds either.
  bool await_suspend(std::coroutine_handle<> parent) {
    frame_.resume();
    if (frame_.done()) return false;
    frame_.promise().parent = parent;
    return true;
  }
  T await_resume() { return std::move(ready_ ? *ready_ : *frame_.promise().value); }
  bool done() const noexcept { return ready_.has_value() || (frame_ && frame_.done()); }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  void destroy() noexcept {
    if (frame_) std::exchange(frame_, {}).destroy();
  }

  std::coroutine_handle<promise_type> frame_;
  std::optional<T> ready_;
};

/// Awaits `work` until it ends or `stop` is set; empty when `stop` came first, and the work is destroyed by then. No frame of its own.
template <class T>
class [[nodiscard]] Until {
 public:
  Until(Task<T> work, Event& stop) : work_(std::move(work)), stop_(stop) {}
  Until(const Until&) = delete;
  Until& operator=(const Until&) = delete;

  bool await_ready() const noexcept { return stop_.is_set() || work_->await_ready(); }
  bool await_suspend(std::coroutine_handle<> parent) {
    if (!work_->await_suspend(parent)) return false;
    if (stop_.is_set()) return false;
    stopped_.frame = parent;
    stop_.waiting().push(stopped_);
    return true;
  }
  std::optional<T> await_resume() {
    stopped_.unlink();
    if (work_->done()) return work_->await_resume();
    work_.reset();
    return std::nullopt;
  }

 private:
  std::optional<Task<T>> work_;
  Event& stop_;
  Waiter stopped_;
};

}  // namespace sluice
