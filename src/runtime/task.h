#pragma once
// A value, or the coroutine that will make it once awaited. Move-only, one worker. Destroying it
// cancels it.
//
//  C1 Kernel and C libraries know operations and lists, never a frame: a destroyed frame leaves
//  nothing behind. C2 A callback never resumes: it stores its result and calls Loop::make_ready.
//  Only Loop::turn resumes. C3 A frame is destroyed by its owner while suspended. From inside the
//  tree only Scope::cancel, done after the turn. C4 What must outlive an exchange is spawned in the
//  Scope of its connection, pool, cache or worker. No other detach. C5 Destructors never wait; a
//  goodbye that needs I/O is spawned in the worker's Scope. C6 Destroying a pending read, write or
//  wait loses nothing: the next one goes on where it was.

#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/waiter.h"

namespace sluice {

template <class T>
class [[nodiscard]] Task {
 public:
  using Value = T;

  // Frames come from the worker's free lists, never from an exchange's memory: a long stream makes
  // millions of them.
  struct promise_type : memory::Pooled {
    std::coroutine_handle<> parent = std::noop_coroutine();
    std::optional<T> value;

    // Declared, so that this is no aggregate, which a member coroutine's object would initialise.
    promise_type() = default;

    struct Final : std::suspend_always {
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        return self.promise().parent;
      }
    };

    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }

    std::suspend_always initial_suspend() noexcept { return {}; }

    Final final_suspend() noexcept { return {}; }

    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }

    void unhandled_exception() noexcept { std::abort(); }
  };

  Task(T value)
      : ready_(std::move(value)) {
  }  // NOLINT(google-explicit-constructor): a value is a finished task

  Task(std::unexpected<Error> error)  // NOLINT(google-explicit-constructor)
    requires std::constructible_from<T, std::unexpected<Error>>
      : ready_(std::in_place, std::move(error)) {}

  Task(Task&& other) noexcept
      : frame_(std::exchange(other.frame_, {})), ready_(std::move(other.ready_)) {}

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

  /// Runs the child inline and goes on at once if it finished: no stack grows in debug builds
  /// either.
  bool await_suspend(std::coroutine_handle<> parent) {
    frame_.resume();
    if (frame_.done()) return false;
    frame_.promise().parent = parent;
    return true;
  }

  T await_resume() { return std::move(ready_ ? *ready_ : *frame_.promise().value); }

  /// The value of a Task that was made from one; null for a coroutine. Not after await_resume().
  const T* ready() const noexcept { return ready_ ? &*ready_ : nullptr; }

  bool done() const noexcept { return ready_.has_value() || (frame_ && frame_.done()); }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

  void destroy() noexcept {
    if (frame_) std::exchange(frame_, {}).destroy();
  }

  std::coroutine_handle<promise_type> frame_;
  std::optional<T> ready_;
};

/// Work that its owner may leave before its end. No frame of its own; destroying it cancels the
/// work.
template <class T>
class Race {
 public:
  explicit Race(Task<T> work) : work_(std::move(work)) {}

  /// co_await race.until(event): true when the work ended, false when the event was set first, then
  /// without having begun. May be awaited again.
  auto until(Event& stop) noexcept { return Awaiter{*this, &stop, false, {}}; }

  /// As until(), but the work runs to its first wait even if the event is set already.
  auto begun_until(Event& stop) noexcept { return Awaiter{*this, &stop, true, {}}; }

  /// co_await race.end().
  auto end() noexcept { return Awaiter{*this, nullptr, true, {}}; }

  /// Precondition: the work ended.
  T result() { return work_.await_resume(); }

 private:
  struct Awaiter {
    Race& race;
    Event* stop;
    bool begins;
    Waiter stopped;

    bool await_ready() const noexcept {
      if (race.work_.done()) return true;
      return stop != nullptr && stop->is_set() && (race.begun_ || !begins);
    }

    bool await_suspend(std::coroutine_handle<> owner) {
      if (!std::exchange(race.begun_, true) && !race.work_.await_suspend(owner)) return false;
      if (stop == nullptr) return true;
      if (stop->is_set()) return false;
      stopped.frame = owner;
      stop->waiting().push(stopped);
      return true;
    }

    bool await_resume() noexcept {
      stopped.unlink();
      return race.work_.done();
    }
  };

  Task<T> work_;
  bool begun_ = false;
};

/// Awaits `work` until it ends or `stop` is set; empty when `stop` came first, and the work is
/// destroyed by then.
template <class T>
class [[nodiscard]] Until {
 public:
  Until(Task<T> work, Event& stop)
      : race_(std::in_place, std::move(work)), waiting_(race_->until(stop)) {}

  Until(const Until&) = delete;
  Until& operator=(const Until&) = delete;

  bool await_ready() const noexcept { return waiting_.await_ready(); }

  bool await_suspend(std::coroutine_handle<> owner) { return waiting_.await_suspend(owner); }

  std::optional<T> await_resume() {
    if (waiting_.await_resume()) return race_->result();
    race_.reset();
    return std::nullopt;
  }

 private:
  std::optional<Race<T>> race_;
  decltype(std::declval<Race<T>&>().until(std::declval<Event&>())) waiting_;
};

}  // namespace sluice
